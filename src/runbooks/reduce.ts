import {
  claimNeedsWitness,
  claimProblem,
  type DeviationBody,
  type EventBody,
  type HandoverBody,
  type ProbeBody,
  type RecordBody,
  type Runbook,
  type WitnessBody,
} from '../model/index.ts';
import { readingOf } from './gates.ts';
import { recordRefusal, wantsSignature } from './rules.ts';
import {
  type AnswerBody,
  ATTACHED_PROBE,
  type Attached,
  branchFrom,
  EVENTS,
  emptyRun,
  ownWay,
  type Phase,
  type RunState,
  type StepState,
} from './run-state.ts';

/**
 * Rebuilds the state of a run from its records. Pure: the same records always give the same state.
 * Records that do not belong to a step of this runbook are counted and otherwise ignored.
 */
export function replay(runbook: Runbook, records: readonly RecordBody[]): RunState {
  return records.reduce(reduce, emptyRun(runbook));
}

/** Takes in one record. What the rules would have refused is taken in all the same, and named in `irregular`. */
export function reduce(run: RunState, record: RecordBody): RunState {
  const refusal = recordRefusal(run, record);
  const taken = takeIn(run, record);
  const placed = { ...taken, ...placeOf(taken) };
  const moved = placed.current !== null && (placed.current !== run.current || run.phase === 'not-begun');
  return {
    ...placed,
    steps: moved
      ? withStep(placed.steps, placed.current, (one) => ({
          ...one,
          since: { seq: record.seq, at: record.at },
        }))
      : placed.steps,
    records: run.records + 1,
    last: { at: record.at, clock: record.clock },
    irregular: refusal === null ? run.irregular : [...run.irregular, { seq: record.seq, reason: refusal }],
  };
}

function takeIn(run: RunState, record: RecordBody): RunState {
  switch (record.kind) {
    case 'open':
      return { ...run, openedAt: record.at, inCharge: record.actor, phase: 'steps' };
    case 'resume':
      return { ...run, inCharge: record.actor, steps: forgetReadings(run.steps) };
    case 'probe':
      return takeProbe(run, record);
    case 'confirm':
    case 'correction':
      return takeAnswer(run, record);
    case 'witness':
      return takeWitness(run, record);
    case 'deviation':
      return takeDeviation(run, record);
    case 'handover':
      return takeHandover(run, record);
    case 'event':
      return takeEvent(run, record);
    case 'seal':
      return { ...run, sealed: true, sealedAt: record.at };
    case 'checkpoint':
      return run;
  }
}

function withStep(
  steps: readonly StepState[],
  id: string | null,
  change: (one: StepState) => StepState,
): readonly StepState[] {
  return steps.map((one) => (one.step.id === id ? change(one) : one));
}

/** Who takes over looks for themselves. */
function forgetReadings(steps: readonly StepState[]): readonly StepState[] {
  return steps.map((one) => (one.reading === null ? one : { ...one, reading: null }));
}

function takeProbe(run: RunState, record: ProbeBody): RunState {
  const evidence = keep(run, record.seq, record.observations);
  const steps = withStep(run.steps, record.step, (one) => ({
    ...one,
    reading: readingOf(one.step, record.observations, record.seq, record) ?? one.reading,
    attached: [...one.attached, ...attachedIn(record, one)],
  }));
  return { ...run, evidence, steps };
}

function keep(run: RunState, seq: number, observations: ProbeBody['observations']): RunState['evidence'] {
  return observations.length === 0 ? run.evidence : new Map(run.evidence).set(seq, observations);
}

function attachedIn(record: ProbeBody, { step }: StepState): readonly Attached[] {
  return record.observations
    .filter((one) => one.probe === ATTACHED_PROBE)
    .map(({ answer, raw }) => {
      const exitCode = answer.code ?? null;
      return {
        seq: record.seq,
        at: record.at,
        name: typeof answer.facts.name === 'string' ? answer.facts.name : '',
        exitCode,
        unexpected: exitCode !== null && exitCode !== step.expectExit,
        sha256: raw?.sha256 ?? null,
        bytes: raw?.bytes ?? 0,
        redacted: (raw?.redactions ?? []).reduce((sum, one) => sum + one.count, 0),
      };
    });
}

function takeAnswer(run: RunState, record: AnswerBody): RunState {
  const stepId =
    record.kind === 'correction' ? (run.answered.get(record.ref.seq) ?? record.step.id) : record.step.id;
  if (!run.steps.some((one) => one.step.id === stepId)) return run;
  const steps = withStep(run.steps, stepId, (one) => ({
    ...one,
    verdict: record.verdict,
    note: record.note,
    by: record.actor?.name ?? null,
    person: record.actor?.person ?? null,
    at: record.at,
    seq: record.seq,
    attempts: one.attempts + (record.verdict === 'failed' ? 1 : 0),
    reopened: false,
    needsWitness: one.step.witness || claimNeedsWitness(record),
    signatures: [],
    claims: record.claims,
    registeredStatus: record.step.registered_status,
  }));
  return {
    ...run,
    steps,
    answered: new Map(run.answered).set(record.seq, stepId),
    evidence: record.kind === 'confirm' ? keep(run, record.seq, record.observations) : run.evidence,
    corrections:
      record.kind === 'correction'
        ? [...run.corrections, { seq: record.seq, ref: record.ref, step: stepId }]
        : run.corrections,
  };
}

