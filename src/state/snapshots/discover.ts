import type {
  Attestation,
  DocumentedEstate,
  Observation,
  PlannedOutage,
  Snapshot,
} from '../../model/index.ts';
import { observeEstate } from '../../probes/index.ts';
import { TOOL } from '../tool.ts';
import { RawStore } from './raw-store.ts';
import type { Raws } from './snapshot-file.ts';

export interface DiscoverOptions {
  readonly vantage: string;
  /** Ends the pass early; what was gathered until then is kept and marked as incomplete. */
  readonly signal: AbortSignal;
  /** Called with each observation as it arrives. */
  readonly onObservation?: (observation: Observation) => void;
  /** What people signed, from verified sessions. */
  readonly attestations?: readonly Attestation[];
  /** Outages that people planned and signed. */
  readonly outages?: readonly PlannedOutage[];
  /** How the estate is asked; the probes, unless a test puts something else here. */
  readonly observe?: typeof observeEstate;
}

/** One pass over the estate: every endpoint that the estate file names is asked once. */
export async function discover(
  estate: DocumentedEstate,
  options: DiscoverOptions,
): Promise<{ readonly snapshot: Snapshot; readonly raws: Raws }> {
  const store = new RawStore();
  const started = new Date().toISOString();
  const observations: Observation[] = [];
  await (options.observe ?? observeEstate)(estate, {
    vantage: options.vantage,
    signal: options.signal,
    storeRaw: store.put,
    onObservation: (one) => {
      observations.push(one);
      options.onObservation?.(one);
    },
  });
  const snapshot: Snapshot = {
    format: 'c138-snapshot',
    v: 1,
    tool: TOOL,
    vantage: options.vantage,
    started,
    ended: new Date().toISOString(),
    complete: !options.signal.aborted,
    estate,
    observations: [...observations],
    attestations: options.attestations ?? [],
    outages: options.outages ?? [],
  };
  return { snapshot, raws: store.of(snapshot.observations) };
}
