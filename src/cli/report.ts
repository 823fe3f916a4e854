import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chainRules } from '../chain/index.ts';
import { type ArtefactState, checkArtefacts } from '../estate/index.ts';
import { ageText, assessEstate, type EstateAssessment, type Snapshot, sanitiseLine } from '../model/index.ts';
import { caliperHookDocument, caliperHookMarkdown } from '../reports/caliper-hook.ts';
import { discoveryOutputs, type OutputName } from '../reports/outputs.ts';
import { readinessDocument, readinessMarkdown } from '../reports/readiness.ts';
import { roadmapDocument, roadmapMarkdown } from '../reports/roadmap.ts';
import { blocksToMarkdown } from '../reports/run-document.ts';
import { runbookPage } from '../reports/runbook-page.ts';
import { bundledRunbooks } from '../runbooks/index.ts';
import type { Paths } from '../state/paths.ts';
import { newestRun, RUNS } from '../state/snapshots/newest-run.ts';
import { readSnapshot } from '../state/snapshots/snapshot-file.ts';
import { CliError, type Io, printJson } from './io.ts';
import { FOLLOW_UPS } from './phase3.ts';

export interface ReportFlags {
  readonly offline?: string | undefined;
  readonly json?: boolean | undefined;
}

/** What a report is made from. */
interface Material {
  readonly snapshot: Snapshot;
  readonly assessment: EstateAssessment;
  readonly artefacts: readonly ArtefactState[];
  /** Digests of benchmark reports that were kept. */
  readonly benchmarks: readonly string[];
}

interface Report {
  readonly name: string;
  readonly title: string;
  /** Number in the master plan's section 20, or null for an output of its section 3. */
  readonly deliverable: number | null;
  readonly text: (material: Material) => string | Promise<string>;
  /** The same for programs; without it there is only the text. */
  readonly document?: (material: Material) => unknown;
}

/** An output that discovery writes too, by its name without the ending. */
function output(
  name: string,
  title: string,
  deliverable: number | null,
  files: { readonly text?: OutputName; readonly json?: OutputName },
): Report {
  const file = ({ snapshot, assessment, artefacts }: Material, wanted: OutputName): string =>
    discoveryOutputs(snapshot, assessment, artefacts, [wanted])[0]?.text ?? '';
  const { text, json } = files;
  return {
    name,
    title,
    deliverable,
    text: (material) => file(material, text ?? json ?? 'summary.md'),
    ...(json === undefined ? {} : { document: (material) => JSON.parse(file(material, json)) as unknown }),
  };
}

const REPORTS: readonly Report[] = [
  output('inventory', 'Infrastructure inventory report', 1, {
    text: 'infrastructure-inventory.md',
    json: 'infrastructure-inventory.json',
  }),
  output('node-roles', 'Node role assignment map', 2, {
    text: 'node-role-matrix.md',
    json: 'node-role-matrix.json',
  }),
  {
    name: 'phase2-roadmap',
    title: 'Phase 2 sovereignization roadmap: what was seen beside each target',
    deliverable: 3,
    text: (one) => roadmapMarkdown(one.snapshot, one.assessment, one.artefacts),
    document: (one) => roadmapDocument(one.snapshot, one.assessment),
  },
  {
    name: 'phase3-runbook',
    title: 'Phase 3 liveness simulation runbook',
    deliverable: 4,
    text: phase3Page,
  },
  {
    name: 'caliper-hook',
    title: 'Caliper performance hook',
    deliverable: 5,
    text: (one) => caliperHookMarkdown(one.snapshot, one.benchmarks, one.artefacts),
    document: (one) => caliperHookDocument(one.snapshot, one.benchmarks),
  },
  {
    name: 'readiness',
    title: 'Operator readiness checklist: what is known of each execution directive',
    deliverable: 6,
    text: (one) => readinessMarkdown(one.snapshot, one.assessment, one.artefacts),
    document: (one) => readinessDocument(one.snapshot, one.assessment),
  },
  output('summary', 'Summary of discovery', null, { text: 'summary.md', json: 'assessment.json' }),
  output('critical', 'Critical failure summary', null, {
    text: 'critical-failure-summary.md',
    json: 'critical-failure-summary.json',
  }),
  output('scopes', 'The eight scopes', null, { text: 'eight-scopes.md', json: 'eight-scopes.json' }),
  output('service-map', 'Service state map', null, {
    text: 'service-state-map.md',
    json: 'service-state-map.json',
  }),
  output('dependencies', 'Dependency context', null, {
    text: 'dependency-context.md',
    json: 'dependency-context.json',
  }),
  output('dependency-tree', 'Dependency context as a tree', null, { text: 'dependency-tree.txt' }),
  output('conflicts', 'Sources that disagree', null, { json: 'conflicts.json' }),
  output('metrics', 'Metrics for Prometheus', null, { text: 'c138.prom' }),
];

