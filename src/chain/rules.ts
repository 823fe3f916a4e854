import type {
  CrossRule,
  EpochMs,
  Finding,
  JsonObject,
  Observation,
  SubjectId,
  Thresholds,
} from '../model/index.ts';
import { couldLook, isFresh } from '../model/index.ts';
import { estimateRound, mayBeDown, quorumOf } from './quorum.ts';

/** The head that one node gave. */
interface Head {
  readonly subject: SubjectId;
  readonly endpoint: string;
  readonly number: bigint;
  readonly hash: string | null;
  /** Seconds since the Unix epoch. */
  readonly timestamp: number | null;
  readonly observedAt: EpochMs;
}

/** Clock difference in seconds from which a block "from the future" makes us doubt clocks. */
const FUTURE_S = 2;

function fresh(
  observations: readonly Observation[],
  probe: string,
  at: EpochMs,
  ttlS: number,
): readonly Observation[] {
  const newest = new Map<string, Observation>();
  for (const one of observations) {
    if (one.probe !== probe || !couldLook(one.answer) || !isFresh(one, at, ttlS)) continue;
    const known = newest.get(one.endpoint);
    if (known === undefined || known.ended <= one.ended) newest.set(one.endpoint, one);
  }
  return [...newest.values()];
}

function headsOf(observations: readonly Observation[]): readonly Head[] {
  return observations.flatMap((one) => {
    const { number, hash, timestamp } = one.answer.facts;
    if (typeof number !== 'string' || !/^\d{1,30}$/.test(number)) return [];
    return [
      {
        subject: one.subject,
        endpoint: one.endpoint,
        number: BigInt(number),
        hash: typeof hash === 'string' ? hash : null,
        timestamp: typeof timestamp === 'string' && /^\d{1,15}$/.test(timestamp) ? Number(timestamp) : null,
        observedAt: Date.parse(one.ended),
      },
    ];
  });
}

const rule =
  (
    judge: (input: {
      readonly chain: SubjectId;
      readonly heads: readonly Head[];
      readonly observations: readonly Observation[];
      readonly thresholds: Thresholds;
      readonly at: EpochMs;
    }) => readonly Finding[],
  ): CrossRule =>
  ({ snapshot, at }) => {
    const { thresholds, chainId } = snapshot.estate;
    const ttlS = thresholds.evidenceTtlS;
    const heads = headsOf(fresh(snapshot.observations, 'besu-head', at, ttlS));
    return judge({ chain: `chain:${chainId}`, heads, observations: snapshot.observations, thresholds, at });
  };

/** The chain stands still when the newest head of all nodes is older than any legal pause and three request time-outs. */
export const stalled = rule(({ chain, heads, thresholds }) => {
  const head = highest(heads);
  if (head?.timestamp == null) return [];
  const ageS = Math.floor(head.observedAt / 1000) - head.timestamp;
  const { blockPeriodS, emptyBlockPeriodS, requestTimeoutS } = thresholds;
  if (ageS < -FUTURE_S)
    return [
      {
        rule: 'clock-doubt',
        subject: chain,
        severity: 'warn',
        reason: `the head is ${-ageS} s in our future: this machine's clock, or the validators', is wrong`,
        next: 'check NTP here first, then on the validators',
      },
    ];
  const pause = Math.max(blockPeriodS, emptyBlockPeriodS);
  if (ageS > pause + 3 * requestTimeoutS) {
    const round = estimateRound(ageS, blockPeriodS, requestTimeoutS);
    return [
      {
        rule: 'qbft-stalled',
        subject: chain,
        severity: 'fail',
        reason: `no block for ${ageS} s on any node (head ${head.number}); the validators are about in round ${round}`,
        next: `find out which validators are down; a quorum must be up. Restarting all validators resets the rounds, by decision of an operator`,
      },
    ];
  }
  if (ageS > pause + requestTimeoutS)
    return [
      {
        rule: 'qbft-late',
        subject: chain,
        severity: 'warn',
        reason: `the head is ${ageS} s old: at least one round failed`,
        next: 'watch the next blocks; see which validator was skipped',
      },
    ];
  return [];
});

/** Different hashes at one height: QBFT blocks are final on import, so this is always critical. */
export const forked = rule(({ chain, observations, thresholds, at }) => {
  const common = fresh(observations, 'besu-common', at, thresholds.evidenceTtlS);
  const byHeight = Map.groupBy(
    common.filter((one) => typeof one.answer.facts.hash === 'string'),
    (one) => String(one.answer.facts.number),
  );
  const findings: Finding[] = [];
  for (const [height, same] of byHeight) {
    const groups = [...Map.groupBy(same, (one) => String(one.answer.facts.hash)).entries()].sort(
      (a, b) => b[1].length - a[1].length,
    );
    if (groups.length < 2) continue;
    const text = groups
      .map(([hash, nodes]) => `${hash.slice(0, 10)}… on ${nodes.length} (${names(nodes)})`)
      .join(' against ');
    findings.push({
      rule: 'qbft-fork',
      subject: chain,
      severity: 'fail',
      reason: `different blocks at height ${height}: ${text}`,
      next: 'take the smaller group out of service; find the last common height; do not resync before the cause is known',
    });
    for (const [, nodes] of groups.slice(1))
      for (const node of nodes)
        findings.push({
          rule: 'on-other-fork',
          subject: node.subject,
          severity: 'fail',
          reason: `has another block at height ${height} than ${groups[0]?.[1].length ?? 0} other nodes`,
          next: 'take it out of service until the fork is explained',
        });
  }
  return findings;
});

