import { allConflicts } from '../estate/conflicts.ts';
import {
  type Assessment,
  ageText,
  type EstateAssessment,
  type Finding,
  HEALTHS,
  type Health,
  INTERPRETATION_RULES,
  type Snapshot,
  STATUSES,
  type SUBJECT_KINDS,
} from '../model/index.ts';
import { conflictTable, sourceText } from './conflicts.ts';
import { mdTable, mdText } from './markdown.ts';

const VERDICT_TEXT = {
  pass: 'pass: nothing critical failed, and everything critical could be looked at',
  'critical-failure': 'critical failure',
  incomplete: 'incomplete: something critical could not be looked at, which is neither healthy nor failed',
} as const;

const KIND_TITLE = {
  chain: 'Chain',
  cluster: 'Cluster',
  host: 'Hosts',
  tier: 'RPC tiers',
  vmid: 'Guests',
  program: 'Programme items',
} as const;

/**
 * The readable result of discovery, in Markdown: critical failures first, then what could not be looked at, conflicts,
 * the state of every service, and our own notes. Pure; says no more than the assessment says, and makes every outside
 * string inert.
 */
export function discoverySummary(snapshot: Snapshot, assessment: EstateAssessment): string {
  const { estate } = snapshot;
  const { verdict } = assessment;
  const lines: string[] = [`# Discovery of ${mdText(estate.name)}`, ''];
  if (estate.simulated) lines.push('**Simulated estate. Nothing below was seen on a real system.**', '');
  if (!snapshot.complete)
    lines.push('**The pass was interrupted. What is missing below was not looked at.**', '');
  lines.push(
    `**Verdict: ${VERDICT_TEXT[verdict.result]}** (exit code ${verdict.exitCode})`,
    '',
    ...mdTable(
      ['what', 'value'],
      [
        ['estate', estate.id],
        ['looked from', snapshot.vantage],
        ['started', snapshot.started],
        ['ended', snapshot.ended],
        ['assessed as of', new Date(assessment.at).toISOString()],
        ['tool', `${snapshot.tool.name} ${snapshot.tool.version}`],
        ['endpoints named in the estate file', String(estate.endpoints.length)],
        ['observations', String(snapshot.observations.length)],
      ],
    ),
    '',
    ...section('Critical failures', findingRows(verdict.critical, assessment), 'None.'),
    ...section(
      'Could not look (critical)',
      findingRows(verdict.unknown, assessment),
      verdict.result === 'incomplete' && !snapshot.complete
        ? 'The pass was interrupted before everything critical was asked.'
        : 'None.',
    ),
    ...section('Other findings', otherFindings(assessment), 'None.'),
    ...outages(assessment),
    ...conflicts(snapshot),
    ...counts(assessment),
    ...states(assessment),
    ...rules(assessment),
    ...notes(snapshot),
  );
  return `${lines.join('\n').trimEnd()}\n`;
}

function section(title: string, body: readonly string[], empty: string): readonly string[] {
  return [`## ${title}`, '', ...(body.length === 0 ? [empty] : body), ''];
}

function nameOf(assessment: EstateAssessment, subject: string): string {
  const name = assessment.subjects.find((one) => one.subject.id === subject)?.subject.name;
  return name === undefined || name === subject ? subject : `${subject} (${name})`;
}

function findingRows(findings: readonly Finding[], assessment: EstateAssessment): readonly string[] {
  return findings.flatMap((one) => [
    `* **${mdText(nameOf(assessment, one.subject))}**: ${mdText(one.reason)} \`${one.rule.replace(/[^\w-]/g, '')}\``,
    ...(one.next === '' ? [] : [`  Next: ${mdText(one.next)}`]),
  ]);
}

function otherFindings(assessment: EstateAssessment): readonly string[] {
  const told = new Set<Finding>([...assessment.verdict.critical, ...assessment.verdict.unknown]);
  const order = ['fail', 'unknown', 'warn'];
  const rest = assessment.findings
    .filter((one) => one.severity !== 'info' && !told.has(one))
    .sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  return mdTable(
    ['severity', 'subject', 'what', 'next step'],
    rest.map((one) => [one.severity, nameOf(assessment, one.subject), one.reason, one.next]),
  );
}