/** What section 20 of the master plan leaves to the future. */
const FUTURE: ReadonlySet<string> = new Set(['security-compliance', 'security', 'benchmark']);

/** `c138 report list`: the reports that there are. */
export function reportList(flags: ReportFlags, io: Io): number {
  const reports = REPORTS.map(({ name, title, deliverable }) => ({ name, title, deliverable }));
  if (flags.json === true) printJson(io, { format: 'c138-reports', v: 1, reports });
  else
    for (const { name, title, deliverable } of reports)
      io.out(`${name.padEnd(16)} ${title}${deliverable === null ? '' : ` (section 20, ${deliverable})`}\n`);
  return 0;
}

/**
 * `c138 report NAME`: a deliverable of the master plan's section 20, or an output of its section 3, from the newest discovery or from a
 * snapshot. Asks nothing. Exit code 0, whatever the report says: the verdict is that of discovery; 2 when there is nothing to report from.
 */
export async function reportCommand(name: string, paths: Paths, flags: ReportFlags, io: Io): Promise<number> {
  const report = REPORTS.find((one) => one.name === name);
  if (report === undefined) throw new CliError(unknown(name));
  const path = flags.offline ?? (await newestRun(paths.reportsDir));
  if (path === null)
    throw new CliError(
      `there is no discovery yet in ${join(paths.reportsDir, RUNS)}. Run c138 discover first, or name a snapshot with --offline.`,
    );
  const { snapshot } = await readSnapshot(path);
  const { repository } = snapshot.estate;
  const material: Material = {
    snapshot,
    assessment: assessEstate(snapshot, Date.parse(snapshot.ended), chainRules),
    artefacts: repository === undefined ? [] : await checkArtefacts(repository),
    benchmarks: await benchmarksIn(join(paths.reportsDir, 'caliper')),
  };
  io.err(
    `c138: from ${path}, ${ageText(Date.now() - Date.parse(snapshot.ended))} old, ${material.assessment.verdict.result}\n`,
  );
  if (flags.json !== true) {
    const text = await report.text(material);
    io.out(text.endsWith('\n') ? text : `${text}\n`);
    return 0;
  }
  printJson(
    io,
    report.document?.(material) ?? {
      format: 'c138-report',
      v: 1,
      name,
      title: report.title,
      estate: snapshot.estate.id,
      at: snapshot.ended,
      text: await report.text(material),
    },
  );
  return 0;
}

function unknown(name: string): string {
  const there = REPORTS.map((one) => one.name).join(', ');
  return FUTURE.has(name)
    ? `"${name}" is a future deliverable of the master plan (section 20); nothing here makes one. There are: ${there}.`
    : `there is no report "${sanitiseLine(name, 40)}". There are: ${there}.`;
}

async function benchmarksIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => /^[0-9a-f]{64}$/.test(name)).sort();
}

/** The bundled follow-ups; the page says itself that they are not the operators' own text. */
async function phase3Page(): Promise<string> {
  const found = (await bundledRunbooks()).find(({ runbook }) => runbook.id === FOLLOW_UPS);
  if (found === undefined) throw new CliError(`the runbook ${FOLLOW_UPS} is not there`);
  return blocksToMarkdown(runbookPage(found.runbook, found.sourceSha256));
}
