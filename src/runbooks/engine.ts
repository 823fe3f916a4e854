import type {
  Assessment,
  ConfirmBody,
  CorrectionBody,
  RecordBody,
  Runbook,
  Status,
  Step,
  Verdict,
} from '../model/index.ts';

/** What the journal says of one step. */
export interface StepState {
  readonly step: Step;
  readonly verdict: Verdict | null;
  readonly note: string;
  /** Name of the person who signed, or null. */
  readonly by: string | null;
  readonly at: string | null;
  readonly seq: number | null;
  /** Failed answers before the one that stands. */
  readonly attempts: number;
}

/** A run, rebuilt from its journal alone: resume, replay and audit are this one function. */
export interface RunState {
  readonly steps: readonly StepState[];
  /** The step at hand, or null when every step is answered, the run was aborted or it is sealed. */
  readonly current: string | null;
  readonly sealed: boolean;
  readonly aborted: boolean;
  readonly records: number;
}

/** How a gate stands, from assessments made now. */
export type GateState = 'none' | 'not-run' | 'holds' | 'fails' | 'unknown';

/** An answer that an operator wants to give. */
export interface Proposal {
  readonly stepId: string;
  readonly verdict: Verdict;
  readonly note: string;
  readonly gate: GateState;
  readonly registeredStatus: Status | null;
}

export type Admission = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Longest note in characters. */
export const MAX_NOTE = 2000;

/**
 * Rebuilds the state of a run from its records. Pure: the same records always give the same state.
 * Records that do not belong to a step of this runbook are counted and otherwise ignored.
 */
export function replay(runbook: Runbook, records: readonly RecordBody[]): RunState {
  const answers = new Map<string, StepState>();
  const bySeq = new Map<number, string>();
  let sealed = false;
  let aborted = false;
  for (const record of records) {
    if (record.kind === 'seal') sealed = true;
    if (record.kind === 'event' && record.event.name === 'aborted') aborted = true;
    if (record.kind !== 'confirm' && record.kind !== 'correction') continue;
    const stepId =
      record.kind === 'correction' ? (bySeq.get(record.ref.seq) ?? record.step.id) : record.step.id;
    const step = runbook.steps.find((one) => one.id === stepId);
    if (step === undefined) continue;
    bySeq.set(record.seq, stepId);
    answers.set(stepId, answer(step, record, answers.get(stepId)));
  }
  const steps = runbook.steps.map(
    (step): StepState =>
      answers.get(step.id) ?? { step, verdict: null, note: '', by: null, at: null, seq: null, attempts: 0 },
  );
  const current = sealed || aborted ? null : nextStep(runbook, steps);
  return { steps, current, sealed, aborted, records: records.length };
}

function answer(step: Step, record: ConfirmBody | CorrectionBody, before: StepState | undefined): StepState {
  const attempts = (before?.attempts ?? 0) + (record.verdict === 'failed' ? 1 : 0);
  return {
    step,
    verdict: record.verdict,
    note: record.note,
    by: record.actor?.name ?? null,
    at: record.at,
    seq: record.seq,
    attempts,
  };
}

/**
 * The first step without an answer that stands. A failed step whose rule is to retry stays at hand; one whose rule is to back out
 * sends the run to its back-out step; one whose rule is to abort ends the run, and only sealing is left.
 */
function nextStep(runbook: Runbook, steps: readonly StepState[]): string | null {
  const failed = steps.find((one) => one.verdict === 'failed');
  if (failed !== undefined) {
    switch (failed.step.onFailure.action) {
      case 'retry':
        return failed.step.id;
      case 'abort':
        return null;
      case 'back-out': {
        const from = runbook.steps.findIndex((one) => one.id === failed.step.onFailure.step);
        const open = steps.slice(Math.max(from, 0)).find((one) => one.verdict === null);
        return open?.step.id ?? null;
      }
    }
  }
  return steps.find((one) => one.verdict === null)?.step.id ?? null;
}

const NEVER_DEPLOYED: ReadonlySet<Status> = new Set(['planned', 'placeholder', 'retired']);

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
  const placeholder = registeredStatus !== null && NEVER_DEPLOYED.has(registeredStatus);
  if (placeholder) {
    const verdicts = step.verdicts.filter(
      (one) => one === 'still_planned' || one === 'deviated' || one === 'failed',
    );
    const gated =
      gate === 'fails' || gate === 'unknown' || gate === 'not-run'
        ? verdicts.filter((one) => one !== 'still_planned')
        : verdicts;
    return {
      verdicts: gated,
      blocked:
        gated.length < verdicts.length
          ? gateReason(gate)
          : `documented as ${registeredStatus}: it cannot be confirmed as deployed`,
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

/** Whether a proposed answer may be signed. The journal's verifier checks the same rules again. */
export function admit(runbook: Runbook, state: RunState, proposal: Proposal): Admission {
  const no = (reason: string): Admission => ({ ok: false, reason });
  if (state.sealed) return no('the run is sealed');
  if (state.aborted) return no('the run was aborted');
  const step = runbook.steps.find((one) => one.id === proposal.stepId);
  if (step === undefined) return no(`there is no step "${proposal.stepId}"`);
  if (state.current !== step.id)
    return no(`the step at hand is "${state.current ?? 'none'}"; steps are answered in order`);
  const { verdicts, blocked } = offered(step, proposal.gate, proposal.registeredStatus);
  if (!verdicts.includes(proposal.verdict))
    return no(blocked === '' ? `"${proposal.verdict}" is not offered for this step` : blocked);
  if (proposal.verdict !== 'confirmed' && proposal.note.trim() === '')
    return no('this verdict needs a reason in the note');
  if (proposal.note.length > MAX_NOTE) return no(`the note is longer than ${MAX_NOTE} characters`);
  return { ok: true };
}

/** Judges a step's gates from assessments made for this moment, with a line for each gate. Pure. */
export function judgeGates(
  step: Step,
  assessments: readonly Assessment[],
): { readonly gate: GateState; readonly lines: readonly string[] } {
  if (step.gates.length === 0) return { gate: 'none', lines: [] };
  let gate: GateState = 'holds';
  const lines: string[] = [];
  for (const one of step.gates) {
    const found = assessments.find((assessment) => assessment.subject.id === one.subject);
    const expected = one.expectHealth.join(' or ');
    if (found === undefined) {
      lines.push(`${one.subject}: not in this estate (expected ${expected})`);
      if (gate === 'holds') gate = 'unknown';
      continue;
    }
    const holds = one.expectHealth.some((health) => health === found.health);
    const reason = found.findings.find((finding) => finding.severity !== 'info')?.reason;
    lines.push(
      `${one.subject}: ${found.status}, ${found.health} (expected ${expected})${holds || reason === undefined ? '' : `: ${reason}`}`,
    );
    if (holds) continue;
    if (found.health === 'unknown') gate = gate === 'fails' ? 'fails' : 'unknown';
    else gate = 'fails';
  }
  return { gate, lines };
}
