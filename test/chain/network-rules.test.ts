import { describe, expect, it } from 'vitest';
import { chainRules } from '../../src/chain/index.ts';
import type { Finding, JsonObject, Observation } from '../../src/model/index.ts';
import { AT, observation, snapshotOf, subject } from '../model/make.ts';

const address = (n: number): string => `0x${String(n).repeat(40)}`;
const FIVE = [1, 2, 3, 4, 5].map(address);

function seen(probe: string, vmid: number, facts: JsonObject): Observation {
  return observation({
    probe,
    subject: `vmid:${vmid}`,
    endpoint: `rpc-${vmid}`,
    answer: { class: 'ok', facts, checks: [] },
  });
}
/** What the last headers showed. */
function window(more: JsonObject = {}): Observation {
  const facts = {
    count: 50,
    to: '500',
    empty: 10,
    rounds: Array(50).fill(0),
    late: [],
    validators: FIVE,
    participation: FIVE.map((one) => ({ address: one, proposed: 10, sealed: 40, skipped: 0 })),
    inFlight: [],
    changes: [],
    contractMode: false,
    ...more,
  };
  return { ...seen('qbft-window', 1, facts), subject: 'chain:138' };
}
const validators = [1, 2, 3, 4, 5].map((n) =>
  subject({ id: `vmid:${1000 + n}`, vmid: 1000 + n, category: 'besu_validator' }),
);

function judge(observations: readonly Observation[], subjects = validators): readonly Finding[] {
  const snapshot = snapshotOf(subjects, observations);
  return chainRules.flatMap((rule) => rule({ subjects, snapshot, at: AT }));
}
const brief = (observations: readonly Observation[]): readonly string[] =>
  judge(observations).map((one) => `${one.subject} ${one.rule} ${one.severity}`);

describe('the last headers', () => {
  const late = (round: number, skipped: readonly string[]): JsonObject => ({ number: '480', round, skipped });
  const rounds = (round: number): number[] => [round, ...Array<number>(49).fill(0)];

  it('say nothing when every block came in round 0', () => {
    expect(brief([window()])).toEqual([]);
  });

  it('tell one silent validator from scattered rounds and from a chain that is just back', () => {
    const one = window({ rounds: rounds(1), late: [late(1, [address(3)]), late(1, [address(3)])] });
    expect(brief([one])).toEqual(['chain:138 validator-silent warn']);
    const many = window({
      rounds: rounds(1),
      late: [late(1, [address(3)]), late(2, [address(4), address(5)])],
    });
    expect(brief([many])).toEqual(['chain:138 rounds-scattered warn']);
    const back = window({ rounds: rounds(8), late: [late(8, FIVE)] });
    expect(brief([back])).toEqual(['chain:138 qbft-recovering warn']);
  });

  it('count towards the quorum margin who neither proposed nor sealed, guests seen or not', () => {
    const quiet = (count: number): Observation =>
      window({
        participation: FIVE.map((one, index) =>
          index < count
            ? { address: one, proposed: 0, sealed: 0, skipped: 9 }
            : { address: one, proposed: 12, sealed: 49, skipped: 0 },
        ),
      });
    expect(brief([quiet(1)])).toEqual(['chain:138 quorum-margin warn']);
    expect(judge([quiet(1)])[0]?.reason).toContain(address(1));
    expect(brief([quiet(2)])).toEqual(['chain:138 quorum-margin fail']);
    // Without a seal of its own but proposing, or skipped only once: nothing is proven.
    const proposing = window({
      participation: [{ address: address(1), proposed: 1, sealed: 0, skipped: 5 }],
    });
    const once = window({ participation: [{ address: address(1), proposed: 0, sealed: 0, skipped: 1 }] });
    expect([...brief([proposing]), ...brief([once])]).toEqual([]);
  });

  it('show votes with how many are needed, and changes', () => {
    const vote = { number: '470', by: address(1), recipient: address(9), add: true };
    const found = judge([window({ inFlight: [vote, { ...vote, by: address(2) }] })]);
    expect(found.map((one) => [one.rule, one.severity])).toEqual([['vote-in-flight', 'info']]);
    expect(found[0]?.reason).toMatch(/^2 of 3 votes needed to add/);
    const change = { number: '490', added: [address(9)], removed: [] };
    expect(brief([window({ changes: [change] })])).toEqual(['chain:138 set-changed info']);
  });
});