function takeWitness(run: RunState, { ref, witness }: WitnessBody): RunState {
  const { name, person, meaning } = witness;
  const steps = run.steps.map((one) =>
    one.seq !== null && one.seq === ref.seq && one.person !== person
      ? { ...one, signatures: [...one.signatures, { name, person, meaning }] }
      : one,
  );
  return { ...run, steps };
}

function takeDeviation(run: RunState, record: DeviationBody): RunState {
  const remark = {
    seq: record.seq,
    at: record.at,
    by: record.actor?.name ?? '',
    step: record.step.id,
    text: record.note,
  };
  return {
    ...run,
    steps: withStep(run.steps, record.step.id, (one) => ({
      ...one,
      deviations: [...one.deviations, remark],
    })),
  };
}

function takeHandover(run: RunState, record: HandoverBody): RunState {
  const { to } = record;
  const handover = {
    seq: record.seq,
    at: record.at,
    from: record.actor?.name ?? '',
    to: to.name,
    accepted: record.accept !== null,
    note: record.note,
  };
  return {
    ...run,
    inCharge: to,
    handovers: [...run.handovers, handover],
    steps: forgetReadings(run.steps),
  };
}

function takeEvent(run: RunState, record: EventBody): RunState {
  const { name, detail } = record.event;
  const step = typeof detail.step === 'string' ? detail.step : null;
  const text = typeof detail.text === 'string' ? detail.text : '';
  switch (name) {
    case EVENTS.aborted:
      return { ...run, aborted: true, notes: [...run.notes, remarkOf(record, step, text)] };
    case EVENTS.note:
      return { ...run, notes: [...run.notes, remarkOf(record, step, text)] };
    case EVENTS.again:
      return {
        ...run,
        notes: [...run.notes, remarkOf(record, step, text)],
        steps: withStep(run.steps, run.failed, (one) => ({ ...one, reopened: true })),
      };
    default:
      return run;
  }
}

function remarkOf(record: EventBody, step: string | null, text: string): RunState['notes'][number] {
  return { seq: record.seq, at: record.at, by: record.actor?.name ?? '', step, text };
}

/**
 * Where the run stands. A failed step whose rule is to retry stays at hand; one whose rule is to back out sends the run down its branch, and
 * then somebody decides; one whose rule is to abort stops the run, and only sealing is left.
 */
function placeOf(run: RunState): Pick<RunState, 'phase' | 'current' | 'failed'> {
  const at = (phase: Phase, current: string | null, failed: string | null = null) => ({
    phase,
    current,
    failed,
  });
  if (run.sealed) return at('sealed', null);
  if (run.aborted) return at('aborted', null, run.failed);
  if (run.phase === 'not-begun') return at('not-begun', run.current);
  const way = ownWay(run.steps);
  const failed = way.find((one) => one.verdict === 'failed');
  if (failed === undefined) {
    const next = way.find((one) => one.verdict === null);
    return next === undefined ? at('done', null) : at('steps', next.step.id);
  }
  const { id, onFailure } = failed.step;
  if (failed.reopened || onFailure.action === 'retry') return at('steps', id, id);
  if (onFailure.action === 'abort') return at('stopped', null, id);
  const since = failed.seq ?? 0;
  const branch = branchFrom(run.steps, onFailure.step);
  const open = branch.find((one) => one.verdict === 'failed' || one.seq === null || one.seq < since);
  if (open === undefined) return at('decision', null, id);
  const gone = open.verdict === 'failed' && (open.seq ?? 0) > since;
  if (gone && open.step.onFailure.action === 'abort') return at('stopped', null, id);
  return at('back-out', open.step.id, id);
}

/** Subjects whose claim of `deployed` counts: shown by the service itself, and witnessed where the documents did not say so. */
export function deployedByRun(run: RunState, records: readonly RecordBody[]): readonly string[] {
  const out = new Set<string>();
  for (const one of run.steps) {
    const body = records.find((record) => record.seq === one.seq);
    if (body === undefined || (body.kind !== 'confirm' && body.kind !== 'correction')) continue;
    if (claimProblem(body, run.evidence) !== null) continue;
    if (run.irregular.some(({ seq }) => seq === one.seq)) continue;
    if (wantsSignature(one)) continue;
    for (const claim of one.claims) if (claim.state === 'deployed') out.add(claim.subject);
  }
  return [...out];
}
