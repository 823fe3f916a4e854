import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';

/**
 * SSH signatures over a sealed journal, as `ssh-keygen -Y sign` makes them (OpenSSH, PROTOCOL.sshsig): for people who have no Ethereum
 * tools. The armour is written again and compared, so that the file has one spelling.
 */

/** What such a signature must be made for: `ssh-keygen -Y sign -n dbis-evidence`. */
export const SSHSIG_NAMESPACE = 'dbis-evidence';

/** A file that is no SSH signature in its one spelling, or that does not hold. */
export class SshSigError extends Error {
  override readonly name = 'SshSigError';
}

export interface SshSignature {
  /** The public key in SSH's own form. */
  readonly key: Uint8Array;
  readonly keyType: string;
  /** `SHA256:…` as ssh-keygen prints it. */
  readonly fingerprint: string;
  readonly hash: 'sha256' | 'sha512';
  readonly algorithm: string;
  readonly signature: Uint8Array;
}

const BEGIN = '-----BEGIN SSH SIGNATURE-----\n';
const END = '-----END SSH SIGNATURE-----\n';
const MAGIC = Buffer.from('SSHSIG');
const WIDTH = 70;

/** Reads SSH's length-prefixed fields one after the other. */
class Fields {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes);
  }

  take(length: number): Buffer {
    if (length < 0 || this.#at + length > this.#bytes.length) throw new SshSigError('it ends in the middle');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  number(): number {
    return this.take(4).readUInt32BE();
  }

  string(): Buffer {
    return this.take(this.number());
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new SshSigError('bytes are left over at its end');
  }
}

