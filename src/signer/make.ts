import { SigningKey } from 'ethers/crypto';
import { computeAddress } from 'ethers/transaction';
import { freshPrivateKey, KeystoreError, makeKeystore } from '../evidence/keystore.ts';
import type { Hex } from '../model/json.ts';
import { DEFAULT_TIMEOUT_S, type ExternalSigner, testExternal } from './external.ts';
import { writePrivateFile } from './private-file.ts';
import { askSecret, withoutEcho } from './terminal.ts';

/** Shorter passphrases are guessed too fast, whatever the derivation costs. */
const LEAST_PASSPHRASE = 10;
/** Order of secp256k1: a private key is from 1 to one less (SEC 2, section 2.4.1). */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/**
 * Makes a keystore file of mode 0600 that did not exist before. Key and passphrase are typed on the terminal or come from the
 * operating system, and never leave this process but encrypted.
 * @throws KeystoreError saying what is wrong; NoTerminalError
 */
export function makeKeystoreFile(path: string, imported: boolean): Promise<MadeKey> {
  return withoutEcho(() => make(path, imported));
}

interface MadeKey {
  readonly address: Hex;
  readonly pubkey: Hex;
}

async function make(path: string, imported: boolean): Promise<MadeKey> {
  const privateKey = imported ? await typedKey() : freshPrivateKey();
  const passphrase = await askSecret(`New passphrase, at least ${LEAST_PASSPHRASE} characters: `);
  if ([...passphrase].length < LEAST_PASSPHRASE)
    throw new KeystoreError(
      `the passphrase is shorter than ${LEAST_PASSPHRASE} characters; nothing was made`,
    );
  if ((await askSecret('The same again: ')) !== passphrase)
    throw new KeystoreError('the two passphrases differ; nothing was made');
  const text = await makeKeystore(privateKey, passphrase);
  await writePrivateFile(path, text);
  const { publicKey } = new SigningKey(privateKey);
  return { address: computeAddress(publicKey).toLowerCase() as Hex, pubkey: publicKey.toLowerCase() as Hex };
}

async function typedKey(): Promise<string> {
  const typed = (await askSecret('Private key, 64 hexadecimal digits: ')).trim().replace(/^0x/i, '');
  const scalar = /^[0-9a-f]{64}$/i.test(typed) ? BigInt(`0x${typed}`) : 0n;
  if (scalar <= 0n || scalar >= ORDER) throw new KeystoreError('that is not a private key; nothing was made');
  return `0x${typed.toLowerCase()}`;
}

/**
 * Writes the description of an external signer, after it has shown that it signs.
 * @throws ExternalSignerError when it does not; KeystoreError when the file exists
 */
export async function makeExternalFile(
  path: string,
  command: readonly string[],
): Promise<{ readonly address: Hex; readonly pubkey: Hex }> {
  const found = await testExternal(command, DEFAULT_TIMEOUT_S, null);
  const file: ExternalSigner = {
    format: 'c138-external-signer',
    v: 1,
    address: found.address,
    command,
    timeout_s: DEFAULT_TIMEOUT_S,
  };
  await writePrivateFile(path, `${JSON.stringify(file, null, 1)}\n`);
  return found;
}
