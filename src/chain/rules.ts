import type {
  CrossRule,
  DocumentedSubject,
  EpochMs,
  Finding,
  Observation,
  SubjectId,
  Thresholds,
} from '../model/index.ts';
import { couldLook } from '../model/index.ts';
import { ownClockFinding, ownClockOff, skewedNodes } from './clock-rules.ts';
import {
  commonBlocksOf,
  freshOf,
  type Head,
  headsOf,
  highest,
  type Networks,
  namesOf,
  networksOf,
} from './head-facts.ts';
import { lagging } from './lag-rule.ts';
import { networkRules } from './network-rules.ts';
import { estimateRound, mayBeDown, quorumOf, roundLengthS } from './quorum.ts';
import { quorumMargin, roundChanges } from './quorum-rules.ts';

/** Clock difference in seconds from which a block "from the future" makes us doubt clocks. */
const FUTURE_S = 2;
/** What every rule here works with. */
export interface ChainInput {
  readonly chain: SubjectId;
  /** Heads of the nodes of this network. */
  readonly heads: readonly Head[];
  readonly networks: Networks;
  readonly observations: readonly Observation[];
  readonly subjects: readonly DocumentedSubject[];
  readonly thresholds: Thresholds;
  readonly at: EpochMs;
}

/** A rule over the nodes of one network. */
export const rule =
  (judge: (input: ChainInput) => readonly Finding[]): CrossRule =>
  ({ snapshot, subjects, at }) => {
    const { thresholds, chainId, pin } = snapshot.estate;
    const fresh = (probe: string): readonly Observation[] =>
      freshOf(snapshot.observations, probe, at, thresholds.evidenceTtlS);
    const networks = networksOf(fresh('besu-identity'), chainId, pin?.genesisHash ?? null);
    const heads = headsOf(fresh('besu-head')).filter((one) => !networks.foreign.has(one.endpoint));
    return judge({
      chain: `chain:${chainId}`,
      heads,
      networks,
      observations: snapshot.observations,
      subjects,
      thresholds,
      at,
    });
  };

/**
 * The chain stands still when the newest head of all nodes is older than any legal pause and three request time-outs.
 * The clocks of hosts correct a clock of ours that is off; one node out of several cannot speak for the chain.
 */
export const stalled = rule((input) => {
  const { chain, heads, thresholds, observations, at } = input;
  const head = highest(heads);
  if (head === null) return [];
  const clock = ownClockOff(observations, at, thresholds.evidenceTtlS);
  const findings: Finding[] = clock === null ? [] : [ownClockFinding(chain, clock)];
  const ageS = Math.floor((head.observedAt + (clock?.offsetMs ?? 0)) / 1000) - head.timestamp;
  const { blockPeriodS, emptyBlockPeriodS, requestTimeoutS } = thresholds;
  const pause = Math.max(blockPeriodS, emptyBlockPeriodS);
  if (ageS < -FUTURE_S)
    return [
      ...findings,
      {
        rule: 'clock-doubt',
        subject: chain,
        severity: 'warn',
        reason: `the head is ${-ageS} s in our future: this machine's clock, or the validators', is wrong`,
        next: 'check NTP here first, then on the validators',
      },
    ];
  if (ageS > pause + 3 * requestTimeoutS && !movedSince(input, head))
    return [...findings, standing(input, head, ageS)];
  if (ageS > pause + requestTimeoutS)
    findings.push({
      rule: 'qbft-late',
      subject: chain,
      severity: 'warn',
      reason: `the head is ${ageS} s old: at least one round failed`,
      next: 'watch the next blocks; see which validator was skipped',
    });
  return findings;
});

/** A second look found a block above all heads of the first: the chain goes on again. */
function movedSince({ observations, networks, thresholds, at }: ChainInput, head: Head): boolean {
  return freshOf(observations, 'besu-head-again', at, thresholds.evidenceTtlS).some(
    ({ answer, endpoint }) => {
      const { number } = answer.facts;
      return !networks.foreign.has(endpoint) && typeof number === 'string' && BigInt(number) > head.number;
    },
  );
}

