import { effectiveLevel, isFresh } from './evidence-level.ts';
import type { Rfc3339 } from './json.ts';
import type { Observation } from './observation.ts';
import type { ConfirmBody, CorrectionBody } from './record.ts';
import type { Claim, Verdict } from './runbook.ts';
import { compareLevels, type Status } from './status.ts';

/** How old evidence for a claim of `deployed` may be when it is signed, in seconds. Part of the format. */
export const CLAIM_FRESH_S = 900;

/** What the documents call one of these was never deployed, or is no more. */
export const NEVER_DEPLOYED: ReadonlySet<Status> = new Set(['planned', 'placeholder', 'retired']);
/** Verdicts that may be given of such a subject. */
export const NEVER_DEPLOYED_VERDICTS: ReadonlySet<Verdict> = new Set(['still_planned', 'deviated', 'failed']);

/** The observations of earlier records, by `seq`. */
export type EvidenceBySeq = ReadonlyMap<number, readonly Observation[]>;

/**
 * Why a signed answer claims more than it may, or null. Planned, placeholder and retired things are never confirmed;
 * `deployed` needs a fresh passing observation of the service itself in the records it names.
 * Whether a witness is needed besides is `claimNeedsWitness`.
 */
export function claimProblem(body: ConfirmBody | CorrectionBody, evidence: EvidenceBySeq): string | null {
  const { step, verdict } = body;
  const { registered_status: registered } = step;
  if (registered !== null && NEVER_DEPLOYED.has(registered) && !NEVER_DEPLOYED_VERDICTS.has(verdict))
    return `step ${step.id}: its subject is registered as ${registered}, so the verdict can not be "${verdict}"`;
  for (const claim of body.claims) {
    const beyond = claim.evidence.find((seq) => seq > body.seq || !evidence.has(seq));
    if (beyond !== undefined)
      return `step ${step.id}: the claim on ${claim.subject} names record ${beyond}, which holds no observations`;
    if (claim.state !== 'deployed') continue;
    if (verdict !== 'confirmed')
      return `step ${step.id}: ${claim.subject} is called deployed under the verdict "${verdict}"`;
    if (!shown(claim, body.at, evidence))
      return `step ${step.id}: no passing observation of the service itself (level app, at most ${CLAIM_FRESH_S} s old) shows that ${claim.subject} is deployed`;
  }
  return null;
}

function shown(claim: Claim, at: Rfc3339, evidence: EvidenceBySeq): boolean {
  return claim.evidence.some((seq) =>
    (evidence.get(seq) ?? []).some(
      (observation) =>
        observation.subject === claim.subject &&
        mayShowDeployed(observation) &&
        isFresh(observation, Date.parse(at), CLAIM_FRESH_S),
    ),
  );
}

/** A passing observation of the service itself. */
export function mayShowDeployed(observation: Observation): boolean {
  return (
    observation.answer.class === 'ok' &&
    observation.answer.checks.every((check) => check.result !== 'fail') &&
    compareLevels(effectiveLevel(observation), 'app') >= 0
  );
}

/** True when a claim of `deployed` goes beyond what the documents said already. */
export function claimNeedsWitness(body: ConfirmBody | CorrectionBody): boolean {
  return body.claims.some(
    (claim) =>
      claim.state === 'deployed' &&
      !(claim.subject === body.step.subject && body.step.registered_status === 'deployed'),
  );
}
