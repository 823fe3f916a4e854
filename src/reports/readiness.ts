import type { ArtefactState } from '../estate/artefacts.ts';
import { allConflicts } from '../estate/conflicts.ts';
import type { EstateAssessment, Snapshot } from '../model/index.ts';
import { artefactSection } from './inventory.ts';
import { mdTable, mdText } from './markdown.ts';

/** One execution directive of the master plan's section 19, and what is known of it. */
export interface Directive {
  readonly directive: number;
  readonly what: string;
  readonly known: string;
  readonly next: string;
}

export interface ReadinessDocument {
  readonly format: 'c138-readiness';
  readonly v: 1;
  readonly estate: string;
  readonly at: string;
  readonly directives: readonly Directive[];
}

/**
 * The six execution directives of the master plan's section 19, in their order, each with what a snapshot shows of it. It gives no verdict on
 * readiness: the operators' own checklist and what people sign do. Pure.
 */
export function readinessDocument(snapshot: Snapshot, assessment: EstateAssessment): ReadinessDocument {
  const { verdict } = assessment;
  const conflicts = allConflicts(snapshot);
  const addresses = conflicts.filter((one) => /address/.test(one.field)).length;
  const ledgers = assessment.subjects.filter(
    (one) => one.absence !== null || one.subject.category === 'firefly',
  );
  const attested = snapshot.attestations.map((one) => one.at).sort();
  const list = ledgers.map((one) => `${one.subject.id} ${one.absence?.verdict ?? `evidence ${one.level}`}`);
  const directives: readonly Omit<Directive, 'directive'>[] = [
    {
      what: 'Run Phase 1 discovery and review the critical failure summary',
      known: `run of ${snapshot.ended}, ${snapshot.complete ? 'complete' : 'interrupted'}: ${verdict.result}, exit code ${verdict.exitCode}; ${verdict.critical.length} critical failures, ${verdict.unknown.length} critical things that nobody could look at`,
      next: 'c138 discover; c138 report critical',
    },
    {
      what: 'Reconcile node-role matrix conflicts, especially duplicate IP planning entries',
      known: `${conflicts.length} conflicts between sources, ${addresses} of them about addresses`,
      next: 'c138 report conflicts; runbook duplicate-addresses',
    },
    {
      what: 'Validate live Hyperledger CTs at the app layer, not only CT status',
      known: list.length === 0 ? 'no guest of that kind is documented' : list.join('; '),
      next: 'c138 report scopes, scope 5; runbook placeholder-activation before one is called more than a placeholder',
    },
    {
      what: 'Track sovereignization gaps in the Phase 2 roadmap',
      known: 'see c138 report phase2-roadmap',
      next: "bring the operators' roadmap up to what was seen",
    },
    {
      what: 'Run the Phase 3 liveness wrapper and manual follow-ups',
      known: 'a snapshot does not say; the follow-ups are for people',
      next: 'c138 phase3, then runbook phase3-follow-ups',
    },
    {
      what: 'Produce or refresh readiness evidence',
      known:
        attested.length === 0
          ? 'no attestation was in force'
          : `${attested.length} attestations in force, the newest of ${attested.at(-1)}`,
      next: 'runbook production-gate; c138 evidence verify SESSION',
    },
  ];
  return {
    format: 'c138-readiness',
    v: 1,
    estate: snapshot.estate.id,
    at: snapshot.ended,
    directives: directives.map((one, index) => ({ directive: index + 1, ...one })),
  };
}

/** The same for people, with how the operators' own checklist stands. Pure. */
export function readinessMarkdown(
  snapshot: Snapshot,
  assessment: EstateAssessment,
  artefacts: readonly ArtefactState[],
): string {
  const { directives } = readinessDocument(snapshot, assessment);
  return [
    `# Operator readiness of ${mdText(snapshot.estate.name)}`,
    '',
    ...(snapshot.estate.simulated ? ['**Simulated estate.**', ''] : []),
    `As of ${snapshot.ended}. The execution directives of the master plan's section 19, with what discovery knows of each. The items of the operators' own`,
    'checklist (section 10) are in their document; this page replaces none of them and says nobody is ready.',
    '',
    ...mdTable(
      ['directive', 'what', 'known', 'next'],
      directives.map((one) => [String(one.directive), one.what, one.known, one.next]),
    ),
    '',
    ...artefactSection(
      artefacts.filter((one) => /readiness checklist|Production gate/.test(one.deliverable)),
      snapshot.estate.repository,
    ),
  ].join('\n');
}
