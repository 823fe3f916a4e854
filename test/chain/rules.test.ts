import { computeAddress } from 'ethers';
import { describe, expect, it } from 'vitest';
import { buildSealedBlock, chainRules } from '../../src/chain/index.ts';
import type {
  AnswerClass,
  DocumentedEstate,
  Finding,
  JsonObject,
  Observation,
  SubjectId,
} from '../../src/model/index.ts';
import { AT, guest, observation, snapshotOf, subject } from '../model/make.ts';

const AT_S = Math.floor(AT / 1000);
const KEYS = [1, 2, 3, 4, 5].map((n) => `0x${String(n).padStart(64, '0')}`);
const validators = KEYS.map((key) => computeAddress(key).toLowerCase()).sort();
const GENESIS = `0x${'9e'.repeat(32)}`;
const OTHER = `0x${'0f'.repeat(32)}`;
const hash = (byte: string): string => `0x${byte.repeat(32)}`;

/** An observation of VMID `vmid`; `ageS` seconds ago. */
function seen(probe: string, vmid: number, facts: JsonObject, ageS = 1): Observation {
  const id: SubjectId = `vmid:${vmid}`;
  return observation({
    probe,
    subject: id,
    endpoint: `rpc-${vmid}`,
    answer: { class: 'ok', facts, checks: [] },
    ageS,
  });
}
const head = (vmid: number, number: number, more: JsonObject = {}, ageS = 1): Observation =>
  seen(
    'besu-head',
    vmid,
    { number: String(number), hash: hash('aa'), timestamp: String(AT_S - 2), peers: 5, block: null, ...more },
    ageS,
  );
const common = (vmid: number, number: number, byte: string, also: JsonObject[] = []): Observation =>
  seen('besu-common', vmid, { number: String(number), hash: hash(byte), also });
const identity = (vmid: number, genesisHash: string, chainId = '138'): Observation =>
  seen('besu-identity', vmid, { chainId, genesisHash });
const failedHead = (vmid: number, cls: AnswerClass): Observation => ({
  ...seen('besu-head', vmid, {}),
  answer: { class: cls, facts: {}, checks: [] },
  level: 'none',
});
const clock = (host: string, clockOffsetMs: number): Observation =>
  observation({
    probe: 'ssh-host',
    subject: `host:${host}`,
    endpoint: `ssh-${host}`,
    answer: { class: 'ok', facts: { clockOffsetMs }, checks: [] },
  });

function judge(
  observations: readonly Observation[],
  estate: Partial<DocumentedEstate> = {},
  subjects: Parameters<typeof snapshotOf>[0] = [],
): Finding[] {
  const snapshot = snapshotOf(subjects, observations);
  return chainRules.flatMap((rule) =>
    rule({ subjects, snapshot: { ...snapshot, estate: { ...snapshot.estate, ...estate } }, at: AT }),
  );
}
const brief = (findings: readonly Finding[]): string[] =>
  findings.map((one) => `${one.subject} ${one.rule} ${one.severity}`);
const pin = { genesisHash: GENESIS, validators, fromBlock: 0 };

describe('a healthy chain', () => {
  it('gives no finding at all', () => {
    const nodes = [1, 2, 3].flatMap((vmid) => [
      identity(vmid, GENESIS),
      head(vmid, 100),
      common(vmid, 99, 'aa'),
    ]);
    expect(judge(nodes, { pin })).toEqual([]);
    expect(judge([])).toEqual([]);
  });
});

