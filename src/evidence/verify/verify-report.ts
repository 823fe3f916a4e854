import type { Hex } from '../../model/json.ts';

/** The steps of verification, in order; docs/evidence-format.md section 8. */
export type VerifyStep =
  | 'V0'
  | 'V1'
  | 'V2'
  | 'V3'
  | 'V4'
  | 'V5'
  | 'V6'
  | 'V7'
  | 'V8'
  | 'V9'
  | 'V10'
  | 'V11'
  | 'V12'
  | 'V13'
  | 'V14';

/** Exit codes of `c138 evidence verify`, a stable contract. */
export const EXIT = {
  met: 0,
  open: 10,
  policy: 11,
  tampered: 20,
  fork: 21,
  untrusted: 30,
  trustBad: 31,
  malformed: 40,
  unreadable: 50,
} as const;
export type VerifyExit = (typeof EXIT)[keyof typeof EXIT];

export interface VerifyFinding {
  readonly step: VerifyStep;
  readonly severity: 'fail' | 'warn' | 'info';
  /** Line of the journal, from 1, where the finding has one. */
  readonly line: number | null;
  readonly text: string;
}

const WEIGHT: Readonly<Record<VerifyFinding['severity'], number>> = { fail: 0, warn: 1, info: 2 };

/** What decides first: the reasons of a verdict before what is only told. */
export function byWeight(findings: readonly VerifyFinding[]): readonly VerifyFinding[] {
  return findings.toSorted((a, b) => WEIGHT[a.severity] - WEIGHT[b.severity]);
}

/** Who signed what. */
export interface SignerFinding {
  readonly address: Hex;
  readonly person: string;
  readonly name: string;
  readonly records: number;
}

/** Times that the estate's own chain vouches for, RFC 3339; null where nothing does. */
export interface TimeBracket {
  readonly notBefore: string | null;
  readonly notAfter: string | null;
}

export interface VerifyReport {
  readonly format: 'c138-verify';
  readonly v: 1;
  readonly exitCode: VerifyExit;
  readonly verdict: string;
  /** L0 unsigned or unverified, L1 signed, L2 witnessed or countersigned by another person on another machine, L3 bounded in time from outside. */
  readonly assurance: 'L0' | 'L1' | 'L2' | 'L3';
  readonly path: string;
  readonly session: Hex | null;
  readonly estateId: string | null;
  readonly runbook: { readonly id: string; readonly version: string } | null;
  readonly openedAt: string | null;
  readonly sealedAt: string | null;
  readonly records: number;
  /** SHA-256 of the seal that was made last on that machine before, as the opening record has it; null where it names none. */
  readonly prevSeal: Hex | null;
  /** When the session was, by Chain 138 itself and its pinned validators: the word of the same estate. */
  readonly chainTime: TimeBracket;
  readonly signers: readonly SignerFinding[];
  readonly openItems: readonly string[];
  readonly findings: readonly VerifyFinding[];
}

/** What each exit code means, in words. */
export const VERDICT_TEXT: Readonly<Record<VerifyExit, string>> = {
  0: 'sealed, whole, signed by trusted keys, and its policy is met',
  10: 'sound so far, but open: it can only be called complete up to its last record',
  11: 'sealed and whole, but its policy is not met',
  20: 'TAMPERED: the files are not what was signed',
  21: 'FORK: two endings of one session were signed',
  30: 'sound, but the signer is not trusted, or no trust was pinned from outside',
  31: 'the trust store is bad',
  40: 'malformed: this is not evidence in the one form that is accepted',
  50: 'it cannot be read',
};

/** Ends verification at the first hard failure. */
export class VerifyStop extends Error {
  override readonly name = 'VerifyStop';
  readonly exitCode: VerifyExit;
  readonly finding: VerifyFinding;

  constructor(exitCode: VerifyExit, step: VerifyStep, text: string, line: number | null = null) {
    super(text);
    this.exitCode = exitCode;
    this.finding = { step, severity: 'fail', line, text };
  }
}
