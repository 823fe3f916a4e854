import type { EpochMs, Observation, Snapshot } from '../model/index.ts';
import { freshOf, headsOf, highest, networksOf } from './head-facts.ts';

/** What the history keeps of one moment: integers, or null where nobody could see. */
export interface HistorySample {
  readonly at: EpochMs;
  /** Decimal string. */
  readonly height: string | null;
  /** Seconds since the newest head. */
  readonly headAgeS: number | null;
  /** Median seconds between the last blocks. */
  readonly intervalS: number | null;
  /** Highest round among the heads seen. */
  readonly round: number | null;
  /** Fewest peers that a node has. */
  readonly peers: number | null;
  /** Median of the nodes' median latencies, in milliseconds. */
  readonly latencyMs: number | null;
}

/** The values that are drawn, with their units. */
export const HISTORY_SERIES = [
  ['headAgeS', 'head age', 's'],
  ['intervalS', 'block interval', 's'],
  ['round', 'round', ''],
  ['peers', 'fewest peers', ''],
  ['latencyMs', 'RPC latency', 'ms'],
] as const satisfies readonly (readonly [keyof HistorySample, string, string])[];
export type HistoryKey = (typeof HISTORY_SERIES)[number][0];

/** What is worth keeping of a snapshot, as of `at`. Pure. */
export function sampleOf(snapshot: Snapshot, at: EpochMs): HistorySample {
  const { estate, observations } = snapshot;
  const fresh = (probe: string): readonly Observation[] =>
    freshOf(observations, probe, at, estate.thresholds.evidenceTtlS);
  const { foreign } = networksOf(fresh('besu-identity'), estate.chainId, estate.pin?.genesisHash ?? null);
  const own = (probe: string): readonly Observation[] =>
    fresh(probe).filter((one) => !foreign.has(one.endpoint));
  const looks = own('besu-head');
  const heads = headsOf(looks);
  const head = highest(heads);
  const [window] = own('qbft-window');
  const rounds = looks.flatMap((one) => wholeOf(one.answer.facts.round));
  const peers = heads.flatMap((one) => (one.peers === null ? [] : [one.peers]));
  return {
    at,
    height: head === null ? null : head.number.toString(),
    headAgeS: head === null ? null : Math.max(0, Math.floor(at / 1000) - head.timestamp),
    intervalS: median(numbersOf(window?.answer.facts.intervals)),
    round: rounds.length === 0 ? null : Math.max(...rounds),
    peers: peers.length === 0 ? null : Math.min(...peers),
    latencyMs: median(own('besu-asks').flatMap((one) => wholeOf(one.answer.facts.p50))),
  };
}

function wholeOf(value: unknown): readonly number[] {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? [value] : [];
}

function numbersOf(value: unknown): readonly number[] {
  return Array.isArray(value) ? value.flatMap(wholeOf) : [];
}

function median(list: readonly number[]): number | null {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? null;
}

/** One value over time, oldest first. */
export function seriesOf(samples: readonly HistorySample[], key: HistoryKey): readonly (number | null)[] {
  return samples.map((one) => one[key]);
}

/**
 * A series as heights for a sparkline: the newest `width` values as whole numbers from 0 to `levels - 1`, scaled between their least and
 * greatest; null where there is none. A flat series lies at the bottom.
 */
export function sparkLevels(
  values: readonly (number | null)[],
  width: number,
  levels = 8,
): readonly (number | null)[] {
  const shown = values.slice(-width);
  const known = shown.filter((one): one is number => one !== null);
  const least = Math.min(...known);
  const span = Math.max(...known) - least;
  return shown.map((one) =>
    one === null ? null : span === 0 ? 0 : Math.round(((one - least) / span) * (levels - 1)),
  );
}

/** A sample read from outside, or null when it is none. */
export function readSample(value: unknown): HistorySample | null {
  if (value === null || typeof value !== 'object') return null;
  const source = value as Record<string, unknown>;
  const whole = (key: string): number | null => wholeOf(source[key])[0] ?? null;
  const at = whole('at');
  if (at === null) return null;
  const { height } = source;
  return {
    at,
    height: typeof height === 'string' && /^\d{1,30}$/.test(height) ? height : null,
    headAgeS: whole('headAgeS'),
    intervalS: whole('intervalS'),
    round: whole('round'),
    peers: whole('peers'),
    latencyMs: whole('latencyMs'),
  };
}
