import {
  createCipheriv,
  createDecipheriv,
  scrypt as nodeScrypt,
  pbkdf2,
  randomBytes,
  randomUUID,
} from 'node:crypto';
import { promisify } from 'node:util';
import { keccak256 } from 'ethers/crypto';
import { computeAddress } from 'ethers/transaction';

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

/** Node's own scrypt: faster than one in JavaScript, and it does not stop the process meanwhile. */
function deriveScrypt(password: string, salt: Buffer, cost: ScryptCost, length: number): Promise<Buffer> {
  const { n: N, r, p } = cost;
  return new Promise((resolve, reject) => {
    nodeScrypt(password, salt, length, { N, r, p, maxmem: 256 * r * (N + p) + 65_536 }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

interface ScryptCost {
  readonly n: number;
  readonly r: number;
  readonly p: number;
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

/** The secret part, every field of it spelt as Web3 Secret Storage version 3 has it. */
interface SecretPart {
  readonly cipher: string;
  readonly iv: Buffer;
  readonly ciphertext: Buffer;
  readonly mac: string;
  readonly kdf: string;
  readonly salt: Buffer;
  readonly length: number;
  readonly params: Record<string, unknown>;
}

function secretPart(text: string): SecretPart {
  const source = JSON.parse(text) as Record<string, unknown>;
  const crypto = (source.crypto ?? source.Crypto) as Record<string, unknown>;
  const params = (crypto.kdfparams ?? {}) as Record<string, unknown>;
  const part = {
    cipher: String(crypto.cipher),
    iv: bytesOf((crypto.cipherparams as Record<string, unknown> | undefined)?.iv),
    ciphertext: bytesOf(crypto.ciphertext),
    mac: bytesOf(crypto.mac).toString('hex'),
    kdf: String(crypto.kdf),
    salt: bytesOf(params.salt),
    length: params.dklen as number,
    params,
  };
  if (part.cipher !== 'aes-128-ctr' || part.iv.length !== 16 || part.ciphertext.length !== 32)
    throw new KeystoreError('the keystore holds no key under the cipher aes-128-ctr');
  if (part.length !== 32) throw new KeystoreError('the keystore derives no key of 32 bytes');
  return part;
}

function bytesOf(value: unknown): Buffer {
  const digits = typeof value === 'string' ? value.replace(/^0x/, '') : '';
  if (!/^([0-9a-f]{2})+$/i.test(digits))
    throw new KeystoreError('the keystore has a field that is not hexadecimal');
  return Buffer.from(digits, 'hex');
}

async function derive(part: SecretPart, passphrase: string): Promise<Buffer> {
  const password = passphrase.normalize('NFKC');
  if (part.kdf === 'scrypt')
    return deriveScrypt(password, part.salt, part.params as unknown as ScryptCost, part.length);
  if (part.params.prf !== 'hmac-sha256')
    throw new KeystoreError('PBKDF2 is known here with hmac-sha256 only');
  return promisify(pbkdf2)(password, part.salt, part.params.c as number, part.length, 'sha256');
}

function macOf(derived: Buffer, ciphertext: Buffer): string {
  return keccak256(Buffer.concat([derived.subarray(16, 32), ciphertext])).slice(2);
}

/**
 * Opens a keystore.
 * @returns the private key as hex
 * @throws KeystoreError when the passphrase is wrong or the content is refused
 */
export async function openKeystore(text: string, passphrase: string): Promise<string> {
  const { address } = inspectKeystore(text);
  const part = secretPart(text);
  let derived: Buffer;
  try {
    derived = await derive(part, passphrase);
  } catch (error) {
    if (error instanceof KeystoreError) throw error;
    throw new KeystoreError(
      'the keystore asks for a key derivation outside its standard (RFC 7914: N a power of two below 2^(16 r)); import the key anew',
    );
  }
  if (macOf(derived, part.ciphertext) !== part.mac)
    throw new KeystoreError('the keystore does not open: wrong passphrase, or the file was changed');
  const decipher = createDecipheriv('aes-128-ctr', derived.subarray(0, 16), part.iv);
  const privateKey = `0x${Buffer.concat([decipher.update(part.ciphertext), decipher.final()]).toString('hex')}`;
  if (addressOf(privateKey) !== address)
    throw new KeystoreError('the key inside is not that of the address the keystore names');
  return privateKey;
}

function addressOf(privateKey: string): string | null {
  try {
    return computeAddress(privateKey).toLowerCase();
  } catch {
    return null;
  }
}

/** Makes a keystore that other tools open too: the member is `crypto`, in lower case, and the scrypt cost is N = 131072. */
export async function makeKeystore(privateKey: string, passphrase: string, cost = SCRYPT_N): Promise<string> {
  const salt = randomBytes(32);
  const iv = randomBytes(16);
  const params = { n: cost, r: 8, p: 1 };
  const derived = await deriveScrypt(passphrase.normalize('NFKC'), salt, params, 32);
  const cipher = createCipheriv('aes-128-ctr', derived.subarray(0, 16), iv);
  const ciphertext = Buffer.concat([cipher.update(Buffer.from(privateKey.slice(2), 'hex')), cipher.final()]);
  const keystore = {
    version: 3,
    id: randomUUID(),
    address: computeAddress(privateKey).slice(2).toLowerCase(),
    crypto: {
      cipher: 'aes-128-ctr',
      cipherparams: { iv: iv.toString('hex') },
      ciphertext: ciphertext.toString('hex'),
      kdf: 'scrypt',
      kdfparams: { dklen: 32, ...params, salt: salt.toString('hex') },
      mac: macOf(derived, ciphertext),
    },
  };
  return `${JSON.stringify(keystore)}\n`;
}

/** A fresh private key from the operating system. */
export function freshPrivateKey(): string {
  return `0x${randomBytes(32).toString('hex')}`;
}
