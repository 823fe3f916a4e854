import {
  ABORTED_EVENT,
  type Claim,
  type Hex,
  type LineRef,
  type Observation,
  type RecordBase,
  type RecordBody,
  type Runbook,
  type Status,
  type Step,
  type Verdict,
  type WitnessMeaning,
} from '../model/index.ts';

/** How a gate stands, from assessments made now. */
export type GateState = 'none' | 'not-run' | 'holds' | 'fails' | 'unknown';

/** When something was recorded, by both clocks. */
export type Moment = Pick<RecordBase, 'at'> & {
  readonly clock: Pick<RecordBase['clock'], 'mono_ns' | 'boot_id'>;
};

/** What the probes of a step showed when they were last asked. */
export interface GateReading {
  readonly state: Exclude<GateState, 'none' | 'not-run'>;
  readonly lines: readonly string[];
  readonly seq: number;
  readonly when: Moment;
}

/** Output of a command that somebody ran elsewhere, as attached to the step. */
export interface Attached {
  readonly seq: number;
  readonly at: string;
  readonly name: string;
  readonly exitCode: number | null;
  /** The exit code is not the one that the step expects. */
  readonly unexpected: boolean;
  readonly sha256: string | null;
  readonly bytes: number;
  readonly redacted: number;
}

/** Somebody else's signature under the answer in force. */
export interface Signature {
  readonly name: string;
  readonly person: string;
  readonly meaning: WitnessMeaning;
}

/** Words of an operator that are no answer. */
export interface Remark {
  readonly seq: number;
  readonly at: string;
  readonly by: string;
  readonly step: string | null;
  readonly text: string;
}

/** What the journal says of one step. */
export interface StepState {
  readonly step: Step;
  readonly verdict: Verdict | null;
  readonly note: string;
  /** Name and person who signed the answer in force, or null. */
  readonly by: string | null;
  readonly person: string | null;
  readonly at: string | null;
  readonly seq: number | null;
  /** Failed answers before the one that stands. */
  readonly attempts: number;
  /** A failed step that may be tried again after its back-out. */
  readonly reopened: boolean;
  /** Since when the step was at hand, the last time. */
  readonly since: { readonly seq: number; readonly at: string } | null;
  readonly reading: GateReading | null;
  readonly attached: readonly Attached[];
  readonly deviations: readonly Remark[];
  /** The answer counts only with the signature of another person. */
  readonly needsWitness: boolean;
  readonly signatures: readonly Signature[];
  readonly claims: readonly Claim[];
  readonly registeredStatus: Status | null;
}

export interface InCharge {
  readonly person: string;
  readonly name: string;
  readonly address: Hex;
}

/** A change of hands. */
export interface Handover {
  readonly seq: number;
  readonly at: string;
  readonly from: string;
  readonly to: string;
  readonly accepted: boolean;
  readonly note: string;
}

/**
 * Where the run is. `decision`: the back-out is walked and somebody must say whether the failed step is tried again;
 * `stopped`: a step failed whose rule is to abort.
 */
export type Phase =
  | 'not-begun'
  | 'steps'
  | 'back-out'
  | 'decision'
  | 'done'
  | 'stopped'
  | 'aborted'
  | 'sealed';

/** A run, rebuilt from its journal alone: resume, replay and audit are this one function. */
export interface RunState {
  readonly runbook: Runbook;
  readonly steps: readonly StepState[];
  readonly phase: Phase;
  /** The step at hand, or null when nothing can be answered. */
  readonly current: string | null;
  /** The step whose failure opened the back-out or stopped the run. */
  readonly failed: string | null;
  readonly sealed: boolean;
  readonly aborted: boolean;
  readonly records: number;
  readonly openedAt: string | null;
  readonly sealedAt: string | null;
  readonly inCharge: InCharge | null;
  readonly handovers: readonly Handover[];
  readonly notes: readonly Remark[];
  readonly corrections: readonly { readonly seq: number; readonly ref: LineRef; readonly step: string }[];
  /** Records that the rules of the engine would not have let pass, with the reason. */
  readonly irregular: readonly { readonly seq: number; readonly reason: string }[];
  readonly last: Moment | null;
  /** Steps by the `seq` of each of their answers. */
  readonly answered: ReadonlyMap<number, string>;
  readonly evidence: ReadonlyMap<number, readonly Observation[]>;
}

/** A run before its first record. */
export function emptyRun(runbook: Runbook): RunState {
  return {
    runbook,
    steps: runbook.steps.map((step) => ({
      step,
      verdict: null,
      note: '',
      by: null,
      person: null,
      at: null,
      seq: null,
      attempts: 0,
      reopened: false,
      since: null,
      reading: null,
      attached: [],
      deviations: [],
      needsWitness: step.witness,
      signatures: [],
      claims: [],
      registeredStatus: null,
    })),
    phase: 'not-begun',
    current: runbook.steps[0]?.id ?? null,
    failed: null,
    sealed: false,
    aborted: false,
    records: 0,
    openedAt: null,
    sealedAt: null,
    inCharge: null,
    handovers: [],
    notes: [],
    corrections: [],
    irregular: [],
    last: null,
    answered: new Map(),
    evidence: new Map(),
  };
}

/** The steps of the way itself, without the back-out branches. */
export function ownWay(steps: readonly StepState[]): readonly StepState[] {
  return steps.filter((one) => one.step.backOut === null);
}

/** The steps of the branch that begins with a step, in order. */
export function branchFrom(steps: readonly StepState[], stepId: string | null): readonly StepState[] {
  const from = steps.findIndex((one) => one.step.id === stepId);
  const name = steps[from]?.step.backOut ?? null;
  return name === null ? [] : steps.slice(from).filter((one) => one.step.backOut === name);
}

/** Milliseconds from one moment to another: by the monotonic clock within one boot, else by the wall clock. */
export function between(from: Moment, to: Moment): number {
  if (from.clock.boot_id === to.clock.boot_id)
    return Number((BigInt(to.clock.mono_ns) - BigInt(from.clock.mono_ns)) / 1_000_000n);
  return Date.parse(to.at) - Date.parse(from.at);
}

/** Names of the events that the engine reads. */
export const EVENTS = { note: 'note', aborted: ABORTED_EVENT, again: 'again' } as const;

/** Probe name of an observation that says how a gate stood. */
export const GATE_PROBE = 'c138-gate';
/** Probe name of an observation that holds what an operator attached. */
export const ATTACHED_PROBE = 'attached-output';

/** Kinds that answer a step. */
export type AnswerBody = Extract<RecordBody, { readonly kind: 'confirm' | 'correction' }>;
