import { allConflicts } from '../estate/conflicts.ts';
import {
  type EstateAssessment,
  type Finding,
  impactText,
  type Snapshot,
  type SubjectId,
} from '../model/index.ts';
import { dependencyContext } from './dependency.ts';
import { mdTable, mdText } from './markdown.ts';

/** One critical finding with what the failure takes down. */
export interface CriticalEntry extends Finding {
  readonly name: string;
  /** What else is down because of it, in words; empty when nothing is known to need it. */
  readonly effect: string;
}

/** The critical failure summary, version 1. */
export interface CriticalDocument {
  readonly format: 'c138-critical';
  readonly v: 1;
  readonly estate: string;
  readonly at: string;
  readonly verdict: string;
  readonly exit_code: number;
  readonly complete: boolean;
  readonly critical: readonly CriticalEntry[];
  readonly could_not_look: readonly CriticalEntry[];
  readonly outages: readonly {
    readonly subject: string;
    readonly health: string;
    readonly reason: string;
    readonly by: string;
    readonly until: string;
  }[];
  readonly conflicts: number;
}

/** What decides the exit code, with its consequences. Pure. */
export function criticalDocument(snapshot: Snapshot, assessment: EstateAssessment): CriticalDocument {
  const { impacts } = dependencyContext(snapshot, assessment);
  const names = new Map(assessment.subjects.map((one) => [one.subject.id, one.subject.name]));
  const entry = (one: Finding): CriticalEntry => {
    const impact = impacts.get(one.subject);
    return {
      ...one,
      name: names.get(one.subject) ?? one.subject,
      effect: impact === undefined ? '' : impactText(impact, (id: SubjectId) => id),
    };
  };
  const { verdict } = assessment;
  return {
    format: 'c138-critical',
    v: 1,
    estate: snapshot.estate.id,
    at: snapshot.ended,
    verdict: verdict.result,
    exit_code: verdict.exitCode,
    complete: snapshot.complete,
    critical: verdict.critical.map(entry),
    could_not_look: verdict.unknown.map(entry),
    outages: assessment.subjects.flatMap(({ subject, health, outage }) =>
      outage === null
        ? []
        : [{ subject: subject.id, health, reason: outage.reason, by: outage.by, until: outage.until }],
    ),
    conflicts: allConflicts(snapshot).length,
  };
}

/** `critical-failure-summary.md`. Pure. */
export function criticalMarkdown(snapshot: Snapshot, assessment: EstateAssessment): string {
  const document = criticalDocument(snapshot, assessment);
  const list = (entries: readonly CriticalEntry[], empty: string): readonly string[] =>
    entries.length === 0
      ? [empty]
      : entries.flatMap((one) => [
          `* **${mdText(one.subject)}** (${mdText(one.name)}): ${mdText(one.reason)}`,
          ...(one.effect === '' ? [] : [`  Effect: ${mdText(one.effect, 600)}`]),
          ...(one.next === '' ? [] : [`  Next: ${mdText(one.next)}`]),
        ]);
  return [
    `# Critical failure summary of ${mdText(snapshot.estate.name)}`,
    '',
    ...(snapshot.estate.simulated ? ['**Simulated estate.**', ''] : []),
    ...(snapshot.complete ? [] : ['**The pass was interrupted. What is missing was not looked at.**', '']),
    `As of ${snapshot.ended}: **${document.verdict}**, exit code ${document.exit_code}. The exit code is the verdict; this text is its record.`,
    '',
    '## Critical failures',
    '',
    ...list(document.critical, 'None.'),
    '',
    '## Critical, and nobody could look',
    '',
    ...list(document.could_not_look, snapshot.complete ? 'None.' : 'The pass was interrupted.'),
    '',
    '## Planned outages',
    '',
    ...(document.outages.length === 0
      ? ['None in force.']
      : mdTable(
          ['subject', 'health', 'reason', 'by', 'until'],
          document.outages.map((one) => [one.subject, one.health, one.reason, one.by, one.until]),
        )),
    '',
    `Sources that disagree: ${document.conflicts}. They are listed in infrastructure-inventory.md, each with rank and date.`,
    '',
  ].join('\n');
}
