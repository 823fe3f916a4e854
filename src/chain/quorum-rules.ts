import type { CrossRule, EpochMs, Finding, JsonObject, Observation, SubjectId } from '../model/index.ts';
import { couldLook, isFresh } from '../model/index.ts';
import { freshOf, headsOf } from './head-facts.ts';
import { roundOf, skippedIn } from './prove.ts';
import { quorumOf } from './quorum.ts';

/** How many failures the chain is away from a halt, by the validators' guests and ports and by who took part in the last headers. */
export const quorumMargin: CrossRule = ({ subjects, snapshot, at }) => {
  const { thresholds, chainId } = snapshot.estate;
  const proof = freshOf(snapshot.observations, 'qbft-proof', at, thresholds.evidenceTtlS).find(
    (one) => one.subject === `chain:${chainId}`,
  );
  const known = listOf(proof?.answer.facts, 'validators').length;
  const members = subjects.filter((subject) => subject.category === 'besu_validator');
  const total = known > 0 ? known : members.length;
  const down = members.filter((subject) =>
    isDown(subject.id, snapshot.observations, at, thresholds.evidenceTtlS),
  );
  const silent = silentIn(
    freshOf(snapshot.observations, 'qbft-window', at, thresholds.evidenceTtlS).find(
      (one) => one.subject === `chain:${chainId}`,
    )?.answer.facts,
  );
  if (total === 0 || (down.length === 0 && silent.length === 0)) return [];
  // Addresses and guests cannot be matched, so the same validator may be in both lists: the longer one counts.
  const up = Math.max(0, total - Math.max(down.length, silent.length));
  const quorum = quorumOf(total);
  const margin = up - quorum;
  const list =
    down.length >= silent.length
      ? down.map((subject) => subject.id.replace('vmid:', 'VMID ')).join(', ')
      : `neither proposed nor sealed lately: ${silent.join(', ')}`;
  return [
    {
      rule: 'quorum-margin',
      subject: `chain:${chainId}`,
      severity: margin < 0 ? 'fail' : 'warn',
      reason:
        margin < 0
          ? `${up} of ${total} validators are up, a quorum needs ${quorum}: the chain cannot make blocks (down: ${list})`
          : `${up} of ${total} validators are up; ${margin === 0 ? 'one more failure halts the chain' : `${margin} more may fail`} (down: ${list})`,
      next: 'bring the validators back, one at a time',
    },
  ];
};

/**
 * Validators that neither proposed nor sealed any of the last headers, though their turn came at least twice. One seal that is missing says
 * nothing, none at all over many blocks does.
 */
function silentIn(facts: JsonObject | undefined): readonly string[] {
  const rows = facts?.participation;
  if (!Array.isArray(rows)) return [];
  return rows.flatMap((one) => {
    const { address, proposed, sealed, skipped } = (one ?? {}) as Record<string, unknown>;
    const quiet = proposed === 0 && sealed === 0 && typeof skipped === 'number' && skipped >= 2;
    return quiet && typeof address === 'string' ? [address] : [];
  });
}

/**
 * Blocks among all heads seen that needed more than one round, and whose turns passed. A seal that is missing says
 * nothing (a node imports at quorum); a turn that passed does.
 */
export const roundChanges: CrossRule = ({ snapshot, at }) => {
  const { thresholds, chainId } = snapshot.estate;
  const fresh = (probe: string): readonly Observation[] =>
    freshOf(snapshot.observations, probe, at, thresholds.evidenceTtlS);
  const late = new Map<string, { number: string; round: number; skipped: readonly string[] }>();
  for (const head of headsOf(fresh('besu-head'))) {
    const round = roundOf(head.block);
    if (round !== null && round > 0)
      late.set(head.hash, { number: head.number.toString(), round, skipped: skippedIn(head.block) });
  }
  for (const { answer, subject } of fresh('qbft-proof')) {
    if (subject !== `chain:${chainId}`) continue;
    const { verdict, round, number, blockHash } = answer.facts;
    if (typeof round !== 'number' || round <= 0 || typeof blockHash !== 'string') continue;
    if (verdict === 'proven' || verdict === 'self-consistent')
      late.set(blockHash, { number: String(number), round, skipped: listOf(answer.facts, 'skipped') });
  }
  if (late.size === 0) return [];
  const blocks = [...late.values()].sort((a, b) => (BigInt(a.number) < BigInt(b.number) ? -1 : 1));
  const shown = blocks.slice(-3).map(({ number, round }) => `block ${number} round ${round}`);
  const skipped = [...new Set(blocks.flatMap((one) => one.skipped))];
  const who =
    skipped.length === 0
      ? ''
      : `; turn passed: ${skipped
          .slice(0, 4)
          .map((one) => (skipped.length === 1 ? one : `${one.slice(0, 10)}…`))
          .join(', ')}`;
  const finding: Finding = {
    rule: 'round-change',
    subject: `chain:${chainId}`,
    severity: 'warn',
    reason: `${shown.join(', ')}${who}`,
    next: 'the same validator skipped each time is down; scattered skips point to time-outs, clocks or load',
  };
  return [finding];
};

/**
 * A validator is down when its guest is stopped, or its running guest refuses. A look that failed proves nothing: where Proxmox could no
 * longer be asked, nobody knows whether the guest still runs, and a refusal may come from anything on the way.
 */
function isDown(
  subject: SubjectId,
  observations: readonly Observation[],
  at: EpochMs,
  ttlS: number,
): boolean {
  const own = observations.filter((one) => one.subject === subject && isFresh(one, at, ttlS));
  const newest = (probe: string, looked: boolean): Observation | undefined =>
    own
      .filter((one) => one.probe === probe && (!looked || couldLook(one.answer)))
      .reduce<Observation | undefined>((a, b) => (a === undefined || a.ended <= b.ended ? b : a), undefined);
  const run = newest('pve-guest', true)?.answer.facts.run;
  if (run === 'stopped') return true;
  const last = newest('pve-guest', false);
  const runs = run === 'running' && last !== undefined && couldLook(last.answer);
  return runs && newest('besu-head', false)?.answer.class === 'refused';
}

function listOf(facts: JsonObject | undefined, key: string): readonly string[] {
  const value = facts?.[key];
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}
