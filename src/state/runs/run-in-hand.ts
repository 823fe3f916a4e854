import type { Journal } from '../../evidence/journal/journal.ts';
import type { Hex, RecordBody, Runbook } from '../../model/index.ts';
import { type CompiledRunbook, type Moment, type RunState, reduce, replay } from '../../runbooks/index.ts';
import { recordContext } from './run-context.ts';
import type { Look } from './run-look.ts';

/** Something that a run cannot do now; the message is for the operator. */
export class RunError extends Error {
  override readonly name = 'RunError';
}

/** What the probes of a step showed, in full; that it was so is in the journal too. */
export interface Gate {
  readonly look: Look;
  readonly seq: number;
}

/** What was found when a session was taken up again. */
export interface TakingUp {
  readonly torn: { readonly sha256: Hex; readonly bytes: number } | null;
  readonly fromMirror: boolean;
  /** The installed definition is another than the session's, in words; null when it is the same. */
  readonly changed: string | null;
  /** The mirror that the operator chose to leave out, or null. */
  readonly oneCopy: string | null;
}

/** One run in hand. `journal` is null until the opening is signed. */
export interface Run {
  readonly session: Hex;
  readonly dir: string;
  readonly runbook: Runbook;
  readonly compiled: CompiledRunbook | null;
  readonly records: RecordBody[];
  readonly gates: Map<string, Gate>;
  readonly takingUp: TakingUp | null;
  /** What the records say. */
  state: RunState;
  journal: Journal | null;
  begun: boolean;
  /** Key that signs here, once it is known. */
  signer: Hex | null;
}

export interface Pending {
  readonly promptId: string;
  readonly run: Run;
  readonly bytes: Uint8Array;
  /** The trust store that the record was made under; it may be replaced before it is signed. */
  readonly trustBytes: Uint8Array;
}

/** How a session is gone on with. It may be read on the screen or in line mode, here or elsewhere, so both are said. */
export function wayOn(session: string): string {
  const id = session.slice(2, 10);
  return `session ${id}: Enter on screen 7, or "resume ${id}" in line mode`;
}

/** A run from what was read or settled; its state is rebuilt from the records. */
export function runOf(parts: Omit<Run, 'state' | 'gates' | 'signer'>): Run {
  return { ...parts, gates: new Map(), state: replay(parts.runbook, parts.records), signer: null };
}

/** Takes in a record that is durable. */
export function take(run: Run, body: RecordBody): void {
  run.records.push(body);
  run.state = reduce(run.state, body);
}

/** This moment, by both clocks. */
export function thisMoment(): Moment {
  const { at, clock } = recordContext();
  return { at, clock };
}

/**
 * After which records a checkpoint follows by itself: the answer to a pause point, and a handover.
 * @param stepId the step that was at hand before the record
 * @returns the occasion in words, or null
 */
export function checkpointAfter(
  record: RecordBody | undefined,
  runbook: Runbook,
  stepId: string | null,
): string | null {
  if (record?.kind === 'handover') return `handed over to ${record.to.name}`;
  if (record?.kind !== 'confirm' || record.step.id !== stepId) return null;
  const step = runbook.steps.find((one) => one.id === stepId);
  return step?.pause === true ? `pause point ${step.id}` : null;
}
