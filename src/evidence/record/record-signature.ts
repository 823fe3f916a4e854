import { recoverSigner } from '../../chain/recover.ts';
import type { Hex } from '../../model/json.ts';

/**
 * One spelling for a signature: r, s and v as 65 bytes in lower-case hexadecimal, v 1b or 1c, s in the lower half
 * (EIP-2), r and s not zero. Libraries accept more forms than this; they never get to see those.
 */
const FORM = /^0x([0-9a-f]{64})([0-9a-f]{64})(1b|1c)$/;
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

export class SignatureError extends Error {
  override readonly name = 'SignatureError';
}

/**
 * Refuses every spelling but the one.
 * @throws SignatureError
 */
export function checkSignatureForm(sig: string): asserts sig is Hex {
  const match = FORM.exec(sig);
  if (match === null)
    throw new SignatureError('a signature is 65 bytes in lower-case hexadecimal that end in 1b or 1c');
  const r = BigInt(`0x${match[1]}`);
  const s = BigInt(`0x${match[2]}`);
  if (r === 0n || r >= ORDER) throw new SignatureError('r of the signature is out of range');
  if (s === 0n || s > ORDER / 2n) throw new SignatureError('s of the signature is not in the lower half');
}

/**
 * The address that signed the digest, in lower case.
 * @throws SignatureError when the signature is misspelt or recovers to no key
 */
export function recoverAddress(digest: Hex, sig: string): Hex {
  checkSignatureForm(sig);
  const address = recoverSigner(digest, sig.slice(0, 130), sig.endsWith('1b') ? 0 : 1);
  if (address === null) throw new SignatureError('no key could have made this signature');
  return address as Hex;
}
