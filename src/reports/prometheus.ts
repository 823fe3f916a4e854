import { allConflicts } from '../estate/conflicts.ts';
import {
  ANSWER_CLASSES,
  type EstateAssessment,
  HEALTHS,
  type Snapshot,
  STATUSES,
  sanitiseLine,
} from '../model/index.ts';

type Labels = Readonly<Record<string, string>>;

/** One metric family in the text format of Prometheus (exposition format 0.0.4). */
interface Family {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly (readonly [Labels, number])[];
}

/** Backslash, double quote and line feed are escaped in label values (exposition format 0.0.4). */
function escaped(value: string): string {
  return sanitiseLine(value, 200).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function familyText({ name, help, samples }: Family): string {
  const lines = samples.map(([labels, value]) => {
    const inside = Object.entries(labels)
      .map(([key, text]) => `${key}="${escaped(text)}"`)
      .join(',');
    return `${name}${inside === '' ? '' : `{${inside}}`} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}`;
}

/**
 * The result of a pass for the text-file collector of a node exporter: the verdict, the health and status of every subject, ages and counts.
 * A subject that nobody could look at has health "unknown", never 0. Pure.
 */
export function prometheusText(snapshot: Snapshot, assessment: EstateAssessment): string {
  const { verdict, subjects } = assessment;
  const estate = { estate: snapshot.estate.id };
  const classes = new Map<string, number>();
  for (const one of snapshot.observations)
    classes.set(one.answer.class, (classes.get(one.answer.class) ?? 0) + 1);
  const id = (one: (typeof subjects)[number]): Labels => ({
    ...estate,
    subject: one.subject.id,
    name: one.subject.name,
    kind: one.subject.kind,
  });
  const families: readonly Family[] = [
    {
      name: 'c138_discovery_end_timestamp_seconds',
      help: 'When the last discovery ended, in seconds since 1970.',
      samples: [[estate, Date.parse(snapshot.ended) / 1000]],
    },
    {
      name: 'c138_discovery_duration_seconds',
      help: 'How long the last discovery took.',
      samples: [[estate, (Date.parse(snapshot.ended) - Date.parse(snapshot.started)) / 1000]],
    },
    {
      name: 'c138_discovery_exit_code',
      help: '0 pass, 1 critical failure, 3 something critical could not be looked at.',
      samples: [[estate, verdict.exitCode]],
    },
    {
      name: 'c138_discovery_complete',
      help: '1 when the pass was not interrupted.',
      samples: [[estate, snapshot.complete ? 1 : 0]],
    },
    {
      name: 'c138_critical_findings',
      help: 'Findings that decide the verdict: failures, and what could not be looked at.',
      samples: [
        [{ ...estate, kind: 'failure' }, verdict.critical.length],
        [{ ...estate, kind: 'could-not-look' }, verdict.unknown.length],
      ],
    },
    {
      name: 'c138_conflicts',
      help: 'Disagreements between sources, or between sources and what was seen.',
      samples: [[estate, allConflicts(snapshot).length]],
    },
    {
      name: 'c138_subjects',
      help: 'Subjects by status and health.',
      samples: STATUSES.flatMap((status) =>
        HEALTHS.map(
          (health) =>
            [
              { ...estate, status, health },
              subjects.filter((one) => one.status === status && one.health === health).length,
            ] as const,
        ),
      ),
    },
    {
      name: 'c138_observations',
      help: 'Answers of the pass by class.',
      samples: ANSWER_CLASSES.filter((one) => classes.has(one)).map((one) => [
        { ...estate, class: one },
        classes.get(one) ?? 0,
      ]),
    },
    {
      name: 'c138_subject_health',
      help: 'Always 1; the labels tell status and health.',
      samples: subjects.map((one) => [
        {
          ...id(one),
          status: one.status,
          health: one.health,
          outage: one.outage === null ? 'no' : 'planned',
        },
        1,
      ]),
    },
    {
      name: 'c138_absence',
      help: 'Always 1; the verdict of the proof of absence of a placeholder. A verdict of "unknown" is no absence.',
      samples: subjects.flatMap((one) =>
        one.absence === null ? [] : [[{ ...id(one), verdict: one.absence.verdict }, 1] as const],
      ),
    },
    {
      name: 'c138_subject_seen_age_seconds',
      help: 'Age of the newest look at the end of the pass; absent when it was never seen.',
      samples: subjects.flatMap((one) =>
        one.seenAt === null ? [] : [[id(one), Math.max(0, (assessment.at - one.seenAt) / 1000)] as const],
      ),
    },
  ];
  return families.map(familyText).join('');
}