function standing(input: ChainInput, head: Head, ageS: number): Finding {
  const { chain, heads, thresholds, observations, networks } = input;
  const { blockPeriodS, requestTimeoutS } = thresholds;
  const asked = new Set(observations.filter((one) => one.probe === 'besu-head').map((one) => one.endpoint));
  for (const foreign of networks.foreign) asked.delete(foreign);
  if (heads.length === 1 && asked.size > 1)
    return {
      rule: 'chain-one-view',
      subject: chain,
      severity: 'unknown',
      reason: `the only node that answered (${namesOf(heads)}) has had no block for ${ageS} s; whether the chain stands still or this node alone, nobody could see`,
      next: 'ask a second node, best a validator',
    };
  const round = estimateRound(ageS, blockPeriodS, requestTimeoutS);
  return {
    rule: 'qbft-stalled',
    subject: chain,
    severity: 'fail',
    reason: `no block for ${ageS} s on any of ${heads.length} ${heads.length === 1 ? 'node' : 'nodes'} (head ${head.number}); the validators are about in round ${round}, the next begins within ${roundLengthS(round, requestTimeoutS)} s`,
    next: "do not restart all validators: it resets the rounds, and is an operator's decision. See which are down: a quorum must be up. If blocks do arrive, check this machine's clock",
  };
}

/** Different hashes at one height: QBFT blocks are final on import, so this is always critical. */
export const forked = rule(({ chain, observations, thresholds, networks, at }) => {
  const byHeight = Map.groupBy(
    freshOf(observations, 'besu-common', at, thresholds.evidenceTtlS)
      .filter((one) => !networks.foreign.has(one.endpoint))
      .flatMap((one) =>
        commonBlocksOf(one).map((block) => ({ ...block, subject: one.subject, endpoint: one.endpoint })),
      ),
    (one) => `${networkOf(networks, one.endpoint)} ${one.number}`,
  );
  const findings: Finding[] = [];
  const common = lastCommon(observations, thresholds, at);
  const blamed = new Set<string>();
  const heights = [...byHeight.values()].sort((a, b) => (heightIn(a) < heightIn(b) ? -1 : 1));
  for (const same of heights) {
    const height = heightIn(same);
    const groups = [...Map.groupBy(same, (one) => one.hash)].sort((a, b) => b[1].length - a[1].length);
    if (groups.length < 2) continue;
    const tie = groups[0]?.[1].length === groups[1]?.[1].length;
    const text = groups
      .map(([hash, nodes]) => `${hash.slice(0, 10)}… on ${nodes.length} (${namesOf(nodes)})`)
      .join(' against ');
    findings.push({
      rule: 'qbft-fork',
      subject: chain,
      severity: 'fail',
      reason: `different blocks at height ${height}: ${text}${common}`,
      next: tie
        ? 'neither side is larger: find the last common height and see which side the validators build on before touching either'
        : 'take the smaller group out of service; find the last common height; do not resync before the cause is known',
    });
    for (const [, nodes] of tie ? groups : groups.slice(1))
      for (const node of nodes) {
        if (blamed.has(node.endpoint)) continue;
        blamed.add(node.endpoint);
        findings.push({
          rule: 'on-other-fork',
          subject: node.subject,
          severity: 'fail',
          reason: tie
            ? `has one of two blocks at height ${height}, and nobody can say here which is right`
            : `has another block at height ${height} than ${groups[0]?.[1].length ?? 0} other nodes`,
          next: 'take it out of service until the fork is explained',
        });
      }
  }
  return findings;
});

const heightIn = (same: readonly { readonly number: string }[]): bigint => BigInt(same[0]?.number ?? '0');

/** Which of several networks a node is on, where nobody pinned the right one: heights of different networks are never compared. */
function networkOf(networks: Networks, endpoint: string): string {
  if (networks.groups.size < 2) return '';
  for (const [genesis, nodes] of networks.groups)
    if (nodes.some((one) => one.endpoint === endpoint)) return genesis;
  return '';
}

/** The last height on which two sides agree, where somebody looked for it. */
function lastCommon(observations: readonly Observation[], thresholds: Thresholds, at: EpochMs): string {
  const [fork] = freshOf(observations, 'besu-fork', at, thresholds.evidenceTtlS);
  const { lastCommon: last, exact } = fork?.answer.facts ?? {};
  if (typeof last !== 'string') return '';
  return exact === true ? `; the last common block is ${last}` : `; they still agree at ${last}`;
}

