import {
  claimProblem,
  type Hex,
  NEVER_DEPLOYED,
  NEVER_DEPLOYED_VERDICTS,
  type RecordBody,
  type Status,
  type Step,
  type Verdict,
} from '../model/index.ts';
import { gateAt } from './gates.ts';
import {
  type AnswerBody,
  EVENTS,
  type GateState,
  type Moment,
  type RunState,
  type StepState,
} from './run-state.ts';

/** An answer that an operator wants to give. */
export interface Proposal {
  readonly stepId: string;
  readonly verdict: Verdict;
  readonly note: string;
  readonly gate: GateState;
  readonly registeredStatus: Status | null;
  /** Replaces an answer that stands already. */
  readonly correction?: boolean;
  /** Key of the one who answers; who is in charge is not asked for when it is left out. */
  readonly by?: Hex;
}

export type Admission = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Longest note in characters. */
export const MAX_NOTE = 2000;

/**
 * The verdicts that may be given now, and why `confirmed` is not among them.
 * For a subject that the documents call planned, placeholder or retired, nobody can confirm: the offers are still planned,
 * deviated and failed.
 */
export function offered(
  step: Step,
  gate: GateState,
  registeredStatus: Status | null,
): { readonly verdicts: readonly Verdict[]; readonly blocked: string } {
  if (registeredStatus !== null && NEVER_DEPLOYED.has(registeredStatus)) {
    const verdicts = step.verdicts.filter((one) => NEVER_DEPLOYED_VERDICTS.has(one));
    const gated =
      gate === 'fails' || gate === 'unknown' || gate === 'not-run'
        ? verdicts.filter((one) => one !== 'still_planned')
        : verdicts;
    return {
      verdicts: gated,
      blocked: `documented as ${registeredStatus}: it cannot be confirmed as deployed${gated.length < verdicts.length ? `; before "still planned", ${gateReason(gate)}` : ''}`,
    };
  }
  if (gate === 'holds' || gate === 'none') return { verdicts: step.verdicts, blocked: '' };
  return {
    verdicts: step.verdicts.filter((one) => one !== 'confirmed' && one !== 'still_planned'),
    blocked: gateReason(gate),
  };
}

function gateReason(gate: GateState): string {
  switch (gate) {
    case 'not-run':
      return 'run the gate first: its probes have not been asked for this step';
    case 'unknown':
      return 'the probes could not look, so nothing can be confirmed';
    default:
      return 'the probes do not show the expected reading';
  }
}

/**
 * What the operator's own output says against our probes, or null. It does not decide: the operator says in the note which of the two is
 * believed, and why.
 */
export function conflictOf(state: StepState, gate: GateState): string | null {
  const last = state.attached.findLast((one) => one.exitCode !== null);
  if (last === undefined) return null;
  const { step } = state;
  if (last.unexpected && gate !== 'fails')
    return `the command ended with ${last.exitCode}, not ${step.expectExit}${gate === 'holds' ? ', while the probes show the expected reading' : ''}`;
  if (!last.unexpected && gate === 'fails')
    return `the command ended with ${last.exitCode} as expected, while the probes do not show the expected reading`;
  return null;
}

/** Steps before a pause point whose answers want a signature that is not there. */
export function unsignedBefore(run: RunState, stepId: string): readonly StepState[] {
  const end = run.steps.findIndex((one) => one.step.id === stepId);
  return run.steps.slice(0, end).filter((one) => one.verdict !== null && wantsSignature(one));
}

/** True while an answer waits for another person. */
export function wantsSignature(one: StepState): boolean {
  if (one.verdict === null) return false;
  if (one.step.approval) return !one.signatures.some(({ meaning }) => meaning === 'approved');
  return one.needsWitness && one.signatures.length === 0;
}

/** Whether a note must be written, and why; null when none is needed. */
export function noteNeeded(state: StepState, verdict: Verdict, gate: GateState): string | null {
  if (verdict !== 'confirmed') return 'this verdict needs a reason in the note';
  if (state.step.mode === 'challenge-response') return 'a challenge wants its response in the note';
  if (state.step.mode === 'read-do' && state.step.command !== null && state.attached.length === 0)
    return 'no output of the command is attached: attach it, or say what came out and where it is kept';
  const conflict = conflictOf(state, gate);
  return conflict === null ? null : `say which you believe, and why: ${conflict}`;
}

/** Whether a proposed answer may be signed. The journal's verifier checks its part of the rules again. */
export function admit(run: RunState, proposal: Proposal): Admission {
  const reason = answerRefusal(run, proposal);
  return reason === null ? { ok: true } : { ok: false, reason };
}

