import type { EpochMs, Finding, Observation, SubjectId } from '../model/index.ts';
import { freshOf } from './head-facts.ts';
import type { ChainInput } from './rules.ts';

/** Clock difference in milliseconds from which a clock is doubted; Besu refuses a header more than one second ahead of its own. */
const CLOCK_MS = 1000;
/** What a Date header, which holds whole seconds, leaves open to either side. */
const DATE_MS = 500;

interface Clock {
  readonly subject: SubjectId;
  readonly offsetMs: number;
  /** What the measurement leaves open. */
  readonly openMs: number;
}

function clocksOf(observations: readonly Observation[], at: EpochMs, ttlS: number): readonly Clock[] {
  const read = (probe: string, openMs: number): Clock[] =>
    freshOf(observations, probe, at, ttlS).flatMap((one) => {
      const { clockOffsetMs } = one.answer.facts;
      return typeof clockOffsetMs === 'number'
        ? [{ subject: one.subject, offsetMs: clockOffsetMs, openMs }]
        : [];
    });
  return [...read('ssh-host', 0), ...read('besu-port', DATE_MS)];
}

function median(clocks: readonly Clock[]): number {
  const sorted = clocks.map((one) => one.offsetMs).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/**
 * How far this machine's clock is behind those of the estate, when two thirds of at least two clocks agree on it within a second;
 * a clock of theirs that is off alone does not hide it.
 */
export function ownClockOff(
  observations: readonly Observation[],
  at: EpochMs,
  ttlS: number,
): { readonly offsetMs: number; readonly clocks: number } | null {
  const clocks = clocksOf(observations, at, ttlS);
  const middle = median(clocks);
  const agree = clocks.filter(
    (one) => Math.abs(one.offsetMs) >= CLOCK_MS + one.openMs && Math.sign(one.offsetMs) === Math.sign(middle),
  );
  if (agree.length < 2 || agree.length * 3 < clocks.length * 2) return null;
  return { offsetMs: median(agree), clocks: agree.length };
}

/** What to say of our own clock. */
export function ownClockFinding(
  chain: SubjectId,
  clock: { readonly offsetMs: number; readonly clocks: number },
): Finding {
  const { offsetMs, clocks } = clock;
  return {
    rule: 'own-clock',
    subject: chain,
    severity: 'warn',
    reason: `this machine's clock is ${Math.abs(offsetMs)} ms ${offsetMs > 0 ? 'behind' : 'ahead of'} all ${clocks} hosts; ages are judged by theirs`,
    next: 'correct the time here (NTP) before anything is signed',
  };
}

/** Nodes whose clock is off from the others' by more than the measurement leaves open. One clock against one is no majority. */
export function skewedNodes({ observations, at, thresholds }: ChainInput): readonly Finding[] {
  const clocks = clocksOf(observations, at, thresholds.evidenceTtlS);
  if (clocks.length < 3) return [];
  const middle = median(clocks);
  return clocks
    .filter((one) => one.openMs > 0 && Math.abs(one.offsetMs - middle) >= CLOCK_MS + 2 * one.openMs)
    .map((one) => ({
      rule: 'node-clock',
      subject: one.subject,
      severity: 'warn',
      reason: `its clock is about ${Math.round((one.offsetMs - middle) / 1000)} s from the others'; Besu refuses a block more than one second ahead of its own clock`,
      next: 'check NTP on it',
    }));
}
