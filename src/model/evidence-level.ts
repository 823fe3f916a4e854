import type { EpochMs } from './json.ts';
import { couldLook, type Observation } from './observation.ts';
import { compareLevels, type EvidenceLevel, LEVELS } from './status.ts';

/** The observations of one subject, sorted out. Times in milliseconds. */
export interface Seen {
  /** The newest observation of each probe at each endpoint, newest first. */
  readonly newest: readonly Observation[];
  /** Strongest evidence not older than the time-to-live. */
  readonly freshLevel: EvidenceLevel;
  /** Strongest evidence of any age. */
  readonly everLevel: EvidenceLevel;
  /** End of the newest observation that looked. */
  readonly seenAt: EpochMs | null;
  /** Somebody tried to look, and nobody could. */
  readonly onlyFailedLooks: boolean;
}

/** End of an observation in milliseconds; an unreadable time counts as infinitely old. */
export function endedAt(observation: Observation): EpochMs {
  const ms = Date.parse(observation.ended);
  return Number.isNaN(ms) ? Number.NEGATIVE_INFINITY : ms;
}

/** True when the observation is within the time-to-live; an observation from the future is not fresh. */
export function isFresh(observation: Observation, at: EpochMs, ttlS: number): boolean {
  const age = at - endedAt(observation);
  return age <= ttlS * 1000 && age >= -60_000;
}

/**
 * What an observation really proves: nothing when nobody could look, and no more than that the
 * guest runs when a check of the answer failed.
 */
export function effectiveLevel(observation: Observation): EvidenceLevel {
  if (!couldLook(observation.answer)) return 'none';
  const failed = observation.answer.checks.some((check) => check.result === 'fail');
  if (failed && compareLevels(observation.level, 'runtime') > 0) return 'runtime';
  return observation.level;
}

/** Sorts out all observations of one subject. */
export function seenOf(observations: readonly Observation[], at: EpochMs, ttlS: number): Seen {
  const newestByQuestion = new Map<string, Observation>();
  for (const observation of observations) {
    const question = `${observation.probe} ${observation.endpoint}`;
    const known = newestByQuestion.get(question);
    if (known === undefined || endedAt(known) <= endedAt(observation))
      newestByQuestion.set(question, observation);
  }
  const newest = [...newestByQuestion.values()].sort((a, b) => endedAt(b) - endedAt(a));
  const looked = newest.filter((observation) => couldLook(observation.answer));
  return {
    newest,
    freshLevel: strongest(newest.filter((observation) => isFresh(observation, at, ttlS))),
    everLevel: strongest(newest),
    seenAt: lastLook(observations),
    onlyFailedLooks: newest.length > 0 && looked.length === 0,
  };
}

/** When somebody last looked; a failed look since then does not make the value that is kept any younger or older. */
function lastLook(observations: readonly Observation[]): EpochMs | null {
  const times = observations.filter((one) => couldLook(one.answer)).map(endedAt);
  return times.length === 0 ? null : Math.max(...times);
}

function strongest(observations: readonly Observation[]): EvidenceLevel {
  let best: EvidenceLevel = 'none';
  for (const observation of observations) {
    const level = effectiveLevel(observation);
    if (LEVELS.indexOf(level) > LEVELS.indexOf(best)) best = level;
  }
  return best;
}

/** The run state that Proxmox last reported for a guest, when that report is fresh. */
export function runStateOf(
  seen: Seen,
  at: EpochMs,
  ttlS: number,
): { readonly run: string; readonly node: string | null } | null {
  const guest = seen.newest.find((one) => one.probe === 'pve-guest' && couldLook(one.answer));
  if (guest === undefined || !isFresh(guest, at, ttlS)) return null;
  const { run, node } = guest.answer.facts;
  return { run: typeof run === 'string' ? run : 'unknown', node: typeof node === 'string' ? node : null };
}
