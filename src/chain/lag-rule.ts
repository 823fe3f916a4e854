import type { Finding, Observation, Thresholds } from '../model/index.ts';
import { freshOf, type Head, highest } from './head-facts.ts';
import type { ChainInput } from './rules.ts';

/** A node is lagging when it is behind by more than what the chain makes in this many seconds. */
const LAG_S = 10;

/** Blocks that a node may be behind before anybody says so. */
export function lagLimit(thresholds: Thresholds): number {
  return Math.max(thresholds.headSpreadBlocks, Math.ceil(LAG_S / thresholds.blockPeriodS));
}

/**
 * A node behind the highest head, by more than the time between the two looks explains. A second look tells one that catches up from one
 * that stands still. One that everybody shares is a stall, not a lag.
 */
export function lagging({ heads, thresholds, observations, at }: ChainInput): readonly Finding[] {
  const head = highest(heads);
  if (head === null) return [];
  const again = freshOf(observations, 'besu-head-again', at, thresholds.evidenceTtlS);
  const { blockPeriodS } = thresholds;
  const limit = lagLimit(thresholds);
  return heads.flatMap((one): Finding[] => {
    const laterS = Math.max(0, head.observedAt - one.observedAt) / 1000;
    const behind = head.number - one.number;
    if (behind <= BigInt(limit + Math.ceil(laterS / blockPeriodS))) return [];
    const second = again.find(
      (look) => look.endpoint === one.endpoint && Date.parse(look.ended) >= one.observedAt,
    );
    return [judge(one, behind, limit, second, blockPeriodS)];
  });
}

function judge(
  one: Head,
  behind: bigint,
  limit: number,
  again: Observation | undefined,
  blockPeriodS: number,
): Finding {
  const { number, before, waitedMs } = again?.answer.facts ?? {};
  const base = { subject: one.subject, severity: 'warn' } as const;
  const text = `${behind} blocks behind the highest head ${one.number + behind} (limit ${limit})`;
  if (typeof number !== 'string' || typeof before !== 'string' || typeof waitedMs !== 'number')
    return {
      ...base,
      rule: 'lagging',
      reason: text,
      next: 'look again; if the distance does not shrink, check its peers and disk',
    };
  const gained = Number(BigInt(number) - BigInt(before));
  const waitedS = Math.round(waitedMs / 1000);
  if (gained <= 0)
    return {
      ...base,
      rule: 'node-stuck',
      severity: 'fail',
      reason: `${text}, and it stands still: no new block in ${waitedS} s`,
      next: 'take it out of service; check its peers, its disk and its log before it is restarted',
    };
  const chainMade = waitedMs / 1000 / blockPeriodS;
  if (gained > chainMade + 1)
    return {
      ...base,
      rule: 'catching-up',
      reason: `${text}, and it catches up: ${gained} blocks in ${waitedS} s`,
      next: 'wait; keep callers away from it until it has arrived',
    };
  return {
    ...base,
    rule: 'lagging',
    reason: `${text}, and the distance does not shrink: ${gained} blocks in ${waitedS} s`,
    next: 'check its peers and disk',
  };
}
