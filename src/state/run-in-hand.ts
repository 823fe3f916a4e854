import type { Journal } from '../evidence/journal.ts';
import type { Hex, RecordBody, Runbook } from '../model/index.ts';
import type { CompiledRunbook, GateState } from '../runbooks/index.ts';
import type { Look } from './run-look.ts';

/** Something that a run cannot do now; the message is for the operator. */
export class RunError extends Error {
  override readonly name = 'RunError';
}

/** How long the reading of a step's probes may stand before it must be taken again, in milliseconds. */
export const GATE_MS = 5 * 60_000;

export interface Gate {
  readonly state: GateState;
  readonly lines: readonly string[];
  readonly look: Look;
  readonly seq: number;
  readonly at: number;
}

/** One run in hand. `journal` is null until the opening is signed. */
export interface Run {
  readonly session: Hex;
  readonly dir: string;
  readonly runbook: Runbook;
  readonly compiled: CompiledRunbook | null;
  readonly records: RecordBody[];
  readonly gates: Map<string, Gate>;
  readonly takingUp: {
    readonly torn: { readonly sha256: Hex; readonly bytes: number } | null;
    readonly fromMirror: boolean;
  } | null;
  journal: Journal | null;
  begun: boolean;
}

export interface Pending {
  readonly promptId: string;
  readonly run: Run;
  readonly bytes: Uint8Array;
}