function field(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function armour(blob: Uint8Array): string {
  const text = Buffer.from(blob).toString('base64');
  const lines = text.match(new RegExp(`.{1,${WIDTH}}`, 'g')) ?? [];
  return `${BEGIN}${lines.join('\n')}\n${END}`;
}

/**
 * Reads an armoured signature.
 * @throws SshSigError
 */
export function readSshSignature(file: Uint8Array): SshSignature {
  const text = Buffer.from(file).toString('latin1');
  if (!text.startsWith(BEGIN) || !text.endsWith(END) || text.length < BEGIN.length + END.length)
    throw new SshSigError('it does not begin and end as an SSH signature');
  const blob = Buffer.from(text.slice(BEGIN.length, -END.length), 'base64');
  if (armour(blob) !== text) throw new SshSigError('its armour is not in the form that ssh-keygen writes');
  const fields = new Fields(blob);
  if (Buffer.compare(fields.take(MAGIC.length), MAGIC) !== 0) throw new SshSigError('it is no SSH signature');
  if (fields.number() !== 1) throw new SshSigError('it is of another version than 1');
  const key = fields.string();
  const namespace = fields.string().toString('latin1');
  const reserved = fields.string();
  const hash = fields.string().toString('latin1');
  const signature = fields.string();
  fields.end();
  if (namespace !== SSHSIG_NAMESPACE)
    throw new SshSigError(`it was made for "${namespace.slice(0, 40)}", not for "${SSHSIG_NAMESPACE}"`);
  if (reserved.length > 0) throw new SshSigError('its reserved field is not empty');
  if (hash !== 'sha256' && hash !== 'sha512') throw new SshSigError('its hash is neither sha256 nor sha512');
  const parts = new Fields(signature);
  const algorithm = parts.string().toString('latin1');
  const raw = parts.string();
  parts.end();
  return {
    key,
    keyType: new Fields(key).string().toString('latin1'),
    fingerprint: `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`,
    hash,
    algorithm,
    signature: raw,
  };
}

const CURVES: Readonly<Record<string, readonly [jwk: string, hash: string, bytes: number]>> = {
  'ecdsa-sha2-nistp256': ['P-256', 'sha256', 32],
  'ecdsa-sha2-nistp384': ['P-384', 'sha384', 48],
  'ecdsa-sha2-nistp521': ['P-521', 'sha512', 66],
};
const RSA_HASHES: Readonly<Record<string, string>> = { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' };

/**
 * Checks a signature over a message of which the digest is at hand.
 * @param digest of the message, by `signature.hash`
 * @throws SshSigError when it does not hold, or is of a kind that is not accepted (DSA, RSA with SHA-1, keys in hardware tokens)
 */
export function checkSshSignature(signature: SshSignature, digest: Uint8Array): void {
  const signed = Buffer.concat([
    MAGIC,
    field(Buffer.from(SSHSIG_NAMESPACE)),
    field(new Uint8Array()),
    field(Buffer.from(signature.hash)),
    field(digest),
  ]);
  let holds: boolean;
  try {
    holds = verifyWith(signature, signed);
  } catch (error) {
    if (error instanceof SshSigError) throw error;
    throw new SshSigError('its key or signature can not be read');
  }
  if (!holds) throw new SshSigError(`it is not by the key ${signature.fingerprint} over this journal`);
}

function verifyWith(one: SshSignature, signed: Uint8Array): boolean {
  const { keyType, algorithm, signature } = one;
  const fields = new Fields(one.key);
  fields.string();
  if (keyType === 'ssh-ed25519' && algorithm === keyType) {
    const key = jwk({ kty: 'OKP', crv: 'Ed25519', x: fields.string().toString('base64url') });
    fields.end();
    return verify(null, signed, key, signature);
  }
  const curve = CURVES[keyType];
  if (curve !== undefined && algorithm === keyType) {
    const [crv, hash, bytes] = curve;
    // The key names its curve twice, and OpenSSH reads none where the two differ.
    if (fields.string().toString('latin1') !== keyType.slice('ecdsa-sha2-'.length))
      throw new SshSigError('its key names another curve than its type');
    const point = fields.string();
    fields.end();
    if (point[0] !== 4 || point.length !== 1 + 2 * bytes)
      throw new SshSigError('its key is no point of the curve');
    const key = jwk({
      kty: 'EC',
      crv,
      x: point.subarray(1, 1 + bytes).toString('base64url'),
      y: point.subarray(1 + bytes).toString('base64url'),
    });
    return verify(hash, signed, { key, dsaEncoding: 'ieee-p1363' }, flatEcdsa(signature, bytes));
  }
  const rsa = RSA_HASHES[algorithm];
  if (keyType === 'ssh-rsa' && rsa !== undefined) {
    const e = fields.string();
    const n = fields.string();
    fields.end();
    const key = jwk({
      kty: 'RSA',
      e: unsigned(e).toString('base64url'),
      n: unsigned(n).toString('base64url'),
    });
    if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048)
      throw new SshSigError('its RSA key is shorter than 2048 bits');
    return verify(rsa, signed, key, signature);
  }
  throw new SshSigError(`signatures of the kind ${keyType} with ${algorithm} are not accepted`);
}

function jwk(key: Record<string, string>): KeyObject {
  return createPublicKey({ key, format: 'jwk' });
}

/** A number in SSH's form without its leading zero; refused when it has another spelling. */
function unsigned(mpint: Buffer): Buffer {
  const [first = 0, second = 0] = mpint;
  if (mpint.length === 0 || first >= 0x80 || (first === 0 && mpint.length > 1 && second < 0x80))
    throw new SshSigError('a number in it is not in its one spelling');
  return first === 0 ? mpint.subarray(1) : mpint;
}

/** r and s side by side, each as long as the curve's field. */
function flatEcdsa(signature: Uint8Array, bytes: number): Buffer {
  const fields = new Fields(signature);
  const out = Buffer.alloc(2 * bytes);
  for (const index of [0, 1]) {
    const value = unsigned(fields.string());
    if (value.length > bytes) throw new SshSigError('a number in it is too large for the curve');
    value.copy(out, (index + 1) * bytes - value.length);
  }
  fields.end();
  return out;
}
