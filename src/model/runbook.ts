import type { SubjectId } from './documented.ts';
import type { Status } from './status.ts';

export const VERDICTS = [
  'confirmed',
  'failed',
  'skipped',
  'deviated',
  'not_applicable',
  'still_planned',
] as const;
/** What an operator says of a step. Every verdict but `confirmed` needs a reason note. */
export type Verdict = (typeof VERDICTS)[number];

export const STEP_MODES = ['read-do', 'do-confirm', 'challenge-response'] as const;
export type StepMode = (typeof STEP_MODES)[number];

/** A read-only probe that gates a step; named by probe id and the facts it must show. */
export interface StepGate {
  /** Every endpoint of `subject` of the probe's kind is asked. */
  readonly probe: string;
  readonly subject: SubjectId;
  /** The gate holds when the assessed subject has one of these. With `failed` among them only a look is asked for. */
  readonly expectHealth: readonly ('ok' | 'as-expected' | 'degraded' | 'failed')[];
  /** Values that facts of `probe` must show besides, on every endpoint of `subject` that it asks. */
  readonly match: readonly FactMatch[];
}

export const MATCH_OPERATORS = ['equals', 'at_least', 'at_most'] as const;

/** An expected value of one fact. `at_least` and `at_most` are for integers. */
export interface FactMatch {
  readonly fact: string;
  readonly is: (typeof MATCH_OPERATORS)[number];
  readonly value: string | number | boolean;
}

/** Something that is settled once, when the run begins, and stands in the texts as `{{name}}`. */
export interface RunbookVariable {
  readonly name: string;
  readonly title: string;
  readonly value: string;
}

/** One step of the compiled runbook. */
export interface Step {
  readonly id: string;
  readonly title: string;
  readonly mode: StepMode;
  readonly instructions: string;
  readonly subject: SubjectId | null;
  /** The expected reading, in words. */
  readonly expected: string;
  readonly gates: readonly StepGate[];
  readonly verdicts: readonly Verdict[];
  /** A command that the operator runs elsewhere; c138 never runs it. */
  readonly command: string | null;
  /** Exit code that the command ends with when all is well. */
  readonly expectExit: number;
  readonly optional: boolean;
  readonly critical: boolean;
  readonly witness: boolean;
  /** The witness must say that they approve; implies `witness`. */
  readonly approval: boolean;
  /** A stop where people say go or no-go; everything before it has its signatures by then. */
  readonly pause: boolean;
  /** Name of the back-out branch that the step belongs to; null for the way itself. */
  readonly backOut: string | null;
  readonly budgetMinutes: number | null;
  readonly onFailure: { readonly action: 'retry' | 'abort' | 'back-out'; readonly step: string | null };
}

/** A runbook as compiled to canonical JSON; the bytes kept in a session. */
export interface Runbook {
  readonly format: 'c138-runbook';
  readonly v: 1;
  readonly id: string;
  readonly version: string;
  readonly title: string;
  /** `bundled-default`: ours, not the operators' own text. */
  readonly origin: 'bundled-default' | 'operator';
  readonly references: readonly string[];
  readonly roles: readonly string[];
  /** How long the whole window should take, in minutes. */
  readonly windowMinutes: number | null;
  readonly variables: readonly RunbookVariable[];
  readonly steps: readonly Step[];
}

/** A status somebody claims for a subject, with the records that show it. */
export interface Claim {
  readonly subject: SubjectId;
  readonly state: Status;
  /** `seq` of the records in the same journal that carry the evidence. */
  readonly evidence: readonly number[];
}
