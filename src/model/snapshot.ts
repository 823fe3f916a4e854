import type { Attestation, PlannedOutage } from './attested.ts';
import type { DocumentedEstate } from './documented.ts';
import type { Rfc3339 } from './json.ts';
import type { Observation } from './observation.ts';

/** One pass over the estate: what was documented, seen and attested. Immutable once written. */
export interface Snapshot {
  readonly format: 'c138-snapshot';
  readonly v: 1;
  readonly tool: { readonly name: string; readonly version: string };
  readonly vantage: string;
  readonly started: Rfc3339;
  readonly ended: Rfc3339;
  /** False when the pass was interrupted: such a snapshot never passes. */
  readonly complete: boolean;
  readonly estate: DocumentedEstate;
  readonly observations: readonly Observation[];
  readonly attestations: readonly Attestation[];
  readonly outages: readonly PlannedOutage[];
}

/** Whether a snapshot is being kept up to date or was read from a file. */
export type SnapshotOrigin =
  | { readonly mode: 'live'; readonly config: string }
  | { readonly mode: 'offline'; readonly path: string };
