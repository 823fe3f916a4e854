import { keccak256, SigningKey } from 'ethers/crypto';
import { TypedDataEncoder } from 'ethers/hash';
import { computeAddress } from 'ethers/transaction';
import { describe, expect, test } from 'vitest';
import { TrieError, valueByProof } from '../../../src/chain/index.ts';
import { MerkleStack, merkleLeaf } from '../../../src/evidence/merkle.ts';
import { canonicalBytes } from '../../../src/evidence/record/canonical.ts';
import { recoverAddress } from '../../../src/evidence/record/record-signature.ts';
import type { Hex } from '../../../src/model/json.ts';

/**
 * T11: published vectors. The keystores of Web3 Secret Storage are in keystore.test.ts, signatures that ssh-keygen made in outside.test.ts,
 * blocks of mainnet forks in test/chain.
 */
describe('T11: RFC 6962, Merkle tree hashes (the reference vectors of Certificate Transparency)', () => {
  const LEAVES = [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ];
  const ROOTS = [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ];
  test('of one to eight leaves, and of none', () => {
    const stack = new MerkleStack();
    expect(stack.root()).toBe('0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    for (const [index, leaf] of LEAVES.entries()) {
      stack.push(merkleLeaf(Buffer.from(leaf, 'hex')));
      expect(stack.root()).toBe(`0x${ROOTS[index]}`);
    }
  });
});

describe('T11: EIP-712, the mail example of the specification', () => {
  const person = [
    { name: 'name', type: 'string' },
    { name: 'wallet', type: 'address' },
  ];
  const mail = [
    { name: 'from', type: 'Person' },
    { name: 'to', type: 'Person' },
    { name: 'contents', type: 'string' },
  ];
  const domain = {
    name: 'Ether Mail',
    version: '1',
    chainId: 1,
    verifyingContract: '0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC',
  };
  const message = {
    from: { name: 'Cow', wallet: '0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826' },
    to: { name: 'Bob', wallet: '0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB' },
    contents: 'Hello, Bob!',
  };
  const digest = '0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2';
  const signature =
    '0x4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b915621c';

  test('has the digest, and its signature recovers to the cow', () => {
    expect(TypedDataEncoder.hash(domain, { Person: person, Mail: mail }, message)).toBe(digest);
    const cow = new SigningKey(keccak256(Buffer.from('cow')));
    expect(recoverAddress(digest, signature)).toBe(computeAddress(cow.publicKey).toLowerCase());
    const { r, s, yParity } = cow.sign(digest);
    expect(`${r}${s.slice(2)}${yParity === 0 ? '1b' : '1c'}` as Hex).toBe(signature);
  });
});

describe('T11: RFC 8785', () => {
  test('literals and strings of section 3.2.2 that the format allows', () => {
    const text = (value: unknown): string => new TextDecoder().decode(canonicalBytes(value));
    expect(text({ literals: [null, true, false] })).toBe('{"literals":[null,true,false]}');
    expect(text({ string: '\u20ac$' })).toBe('{"string":"\u20ac$"}');
    expect(text({ b: '\\', a: '"', c: '/' })).toBe('{"a":"\\"","b":"\\\\","c":"/"}');
    expect(text({ peach: 1, péché: 2, pêche: 3, sin: 4 })).toBe('{"peach":1,"péché":2,"pêche":3,"sin":4}');
  });

  // The known exceptions: the format is the subset of RFC 8785 without these (docs/evidence-format.md section 2).
  test.each([
    ['fractions and exponents (3.2.2.3)', { numbers: [333333333.3333333, 4.5, 2e-3] }],
    ['integers that are not safe', { number: 1e21 }],
    ['control characters (3.2.2.2)', { string: '\u000f\n' }],
    ['keys that are control characters (3.2.3)', { '\r': 1, '\u0080': 2 }],
  ])('without %s', (_what, value) => {
    expect(() => canonicalBytes(value)).toThrow();
  });
});

describe('T11: RLP', () => {
  // From the tests of the Ethereum foundation, invalid RLP: what a lenient decoder takes.
  test.each([
    'bf0f000000000000021111',
    '8100',
    '8101',
    'b800',
    'b8020004',
    'f800',
    'f803112233',
    'c0c0',
    'efdebd',
    '',
  ])('%s is refused', (hex) => {
    const raw = `0x${hex}`;
    const root = hex === '' ? `0x${'00'.repeat(32)}` : keccak256(raw);
    expect(() => valueByProof(root, 0, [raw])).toThrow(TrieError);
  });
});
