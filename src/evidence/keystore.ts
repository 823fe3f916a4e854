import { scrypt as nodeScrypt, randomBytes } from 'node:crypto';
import { scrypt as ethersScrypt } from 'ethers/crypto';
import { computeAddress } from 'ethers/transaction';
import { decryptKeystoreJson, encryptKeystoreJson } from 'ethers/wallet';

/** A keystore that cannot be used: the message says why and how to mend it, and never holds a secret. */
export class KeystoreError extends Error {
  override readonly name = 'KeystoreError';
}

/** Least scrypt cost of keystores that are made here; what others made weaker is opened with a warning. */
export const SCRYPT_N = 131_072;
/** Most memory in bytes that a key derivation may ask for: 128 * N * r, times p in time. */
const MAX_MEMORY = 1024 * 1024 * 1024;
const MAX_N = 2 ** 22;
const MAX_P = 16;
const MAX_PBKDF2 = 10_000_000;

let registered = false;

/** Uses Node's own scrypt: faster, and it does not stop the process meanwhile. */
function registerNativeScrypt(): void {
  if (registered) return;
  registered = true;
  ethersScrypt.register(
    (password, salt, N, r, p, length) =>
      new Promise((resolve, reject) => {
        nodeScrypt(password, salt, length, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
          error === null ? resolve(`0x${key.toString('hex')}`) : reject(error),
        );
      }),
  );
}

/** What can be read of a keystore without its passphrase. */
export interface KeystoreFacts {
  readonly address: string;
  /** The derivation is cheaper than what is made here. */
  readonly weak: boolean;
}

/**
 * Reads the public part of a Web3 Secret Storage v3 keystore and refuses absurd costs before any derivation starts.
 * @throws KeystoreError
 */
export function inspectKeystore(text: string): KeystoreFacts {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new KeystoreError('the keystore is not JSON');
  }
  const source = (json ?? {}) as Record<string, unknown>;
  const crypto = (source.crypto ?? source.Crypto) as
    | { kdf?: unknown; kdfparams?: Record<string, unknown> }
    | undefined;
  if (source.version !== 3 || crypto === undefined || typeof crypto !== 'object')
    throw new KeystoreError('this is not a Web3 Secret Storage keystore of version 3');
  const address = typeof source.address === 'string' ? source.address.replace(/^0x/, '').toLowerCase() : '';
  if (!/^[0-9a-f]{40}$/.test(address)) throw new KeystoreError('the keystore names no address');
  const { n, r, p, c } = crypto.kdfparams ?? {};
  if (crypto.kdf === 'scrypt') {
    if (![n, r, p].every((one) => typeof one === 'number' && Number.isSafeInteger(one) && one > 0))
      throw new KeystoreError('the scrypt parameters are not whole numbers');
    const [cost, block, lanes] = [n as number, r as number, p as number];
    if (cost > MAX_N || lanes > MAX_P || 128 * cost * block > MAX_MEMORY)
      throw new KeystoreError(
        `the keystore asks for an absurd scrypt cost (n ${cost}, r ${block}, p ${lanes}); it was not opened`,
      );
    return { address: `0x${address}`, weak: cost * lanes < SCRYPT_N };
  }
  if (crypto.kdf === 'pbkdf2') {
    if (typeof c !== 'number' || !Number.isSafeInteger(c) || c <= 0 || c > MAX_PBKDF2)
      throw new KeystoreError('the keystore asks for an absurd PBKDF2 cost; it was not opened');
    return { address: `0x${address}`, weak: c < 262_144 };
  }
  throw new KeystoreError('the keystore names no key derivation that is known here');
}

/**
 * Opens a keystore.
 * @returns the private key as hex
 * @throws KeystoreError when the passphrase is wrong or the content is refused
 */
export async function openKeystore(text: string, passphrase: string): Promise<string> {
  const { address } = inspectKeystore(text);
  registerNativeScrypt();
  let account: { readonly address: string; readonly privateKey: string };
  try {
    account = await decryptKeystoreJson(text, passphrase.normalize('NFKC'));
  } catch {
    throw new KeystoreError('the keystore does not open: wrong passphrase, or the file was changed');
  }
  if (account.address.toLowerCase() !== address)
    throw new KeystoreError('the key inside is not that of the address the keystore names');
  return account.privateKey;
}

/** Makes a keystore that other tools open too: the member is `crypto`, in lower case, and the scrypt cost is N = 131072. */
export async function makeKeystore(privateKey: string, passphrase: string, cost = SCRYPT_N): Promise<string> {
  registerNativeScrypt();
  const address = computeAddress(privateKey);
  const json = await encryptKeystoreJson({ address, privateKey }, passphrase.normalize('NFKC'), {
    scrypt: { N: cost, r: 8, p: 1 },
  });
  const { Crypto, ...rest } = JSON.parse(json) as Record<string, unknown>;
  return `${JSON.stringify({ ...rest, crypto: Crypto ?? rest.crypto })}\n`;
}

/** A fresh private key from the operating system. */
export function freshPrivateKey(): string {
  return `0x${randomBytes(32).toString('hex')}`;
}