/** A node that stays behind the highest head. One that everybody shares is a stall, not a lag. */
export const lagging = rule(({ heads, thresholds }) => {
  const head = highest(heads);
  if (head === null) return [];
  const limit = BigInt(Math.max(thresholds.headSpreadBlocks, Math.ceil(10 / thresholds.blockPeriodS)));
  return heads
    .filter((one) => head.number - one.number > limit)
    .map((one) => ({
      rule: 'lagging',
      subject: one.subject,
      severity: 'warn' as const,
      reason: `${head.number - one.number} blocks behind the highest head ${head.number}`,
      next: 'look again; if the distance does not shrink, check its peers and disk',
    }));
});

/** How many failures the chain is away from a halt, and whose turns were skipped. */
export const quorumMargin: CrossRule = ({ subjects, snapshot, at }) => {
  const { thresholds, chainId } = snapshot.estate;
  const chain: SubjectId = `chain:${chainId}`;
  const proof = fresh(snapshot.observations, 'qbft-proof', at, thresholds.evidenceTtlS)[0];
  const known = listOf(proof?.answer.facts, 'validators').length;
  const members = subjects.filter((subject) => subject.category === 'besu_validator');
  const total = known > 0 ? known : members.length;
  if (total === 0) return [];
  const findings: Finding[] = [];
  const down = members.filter((subject) =>
    isDown(subject.id, snapshot.observations, at, thresholds.evidenceTtlS),
  );
  if (down.length > 0) {
    const up = total - down.length;
    const margin = up - quorumOf(total);
    const list = down.map((subject) => subject.id.replace('vmid:', 'VMID ')).join(', ');
    findings.push({
      rule: 'quorum-margin',
      subject: chain,
      severity: margin < 0 ? 'fail' : 'warn',
      reason:
        margin < 0
          ? `${up} of ${total} validators are up, a quorum needs ${quorumOf(total)}: the chain cannot make blocks (down: ${list})`
          : `${up} of ${total} validators are up; ${margin === 0 ? 'one more failure halts the chain' : `${margin} more may fail`} (down: ${list})`,
      next: 'bring the validators back, one at a time',
    });
  }
  const round = proof?.answer.facts.round;
  if (typeof round === 'number' && round > 0) {
    const skipped = listOf(proof?.answer.facts, 'skipped');
    findings.push({
      rule: 'round-change',
      subject: chain,
      severity: 'warn',
      reason: `block ${String(proof?.answer.facts.number)} needed round ${round}; skipped: ${skipped.map((one) => `${one.slice(0, 10)}…`).join(', ')}`,
      next: 'the same validator skipped each time is down; scattered skips point to time-outs, clocks or load',
    });
  }
  return findings;
};

/** The explorer against the chain itself: it calls itself healthy on a stalled chain too. */
export const explorerBehind = rule(({ heads, observations, thresholds, at }) => {
  const head = highest(heads);
  if (head === null) return [];
  return fresh(observations, 'blockscout-health', at, thresholds.evidenceTtlS).flatMap((one): Finding[] => {
    const { dbBlock } = one.answer.facts;
    if (typeof dbBlock !== 'string' || !/^\d{1,30}$/.test(dbBlock)) return [];
    const lag = head.number - BigInt(dbBlock);
    if (lag <= BigInt(thresholds.explorerLagBlocks)) return [];
    return [
      {
        rule: 'explorer-behind',
        subject: one.subject,
        severity: 'warn',
        reason: `the explorer is ${lag} blocks behind the chain`,
        next: 'look at its indexer',
      },
    ];
  });
});

/** Nobody gave a head: the chain itself could not be looked at. */
export const chainUnseen = rule(({ chain, heads, observations }) => {
  if (heads.length > 0 || !observations.some((one) => one.probe === 'besu-head')) return [];
  return [
    {
      rule: 'chain-unseen',
      subject: chain,
      severity: 'unknown',
      reason: 'no node gave a head, so nobody could look at the chain',
      next: 'check the network from here; ask one node directly',
    },
  ];
});

/** All rules over several observations of the chain. */
export const chainRules: readonly CrossRule[] = [
  stalled,
  forked,
  lagging,
  quorumMargin,
  explorerBehind,
  chainUnseen,
];

/** The margin of a validator set at a glance, for screens. */
export function marginText(total: number, up: number): string {
  return `${up} of ${total} validators up, quorum ${quorumOf(total)}, ${Math.max(0, up - quorumOf(total))} of ${mayBeDown(total)} failures left`;
}

function highest(heads: readonly Head[]): Head | null {
  let best: Head | null = null;
  for (const one of heads) if (best === null || one.number > best.number) best = one;
  return best;
}

/** A validator is down when its guest is stopped, or its running guest refuses. A look that failed proves nothing. */
function isDown(
  subject: SubjectId,
  observations: readonly Observation[],
  at: EpochMs,
  ttlS: number,
): boolean {
  const own = observations.filter((one) => one.subject === subject && isFresh(one, at, ttlS));
  const guest = own.findLast((one) => one.probe === 'pve-guest' && couldLook(one.answer));
  if (guest?.answer.facts.run === 'stopped') return true;
  const head = own.findLast((one) => one.probe === 'besu-head');
  return guest?.answer.facts.run === 'running' && head?.answer.class === 'refused';
}

function listOf(facts: JsonObject | undefined, key: string): readonly string[] {
  const value = facts?.[key];
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

function names(nodes: readonly Observation[]): string {
  const list = nodes.map((one) => one.subject.replace('vmid:', '')).sort();
  return list.length > 4 ? `${list.slice(0, 4).join(', ')}, …` : list.join(', ');
}
