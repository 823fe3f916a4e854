import { SigningKey } from 'ethers/crypto';
import { computeAddress } from 'ethers/transaction';
import { getBytes, hexlify } from 'ethers/utils';

/** Recovers an uncompressed public key, or null; throws where the input is no signature at all. */
export type KeyRecovery = (digest: Uint8Array, rs: Uint8Array, parity: 0 | 1) => Uint8Array | null;

/** Half the order of the group: of two signatures that mean the same only the one with the lower s counts (EIP-2). */
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

let fast: KeyRecovery | null = null;

/** Puts a faster library in place of the JavaScript one; `null` takes it away again. Its answers must be the same. */
export function setKeyRecovery(recovery: KeyRecovery | null): void {
  fast = recovery;
}

/**
 * The address whose key signed a digest with secp256k1, in lower case, or null when no key could have (SEC 1 section 4.1.6).
 * An s in the upper half is refused.
 * @param digest 32 bytes as `0x` and 64 digits
 * @param rs r and s, 32 bytes each, as `0x` and 128 digits
 * @param parity 0 or 1
 */
export function recoverSigner(digest: string, rs: string, parity: 0 | 1): string | null {
  try {
    if (BigInt(`0x${rs.slice(66)}`) > HALF_ORDER) return null;
    const key =
      fast === null
        ? SigningKey.recoverPublicKey(digest, {
            r: rs.slice(0, 66),
            s: `0x${rs.slice(66)}`,
            yParity: parity,
          })
        : fast(getBytes(digest), getBytes(rs), parity);
    return key === null ? null : addressOf(hexlify(key));
  } catch {
    return null;
  }
}

/** Addresses of keys that were seen lately: in a journal, or among validators, the same few come back all the time. */
const addresses = new Map<string, string>();
const MAX_ADDRESSES = 200;

function addressOf(publicKey: string): string {
  const known = addresses.get(publicKey);
  if (known !== undefined) return known;
  if (addresses.size >= MAX_ADDRESSES) addresses.clear();
  const address = computeAddress(publicKey).toLowerCase();
  addresses.set(publicKey, address);
  return address;
}
