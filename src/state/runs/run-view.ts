import { checkpointCode, checkpointText } from '../../evidence/checkpoint.ts';
import { cleanForEvidence } from '../../evidence/record/canonical.ts';
import type { DocumentedEstate, DocumentedSubject, Step } from '../../model/index.ts';
import {
  conflictOf,
  type GateState,
  gateAt,
  noteNeeded,
  offered,
  type StepState,
  unsignedBefore,
  wantsSignature,
} from '../../runbooks/index.ts';
import type { RunStepView, RunView } from '../backend.ts';
import { type Run, thisMoment, wayOn } from './run-in-hand.ts';

/** What the documents say of the subject of a step. */
export function subjectOf(estate: DocumentedEstate, step: Step): DocumentedSubject | undefined {
  return estate.subjects.find((one) => one.id === step.subject);
}

/**
 * How the gate of a step stands now. A reading of the journal that this program did not take itself counts for nothing: who answers has
 * looked.
 */
export function gateNow(run: Run, state: StepState): GateState {
  const gate = gateAt(state, thisMoment());
  if (gate === 'none') return gate;
  return run.gates.get(state.step.id)?.seq === state.reading?.seq ? gate : 'not-run';
}

/** A run as the screens show it: plain data. */
export function viewOfRun(run: Run, estate: DocumentedEstate): RunView {
  const { state } = run;
  const last = run.records.at(-1);
  return {
    session: run.session,
    path: run.dir,
    runbook: run.runbook,
    state: state.sealed ? 'sealed' : 'open',
    begun: run.begun,
    current: state.current,
    phase: state.phase,
    failed: state.failed,
    openedAt: state.openedAt,
    inCharge:
      state.inCharge === null
        ? null
        : {
            person: state.inCharge.person,
            name: state.inCharge.name,
            here: run.signer === null || run.signer === state.inCharge.address,
          },
    notes: state.notes,
    handovers: state.handovers,
    oneCopy: run.begun ? null : (run.takingUp?.oneCopy ?? null),
    changed: run.begun ? null : (run.takingUp?.changed ?? null),
    irregular: state.irregular.map((one) => `record ${one.seq}: ${one.reason}`),
    records: run.records.length,
    checkpoint: lastCheckpoint(run),
    lastRecord: last === undefined ? null : { kind: last.kind, seq: last.seq, at: last.at },
    broken: run.journal?.broken ?? null,
    steps: state.steps.map((one) => stepView(run, one, estate)),
  };
}

function lastCheckpoint({ session, records }: Run): RunView['checkpoint'] {
  const last = records.findLast((one) => one.kind === 'checkpoint');
  if (last === undefined) return null;
  const { size, root } = last.checkpoint;
  const checkpoint = { session, size, root };
  return { size, text: checkpointText(checkpoint), code: checkpointCode(checkpoint) };
}

/** Who goes on instead of the key here, or null. */
function elsewhere({ state, signer, session }: Run): string | null {
  if (signer === null || state.inCharge === null || state.inCharge.address === signer) return null;
  return `${state.inCharge.name} is in charge now, and goes on with ${wayOn(session)}`;
}

function stepView(run: Run, one: StepState, estate: DocumentedEstate): RunStepView {
  const { state } = run;
  const gate = gateNow(run, one);
  const status = subjectOf(estate, one.step)?.status ?? null;
  const current = one.step.id === state.current && run.begun;
  const away = current ? elsewhere(run) : null;
  // Who answers has the probes asked, so a gate that nobody looked at yet blocks nothing here.
  const asked = gate === 'not-run' ? 'holds' : gate;
  const { verdicts, blocked } =
    away !== null
      ? { verdicts: [], blocked: away }
      : current
        ? offered(one.step, asked, status)
        : { verdicts: [], blocked: '' };
  const unsigned = current && one.step.pause ? unsignedBefore(state, one.step.id) : [];
  return {
    step: one.step,
    verdict: one.verdict,
    note: one.note,
    by: one.by,
    at: one.at,
    gate,
    gateLines:
      gate === 'none' || gate === 'not-run'
        ? []
        : (cleanForEvidence(one.reading?.lines ?? []) as readonly string[]),
    offered: unsigned.length === 0 ? verdicts : verdicts.filter((verdict) => verdict !== 'confirmed'),
    blocked:
      unsigned.length === 0
        ? blocked
        : `another person has to sign first: ${unsigned.map(({ step }) => step.title).join('; ')}`,
    needsWitness: one.needsWitness,
    witnessedBy: one.signatures.map(({ name, meaning }) =>
      meaning === 'witnessed' ? name : `${name} (${meaning})`,
    ),
    wantsSignature: wantsSignature(one),
    since: one.since?.at ?? null,
    attached: one.attached,
    deviations: one.deviations,
    conflict: conflictOf(one, gate),
    wantsNote: current ? noteNeeded(one, 'confirmed', gate) : null,
  };
}
