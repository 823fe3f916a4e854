import type { Absence, EstateAssessment, Finding, Snapshot } from '../model/index.ts';

/** The machine-readable result of discovery, version 1. Times are RFC 3339 or null. */
export interface AssessmentDocument {
  readonly format: 'c138-assessment';
  readonly v: 1;
  readonly tool: Snapshot['tool'];
  readonly estate: { readonly id: string; readonly name: string; readonly simulated: boolean };
  readonly vantage: string;
  readonly started: string;
  readonly ended: string;
  readonly at: string;
  readonly complete: boolean;
  readonly verdict: {
    readonly result: string;
    readonly exit_code: number;
    readonly critical: readonly Finding[];
    readonly unknown: readonly Finding[];
  };
  readonly subjects: readonly {
    readonly id: string;
    readonly kind: string;
    readonly name: string;
    readonly status: string;
    readonly status_word: string | null;
    readonly health: string;
    readonly level: string;
    readonly seen_at: string | null;
    readonly stale: boolean;
    readonly critical: boolean;
    readonly owner: string;
    readonly region: string;
    readonly tier: string | null;
    readonly outage_until: string | null;
    readonly absence: Absence | null;
    readonly findings: readonly Finding[];
  }[];
}

/** What the panes show, as plain data. Pure. */
export function assessmentDocument(snapshot: Snapshot, assessment: EstateAssessment): AssessmentDocument {
  const { estate } = snapshot;
  const { verdict } = assessment;
  return {
    format: 'c138-assessment',
    v: 1,
    tool: snapshot.tool,
    estate: { id: estate.id, name: estate.name, simulated: estate.simulated },
    vantage: snapshot.vantage,
    started: snapshot.started,
    ended: snapshot.ended,
    at: new Date(assessment.at).toISOString(),
    complete: snapshot.complete,
    verdict: {
      result: verdict.result,
      exit_code: verdict.exitCode,
      critical: verdict.critical,
      unknown: verdict.unknown,
    },
    subjects: assessment.subjects.map((one) => ({
      id: one.subject.id,
      kind: one.subject.kind,
      name: one.subject.name,
      status: one.status,
      status_word: one.subject.statusWord ?? null,
      health: one.health,
      level: one.level,
      seen_at: one.seenAt === null ? null : new Date(one.seenAt).toISOString(),
      stale: one.stale,
      critical: one.subject.critical,
      owner: one.subject.owner,
      region: one.subject.region,
      tier: one.subject.tier ?? null,
      outage_until: one.outage?.until ?? null,
      absence: one.absence,
      findings: one.findings,
    })),
  };
}
