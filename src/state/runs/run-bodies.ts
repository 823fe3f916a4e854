import { cleanForEvidence, evidenceText } from '../../evidence/record/canonical.ts';
import type {
  Actor,
  Assessment,
  CheckpointBody,
  Claim,
  ConfirmBody,
  CorrectionBody,
  DeviationBody,
  DocumentedSubject,
  EventBody,
  HandoverBody,
  Hex,
  JsonObject,
  LineRef,
  Observation,
  OpenBody,
  ProbeBody,
  ResumeBody,
  SealBody,
  SignedStep,
  Step,
  Verdict,
} from '../../model/index.ts';
import { compareLevels, effectiveLevel } from '../../model/index.ts';
import type { CompiledRunbook } from '../../runbooks/index.ts';
import { recordContext } from './run-context.ts';

/** Place and predecessor of the next record. */
export interface Position {
  readonly session: Hex;
  readonly seq: number;
  readonly prev: Hex;
}

export function openBody(
  at: Position,
  actor: Actor,
  what: {
    estateId: string;
    trustSha256: Hex;
    compiled: CompiledRunbook;
    /** The seal that was made last on this machine; null where there is none. */
    prevSeal: Hex | null;
    /** A header of the estate's chain that is older than this record. */
    chainHeader: JsonObject | null;
  },
): OpenBody {
  const { runbook, sha256, sourceSha256 } = what.compiled;
  return {
    ...recordContext(),
    ...at,
    kind: 'open',
    actor,
    open: {
      estate_id: what.estateId,
      trust_sha256: what.trustSha256,
      runbook: { id: runbook.id, version: runbook.version, sha256, source_sha256: sourceSha256 },
      prev_seal: what.prevSeal,
      variables: Object.fromEntries(runbook.variables.map((one) => [one.name, one.value])),
      chain_header: what.chainHeader,
    },
  };
}

/** What the journal holds so far, as the machine sees it; `why` says at what occasion. */
export function checkpointBody(
  at: Position,
  root: Hex,
  why: string,
  chainHeader: JsonObject | null,
): CheckpointBody {
  return {
    ...recordContext(),
    ...at,
    kind: 'checkpoint',
    actor: null,
    checkpoint: { size: at.seq, root, text: evidenceText(why, 2_000), chain_header: chainHeader },
  };
}

export function resumeBody(at: Position, actor: Actor, resume: ResumeBody['resume']): ResumeBody {
  return { ...recordContext(), ...at, kind: 'resume', actor, resume };
}

export function probeBody(at: Position, step: string, observations: readonly Observation[]): ProbeBody {
  return {
    ...recordContext(),
    ...at,
    kind: 'probe',
    actor: null,
    step,
    observations: cleanForEvidence(observations) as unknown as Observation[],
  };
}

export function sealBody(at: Position, actor: Actor, seal: SealBody['seal']): SealBody {
  return { ...recordContext(), ...at, kind: 'seal', actor, seal };
}

/** The step as it stands on the screen when it is signed. */
export function signedStep(step: Step, subject: DocumentedSubject | undefined): SignedStep {
  return {
    id: step.id,
    text: evidenceText(`${step.title}: ${step.instructions}`, 4_000),
    expected: evidenceText(step.expected, 2_000),
    mode: step.mode,
    critical: step.critical,
    subject: step.subject,
    registered_status: subject?.status ?? null,
  };
}

export interface AnswerInput {
  readonly step: Step;
  readonly subject: DocumentedSubject | undefined;
  readonly verdict: Verdict;
  readonly note: string;
  /** What the gate showed, and the `seq` of the record that holds it; null where no gate ran. */
  readonly gate: {
    readonly seq: number;
    readonly assessments: readonly Assessment[];
    readonly observations: readonly Observation[];
  } | null;
  /** What the operator attached to the step. */
  readonly attached: readonly Observation[];
}

export function confirmBody(at: Position, actor: Actor, input: AnswerInput): ConfirmBody {
  const seen = (input.gate?.observations ?? []).filter((one) => one.subject === input.step.subject);
  const own = [...seen.slice(0, 8), ...input.attached.slice(-8)];
  return {
    ...recordContext(),
    ...at,
    kind: 'confirm',
    actor,
    step: signedStep(input.step, input.subject),
    verdict: input.verdict,
    observations: cleanForEvidence(own) as unknown as Observation[],
    claims: claimsOf(input),
    note: evidenceText(input.note, 2_000),
  };
}

/** Another answer in place of one that stands; its evidence is in the records that its claims name. */
export function correctionBody(at: Position, actor: Actor, ref: LineRef, input: AnswerInput): CorrectionBody {
  return {
    ...recordContext(),
    ...at,
    kind: 'correction',
    actor,
    ref,
    step: signedStep(input.step, input.subject),
    verdict: input.verdict,
    claims: claimsOf(input),
    note: evidenceText(input.note, 2_000),
  };
}

export function deviationBody(
  at: Position,
  actor: Actor,
  step: Step,
  subject: DocumentedSubject | undefined,
  note: string,
): DeviationBody {
  return { ...recordContext(), ...at, kind: 'deviation', actor, step: signedStep(step, subject), note };
}

export function eventBody(at: Position, actor: Actor, name: string, detail: JsonObject): EventBody {
  return { ...recordContext(), ...at, kind: 'event', actor, event: { name, detail } };
}

export function handoverBody(
  at: Position,
  actor: Actor,
  parts: Pick<HandoverBody, 'to' | 'accept' | 'note'>,
): HandoverBody {
  return { ...recordContext(), ...at, kind: 'handover', actor, ...parts };
}

/**
 * The status that an answer claims for the step's subject: for "still planned" the documented one; for "confirmed" what the probes
 * showed, and never more. `deployed` needs an observation of the service itself in the named record, or it is not claimed.
 */
export function claimsOf({ step, subject, verdict, gate }: AnswerInput): readonly Claim[] {
  if (step.subject === null || subject === undefined) return [];
  const evidence = gate === null ? [] : [gate.seq];
  if (verdict === 'still_planned') return [{ subject: step.subject, state: subject.status, evidence }];
  if (verdict !== 'confirmed' || gate === null) return [];
  const assessed = gate.assessments.find((one) => one.subject.id === step.subject);
  if (assessed === undefined || assessed.status === 'unknown') return [];
  const shown = gate.observations.some(
    (one) =>
      one.subject === step.subject &&
      one.answer.class === 'ok' &&
      compareLevels(effectiveLevel(one), 'app') >= 0,
  );
  if (assessed.status === 'deployed' && !shown) return [];
  return [{ subject: step.subject, state: assessed.status, evidence }];
}