/** Nodes of another network. Where a genesis hash is pinned each node's own check says so; here they are told apart without one. */
export const otherNetwork = rule(({ chain, networks }) => {
  const { groups, genesis, pinned } = networks;
  const all = [...groups.values()].flat();
  if (pinned) {
    if (all.length < 2 || (genesis !== null && groups.has(genesis))) return [];
    return [
      {
        rule: 'genesis-nowhere',
        subject: chain,
        severity: 'fail',
        reason: `none of ${all.length} nodes has the pinned genesis block`,
        next: 'check the pinned genesis hash against the genesis file; if it is right, these nodes belong to another network',
      },
    ];
  }
  if (groups.size < 2) return [];
  const findings: Finding[] = [
    {
      rule: 'other-genesis',
      subject: chain,
      severity: 'warn',
      reason: `the nodes have ${groups.size} different genesis blocks: ${[...groups]
        .map(([hash, nodes]) => `${hash.slice(0, 10)}… on ${nodes.length} (${namesOf(nodes)})`)
        .join(', ')}`,
      next: 'pin the right genesis hash in the estate file',
    },
  ];
  for (const [hash, nodes] of groups)
    if (genesis !== null && hash !== genesis)
      for (const node of nodes)
        findings.push({
          rule: 'other-genesis',
          subject: node.subject,
          severity: 'fail',
          reason: 'another genesis block than most nodes: this is another network, not a fork',
          next: 'compare the genesis file of this node with the fleet',
        });
  return findings;
});

/** Every node that could be asked is alone: each sees only itself. */
export const isolated = rule(({ chain, heads }) => {
  const told = heads.filter((one) => one.peers !== null);
  if (told.length < 2 || told.some((one) => one.peers !== 0)) return [];
  return [
    {
      rule: 'no-peers-anywhere',
      subject: chain,
      severity: 'warn',
      reason: `none of ${told.length} nodes has a peer: the network is in pieces, whatever eth_syncing says`,
      next: 'check P2P port 30303, the node lists and permissioning; compare with the last change of the network',
    },
  ];
});

/** The explorer against the chain itself: it calls itself healthy on a stalled chain too. */
export const explorerBehind = rule(({ heads, observations, thresholds, at }) => {
  const head = highest(heads);
  if (head === null) return [];
  return freshOf(observations, 'blockscout-health', at, thresholds.evidenceTtlS).flatMap((one): Finding[] => {
    const { dbBlock } = one.answer.facts;
    if (typeof dbBlock !== 'string' || !/^\d{1,30}$/.test(dbBlock)) return [];
    const laterS = Math.max(0, head.observedAt - Date.parse(one.ended)) / 1000;
    const lag = head.number - BigInt(dbBlock);
    if (lag <= BigInt(thresholds.explorerLagBlocks + Math.ceil(laterS / thresholds.blockPeriodS))) return [];
    return [
      {
        rule: 'explorer-behind',
        subject: one.subject,
        severity: 'warn',
        reason: `the explorer is ${lag} blocks behind the chain (limit ${thresholds.explorerLagBlocks})`,
        next: 'look at its indexer',
      },
    ];
  });
});

/** Nobody gave a head: the chain itself could not be looked at. */
export const chainUnseen = rule(({ chain, heads, observations }) => {
  const looks = observations.filter((one) => one.probe === 'besu-head');
  if (heads.length > 0 || looks.length === 0) return [];
  const classes = Map.groupBy(looks, (one) =>
    couldLook(one.answer) ? 'answered without a head' : one.answer.class,
  );
  const tally = [...classes].map(([name, list]) => `${list.length} ${name}`).join(', ');
  return [
    {
      rule: 'chain-unseen',
      subject: chain,
      severity: 'unknown',
      reason: `no node of this chain gave a head (${tally}), so nobody could look at the chain`,
      next: 'check the network from here; ask one node directly',
    },
  ];
});

/** All rules over several observations of the chain. */
export const chainRules: readonly CrossRule[] = [
  stalled,
  forked,
  otherNetwork,
  rule(lagging),
  rule(skewedNodes),
  ...networkRules.map((one) => rule(one)),
  isolated,
  quorumMargin,
  roundChanges,
  explorerBehind,
  chainUnseen,
];

/** The margin of a validator set at a glance, for screens. */
export function marginText(total: number, up: number): string {
  return `${up} of ${total} validators up, quorum ${quorumOf(total)}, ${Math.max(0, up - quorumOf(total))} of ${mayBeDown(total)} failures left`;
}
