import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { chainRules } from '../../src/chain/index.ts';
import { loadEstate } from '../../src/estate/index.ts';
import { assessEstate, type Observation } from '../../src/model/index.ts';
import { observeEstate } from '../../src/probes/index.ts';
import { type AssessmentDocument, assessmentDocument } from '../../src/reports/index.ts';
import { snapshotOf } from '../model/make.ts';
import { contextOf } from '../probes/context.ts';
import { type Demo, SCENARIOS_FOR_TESTS, startDemo } from './start.ts';

interface Looked {
  readonly document: AssessmentDocument;
  readonly observations: readonly Observation[];
  /** `subject rule severity` of every finding that is more than information, and of all about the chain. */
  readonly found: readonly string[];
}

let demo: Demo | null = null;
afterEach(async () => {
  await demo?.stop();
  demo = null;
});

async function look(scenario: string): Promise<Looked> {
  demo = await startDemo({ scenario });
  const estate = await loadEstate(demo.configPath);
  const { storeRaw } = contextOf([]);
  const observations = await observeEstate(estate, {
    vantage: 'test',
    signal: new AbortController().signal,
    storeRaw,
  });
  const snapshot = { ...snapshotOf([], observations), estate };
  const document = assessmentDocument(snapshot, assessEstate(snapshot, Date.now(), chainRules));
  const found = document.subjects.flatMap((subject) =>
    subject.findings
      .filter((one) => one.rule !== 'tier-members')
      .filter((one) => one.severity !== 'info' || one.subject === 'chain:138')
      .map((one) => `${one.subject} ${one.rule} ${one.severity}`),
  );
  return { document, observations, found: [...new Set(found)].sort() };
}

/** The same of each host that must be there (ml110 need not be). */
const onHosts = (what: string): readonly string[] =>
  ['r630-01', 'r630-02', 'r630-03', 'r630-04'].map((host) => `host:${host} ${what}`);

/** Scenario, exit code, and exactly what is found. One fault each: everything else must stay quiet. */
const TABLE: readonly (readonly [name: string, exit: number, found: readonly string[]])[] = [
  ['recovering', 0, ['chain:138 qbft-recovering warn', 'chain:138 round-change warn']],
  ['empty-period', 0, []],
  ['node-catching-up', 0, ['vmid:2303 catching-up warn', 'vmid:2303 syncing warn']],
  ['node-stuck', 0, ['vmid:2303 node-stuck fail']],
  ['other-genesis', 0, ['vmid:2303 genesis fail']],
  ['state-lost', 0, ['vmid:2303 world-state-lost fail']],
  ['no-peers', 0, ['vmid:2303 not-ready warn', 'vmid:2303 peers warn']],
  ['not-ready', 0, ['vmid:2303 not-ready warn']],
  ['host-refused', 0, ['vmid:2303 could-not-look-host-refused unknown']],
  ['token-wanted', 0, ['vmid:2303 could-not-look-auth unknown']],
  ['api-off', 0, ['vmid:2101 api-off warn']],
  ['api-filtered', 0, ['vmid:2101 api-filtered warn']],
  ['edge-502', 1, ['vmid:2201 could-not-look-edge-error unknown', 'vmid:2201 edge-unsteady fail']],
  ['connections-used-up', 0, ['vmid:2303 besu-asks-reset fail', 'vmid:2303 connections-used-up fail']],
  ['silent', 0, ['vmid:2303 could-not-look-timeout unknown']],
  ['truncated', 0, ['vmid:2303 besu-asks-not-json fail']],
  ['only-201', 0, ['vmid:2303 besu-asks-empty fail']],
  ['contract-validators', 0, ['chain:138 validators-from-contract info']],
  ['vote-in-flight', 0, ['chain:138 vote-in-flight info']],
  ['young-chain', 0, []],
  ['other-seals', 0, []],
  ['batch-reordered', 0, ['vmid:2400 batch-order fail']],
  ['leak-edge', 1, ['vmid:2201 api-leak-direct fail', 'vmid:2201 api-leak-edge fail']],
  ['leak-direct', 1, ['vmid:2201 api-leak-direct fail']],
  ['node-clock', 0, ['vmid:2303 node-clock warn']],
  [
    'console-clock',
    0,
    [
      'chain:138 own-clock warn',
      ...['ml110', 'r630-01', 'r630-02', 'r630-03', 'r630-04'].map((host) => `host:${host} clock warn`),
    ],
  ],
  ['firefly-init-error', 0, ['vmid:6200 firefly-namespace fail']],
  ['fabric-no-channel', 0, ['vmid:6000 fabric-no-channel warn']],
  ['indy-silent', 0, ['vmid:6400 indy-silent warn']],
  ['explorer-behind', 0, ['vmid:5000 explorer-behind warn', 'vmid:5000 explorer-lag warn']],
  ['config-drift', 1, ['vmid:2101 config-drift fail']],
  ['partition', 1, ['chain:138 partition fail']],
  ['pool-stuck', 0, ['chain:138 pool-stuck warn']],
  ['slow', 0, []],
  ['validator-behind', 1, ['vmid:1004 node-stuck fail']],
  ['pve-bad-token', 3, onHosts('could-not-look-auth unknown')],
  ['pve-expired', 3, onHosts('could-not-look-tls-expired unknown')],
  ['pve-foreign', 3, onHosts('could-not-look-tls unknown')],
  ['pve-down', 3, onHosts('could-not-look-refused unknown')],
  ['pve-old', 0, []],
  ['thin-pool-full', 1, onHosts('thin-pool-full fail')],
  ['ssh-key-changed', 3, ['host:r630-04 could-not-look-ssh-host-key-changed unknown']],
  ['ssh-key-revoked', 3, ['host:r630-03 could-not-look-ssh-host-key-revoked unknown']],
];