function answerRefusal(run: RunState, proposal: Proposal): string | null {
  const { stepId, verdict, note, gate, registeredStatus } = proposal;
  const state = run.steps.find((one) => one.step.id === stepId);
  if (state === undefined) return closedFor(run, proposal.by) ?? `there is no step "${stepId}"`;
  const { step } = state;
  const misplaced = answerable(run, state, proposal.correction ?? false, proposal.by);
  if (misplaced !== null) return misplaced;
  const { verdicts, blocked } = offered(step, gate, registeredStatus);
  if (!verdicts.includes(verdict))
    return blocked === '' ? `"${verdict}" is not offered for this step` : blocked;
  const unsigned = step.pause && verdict === 'confirmed' ? unsignedBefore(run, stepId) : [];
  if (unsigned.length > 0)
    return `nobody goes on before another person has signed: ${unsigned.map((one) => one.step.id).join(', ')}`;
  const needed =
    proposal.correction === true
      ? 'a correction needs a reason in the note'
      : noteNeeded(state, verdict, gate);
  if (needed !== null && note.trim() === '') return needed;
  if (note.length > MAX_NOTE) return `the note is longer than ${MAX_NOTE} characters`;
  return null;
}

/** Why nobody, or not this person, can answer this step now, whatever its gate shows; null when they can. */
export function answerable(
  run: RunState,
  state: StepState,
  correction: boolean,
  by: Hex | undefined,
): string | null {
  return closedFor(run, by) ?? placeRefusal(run, state, correction);
}

/** Answers come in order; a correction is for an answer that stands, or for a back-out that is walked again. */
function placeRefusal(run: RunState, state: StepState, correction: boolean): string | null {
  const { id } = state.step;
  const standing = state.verdict !== null;
  if (correction) {
    if (!standing) return `step "${id}" has no answer to correct`;
    if (run.current === id && state.verdict === 'failed')
      return `step "${id}" is at hand: answer it instead of correcting it`;
    return null;
  }
  if (run.current !== id)
    return `the step at hand is "${run.current ?? 'none'}"; steps are answered in order`;
  return standing && state.verdict !== 'failed'
    ? `step "${id}" has an answer already, which can only be corrected`
    : null;
}

/** Why nothing can be recorded by this person now, or null. */
export function closedFor(run: RunState, by: Hex | undefined): string | null {
  if (run.sealed) return 'the run is sealed';
  if (run.aborted) return 'the run was aborted';
  if (run.phase === 'not-begun') return 'the run has not begun: sign its beginning first';
  return chargeRefusal(run, by);
}

function chargeRefusal(run: RunState, by: Hex | undefined): string | null {
  if (by === undefined || run.inCharge === null || run.inCharge.address === by) return null;
  return `${run.inCharge.name} is in charge of this run now`;
}

/** Whether a failed step may be tried again: after its back-out only, by a decision with a reason. */
export function admitAgain(run: RunState, reason: string): Admission {
  if (run.phase !== 'decision')
    return {
      ok: false,
      reason: 'nothing waits for a decision: only a failed step whose back-out is walked can be tried again',
    };
  if (reason.trim() === '') return { ok: false, reason: 'trying again needs a reason' };
  return { ok: true };
}

/** Whether the run may be ended before its end. */
export function admitAbort(run: RunState, reason: string): Admission {
  const closed = closedFor(run, undefined);
  if (closed !== null) return { ok: false, reason: closed };
  if (reason.trim() === '') return { ok: false, reason: 'aborting needs a reason' };
  return { ok: true };
}

/** Why a record would not have been let pass, or null: the same rules for what was read from a file. */
export function recordRefusal(run: RunState, record: RecordBody): string | null {
  if (run.sealed) return 'stands after the seal';
  switch (record.kind) {
    case 'confirm':
    case 'correction':
      return answerRecordRefusal(run, record);
    case 'deviation':
    case 'handover':
    case 'seal':
      return chargeRefusal(run, record.actor?.address);
    case 'event':
      return eventRefusal(run, record.event.name, String(record.event.detail.text ?? ''));
    default:
      return null;
  }
}

function eventRefusal(run: RunState, name: string, text: string): string | null {
  const admission =
    name === EVENTS.again
      ? admitAgain(run, text)
      : name === EVENTS.aborted
        ? admitAbort(run, text)
        : ({ ok: true } as const);
  return admission.ok ? null : admission.reason;
}

function answerRecordRefusal(run: RunState, record: AnswerBody): string | null {
  const state = run.steps.find((one) => one.step.id === record.step.id);
  if (state === undefined) return `there is no step "${record.step.id}"`;
  const now: Moment = record;
  const reason = answerRefusal(run, {
    stepId: record.step.id,
    verdict: record.verdict,
    note: record.note,
    gate: gateAt(state, now),
    registeredStatus: record.step.registered_status,
    correction: record.kind === 'correction',
    ...(record.actor === null ? {} : { by: record.actor.address }),
  });
  if (reason !== null) return reason;
  const evidence =
    record.kind === 'confirm' ? new Map(run.evidence).set(record.seq, record.observations) : run.evidence;
  return claimProblem(record, evidence);
}
