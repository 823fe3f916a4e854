import { chainRules } from '../../chain/index.ts';
import {
  type Assessment,
  assessEstate,
  type DocumentedEstate,
  type Endpoint,
  type Observation,
  type RawRef,
  type Step,
  type SubjectId,
} from '../../model/index.ts';
import { observeEstate } from '../../probes/index.ts';
import { rawRefOf } from '../snapshots/raw-store.ts';
import { TOOL } from '../tool.ts';

/** What the probes of a step showed: the judgement, what goes into the record, and the raw answers. */
export interface Look {
  readonly vantage: string;
  readonly started: string;
  readonly ended: string;
  readonly assessments: readonly Assessment[];
  readonly observations: readonly Observation[];
  readonly raws: ReadonlyMap<string, Uint8Array>;
}

/** The endpoints that can tell something about the subjects of a step's gates; of a relay that is both of its ends. */
export function endpointsFor(estate: DocumentedEstate, step: Step): readonly Endpoint[] {
  const subjects = new Set<SubjectId>(step.gates.map((gate) => gate.subject));
  const tiers = new Set(
    [...subjects].filter((one) => one.startsWith('tier:')).map((one) => one.slice('tier:'.length)),
  );
  for (const subject of estate.subjects)
    if (subject.tier !== undefined && tiers.has(subject.tier)) subjects.add(subject.id);
  const ends = new Set(
    (estate.relays ?? [])
      .filter((relay) => subjects.has(relay.subject))
      .flatMap((relay) => [relay.source.endpoint, relay.destination.endpoint]),
  );
  const chain = [...subjects].some((one) => one.startsWith('chain:') || one.startsWith('tier:'));
  return estate.endpoints.filter(
    (endpoint) =>
      subjects.has(endpoint.subject) ||
      ends.has(endpoint.id) ||
      endpoint.kind === 'proxmox-api' ||
      (chain && endpoint.kind === 'json-rpc'),
  );
}

/** Asks the read-only probes that the gates of a step need, now. */
export async function lookAt(
  estate: DocumentedEstate,
  step: Step,
  vantage: string,
  signal: AbortSignal,
): Promise<Look> {
  const raws = new Map<string, Uint8Array>();
  const storeRaw = (bytes: Uint8Array, redactions: RawRef['redactions'], truncated: boolean): RawRef => {
    const reference = rawRefOf(bytes, redactions, truncated);
    raws.set(reference.sha256, bytes);
    return reference;
  };
  const started = new Date().toISOString();
  const only = new Set(endpointsFor(estate, step).map((endpoint) => endpoint.id));
  const observations = await observeEstate(estate, { vantage, signal, storeRaw, only });
  const ended = new Date().toISOString();
  const snapshot = {
    format: 'c138-snapshot',
    v: 1,
    tool: TOOL,
    vantage,
    started,
    ended,
    complete: !signal.aborted,
    estate,
    observations,
    attestations: [],
    outages: [],
  } as const;
  const gates = new Set<SubjectId>(step.gates.map((gate) => gate.subject));
  const assessments = assessEstate(snapshot, Date.parse(ended), chainRules).subjects.filter((one) =>
    gates.has(one.subject.id),
  );
  return {
    vantage,
    started,
    ended,
    assessments,
    observations: forRecord(observations, assessments, gates),
    raws,
  };
}

/** Room for observations in one record; a line holds 64 KiB in all. */
const MAX_OBSERVATION_BYTES = 48_000;

/**
 * The observations that a record carries: those of the gated subjects themselves first, then those of a tier's members, as many as
 * fit. Header blocks are kept with the proof only; every raw answer stays reachable by its digest.
 */
function forRecord(
  all: readonly Observation[],
  assessments: readonly Assessment[],
  gates: ReadonlySet<SubjectId>,
): readonly Observation[] {
  const tiers = new Set(
    assessments.flatMap((one) => (one.subject.tier === undefined ? [] : one.subject.dependsOn)),
  );
  const wanted = [
    ...all.filter((one) => gates.has(one.subject)),
    ...all.filter((one) => !gates.has(one.subject) && tiers.has(one.subject)),
  ].map(withoutBlock);
  const out: Observation[] = [];
  let size = 0;
  for (const one of wanted) {
    size += Buffer.byteLength(JSON.stringify(one));
    if (size > MAX_OBSERVATION_BYTES) break;
    out.push(one);
  }
  return out;
}

function withoutBlock(one: Observation): Observation {
  if (one.probe === 'qbft-proof' || !('block' in one.answer.facts)) return one;
  const { block: _block, ...facts } = one.answer.facts;
  return { ...one, answer: { ...one.answer, facts } };
}
