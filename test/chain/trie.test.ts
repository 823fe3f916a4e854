import { afterEach, describe, expect, it } from 'vitest';
import {
  EMPTY_ROOT,
  rawTransaction,
  TransactionError,
  TrieError,
  trieProof,
  trieRoot,
  valueByProof,
} from '../../src/chain/index.ts';
import { NO_ANVIL, startAnvil, stopAnvils } from '../anvil.ts';

afterEach(stopAnvils);

const values = (count: number, bytes = 40): readonly string[] =>
  Array.from({ length: count }, (_, index) => `0x${index.toString(16).padStart(2 * bytes, '1')}`);

describe('the trie of a list', () => {
  it('of nothing has the empty root', () => {
    expect(trieRoot([])).toBe(EMPTY_ROOT);
  });

  // Values shorter than a hash make nodes that sit inside their parents.
  it.each([1, 2, 3, 16, 17, 127, 128, 129, 300])('of %i values proves each of them', (count) => {
    for (const list of [values(count), values(count, 3)]) {
      const root = trieRoot(list);
      for (const [index, value] of list.entries()) {
        const proof = trieProof(list, index);
        expect(valueByProof(root, index, proof)).toBe(value);
      }
    }
  });

  it('refuses another root, another place, a node too many or too few, and every changed byte', () => {
    const list = values(20);
    const root = trieRoot(list);
    const proof = trieProof(list, 7);
    const refused = (work: () => unknown): void => expect(work).toThrow(TrieError);
    refused(() => valueByProof(trieRoot(values(21)), 7, proof));
    expect(valueByProof(root, 7, proof)).toBe(list[7]);
    refused(() => valueByProof(root, 20, trieProof(list, 19)));
    refused(() => valueByProof(root, 7, proof.slice(0, -1)));
    refused(() => valueByProof(root, 7, [...proof, proof[0] ?? '']));
    let changed = 0;
    for (const [at, node] of proof.entries())
      for (let digit = 2; digit < node.length; digit += 1) {
        const other = node[digit] === '0' ? '1' : '0';
        const bad = proof.with(at, node.slice(0, digit) + other + node.slice(digit + 1));
        refused(() => valueByProof(root, 7, bad));
        changed += 1;
      }
    expect(changed).toBeGreaterThan(200);
  });
});

describe.skipIf(NO_ANVIL)('blocks of anvil, which nobody here made', () => {
  it.each([1, 2, 17, 140])('with %i transactions of several types have this root', async (count) => {
    const { call, mine } = await startAnvil();
    const [from = '', to = ''] = (await call('eth_accounts')) as string[];
    for (let nonce = 0; nonce < count; nonce += 1) {
      const fees = [
        { gasPrice: '0x77359400' },
        { gasPrice: '0x77359400', accessList: [{ address: to, storageKeys: [`0x${'11'.repeat(32)}`] }] },
        { maxFeePerGas: '0x174876e800', maxPriorityFeePerGas: '0x3b9aca00' },
      ][nonce % 3];
      const target = nonce % 5 === 4 ? {} : { to };
      const sent = await call('eth_sendTransaction', [
        { from, ...target, nonce: `0x${nonce.toString(16)}`, gas: '0x186a0', data: '0x00', ...fees },
      ]);
      expect(sent, `transaction ${nonce}`).toBeTypeOf('string');
    }
    await mine([1_700_000_100]);
    const block = (await call('eth_getBlockByNumber', ['latest', true])) as {
      transactions: unknown[];
      transactionsRoot: string;
    };
    expect(block.transactions).toHaveLength(count);
    const raws = block.transactions.map(rawTransaction);
    expect(trieRoot(raws)).toBe(block.transactionsRoot);
    const last = count - 1;
    expect(valueByProof(block.transactionsRoot, last, trieProof(raws, last))).toBe(raws[last]);
    expect(() => rawTransaction({ ...(block.transactions[0] as object), value: '0x1' })).toThrow(
      TransactionError,
    );
  });
});
