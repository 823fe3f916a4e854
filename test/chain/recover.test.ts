import { SigningKey } from 'ethers/crypto';
import { computeAddress } from 'ethers/transaction';
import { hexlify } from 'ethers/utils';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { loadNativeRecovery, recoverSigner, setKeyRecovery } from '../../src/chain/index.ts';

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const hex32 = (value: bigint): string => value.toString(16).padStart(64, '0');

/** The same question to both libraries. */
async function both(digest: string, rs: string, parity: 0 | 1): Promise<[string | null, string | null]> {
  setKeyRecovery(null);
  const slow = recoverSigner(digest, rs, parity);
  const { recover } = await import('tiny-secp256k1');
  setKeyRecovery((a, b, c) => recover(a, b, c, false));
  return [slow, recoverSigner(digest, rs, parity)];
}

afterAll(() => setKeyRecovery(null));

describe('recovery of a signer', () => {
  it('gives the same answer with either library for signatures and for random bytes', async () => {
    const key = new SigningKey(`0x${'42'.repeat(32)}`);
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        fc.boolean(),
        async (bytes, noise, odd) => {
          const digest = hexlify(bytes);
          const good = key.sign(digest);
          const [slow, fast] = await both(digest, good.r + good.s.slice(2), good.yParity);
          expect(slow).toBe(computeAddress(key.publicKey).toLowerCase());
          expect(fast).toBe(slow);
          const [a, b] = await both(digest, hexlify(noise), odd ? 1 : 0);
          expect(b).toBe(a);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('agrees at the edges of the group', async () => {
    const digest = `0x${'11'.repeat(32)}`;
    const values = [0n, 1n, 2n, ORDER / 2n, ORDER / 2n + 1n, ORDER - 1n, ORDER, ORDER + 1n, 2n ** 256n - 1n];
    for (const r of values)
      for (const s of values)
        for (const parity of [0, 1] as const) {
          const [slow, fast] = await both(digest, `0x${hex32(r)}${hex32(s)}`, parity);
          expect(fast, `${r} ${s} ${parity}`).toBe(slow);
        }
    expect(await both('0x', `0x${hex32(1n)}${hex32(1n)}`, 0)).toEqual([null, null]);
  });

  it('loads the fast library here', async () => {
    expect(await loadNativeRecovery()).toBe(true);
  });
});