describe('standing still', () => {
  const old = (vmid: number, ageS: number): Observation =>
    head(vmid, 100, { timestamp: String(AT_S - 1 - ageS) });

  it('is late after one round and stalled after three', () => {
    // P 2 s, T 4 s: late after 6 s, stalled after 14 s.
    const rules = (ageS: number): string[] => brief(judge([old(1, ageS), old(2, ageS)]));
    expect(rules(6)).toEqual([]);
    expect(rules(7)).toEqual(['chain:138 qbft-late warn']);
    expect(rules(14)).toEqual(['chain:138 qbft-late warn']);
    expect(rules(15)).toEqual(['chain:138 qbft-stalled fail']);
    const [finding] = judge([old(1, 60), old(2, 60)]);
    expect(finding?.reason).toMatch(/no block for 60 s on any of 2 nodes.*about in round 3.*within 32 s/);
    // A narrow screen cuts the end of an advice: what must not be done stands first.
    expect(finding?.next).toMatch(/^do not restart all validators/);
  });

  it('is legal where empty blocks come slowly', () => {
    const thresholds = { ...snapshotOf([], []).estate.thresholds, emptyBlockPeriodS: 60 };
    expect(judge([old(1, 60), old(2, 60)], { thresholds })).toEqual([]);
    expect(brief(judge([old(1, 90), old(2, 90)], { thresholds }))).toEqual(['chain:138 qbft-stalled fail']);
  });

  it('is not said of the chain when one node of several answered, nor when another node goes on', () => {
    expect(brief(judge([old(1, 60), failedHead(2, 'timeout')]))).toEqual([
      'chain:138 chain-one-view unknown',
    ]);
    expect(brief(judge([old(1, 60)]))).toEqual(['chain:138 qbft-stalled fail']);
    expect(brief(judge([old(1, 60), head(2, 130)]))).toEqual(['vmid:1 lagging warn']);
  });

  it('doubts clocks before it judges', () => {
    const future = { timestamp: String(AT_S + 30) };
    expect(brief(judge([head(1, 100, future), head(2, 100, future)]))).toEqual([
      'chain:138 clock-doubt warn',
    ]);
    // This machine is 60 s ahead of all hosts: the head only looks old.
    expect(brief(judge([old(1, 61), old(2, 61), clock('a', -60_000), clock('b', -60_010)]))).toEqual([
      'chain:138 own-clock warn',
    ]);
    // One host that disagrees is that host's fault.
    expect(brief(judge([old(1, 61), old(2, 61), clock('a', -60_000), clock('b', 3)]))).toEqual([
      'chain:138 qbft-stalled fail',
    ]);
  });
});

describe('forks and other networks', () => {
  it('names the smaller side of a fork, once for each node', () => {
    const nodes = [
      common(1, 90, 'aa', [{ number: '80', hash: hash('01') }]),
      common(2, 90, 'aa', [{ number: '80', hash: hash('01') }]),
      common(3, 90, 'bb', [{ number: '80', hash: hash('02') }]),
      common(4, 80, '01'),
    ];
    const findings = judge([...nodes, ...[1, 2, 3].map((vmid) => head(vmid, 91))]);
    expect(brief(findings)).toEqual([
      'chain:138 qbft-fork fail',
      'vmid:3 on-other-fork fail',
      'chain:138 qbft-fork fail',
    ]);
  });

  it('calls neither side right when both are as large', () => {
    const findings = judge([common(1, 90, 'aa'), common(2, 90, 'bb')]);
    expect(brief(findings)).toEqual([
      'chain:138 qbft-fork fail',
      'vmid:1 on-other-fork fail',
      'vmid:2 on-other-fork fail',
    ]);
    expect(findings[0]?.next).toMatch(/neither side is larger/);
  });

  it('does not compare different heights, or nodes of another network', () => {
    expect(judge([common(1, 90, 'aa'), common(2, 91, 'bb')])).toEqual([]);
    const foreign = [identity(9, OTHER), head(9, 50_000), common(9, 90, 'bb')];
    const own = [1, 2].flatMap((vmid) => [identity(vmid, GENESIS), head(vmid, 100), common(vmid, 90, 'aa')]);
    expect(judge([...own, ...foreign], { pin })).toEqual([]);
    expect(brief(judge([...own, ...foreign]))).toEqual([
      'chain:138 other-genesis warn',
      'vmid:9 other-genesis fail',
    ]);
    expect(judge([...own, identity(9, GENESIS, '1'), head(9, 50_000)], { pin })).toEqual([]);
  });

  it('says when no node has the pinned genesis block, and takes a tie for what it is', () => {
    const two = [identity(1, OTHER), identity(2, OTHER)];
    expect(brief(judge(two, { pin }))).toEqual(['chain:138 genesis-nowhere fail']);
    expect(brief(judge([identity(1, OTHER), identity(2, GENESIS)]))).toEqual([
      'chain:138 other-genesis warn',
    ]);
  });
});

