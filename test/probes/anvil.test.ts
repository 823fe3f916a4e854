import { encodeRlp, keccak256 } from 'ethers';
import { afterEach, describe, expect, it } from 'vitest';
import { chainRules, readHeader } from '../../src/chain/index.ts';
import type { Endpoint, Finding, Observation } from '../../src/model/index.ts';
import { observeEndpoint, observeEstate } from '../../src/probes/index.ts';
import { NO_ANVIL, startAnvil, stopAnvils } from '../anvil.ts';
import { snapshotOf } from '../model/make.ts';
import { contextOf, endpoint } from './context.ts';

afterEach(stopAnvils);

/** An anvil as a node of an estate; all of them share their genesis block unless told otherwise. */
async function anvil(vmid: number, hardfork = 'prague', genesisS = 1_700_000_000): Promise<Node> {
  const { url, call, mine } = await startAnvil(hardfork, genesisS);
  return { call, mine, at: endpoint({ id: `rpc-${vmid}`, subject: `vmid:${vmid}`, kind: 'json-rpc', url }) };
}
interface Node {
  readonly call: (method: string, params?: readonly unknown[]) => Promise<unknown>;
  readonly mine: (timestamps: readonly number[]) => Promise<void>;
  readonly at: Endpoint;
}

async function judge(nodes: readonly Node[]): Promise<{
  readonly findings: readonly Finding[];
  readonly seen: readonly Observation[];
}> {
  const base = snapshotOf([], []).estate.thresholds;
  const thresholds = { ...base, requestTimeoutS: 1, blockPeriodS: 1, emptyBlockPeriodS: 1 };
  const { estate, storeRaw, vantage, signal } = contextOf(
    nodes.map((one) => one.at),
    { thresholds },
  );
  const seen = await observeEstate(estate, { vantage, signal, storeRaw });
  const snapshot = { ...snapshotOf([], seen), estate };
  return { findings: chainRules.flatMap((rule) => rule({ subjects: [], snapshot, at: Date.now() })), seen };
}
const has = (findings: readonly Finding[], rule: string): Finding | undefined =>
  findings.find((one) => one.rule === rule);
const nowS = (): number => Math.floor(Date.now() / 1000);

describe.skipIf(NO_ANVIL)('anvil, whose blocks and answers nobody here made', () => {
  it.each(['berlin', 'london', 'paris', 'shanghai', 'cancun', 'prague'])(
    'has headers of %s that recompute, and with any one item changed do not',
    async (hardfork) => {
      const node = await anvil(1, hardfork);
      await node.mine([1_700_000_010]);
      const block = (await node.call('eth_getBlockByNumber', ['0x1', false])) as Record<string, unknown>;
      const { items, claimedHash } = readHeader(block);
      const fields = { berlin: 15, london: 16, paris: 16, shanghai: 17, cancun: 20, prague: 21 }[hardfork];
      expect(items).toHaveLength(fields ?? 0);
      expect(keccak256(encodeRlp([...items]))).toBe(claimedHash);
      for (const index of items.keys()) {
        const changed = [...items];
        const item = changed[index] ?? '0x';
        changed[index] = item === '0x' ? '0x01' : `0x${item.slice(2, -1)}${item.endsWith('0') ? '1' : '0'}`;
        expect(keccak256(encodeRlp(changed))).not.toBe(claimedHash);
      }
    },
  );

  it('that diverge are a fork, found down to the last common block', async () => {
    const [left, right] = [await anvil(1), await anvil(2)];
    const start = nowS() - 60;
    const common = [0, 1, 2, 3, 4, 5, 6].map((step) => start + step);
    for (const node of [left, right]) await node.mine(common);
    await left.mine([start + 20, start + 22, nowS()]);
    await right.mine([start + 21, start + 23, nowS()]);
    const { findings, seen } = await judge([left, right]);
    expect(has(findings, 'qbft-fork')?.reason).toMatch(
      /different blocks at height 10.*last common block is 7$/,
    );
    expect(seen.find((one) => one.probe === 'besu-fork')?.answer.facts).toMatchObject({
      lastCommon: '7',
      differAt: '8',
      exact: true,
    });
  });

  it('with another genesis block are another network, no fork', async () => {
    const [left, right] = [await anvil(1), await anvil(2, 'prague', 1_700_000_001)];
    for (const node of [left, right]) await node.mine([nowS() - 1, nowS()]);
    const { findings } = await judge([left, right]);
    expect(has(findings, 'other-genesis')).toBeDefined();
    expect(has(findings, 'qbft-fork')).toBeUndefined();
  });

  it('frozen together are a stall; one frozen while the other goes on is a node that is stuck', async () => {
    const [left, right] = [await anvil(1), await anvil(2)];
    const start = nowS() - 100;
    for (const node of [left, right]) await node.mine([start, start + 1]);
    const frozen = await judge([left, right]);
    expect(has(frozen.findings, 'qbft-stalled')?.severity).toBe('fail');
    await left.mine(Array.from({ length: 30 }, (_, index) => start + 60 + index));
    await left.mine([nowS()]);
    const one = await judge([left, right]);
    expect(has(one.findings, 'qbft-stalled')).toBeUndefined();
    expect(has(one.findings, 'node-stuck')).toMatchObject({ subject: 'vmid:2', severity: 'fail' });
  });

  it('answers as no Besu does, and is read for what it says', async () => {
    const node = await anvil(1);
    await node.mine([nowS()]);
    const seen = await observeEndpoint(contextOf([node.at]), node.at);
    const facts = (probe: string): Observation['answer']['facts'] =>
      seen.find((one) => one.probe === probe)?.answer.facts ?? {};
    expect(facts('besu-port').root).not.toBe(201);
    expect(facts('besu-groups').by).toBe('reads');
    expect(facts('besu-groups').groups).toMatchObject({
      ETH: 'served',
      NET: 'served',
      WEB3: 'served',
      QBFT: 'unknown-method',
      PERM: 'unknown-method',
    });
    expect(facts('qbft-set')).toMatchObject({ served: false, code: -32601 });
    expect(facts('besu-network')).toMatchObject({ id: null, qbftPeers: null, pool: null });
    expect(facts('besu-asks')).toMatchObject({ good: 5, asks: 5 });
    expect(facts('besu-head').peers).toBeNull();
  });
});
