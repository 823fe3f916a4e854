import type { VerifyReport } from '../evidence/verify/verify-report.ts';
import { type Hex, type RecordBody, type Runbook, sanitiseLine } from '../model/index.ts';
import {
  type Attached,
  conflictOf,
  deployedByRun,
  gateAt,
  type Moment,
  type Phase,
  type Remark,
  type RunState,
  reduce,
  replay,
  type Signature,
  type StepState,
  wantsSignature,
} from '../runbooks/index.ts';
import { saysOf } from './evidence-log.ts';

/** One step as the journal tells it. */
export interface StepStory {
  /** Number on the way, or null in a back-out. */
  readonly number: number | null;
  readonly id: string;
  readonly title: string;
  readonly backOut: string | null;
  readonly subject: string | null;
  readonly verdict: string | null;
  readonly note: string;
  readonly by: string | null;
  readonly at: string | null;
  readonly record: number | null;
  /** Digest of the line that holds the answer in force. */
  readonly lineSha256: Hex | null;
  readonly signatures: readonly Signature[];
  readonly wantsSignature: boolean;
  readonly attempts: number;
  /** Minutes from being at hand to the answer in force; null while there is none. */
  readonly minutes: number | null;
  readonly budgetMinutes: number | null;
  readonly late: boolean;
  readonly gate: readonly string[];
  readonly attached: readonly Attached[];
  readonly conflict: string | null;
  readonly deviations: readonly Remark[];
  readonly claims: readonly string[];
}

/** A moment of the window. */
export interface TimelineEntry {
  readonly record: number;
  readonly at: string;
  /** Minutes since the opening. */
  readonly minute: number;
  readonly who: string;
  readonly what: string;
  /** Where the run stood after it. */
  readonly phase: Phase;
  readonly current: string | null;
}

/** Everything that a report says of a run, from its journal alone. */
export interface RunStory {
  readonly runbook: Runbook;
  readonly session: string;
  readonly estateId: string;
  readonly sourceSha256: string;
  readonly phase: Phase;
  readonly openedAt: string | null;
  readonly sealedAt: string | null;
  readonly minutes: number | null;
  readonly late: boolean;
  readonly records: number;
  readonly head: Hex | null;
  readonly people: readonly string[];
  readonly steps: readonly StepStory[];
  readonly notes: readonly Remark[];
  readonly handovers: RunState['handovers'];
  readonly corrections: RunState['corrections'];
  readonly irregular: RunState['irregular'];
  /** Subjects whose claim of `deployed` counts: shown by the service itself, and witnessed where that is needed. */
  readonly deployed: readonly string[];
  readonly openItems: readonly string[];
  readonly timeline: readonly TimelineEntry[];
  readonly verification: Pick<VerifyReport, 'exitCode' | 'verdict' | 'assurance' | 'findings'> | null;
}

const MINUTE = 60_000;

/** Whole minutes between two times, or null. */
function minutesBetween(from: string | null, to: string | null): number | null {
  return from === null || to === null ? null : Math.floor((Date.parse(to) - Date.parse(from)) / MINUTE);
}

/**
 * Tells a run from its records. Pure.
 * @param hashes SHA-256 of every line, in order
 * @param verification what checking the evidence gave, or null where nobody did
 */
export function runStory(
  runbook: Runbook,
  records: readonly RecordBody[],
  hashes: readonly Hex[],
  verification: RunStory['verification'],
): RunStory {
  const state = replay(runbook, records);
  const open = records[0]?.kind === 'open' ? records[0] : null;
  const seal = records.findLast((one) => one.kind === 'seal');
  const end = state.sealedAt ?? records.at(-1)?.at ?? null;
  const minutes = minutesBetween(state.openedAt, end);
  const way = state.steps.filter((one) => one.step.backOut === null);
  return {
    runbook,
    session: open?.session ?? '',
    estateId: open?.open.estate_id ?? '',
    sourceSha256: open?.open.runbook.source_sha256 ?? '',
    phase: state.phase,
    openedAt: state.openedAt,
    sealedAt: state.sealedAt,
    minutes,
    late: isLate(minutes, runbook.windowMinutes),
    records: records.length,
    head: hashes.at(-1) ?? null,
    people: peopleOf(records),
    steps: state.steps.map((one) => stepStory(one, way.indexOf(one), records, hashes)),
    notes: state.notes,
    handovers: state.handovers,
    corrections: state.corrections,
    irregular: state.irregular,
    deployed: deployedByRun(state, records),
    openItems: seal?.kind === 'seal' ? seal.seal.open_items : [],
    timeline: timelineOf(runbook, records),
    verification,
  };
}