describe('single nodes and the explorer', () => {
  it('calls a node lagging only beyond the limit and the time between the looks', () => {
    // Limit: 10 s worth of blocks, which is 5.
    expect(judge([head(1, 100), head(2, 95)])).toEqual([]);
    expect(brief(judge([head(1, 100), head(2, 94)]))).toEqual(['vmid:2 lagging warn']);
    // Looked at 20 s earlier: 10 blocks more are legal.
    expect(judge([head(1, 100), head(2, 85, {}, 21)])).toEqual([]);
    expect(brief(judge([head(1, 100), head(2, 84, {}, 21)]))).toEqual(['vmid:2 lagging warn']);
  });

  it('takes no height for a head without its block', () => {
    expect(judge([head(1, 100), head(2, 99_999, { hash: null, timestamp: null })])).toEqual([]);
  });

  it('sees a network in pieces', () => {
    const alone = { peers: 0 };
    expect(brief(judge([head(1, 100, alone), head(2, 100, alone)]))).toEqual([
      'chain:138 no-peers-anywhere warn',
    ]);
    expect(judge([head(1, 100, alone), head(2, 100)])).toEqual([]);
  });

  it('compares the explorer with the chain', () => {
    const explorer = (dbBlock: string): Observation => seen('blockscout-health', 5000, { dbBlock });
    expect(judge([head(1, 100), explorer('80')])).toEqual([]);
    expect(brief(judge([head(1, 100), explorer('79')]))).toEqual(['vmid:5000 explorer-behind warn']);
    expect(judge([head(1, 100), explorer('x')])).toEqual([]);
  });

  it('is unknown when nobody gave a head, with what they answered instead', () => {
    const findings = judge([failedHead(1, 'timeout'), failedHead(2, 'timeout'), failedHead(3, 'refused')]);
    expect(brief(findings)).toEqual(['chain:138 chain-unseen unknown']);
    expect(findings[0]?.reason).toMatch(/2 timeout, 1 refused/);
  });

  it('does not judge by what is past its time-to-live', () => {
    expect(
      judge([
        head(1, 100, {}, 101),
        common(1, 9, 'aa'),
        { ...common(2, 9, 'bb'), ended: '2020-01-01T00:00:00.000Z' },
      ]).map((one) => one.rule),
    ).toEqual(['chain-unseen']);
  });
});

describe('quorum margin and rounds', () => {
  const members = [1000, 1001, 1002, 1003, 1004].map((vmid) =>
    subject({ id: `vmid:${vmid}`, vmid, category: 'besu_validator' }),
  );
  const stopped = (vmid: number): Observation => guest('stopped', { subject: `vmid:${vmid}` });

  it('is degraded with one of five down, failed with two', () => {
    const one = judge([stopped(1002)], {}, members);
    expect(brief(one)).toEqual(['chain:138 quorum-margin warn']);
    expect(one[0]?.reason).toMatch(/4 of 5 .*one more failure halts the chain \(down: VMID 1002\)/);
    const two = judge([stopped(1002), stopped(1003)], {}, members);
    expect(brief(two)).toEqual(['chain:138 quorum-margin fail']);
    expect(two[0]?.reason).toMatch(/a quorum needs 4/);
  });

  it('counts a running guest that refuses as down, and nobody that could not be looked at', () => {
    const running = guest('running', { subject: 'vmid:1002' });
    expect(brief(judge([running, failedHead(1002, 'refused'), head(1, 100)], {}, members))).toEqual([
      'chain:138 quorum-margin warn',
    ]);
    expect(judge([running, failedHead(1002, 'timeout'), head(1, 100)], {}, members)).toEqual([]);
    expect(judge([failedHead(1002, 'refused'), head(1, 100)], {}, members)).toEqual([]);
  });

  it('does not take a refusal for a validator that is down once Proxmox can no longer be asked', () => {
    const vmids = [1000, 1001, 1002, 1003, 1004];
    const seen = vmids.flatMap((vmid) => [
      guest('running', { subject: `vmid:${vmid}`, ageS: 20 }),
      failedHead(vmid, 'refused'),
    ]);
    expect(brief(judge(seen, {}, members)).filter((one) => one.includes('quorum-margin'))).toHaveLength(1);
    const lost = vmids.map((vmid) => {
      const one = guest('running', { subject: `vmid:${vmid}`, ageS: 2 });
      return { ...one, answer: { class: 'refused' as const, facts: {}, checks: [] } };
    });
    expect(
      brief(judge([...seen, ...lost], {}, members)).filter((one) => one.includes('quorum-margin')),
    ).toEqual([]);
  });

  it('goes by the newest word of Proxmox', () => {
    const before = guest('stopped', { subject: 'vmid:1002', ageS: 30 });
    const now = guest('running', { subject: 'vmid:1002', ageS: 2 });
    for (const list of [
      [before, now],
      [now, before],
    ])
      expect(judge(list, {}, members)).toEqual([]);
  });

  it('names the validator whose turn passed, in any head that was seen', () => {
    const block = buildSealedBlock({
      number: 99,
      parentHash: hash('01'),
      timestamp: AT_S - 4,
      validators,
      round: 1,
      proposer: validators[3] ?? '',
      sealers: KEYS.slice(0, 4),
    });
    const facts = { number: '99', hash: block.hash, timestamp: String(AT_S - 4), block: { ...block } };
    const findings = judge([head(1, 100), head(2, 99, facts), head(3, 99, facts)]);
    expect(brief(findings)).toEqual(['chain:138 round-change warn']);
    expect(findings[0]?.reason).toBe(`block 99 round 1; turn passed: ${validators[2]}`);
  });
});