function outages(assessment: EstateAssessment): readonly string[] {
  const rows = assessment.subjects.flatMap((one) =>
    one.outage === null
      ? []
      : [[one.subject.id, one.health, one.outage.reason, one.outage.by, one.outage.until]],
  );
  if (rows.length === 0) return [];
  return section(
    'Planned outages (off the exit code until they expire)',
    mdTable(['subject', 'health', 'reason', 'by', 'until'], rows),
    '',
  );
}

function conflicts(snapshot: Snapshot): readonly string[] {
  return section(
    'Sources that disagree',
    conflictTable(allConflicts(snapshot)),
    'None found. Both sides would be shown; nothing is resolved silently.',
  );
}

function counts(assessment: EstateAssessment): readonly string[] {
  const count = (pick: (one: Assessment) => boolean): string =>
    String(assessment.subjects.filter(pick).length);
  return [
    '## Counts',
    '',
    ...mdTable(
      ['status', ...HEALTHS],
      STATUSES.map((status) => [
        status,
        ...HEALTHS.map((health) => count((one) => one.status === status && one.health === health)),
      ]),
    ),
    '',
  ];
}

const WORST_FIRST: readonly Health[] = [...HEALTHS].reverse();

function states(assessment: EstateAssessment): readonly string[] {
  const lines: string[] = [
    '## State of every service',
    '',
    'Status says how far a thing exists and never exceeds its evidence; health says how it is doing. Owner and region',
    'stay TBD until the documents say otherwise.',
    '',
  ];
  const kinds = [
    'chain',
    'cluster',
    'host',
    'tier',
    'vmid',
    'program',
  ] as const satisfies (typeof SUBJECT_KINDS)[number][];
  for (const kind of kinds) {
    const rows = assessment.subjects
      .filter((one) => one.subject.kind === kind)
      .sort((a, b) => WORST_FIRST.indexOf(a.health) - WORST_FIRST.indexOf(b.health) || byId(a, b))
      .map((one) => stateRow(one, assessment.at));
    if (rows.length === 0) continue;
    lines.push(
      `### ${KIND_TITLE[kind]}`,
      '',
      ...mdTable(
        [
          'subject',
          'name',
          'status',
          "the documents' word",
          'health',
          'evidence',
          'seen',
          'owner',
          'region',
          'critical',
        ],
        rows,
      ),
      '',
    );
  }
  return lines;
}

function byId(a: Assessment, b: Assessment): number {
  return (a.subject.vmid ?? 0) - (b.subject.vmid ?? 0) || (a.subject.id < b.subject.id ? -1 : 1);
}

function stateRow(one: Assessment, at: number): readonly string[] {
  const { subject } = one;
  return [
    subject.id,
    subject.name,
    one.status,
    subject.statusWord ?? '',
    one.outage === null ? one.health : `${one.health}, planned outage`,
    one.level,
    one.seenAt === null ? 'never' : `${ageText(at - one.seenAt)}${one.stale ? ', stale' : ''}`,
    subject.owner,
    subject.region,
    subject.critical ? 'yes' : '',
  ];
}

/** The master plan's rules that lowered a status here. */
function rules(assessment: EstateAssessment): readonly string[] {
  const used = INTERPRETATION_RULES.filter((rule) => assessment.findings.some((one) => one.rule === rule.id));
  return section(
    'Rules of the master plan that were applied',
    used.map((rule) => `* Section ${rule.section}: ${mdText(rule.text)}.`),
    'None lowered a status.',
  );
}

function notes(snapshot: Snapshot): readonly string[] {
  const { estate } = snapshot;
  const limits = Object.entries(estate.thresholds).map(([key, value]) => [key, String(value)]);
  return [
    ...section(
      'Guesses and gaps of this tool',
      mdTable(
        ['kind', 'what', 'where'],
        estate.notes.map((one) => [
          one.level,
          one.text,
          one.source === undefined ? '' : sourceText(one.source),
        ]),
      ),
      'None.',
    ),
    '## Limits in force',
    '',
    ...mdTable(['limit', 'value'], limits),
    '',
  ];
}
