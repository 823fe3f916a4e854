import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SigningKey } from 'ethers/crypto';
import { computeAddress } from 'ethers/transaction';
import { freshPrivateKey, KeystoreError, makeKeystore } from '../evidence/keystore.ts';
import type { Hex } from '../model/json.ts';
import { askSecret } from './terminal.ts';

/** Shorter passphrases are guessed too fast, whatever the derivation costs. */
const LEAST_PASSPHRASE = 10;
/** Order of secp256k1: a private key is from 1 to one less (SEC 2, section 2.4.1). */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/**
 * Makes a keystore file of mode 0600 that did not exist before. Key and passphrase are typed on the terminal or come from the
 * operating system, and never leave this process but encrypted.
 * @throws KeystoreError saying what is wrong; NoTerminalError
 */
export async function makeKeystoreFile(
  path: string,
  imported: boolean,
): Promise<{ readonly address: Hex; readonly pubkey: Hex }> {
  const privateKey = imported ? await typedKey() : freshPrivateKey();
  const passphrase = await askSecret(`New passphrase, at least ${LEAST_PASSPHRASE} characters: `);
  if ([...passphrase].length < LEAST_PASSPHRASE)
    throw new KeystoreError(
      `the passphrase is shorter than ${LEAST_PASSPHRASE} characters; nothing was made`,
    );
  if ((await askSecret('The same again: ')) !== passphrase)
    throw new KeystoreError('the two passphrases differ; nothing was made');
  const text = await makeKeystore(privateKey, passphrase);
  await writeNewFile(path, text);
  const { publicKey } = new SigningKey(privateKey);
  return { address: computeAddress(publicKey).toLowerCase() as Hex, pubkey: publicKey.toLowerCase() as Hex };
}

async function typedKey(): Promise<string> {
  const typed = (await askSecret('Private key, 64 hexadecimal digits: ')).trim().replace(/^0x/i, '');
  const scalar = /^[0-9a-f]{64}$/i.test(typed) ? BigInt(`0x${typed}`) : 0n;
  if (scalar <= 0n || scalar >= ORDER) throw new KeystoreError('that is not a private key; nothing was made');
  return `0x${typed.toLowerCase()}`;
}

async function writeNewFile(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const file = await open(path, flags, 0o600);
    try {
      await file.chmod(0o600);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new KeystoreError(
      code === 'EEXIST'
        ? `${path} exists already; a key is never written over another`
        : `${path} cannot be written (${code})`,
    );
  }
}
