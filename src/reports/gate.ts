import { ageText, type EpochMs, type EstateAssessment, isFresh, type Snapshot } from '../model/index.ts';
import type { RunStory } from './run-story.ts';

/** How one point of the gate stands: `unknown` where it could not be looked at, or nobody has said it yet. */
export type PointResult = 'pass' | 'fail' | 'unknown';

/** One thing that the production gate asks for. */
export interface GatePoint {
  readonly id: 'discovery' | 'quorum' | 'attested';
  readonly title: string;
  readonly result: PointResult;
  readonly reason: string;
  /** What to do about it; empty where it passes. */
  readonly next: string;
}

export interface GateDocument {
  readonly format: 'c138-gate';
  readonly v: 1;
  readonly estate: string;
  readonly simulated: boolean;
  readonly at: string;
  readonly snapshot: { readonly ended: string; readonly vantage: string } | null;
  readonly points: readonly GatePoint[];
  /** 0 open, 1 closed by a failure, 3 something is not known. 1 beats 3. */
  readonly exitCode: 0 | 1 | 3;
}

export interface GateInput {
  readonly estate: { readonly id: string; readonly simulated: boolean };
  readonly at: EpochMs;
  /** The newest pass with its assessment as of `at`: what was seen too long ago counts as not seen. Null without any. */
  readonly seen: { readonly snapshot: Snapshot; readonly assessment: EstateAssessment } | null;
  /** The newest run of the gate's runbook on this estate, or null. */
  readonly run: RunStory | null;
  /** Days for which a signed gate counts. */
  readonly withinDays: number;
}

const DAY_MS = 86_400_000;

/**
 * The production gate (master plan, sections 17 and 22): a fresh and complete pass without critical failure, a head whose quorum is proven against
 * pinned validators, and a gate that people went through and signed. It opens only when all three hold. Pure.
 */
export function gateOf(input: GateInput): GateDocument {
  const points = [discoveryPoint(input), quorumPoint(input), attestedPoint(input)];
  const any = (result: PointResult): boolean => points.some((one) => one.result === result);
  return {
    format: 'c138-gate',
    v: 1,
    estate: input.estate.id,
    simulated: input.estate.simulated,
    at: new Date(input.at).toISOString(),
    snapshot:
      input.seen === null ? null : { ended: input.seen.snapshot.ended, vantage: input.seen.snapshot.vantage },
    points,
    exitCode: any('fail') ? 1 : any('unknown') ? 3 : 0,
  };
}

function discoveryPoint({ seen, at }: GateInput): GatePoint {
  const base = { id: 'discovery', title: 'A fresh pass without critical failure' } as const;
  if (seen === null)
    return {
      ...base,
      result: 'unknown',
      reason: 'there is no discovery of this estate',
      next: 'c138 discover',
    };
  const { snapshot, assessment } = seen;
  const { critical, unknown, exitCode } = assessment.verdict;
  const age = `the newest pass ended ${ageText(at - Date.parse(snapshot.ended))} ago`;
  if (exitCode === 0) return { ...base, result: 'pass', reason: age, next: '' };
  if (exitCode === 1)
    return {
      ...base,
      result: 'fail',
      reason: `${age}; ${critical.length} critical failures, first: ${critical[0]?.subject ?? ''} ${critical[0]?.reason ?? ''}`,
      next: critical[0]?.next ?? 'c138 report critical',
    };
  const old = at - Date.parse(snapshot.ended) > snapshot.estate.thresholds.evidenceTtlS * 1000;
  if (!snapshot.complete || old)
    return {
      ...base,
      result: 'unknown',
      reason: `${age}, ${snapshot.complete ? `and evidence counts for ${snapshot.estate.thresholds.evidenceTtlS} seconds` : 'and was interrupted'}`,
      next: 'c138 discover, then the gate again',
    };
  return {
    ...base,
    result: 'unknown',
    reason: `${age}; ${unknown.length} critical things could not be looked at, first: ${unknown[0]?.subject ?? ''} ${unknown[0]?.reason ?? ''}`,
    next: unknown[0]?.next ?? 'c138 report critical',
  };
}

function quorumPoint({ seen, at }: GateInput): GatePoint {
  const base = { id: 'quorum', title: 'A head sealed by a proven quorum' } as const;
  const ttlS = seen?.snapshot.estate.thresholds.evidenceTtlS ?? 0;
  const proof = seen?.assessment.subjects
    .find(({ subject }) => subject.kind === 'chain')
    ?.observations.find((one) => one.probe === 'qbft-proof' && isFresh(one, at, ttlS));
  const verdict = proof?.answer.facts.verdict;
  if (verdict === 'proven')
    return {
      ...base,
      result: 'pass',
      reason: `seen ${proof?.ended ?? ''} at ${proof?.endpoint ?? ''}`,
      next: '',
    };
  if (verdict === 'self-consistent')
    return {
      ...base,
      result: 'unknown',
      reason: 'the block names its own validators, and none are pinned',
      next: 'pin them in the trust store (c138 trust chain) or the estate file',
    };
  if (verdict === 'not-proven')
    return {
      ...base,
      result: 'fail',
      reason: 'the newest head is not sealed by a quorum of the pinned validators',
      next: 'runbook besu-stall; c138 chain prove SNAPSHOT says more',
    };
  return {
    ...base,
    result: 'unknown',
    reason: 'no fresh proof was seen',
    next: 'c138 discover, with a node in the estate file that serves QBFT',
  };
}

function attestedPoint({ run, at, withinDays }: GateInput): GatePoint {
  const base = { id: 'attested', title: 'A gate that people went through and signed' } as const;
  const again = 'c138 runbook run production-gate';
  if (run === null)
    return {
      ...base,
      result: 'unknown',
      reason: 'nobody has worked the runbook production-gate here',
      next: again,
    };
  const { verification } = run;
  const name = `session ${run.session.slice(0, 10)}`;
  const steps = run.steps.filter((one) => one.number !== null);
  const bad = steps.find((one) => one.verdict === 'failed' || one.verdict === 'deviated');
  const code = verification?.exitCode;
  if (code === 20 || code === 21)
    return {
      ...base,
      result: 'fail',
      reason: `${name}: ${verification?.verdict ?? ''}`,
      next: 'c138 evidence verify says where; keep the files as they are',
    };
  if (bad !== undefined)
    return {
      ...base,
      result: 'fail',
      reason: `${name}: step ${bad.id} was answered ${bad.verdict}${bad.note === '' ? '' : `: ${bad.note}`}`,
      next: `mend it, then ${again}`,
    };
  if (code !== 0)
    return {
      ...base,
      result: 'unknown',
      reason: `${name} does not count: ${verification?.verdict ?? 'it could not be verified'}`,
      next: code === 10 ? 'work it to its seal' : 'c138 evidence verify says what is missing',
    };
  const left = steps.find((one) => one.verdict === null || one.verdict === 'skipped');
  if (left !== undefined)
    return {
      ...base,
      result: 'unknown',
      reason: `${name}: step ${left.id} was ${left.verdict === null ? 'not answered' : 'skipped'}`,
      next: again,
    };
  const age = at - Date.parse(run.sealedAt ?? '');
  return age <= withinDays * DAY_MS
    ? {
        ...base,
        result: 'pass',
        reason: `${name}, sealed ${run.sealedAt}, ${verification?.assurance}`,
        next: '',
      }
    : {
        ...base,
        result: 'unknown',
        reason: `${name} was sealed ${ageText(age)} ago; it counts for ${withinDays} days`,
        next: again,
      };
}
