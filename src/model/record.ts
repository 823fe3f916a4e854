import type { SubjectId } from './documented.ts';
import type { Hex, JsonObject, Rfc3339 } from './json.ts';
import type { Observation } from './observation.ts';
import type { Claim, StepMode, Verdict } from './runbook.ts';
import type { Status } from './status.ts';

/**
 * The record bodies of an evidence journal. One schema for all kinds, frozen: every key of a kind
 * is always present (null where it does not apply), unknown keys are refused. docs/evidence-format.md
 * is the specification; this file is its shape in TypeScript.
 */
export const RECORD_KINDS = [
  'open',
  'probe',
  'event',
  'confirm',
  'witness',
  'deviation',
  'handover',
  'resume',
  'correction',
  'checkpoint',
  'seal',
] as const;
/** Name of the event with which a run is ended before its end: no answer comes after it. */
export const ABORTED_EVENT = 'aborted';

export type RecordKind = (typeof RECORD_KINDS)[number];

export const ROLES = ['performer', 'witness', 'approver'] as const;
export const MEANINGS = ['performed', 'witnessed', 'reviewed', 'approved'] as const;
/** What somebody else can mean by signing a line; `accepted` is the receiver's side of a handover. */
export const WITNESS_MEANINGS = ['witnessed', 'reviewed', 'approved', 'accepted'] as const;
export type WitnessMeaning = (typeof WITNESS_MEANINGS)[number];

/** Who signs. `person` and `name` come from the trust store. */
export interface Actor {
  readonly person: string;
  readonly name: string;
  readonly address: Hex;
  readonly role: (typeof ROLES)[number];
  readonly meaning: (typeof MEANINGS)[number];
}

/** Keys of every record. */
export interface RecordBase {
  readonly v: 1;
  readonly session: Hex;
  readonly seq: number;
  readonly prev: Hex;
  readonly at: Rfc3339;
  readonly clock: {
    /** Monotonic nanoseconds as a decimal string. */
    readonly mono_ns: string;
    readonly boot_id: string;
    readonly synced: boolean | null;
    readonly source: string;
  };
  readonly where: {
    readonly host: string;
    readonly node: string | null;
    readonly vmid: number | null;
    readonly tty: string | null;
    readonly ssh_peer_sha256: string | null;
    readonly uid: number;
    readonly user: string;
  };
  /** Null for machine records, which carry no signature. */
  readonly actor: Actor | null;
  readonly tool: { readonly name: string; readonly version: string; readonly build_sha256: string | null };
}

/** The step as it stood on the screen when it was signed. */
export interface SignedStep {
  readonly id: string;
  readonly text: string;
  readonly expected: string;
  readonly mode: StepMode;
  readonly critical: boolean;
  readonly subject: SubjectId | null;
  readonly registered_status: Status | null;
}

export interface LineRef {
  readonly seq: number;
  readonly line_sha256: Hex;
}

export interface OpenBody extends RecordBase {
  readonly kind: 'open';
  readonly open: {
    readonly estate_id: string;
    readonly trust_sha256: Hex;
    readonly runbook: {
      readonly id: string;
      readonly version: string;
      readonly sha256: Hex;
      readonly source_sha256: Hex;
    };
    readonly prev_seal: Hex | null;
    readonly variables: JsonObject;
    readonly chain_header: JsonObject | null;
  };
}

export interface ProbeBody extends RecordBase {
  readonly kind: 'probe';
  readonly step: string | null;
  readonly observations: readonly Observation[];
}

export interface EventBody extends RecordBase {
  readonly kind: 'event';
  readonly event: { readonly name: string; readonly detail: JsonObject };
}

export interface ConfirmBody extends RecordBase {
  readonly kind: 'confirm';
  readonly step: SignedStep;
  readonly verdict: Verdict;
  readonly observations: readonly Observation[];
  readonly claims: readonly Claim[];
  readonly note: string;
}

/**
 * A signature that somebody gave over one finished line, wherever they sat: EIP-712 type `OperatorWitness`.
 * Embedded in witness and handover records, and the content of a countersign file.
 */
export interface DetachedSignature {
  readonly person: string;
  readonly name: string;
  readonly address: Hex;
  readonly meaning: WitnessMeaning;
  readonly at: Rfc3339;
  readonly host: string;
  readonly boot_id: string;
  readonly sig: Hex;
}

export interface WitnessBody extends RecordBase {
  readonly kind: 'witness';
  readonly ref: LineRef;
  readonly witness: DetachedSignature;
}

/** A countersignature over the seal: a file of its own beside the journal, `countersign-<address>.json`. */
export interface CountersignFile {
  readonly format: 'c138-countersign';
  readonly v: 1;
  readonly estate_id: string;
  readonly session: Hex;
  readonly ref: LineRef;
  readonly witness: DetachedSignature;
}

export interface DeviationBody extends RecordBase {
  readonly kind: 'deviation';
  readonly step: SignedStep;
  readonly note: string;
}

export interface HandoverBody extends RecordBase {
  readonly kind: 'handover';
  readonly to: { readonly person: string; readonly name: string; readonly address: Hex };
  /** The receiver's signature over the line before this one (`seq` - 1, `prev`), or null. */
  readonly accept: DetachedSignature | null;
  readonly note: string;
}

export interface ResumeBody extends RecordBase {
  readonly kind: 'resume';
  readonly resume: {
    readonly last_line_sha256: Hex;
    /** A torn tail that was cut off, never acknowledged; null when the file ended cleanly. */
    readonly torn: { readonly sha256: Hex; readonly bytes: number } | null;
    readonly from_mirror: boolean;
    readonly runbook: { readonly id: string; readonly version: string; readonly sha256: Hex };
    readonly trust_sha256: Hex;
    readonly note: string;
  };
}

export interface CorrectionBody extends RecordBase {
  readonly kind: 'correction';
  readonly ref: LineRef;
  readonly step: SignedStep;
  readonly verdict: Verdict;
  readonly claims: readonly Claim[];
  readonly note: string;
}

export interface CheckpointBody extends RecordBase {
  readonly kind: 'checkpoint';
  readonly checkpoint: {
    readonly size: number;
    readonly root: Hex;
    readonly text: string;
    readonly chain_header: JsonObject | null;
  };
}

export interface SealBody extends RecordBase {
  readonly kind: 'seal';
  readonly seal: {
    readonly count: number;
    readonly head: Hex;
    readonly merkle_root: Hex;
    readonly trust_sha256: Hex;
    readonly totals: { readonly [K in Verdict | 'steps']: number };
    readonly open_items: readonly string[];
    readonly blobs_count: number;
    readonly max_clock_step_ms: number;
  };
}

export type RecordBody =
  | OpenBody
  | ProbeBody
  | EventBody
  | ConfirmBody
  | WitnessBody
  | DeviationBody
  | HandoverBody
  | ResumeBody
  | CorrectionBody
  | CheckpointBody
  | SealBody;
