import type { Endpoint, EndpointKind, EpochMs, Observation } from '../../model/index.ts';
import { couldLook } from '../../model/index.ts';
import { targetOf } from '../../probes/target.ts';
import type { SourceState } from '../backend.ts';

/** How often and how hard sources are asked. Times in milliseconds. */
export interface PollPlan {
  readonly cadence: Readonly<Record<EndpointKind, number>>;
  /** Endpoints asked at the same time, in all and on one target (a host). */
  readonly maxAtOnce: number;
  readonly maxPerTarget: number;
  /** The waiting time doubles with each failure up to this. */
  readonly maxBackoff: number;
}

export const DEFAULT_PLAN: PollPlan = {
  cadence: {
    'json-rpc': 5_000,
    'evm-rpc': 30_000,
    'proxmox-api': 10_000,
    firefly: 15_000,
    'firefly-connector': 15_000,
    blockscout: 15_000,
    'fabric-peer': 15_000,
    'fabric-orderer': 15_000,
    indy: 60_000,
    acapy: 15_000,
    cacti: 15_000,
    fineract: 30_000,
    'http-health': 15_000,
    'http-route': 30_000,
    tcp: 15_000,
    ssh: 60_000,
  },
  maxAtOnce: 12,
  maxPerTarget: 2,
  maxBackoff: 120_000,
};

/** A time of the monotonic clock, in milliseconds: when the clock on the wall is set, sources are asked all the same. */
type MonotonicMs = number;

interface Entry {
  readonly endpoint: Endpoint;
  readonly asking: boolean;
  readonly failures: number;
  readonly lastAsked: MonotonicMs | null;
  readonly lastGood: MonotonicMs | null;
  readonly lastError: string | null;
  readonly nextAt: MonotonicMs;
}

/** The schedule of all sources: plain data, changed only by the functions below. */
export type Schedule = ReadonlyMap<string, Entry>;

/** A schedule in which every source is due at once. */
export function newSchedule(endpoints: readonly Endpoint[], now: MonotonicMs): Schedule {
  return new Map(
    endpoints.map((endpoint) => [
      endpoint.id,
      { endpoint, asking: false, lastAsked: null, lastGood: null, lastError: null, nextAt: now, failures: 0 },
    ]),
  );
}

/** The endpoints to ask now, most overdue first, within the caps. */
export function due(schedule: Schedule, now: MonotonicMs, plan: PollPlan): readonly Endpoint[] {
  const perTarget = new Map<string, number>();
  let atOnce = 0;
  for (const entry of schedule.values())
    if (entry.asking) {
      atOnce += 1;
      const target = targetOf(entry.endpoint);
      perTarget.set(target, (perTarget.get(target) ?? 0) + 1);
    }
  const out: Endpoint[] = [];
  const waiting = [...schedule.values()].filter((entry) => !entry.asking && entry.nextAt <= now);
  for (const { endpoint } of waiting.sort((a, b) => a.nextAt - b.nextAt)) {
    if (atOnce + out.length >= plan.maxAtOnce) break;
    const target = targetOf(endpoint);
    const used = perTarget.get(target) ?? 0;
    if (used >= plan.maxPerTarget) continue;
    perTarget.set(target, used + 1);
    out.push(endpoint);
  }
  return out;
}

/** Marks a source as being asked. */
export function started(schedule: Schedule, id: string, now: MonotonicMs): Schedule {
  return change(schedule, id, (entry) => ({ ...entry, asking: true, lastAsked: now }));
}

/**
 * Marks a source as answered.
 * @param error why nobody could look, or null when the source answered
 */
export function finished(
  schedule: Schedule,
  id: string,
  now: MonotonicMs,
  error: string | null,
  plan: PollPlan,
): Schedule {
  return change(schedule, id, (entry) => {
    const failures = error === null ? 0 : entry.failures + 1;
    const cadence = plan.cadence[entry.endpoint.kind];
    const wait = Math.min(cadence * 2 ** Math.min(failures, 16), Math.max(plan.maxBackoff, cadence));
    return {
      ...entry,
      asking: false,
      failures,
      lastGood: error === null ? now : entry.lastGood,
      lastError: error,
      // From when it was asked, so that a slow answer does not stretch the cadence.
      nextAt: Math.max(now, (entry.lastAsked ?? now) + wait),
    };
  });
}

/** Makes every source due now, whatever its backoff; those being asked are left alone. */
export function allDue(schedule: Schedule, now: MonotonicMs): Schedule {
  return new Map(
    [...schedule].map(([id, entry]) => [
      id,
      entry.asking ? entry : { ...entry, nextAt: Math.min(entry.nextAt, now) },
    ]),
  );
}

/** When to look at the schedule again, or null when everything is being asked. */
export function nextWake(schedule: Schedule): MonotonicMs | null {
  let wake: MonotonicMs | null = null;
  for (const entry of schedule.values())
    if (!entry.asking && (wake === null || entry.nextAt < wake)) wake = entry.nextAt;
  return wake;
}

/**
 * What the screens are told of a source, in the time on the wall.
 * @param ahead milliseconds by which the clock on the wall is ahead of the monotonic one now
 */
export function sourceState(schedule: Schedule, id: string, ahead: number): SourceState | null {
  const entry = schedule.get(id);
  if (entry === undefined) return null;
  const onWall = (time: MonotonicMs): EpochMs => Math.round(time + ahead);
  const { asking, lastAsked, lastGood, lastError, nextAt } = entry;
  return {
    asking,
    lastAsked: lastAsked === null ? null : onWall(lastAsked),
    lastGood: lastGood === null ? null : onWall(lastGood),
    lastError,
    nextAt: onWall(nextAt),
  };
}

function change(schedule: Schedule, id: string, edit: (entry: Entry) => Entry): Schedule {
  const entry = schedule.get(id);
  return entry === undefined ? schedule : new Map(schedule).set(id, edit(entry));
}

/** Why nobody could look, from the answers of one round, or null when at least one answer came. */
export function errorOf(observations: readonly Observation[]): string | null {
  if (observations.some((one) => couldLook(one.answer))) return null;
  const first = observations[0];
  if (first === undefined) return 'no answer';
  return first.answer.detail === undefined
    ? first.answer.class
    : `${first.answer.class}: ${first.answer.detail}`;
}

/**
 * The observations of one endpoint after a new round: the new ones, and of the old ones the last good value of
 * whatever nobody could look at this time. A guest that a new complete list does not name any more is dropped.
 */
export function mergeRound(
  before: readonly Observation[],
  round: readonly Observation[],
): readonly Observation[] {
  const looked = new Set(round.filter((one) => couldLook(one.answer)).map((one) => one.probe));
  const kept = before.filter((one) => couldLook(one.answer) && !looked.has(one.probe));
  return [...round, ...kept];
}