/** Over the budget: a remark, never a decision. */
function isLate(minutes: number | null, budget: number | null): boolean {
  return minutes !== null && budget !== null && minutes > budget;
}

function stepStory(
  one: StepState,
  index: number,
  records: readonly RecordBody[],
  hashes: readonly Hex[],
): StepStory {
  const { step } = one;
  const minutes = minutesBetween(one.since?.at ?? null, one.at);
  const answer = one.seq === null ? undefined : records[one.seq];
  const when: Moment | null = answer ?? null;
  return {
    number: index < 0 ? null : index + 1,
    id: step.id,
    title: step.title,
    backOut: step.backOut,
    subject: step.subject,
    verdict: one.verdict,
    note: one.note,
    by: one.by,
    at: one.at,
    record: one.seq,
    lineSha256: one.seq === null ? null : (hashes[one.seq] ?? null),
    signatures: one.signatures,
    wantsSignature: wantsSignature(one),
    attempts: one.attempts,
    minutes,
    budgetMinutes: step.budgetMinutes,
    late: isLate(minutes, step.budgetMinutes),
    gate: one.reading?.lines ?? lastReading(step.id, records, one.seq),
    attached: one.attached,
    conflict: when === null ? null : conflictOf(one, gateAt({ ...one, seq: null }, when)),
    deviations: one.deviations,
    claims: one.claims.map((claim) => `${claim.subject}: ${claim.state}`),
  };
}

/** What the probes showed before an answer, where a later resume or handover made the reading void. */
function lastReading(stepId: string, records: readonly RecordBody[], seq: number | null): readonly string[] {
  if (seq === null) return [];
  const probe = records
    .slice(0, seq)
    .findLast(
      (one) =>
        one.kind === 'probe' &&
        one.step === stepId &&
        one.observations.some(({ probe }) => probe === 'c138-gate'),
    );
  if (probe?.kind !== 'probe') return [];
  return probe.observations
    .filter((one) => one.probe === 'c138-gate')
    .map((one) => one.answer.checks[0]?.reason ?? '');
}

function peopleOf(records: readonly RecordBody[]): readonly string[] {
  const people = new Map<string, Set<string>>();
  const add = (name: string, role: string): void => {
    people.set(name, (people.get(name) ?? new Set()).add(role));
  };
  for (const one of records) {
    if (one.actor !== null) add(one.actor.name, one.actor.role);
    if (one.kind === 'witness') add(one.witness.name, one.witness.meaning);
    if (one.kind === 'handover' && one.accept !== null) add(one.accept.name, 'took over');
  }
  return [...people].map(([name, roles]) => `${name} (${[...roles].join(', ')})`);
}

/** The window replayed: after each record, where the run stood. */
export function timelineOf(runbook: Runbook, records: readonly RecordBody[]): readonly TimelineEntry[] {
  let state = replay(runbook, []);
  const began = Date.parse(records[0]?.at ?? '');
  return records.map((record) => {
    state = reduce(state, record);
    return {
      record: record.seq,
      at: record.at,
      minute: Math.floor((Date.parse(record.at) - began) / MINUTE),
      who: record.actor?.name ?? (record.kind === 'witness' ? record.witness.name : 'machine'),
      what: sanitiseLine(saysOf(record), 300),
      phase: state.phase,
      current: state.current,
    };
  });
}
