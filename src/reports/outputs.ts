import type { ArtefactState } from '../estate/artefacts.ts';
import { allConflicts } from '../estate/conflicts.ts';
import type { EstateAssessment, Snapshot } from '../model/index.ts';
import { assessmentDocument } from './assessment-json.ts';
import { criticalDocument, criticalMarkdown } from './critical.ts';
import { dependencyContext, dependencyDocument, dependencyMarkdown, dependencyTree } from './dependency.ts';
import { inventoryDocument, inventoryMarkdown } from './inventory.ts';
import { prometheusText } from './prometheus.ts';
import { roleMatrixDocument, roleMatrixMarkdown } from './role-matrix.ts';
import { scopesDocument, scopesMarkdown } from './scopes.ts';
import { serviceMapDocument, serviceMapMarkdown } from './service-map.ts';
import { discoverySummary } from './summary.ts';

/** One file of a discovery run besides the snapshot. */
export interface Output {
  readonly name: string;
  readonly text: string;
}

/** The names of the files that a run writes, besides the folder `snapshot`. */
export const OUTPUT_NAMES = [
  'summary.md',
  'assessment.json',
  'critical-failure-summary.md',
  'critical-failure-summary.json',
  'infrastructure-inventory.md',
  'infrastructure-inventory.json',
  'eight-scopes.md',
  'eight-scopes.json',
  'service-state-map.md',
  'service-state-map.json',
  'dependency-context.md',
  'dependency-context.json',
  'dependency-tree.txt',
  'node-role-matrix.md',
  'node-role-matrix.json',
  'conflicts.json',
  'c138.prom',
] as const;
export type OutputName = (typeof OUTPUT_NAMES)[number];

/**
 * Everything that a discovery writes for people and programs: the outputs of the master plan's section 3. Pure.
 * @param names only these
 */
export function discoveryOutputs(
  snapshot: Snapshot,
  assessment: EstateAssessment,
  artefacts: readonly ArtefactState[],
  names: readonly OutputName[] = OUTPUT_NAMES,
): readonly Output[] {
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  const texts: Readonly<Record<OutputName, () => string>> = {
    'summary.md': () => discoverySummary(snapshot, assessment),
    'assessment.json': () => json(assessmentDocument(snapshot, assessment)),
    'critical-failure-summary.md': () => criticalMarkdown(snapshot, assessment),
    'critical-failure-summary.json': () => json(criticalDocument(snapshot, assessment)),
    'infrastructure-inventory.md': () => inventoryMarkdown(snapshot, assessment, artefacts),
    'infrastructure-inventory.json': () => json(inventoryDocument(snapshot, assessment, artefacts)),
    'eight-scopes.md': () => scopesMarkdown(snapshot, assessment),
    'eight-scopes.json': () => json(scopesDocument(snapshot, assessment)),
    'service-state-map.md': () => serviceMapMarkdown(snapshot, assessment),
    'service-state-map.json': () => json(serviceMapDocument(snapshot, assessment)),
    'dependency-context.md': () => dependencyMarkdown(snapshot, assessment),
    'dependency-context.json': () => json(dependencyDocument(snapshot, assessment)),
    'dependency-tree.txt': () => dependencyTree(dependencyContext(snapshot, assessment), assessment),
    'node-role-matrix.md': () => roleMatrixMarkdown(snapshot, assessment),
    'node-role-matrix.json': () => json(roleMatrixDocument(snapshot, assessment)),
    'conflicts.json': () =>
      json({ format: 'c138-conflicts', v: 1, at: snapshot.ended, conflicts: allConflicts(snapshot) }),
    'c138.prom': () => prometheusText(snapshot, assessment),
  };
  return names.map((name) => ({ name, text: texts[name]() }));
}
