import type { Absence } from './absence.ts';
import type { PlannedOutage } from './attested.ts';
import type { DocumentedSubject, SubjectId } from './documented.ts';
import type { EpochMs } from './json.ts';
import type { Observation } from './observation.ts';
import type { EvidenceLevel, Health, Status } from './status.ts';

/** Why a status or health is what it is, and what to do about it. */
export interface Finding {
  /** Name of the rule or check, for example `stale-evidence`, `qbft-stalled`. */
  readonly rule: string;
  readonly subject: SubjectId;
  readonly severity: 'info' | 'warn' | 'fail' | 'unknown';
  readonly reason: string;
  readonly next: string;
  /** Section of the master plan the rule comes from, where it does. */
  readonly section?: number;
}

/** The answer of assess() for one subject. */
export interface Assessment {
  readonly subject: DocumentedSubject;
  readonly status: Status;
  readonly health: Health;
  /** Strongest fresh evidence. */
  readonly level: EvidenceLevel;
  /** End of the newest observation that looked, or null when nothing was ever seen. */
  readonly seenAt: EpochMs | null;
  /** True when the newest evidence is past its time-to-live. */
  readonly stale: boolean;
  readonly outage: PlannedOutage | null;
  /** Of placeholders, retired guests, and guests for Fabric or Indy: what is known of their being empty. */
  readonly absence: Absence | null;
  readonly findings: readonly Finding[];
  /** The observations used, newest first. */
  readonly observations: readonly Observation[];
}

/** The estate as assessed at one moment. */
export interface EstateAssessment {
  readonly at: EpochMs;
  readonly subjects: readonly Assessment[];
  readonly findings: readonly Finding[];
  readonly verdict: EstateVerdict;
}

/** Exit-code truth of a pass: 0, 1, 3 (2 is usage and never comes from here). 1 beats 3. */
export interface EstateVerdict {
  readonly result: 'pass' | 'critical-failure' | 'incomplete';
  readonly exitCode: 0 | 1 | 3;
  readonly critical: readonly Finding[];
  readonly unknown: readonly Finding[];
}

/** A rule that needs several observations at once, for example fork or stall. Pure. */
export type CrossRule = (input: {
  readonly subjects: readonly DocumentedSubject[];
  readonly snapshot: import('./snapshot.ts').Snapshot;
  readonly at: EpochMs;
}) => readonly Finding[];
