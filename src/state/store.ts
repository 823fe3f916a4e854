import { createStore, type StoreApi } from 'zustand/vanilla';
import type { HistorySample } from '../chain/history.ts';
import {
  type Assessment,
  assessEstate,
  type CrossRule,
  type EpochMs,
  type EstateAssessment,
  type Snapshot,
  type SnapshotOrigin,
  type SubjectId,
  sanitiseLine,
} from '../model/index.ts';
import type { Backend, BackendEvent, LogLevel, RunView, SourceState } from './backend.ts';
import { type AssessedPart, joinParts, withChanges } from './live/assessed.ts';

export interface LogLine {
  readonly at: EpochMs;
  readonly level: LogLevel;
  readonly text: string;
  /** How often the same line came in a row. */
  readonly count: number;
}

/** Everything the screens show, besides what they keep for themselves (selection, filter, scroll). */
export interface ConsoleState {
  /** Of the living estate without observations: those are with the assessments. */
  readonly snapshot: Snapshot | null;
  readonly origin: SnapshotOrigin | null;
  readonly assessment: EstateAssessment | null;
  readonly sources: Readonly<Record<string, SourceState>>;
  /** Oldest first. */
  readonly log: readonly LogLine[];
  readonly runs: Readonly<Record<string, RunView>>;
  /** What was seen of the chain over time, oldest first. */
  readonly history: readonly HistorySample[];
  /** What became another since the console was opened, oldest first. */
  readonly changes: readonly Change[];
  /** Why nothing is looked at any more, or null. */
  readonly ended: string | null;
}

/** A subject whose status or health became another while the console watched. */
export interface Change {
  readonly at: EpochMs;
  readonly subject: SubjectId;
  readonly from: string;
  readonly to: string;
}

export type ConsoleStore = StoreApi<ConsoleState>;

const MAX_LOG = 1_000;
const MAX_CHANGES = 2_000;

/** Before anything was told. */
export const EMPTY_STATE: ConsoleState = {
  snapshot: null,
  origin: null,
  assessment: null,
  sources: {},
  log: [],
  runs: {},
  history: [],
  changes: [],
  ended: null,
};

/** What the screens show of one snapshot alone. */
export function stateOfSnapshot(
  snapshot: Snapshot,
  origin: SnapshotOrigin,
  now: EpochMs,
  rules: readonly CrossRule[],
): ConsoleState {
  return afterEvent(EMPTY_STATE, { type: 'snapshot', snapshot, origin }, now, rules);
}

/** The moment a snapshot is assessed at: the clock while it is live, its capture when it was read from a file. */
export function assessedAt(snapshot: Snapshot, origin: SnapshotOrigin, now: EpochMs): EpochMs {
  return origin.mode === 'live' ? now : Date.parse(snapshot.ended);
}

/** The state after an event. Pure but for the given clock. */
export function afterEvent(
  state: ConsoleState,
  event: BackendEvent,
  now: EpochMs,
  rules: readonly CrossRule[],
): ConsoleState {
  switch (event.type) {
    case 'snapshot':
      return assessed(
        { ...state, snapshot: event.snapshot, origin: event.origin },
        assessEstate(event.snapshot, assessedAt(event.snapshot, event.origin, now), rules),
      );
    case 'assessed': {
      const after = withChanges(state, event.part);
      return after === null
        ? state
        : assessed({ ...state, snapshot: after.snapshot, origin: event.part.origin }, after.assessment);
    }
    case 'source':
      return { ...state, sources: { ...state.sources, [event.endpoint]: event.state } };
    case 'log':
      return { ...state, log: addLog(state.log, event) };
    case 'history':
      return { ...state, history: event.samples };
    case 'ended':
      return ended(state, event, rules);
    case 'run':
      return { ...state, runs: { ...state.runs, [event.run.session]: event.run } };
  }
}

/** Nobody looks any more: what was seen last says nothing about now, so nothing of it is left. The status is that of the documents. */
function ended(
  state: ConsoleState,
  { at, reason }: Extract<BackendEvent, { type: 'ended' }>,
  rules: readonly CrossRule[],
): ConsoleState {
  const text = `the worker has ended: ${reason}. Nothing is looked at any more; quit and start c138 again`;
  const told = { ...state, ended: reason, log: addLog(state.log, { at, level: 'error', text, count: 1 }) };
  const { snapshot } = state;
  return snapshot === null
    ? told
    : assessed(told, assessEstate({ ...snapshot, observations: [] }, at, rules));
}

/** The state with a new assessment, and what it changed. */
function assessed(state: ConsoleState, assessment: EstateAssessment): ConsoleState {
  const fresh = changesBetween(state.assessment, assessment);
  return {
    ...state,
    assessment,
    changes: fresh.length === 0 ? state.changes : [...state.changes, ...fresh].slice(-MAX_CHANGES),
  };
}

/** Subjects whose status or health is another than before; nothing for what was not known before. */
export function changesBetween(before: EstateAssessment | null, after: EstateAssessment): readonly Change[] {
  if (before === null) return [];
  const words = ({ status, health }: Assessment): string => `${status}, ${health}`;
  const old = new Map(before.subjects.map((one) => [one.subject.id, one]));
  return after.subjects.flatMap((one) => {
    const was = old.get(one.subject.id);
    if (was === undefined || (was.status === one.status && was.health === one.health)) return [];
    return [{ at: after.at, subject: one.subject.id, from: words(was), to: words(one) }];
  });
}

/** Adds a line; one that says the same as an earlier line, and counts itself, takes that line's place at the end. */
export function addLog(log: readonly LogLine[], line: LogLine): readonly LogLine[] {
  const { at, level, text, count } = line;
  const rest = count > 1 ? log.filter((one) => one.text !== text || one.level !== level) : log;
  return [...rest.slice(1 - MAX_LOG), { at, level, text, count }];
}

/** A store that follows a backend. Parts of an assessment are shown when the last of them is there. */
export function followBackend(
  backend: Backend,
  rules: readonly CrossRule[],
  clock: () => EpochMs = Date.now,
): { readonly store: ConsoleStore; log(level: LogLevel, text: string): void; stop(): void } {
  const store = createStore<ConsoleState>(() => EMPTY_STATE);
  let parts: AssessedPart[] = [];
  const stop = backend.subscribe((event) => {
    if (event.type === 'assessed' && !event.part.last) {
      parts.push(event.part);
      return;
    }
    const whole: BackendEvent =
      event.type === 'assessed' ? { type: 'assessed', part: joinParts(parts, event.part) } : event;
    if (event.type === 'assessed') parts = [];
    store.setState((state) => afterEvent(state, whole, clock(), rules), true);
  });
  return {
    store,
    log(level, text) {
      const line = { at: clock(), level, text: sanitiseLine(text, 400), count: 1 };
      store.setState((state) => ({ log: addLog(state.log, line) }));
    },
    stop,
  };
}