describe('nodes compared', () => {
  const network = (vmid: number, more: JsonObject): Observation =>
    seen('besu-network', vmid, {
      id: null,
      peerIds: null,
      configSha256: null,
      pool: null,
      gasPrice: null,
      ...more,
    });
  const node = (vmid: number, peers: readonly number[]): Observation =>
    network(vmid, { id: `n${vmid}`, peerIds: peers.map((one) => `n${one}`) });

  it('drift: the minority is named, with the keys that differ', () => {
    const config = (vmid: number, london: number): Observation =>
      network(vmid, { configSha256: `d${london}`, config: { londonBlock: String(london), chainId: '138' } });
    const found = judge([config(1, 0), config(2, 0), config(3, 7)]);
    expect(found.map((one) => `${one.subject} ${one.rule}`)).toEqual(['vmid:3 config-drift']);
    expect(found[0]?.reason).toContain('londonBlock');
    expect(found[0]?.reason).not.toContain('chainId');
    expect(brief([config(1, 0), network(2, {})])).toEqual([]);
  });

  it('partition: groups without a connection, and one connection is enough to join them', () => {
    const all = [1001, 1002, 1003, 1004, 1005];
    expect(brief(all.map((one) => node(one, all)))).toEqual([]);
    const left = [1001, 1002, 1003];
    const split = all.map((one) => node(one, left.includes(one) ? left : [1004, 1005]));
    expect(brief(split)).toEqual(['chain:138 partition fail']);
    const line = all.map((one) => node(one, [one - 1, one + 1]));
    expect(brief(line).every((one) => one.endsWith('validator-few-peers warn'))).toBe(true);
    // Validators that tell nothing of their peers prove nothing.
    expect(brief([network(1001, {}), network(1002, {})])).toEqual([]);
  });

  it('a pool is stuck only when transactions wait and every one of many blocks is empty', () => {
    const pool = network(7, { pool: { max: 4096, local: 2, remote: 3 } });
    expect(brief([pool, window({ empty: 50 })])).toEqual(['chain:138 pool-stuck warn']);
    expect(brief([pool, window({ empty: 49 })])).toEqual([]);
    expect(brief([window({ empty: 50 })])).toEqual([]);
  });

  it('price floors and validator sets that differ are told', () => {
    expect(brief([network(1, { gasPrice: '1000' }), network(2, { gasPrice: '0' })])).toEqual([
      'chain:138 gas-floor-differs info',
    ]);
    const set = (vmid: number, list: readonly string[]): Observation =>
      seen('qbft-set', vmid, { validators: list });
    expect(brief([set(1, FIVE), set(2, FIVE), set(3, FIVE.slice(1))])).toEqual(['vmid:3 set-differs warn']);
  });

  it('a request time-out other than the one that stalls are judged by is told once', () => {
    const timeout = (vmid: number, requestTimeoutS: number | null): Observation =>
      seen('qbft-set', vmid, { validators: FIVE, requestTimeoutS });
    expect(brief([timeout(1, 4), timeout(2, null)])).toEqual([]);
    const found = judge([timeout(1, 10), timeout(2, 10), timeout(3, 4)]);
    expect(found.map((one) => `${one.subject} ${one.rule}`)).toEqual(['chain:138 request-timeout']);
    expect(found[0]?.reason).toContain('2 nodes run with 10 s');
  });

  it('clocks: one of several that is off is the node, all together are us, two are no majority', () => {
    const clock = (vmid: number, clockOffsetMs: number): Observation =>
      seen('besu-port', vmid, { clockOffsetMs });
    const head = seen('besu-head', 9, {
      number: '5',
      hash: `0x${'aa'.repeat(32)}`,
      timestamp: String(Math.floor(AT / 1000) - 2),
      peers: 5,
    });
    expect(brief([head, clock(1, 100), clock(2, -200), clock(3, 3_100)])).toEqual(['vmid:3 node-clock warn']);
    expect(brief([head, clock(1, 1_400), clock(2, -1_400), clock(3, 0)])).toEqual([]);
    expect(brief([head, clock(1, 3_000), clock(2, 0)])).toEqual([]);
    expect(brief([head, clock(1, 2_000), clock(2, 2_100), clock(3, 2_200)])).toContain(
      'chain:138 own-clock warn',
    );
  });
});
