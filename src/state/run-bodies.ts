import { cleanForEvidence, evidenceText } from '../evidence/canonical.ts';
import type {
  Actor,
  Assessment,
  Claim,
  ConfirmBody,
  DocumentedSubject,
  Hex,
  Observation,
  OpenBody,
  ProbeBody,
  ResumeBody,
  SealBody,
  SignedStep,
  Step,
  Verdict,
} from '../model/index.ts';
import { compareLevels, effectiveLevel } from '../model/index.ts';
import type { CompiledRunbook } from '../runbooks/index.ts';
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
  what: { estateId: string; trustSha256: Hex; compiled: CompiledRunbook },
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
      prev_seal: null,
      variables: {},
      chain_header: null,
    },
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
}

export function confirmBody(at: Position, actor: Actor, input: AnswerInput): ConfirmBody {
  const own = (input.gate?.observations ?? [])
    .filter((one) => one.subject === input.step.subject)
    .slice(0, 8);
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
