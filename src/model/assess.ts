import { absenceOf } from './absence.ts';
import { healthOf } from './assess-health.ts';
import { statusOf } from './assess-status.ts';
import { assessTier } from './assess-tier.ts';
import type { Assessment, CrossRule, EstateAssessment, Finding } from './assessment.ts';
import type { Attestation, PlannedOutage } from './attested.ts';
import type { DocumentedSubject } from './documented.ts';
import { ESTATE_RULES } from './estate-rules.ts';
import { isFresh, seenOf } from './evidence-level.ts';
import { interpret } from './interpretation.ts';
import type { EpochMs } from './json.ts';
import type { Observation } from './observation.ts';
import type { Snapshot } from './snapshot.ts';
import { unsaidSubject } from './unsaid.ts';
import { verdictOf } from './verdict.ts';

/** Everything known about one subject. */
export interface SubjectInput {
  readonly subject: DocumentedSubject;
  readonly observations: readonly Observation[];
  readonly attestations: readonly Attestation[];
  readonly outages: readonly PlannedOutage[];
  readonly cross: readonly Finding[];
  readonly offlineHosts: ReadonlySet<string>;
  readonly at: EpochMs;
  /** Time-to-live of evidence in seconds. */
  readonly ttlS: number;
  /** False while the pass still runs, or when it was interrupted. */
  readonly complete: boolean;
}

/** Gives one subject its two independent answers, status and health, with every reason. Pure. */
export function assessSubject(input: SubjectInput): Assessment {
  const { subject, at, ttlS } = input;
  const seen = seenOf(input.observations, at, ttlS);
  const { offlineHosts, cross, complete } = input;
  const health = healthOf({ subject, seen, at, ttlS, offlineHosts, cross, complete });
  const answer = statusOf({
    subject,
    seen,
    attestations: input.attestations,
    provenFailure: health.provenFailure,
  });
  const { status, applied } = interpret({
    subject,
    level: seen.freshLevel,
    status: answer.status,
    observations: seen.newest.filter((one) => isFresh(one, at, ttlS)),
  });
  const ruled: Finding[] = applied.map((rule) => ({
    rule: rule.id,
    subject: subject.id,
    severity: 'info',
    reason: rule.text,
    next: '',
    section: rule.section,
  }));
  const explained: Finding[] =
    answer.status === subject.status && answer.rule !== 'seen-failing'
      ? []
      : [{ rule: answer.rule, subject: subject.id, severity: 'info', reason: answer.reason, next: '' }];
  return {
    subject,
    status,
    health: health.health,
    level: seen.freshLevel,
    seenAt: seen.seenAt,
    stale: seen.seenAt !== null && at - seen.seenAt > ttlS * 1000,
    outage: input.outages.find((one) => Date.parse(one.from) <= at && at < Date.parse(one.until)) ?? null,
    absence: absenceOf({ subject, seen, at, ttlS, offlineHosts }),
    findings: [...health.findings, ...explained, ...ruled],
    observations: seen.newest,
  };
}

/**
 * Assesses every subject of a snapshot as of `at`, and the estate as a whole.
 * @param at live: the clock; a snapshot: the end of its capture
 * @param crossRules rules over several observations, for example those of the chain room
 */
export function assessEstate(
  snapshot: Snapshot,
  at: EpochMs,
  crossRules: readonly CrossRule[] = [],
): EstateAssessment {
  const subjects = withUndocumented(snapshot);
  const ttlS = snapshot.estate.thresholds.evidenceTtlS;
  const offlineHosts = offlineHostsOf(snapshot.observations, at, ttlS);
  const cross = [...ESTATE_RULES, ...crossRules].flatMap((rule) => rule({ subjects, snapshot, at }));
  const bySubject = Map.groupBy(snapshot.observations, (one) => one.subject);
  const crossBySubject = Map.groupBy(cross, (one) => one.subject);
  const single = subjects
    .filter((subject) => subject.kind !== 'tier')
    .map((subject) =>
      assessSubject({
        subject,
        observations: bySubject.get(subject.id) ?? [],
        attestations: snapshot.attestations.filter((one) => one.subject === subject.id),
        outages: snapshot.outages.filter((one) => one.subject === subject.id),
        cross: crossBySubject.get(subject.id) ?? [],
        offlineHosts,
        at,
        ttlS,
        complete: snapshot.complete,
      }),
    );
  const tiers = subjects
    .filter((subject) => subject.kind === 'tier')
    .map((tier) => assessTier(tier, single, crossBySubject.get(tier.id) ?? [], snapshot.complete));
  const byId = new Map([...single, ...tiers].map((one) => [one.subject.id, one]));
  const assessed = subjects.flatMap((subject) => byId.get(subject.id) ?? []);
  return {
    at,
    subjects: assessed,
    findings: assessed.flatMap((one) => one.findings),
    verdict: verdictOf(assessed, snapshot.complete),
  };
}

/** Adds the subjects that were observed but that no document names. */
function withUndocumented(snapshot: Snapshot): readonly DocumentedSubject[] {
  const known = new Set(snapshot.estate.subjects.map((subject) => subject.id));
  const extra = new Map<string, DocumentedSubject>();
  for (const one of snapshot.observations) {
    if (known.has(one.subject) || extra.has(one.subject)) continue;
    const { name } = one.answer.facts;
    extra.set(one.subject, unsaidSubject(one.subject, typeof name === 'string' ? name : undefined));
  }
  return [...snapshot.estate.subjects, ...extra.values()];
}

function offlineHostsOf(
  observations: readonly Observation[],
  at: EpochMs,
  ttlS: number,
): ReadonlySet<string> {
  const newest = new Map<string, Observation>();
  for (const one of observations) {
    if (one.probe !== 'pve-node' || typeof one.answer.facts.online !== 'boolean' || !isFresh(one, at, ttlS))
      continue;
    const known = newest.get(one.subject);
    if (known === undefined || known.ended <= one.ended) newest.set(one.subject, one);
  }
  const offline = [...newest.values()].filter((one) => one.answer.facts.online === false);
  return new Set(offline.map((one) => one.subject.slice('host:'.length)));
}
