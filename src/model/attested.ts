import type { SubjectId } from './documented.ts';
import type { Rfc3339 } from './json.ts';
import type { Status } from './status.ts';

/** A person's signed confirmation about one subject, as taken from a verified journal. */
export interface Attestation {
  readonly subject: SubjectId;
  readonly claim: Status;
  readonly at: Rfc3339;
  readonly performer: string;
  /** A different person who signed as witness, or null. */
  readonly witness: string | null;
  readonly session: string;
  readonly seq: number;
}

/** A failure announced beforehand: kept visible, off the exit code until it expires. */
export interface PlannedOutage {
  readonly subject: SubjectId;
  readonly reason: string;
  readonly by: string;
  readonly from: Rfc3339;
  readonly until: Rfc3339;
}