/** These are healthy by every finding; what tells them apart is in the observations. */
const QUIET = ['empty-period', 'young-chain', 'other-seals', 'slow', 'pve-old'];

/** Scenarios with tests of their own. */
const ELSEWHERE = [
  'all-dead',
  'fork',
  'healthy',
  'host-down',
  'hostile-names',
  'no-quorum',
  'placeholder-running',
  'pve-no-rights',
  'stalled',
  'validator-down',
];

const signatures = new Map<string, string>();

describe('every fault is told apart from its neighbours over real sockets', { timeout: 120_000 }, () => {
  // Every fourth one in every test run, all of them with `npm run suites`.
  const looked = TABLE.filter((_row, at) => process.env.C138_SUITES === 'full' || at % 4 === 0);
  it.each(looked)('%s: exit code %i and nothing else', async (name, exit, expected) => {
    const { document, observations, found } = await look(name);
    expect(found).toEqual(expected);
    expect(document.verdict.exit_code).toBe(exit);
    for (const finding of document.subjects.flatMap((one) => one.findings))
      if (finding.severity !== 'info') expect(`${finding.rule}: ${finding.next}`).not.toMatch(/: $/);
    if (!QUIET.includes(name)) signatures.set(name, found.join('; '));
    quiet[name]?.(observations);
  });

  it('covers every scenario that is offered', () => {
    expect([...TABLE.map(([name]) => name), ...ELSEWHERE].sort()).toEqual([...SCENARIOS_FOR_TESTS].sort());
  });
});

afterAll(() => {
  expect(new Set(signatures.values()).size).toBe(signatures.size);
});

const facts = (
  observations: readonly Observation[],
  probe: string,
  endpoint = '',
): Observation['answer']['facts'] =>
  observations.find((one) => one.probe === probe && one.endpoint.includes(endpoint))?.answer.facts ?? {};

/** What the observations of scenarios show that findings do not. */
const quiet: Readonly<Record<string, (observations: readonly Observation[]) => void>> = {
  'empty-period': (seen) => {
    const head = facts(seen, 'besu-head', '2101');
    expect(Date.now() / 1000 - Number(head.timestamp)).toBeGreaterThan(39);
  },
  'young-chain': (seen) => {
    const set = facts(seen, 'qbft-set', '2101');
    expect(set.genesisEntry).toBe(true);
    expect(set.proposals).toHaveLength(5);
  },
  'other-seals': (seen) => {
    const extra = (vmid: number): string | undefined =>
      (facts(seen, 'besu-head', String(vmid)).block as { extraData?: string } | null)?.extraData;
    const [odd, usual] = [facts(seen, 'besu-head', '2303'), facts(seen, 'besu-head', '2304')];
    // Two nodes may be asked on either side of a new block; the seals are compared at one height only.
    if (odd.number === usual.number) {
      expect(odd.hash).toBe(usual.hash);
      expect(extra(2303)).not.toBe(extra(2304));
    }
  },
  'contract-validators': (seen) => {
    expect(facts(seen, 'qbft-window')).toMatchObject({ contractMode: true, verdict: 'proven', broken: null });
    expect(facts(seen, 'qbft-proof').verdict).toBe('proven');
  },
  slow: (seen) => {
    const asks = facts(seen, 'besu-asks', '2101');
    expect(asks).toMatchObject({ asks: 5, good: 5 });
    expect(asks.p50).toBeGreaterThanOrEqual(100);
  },
  'pve-down': (seen) => {
    // SSH tells what the API does not.
    const guest = seen.find((one) => one.probe === 'pve-guest' && one.subject === 'vmid:2101');
    expect(guest).toMatchObject({ request: 'pct list', answer: { class: 'ok', facts: { run: 'running' } } });
    expect(facts(seen, 'pve-cluster')).toMatchObject({ quorate: true, votes: 5, expectedVotes: 5 });
  },
  'pve-old': (seen) => {
    expect(facts(seen, 'pve-host')).toMatchObject({ version: '7.4-16', kernel: 'Linux 5.15.102-1-pve' });
    expect(facts(seen, 'pve-guest')).toMatchObject({ run: 'running', template: false });
    expect(seen.some((one) => one.probe === 'pve-thin')).toBe(false);
  },
  recovering: (seen) => expect(facts(seen, 'qbft-window').broken).toBeNull(),
};
