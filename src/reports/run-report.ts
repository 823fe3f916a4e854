import type { Block } from './run-document.ts';
import type { RunStory, StepStory } from './run-story.ts';

const time = (at: string | null): string => (at === null ? '' : at.replace(/\.\d+Z$/, 'Z'));
const words = (text: string): string => text.replaceAll('_', ' ');

/** The hand-over report of a run: every step, verdict, person, time, digest, deviation, and what verifying it gave. */
export function runReport(story: RunStory): readonly Block[] {
  const { runbook } = story;
  return [
    { kind: 'heading', level: 1, text: runbook.title },
    { kind: 'table', head: ['', ''], rows: aboutRows(story) },
    { kind: 'heading', level: 2, text: 'Verification' },
    ...verificationBlocks(story),
    { kind: 'heading', level: 2, text: 'Steps' },
    {
      kind: 'table',
      head: ['', 'step', 'answer', 'by', 'at', 'signed too', 'min', 'record', 'line SHA-256'],
      rows: story.steps.filter(isShown).map(stepRow),
    },
    ...section('What is open', openItems(story)),
    ...section(
      'Reasons and notes at the steps',
      story.steps.filter((one) => one.note !== '').map((one) => `${one.title}: "${one.note}"`),
    ),
    ...section(
      'Deviations',
      story.steps.flatMap((one) =>
        one.deviations.map(
          (each) => `${time(each.at)}, ${each.by}, at ${one.title}: "${each.text}" (record ${each.seq})`,
        ),
      ),
    ),
    ...section('Failures and corrections', troubles(story)),
    ...section(
      'Handovers',
      story.handovers.map(
        (one) =>
          `${time(one.at)}: ${one.from} to ${one.to}${one.accepted ? ', accepted by signature' : ', not accepted'} (record ${one.seq})${one.note === '' ? '' : `: "${one.note}"`}`,
      ),
    ),
    ...section(
      'Notes',
      story.notes.map(
        (one) =>
          `${time(one.at)}, ${one.by}${one.step === null ? '' : `, at ${one.step}`}: "${one.text}" (record ${one.seq})`,
      ),
    ),
    ...section(
      'What the probes showed',
      story.steps.flatMap((one) => one.gate.map((text) => `${one.title}: ${text}`)),
    ),
    ...attachedBlocks(story),
    ...section(
      'Claims',
      story.steps.flatMap((one) => one.claims.map((claim) => `${one.title}: ${claim}`)),
    ),
    ...section(
      'Shown to be deployed by the service itself, and witnessed where that is needed',
      story.deployed,
    ),
    { kind: 'heading', level: 2, text: 'Timeline' },
    {
      kind: 'table',
      head: ['record', 'at', 'minute', 'who', 'what', 'then at'],
      rows: story.timeline.map((one) => [
        String(one.record),
        time(one.at),
        String(one.minute),
        one.who,
        one.what,
        one.current ?? one.phase,
      ]),
    },
  ];
}

function aboutRows(story: RunStory): readonly (readonly string[])[] {
  const { runbook } = story;
  return [
    [
      'runbook',
      `${runbook.id} ${runbook.version}${runbook.origin === 'bundled-default' ? " (bundled default, not the operators' own text)" : ''}`,
    ],
    ['definition', story.sourceSha256],
    ['estate', `${story.estateId}${story.estateId.startsWith('demo:') ? ' (SIMULATED)' : ''}`],
    ['session', story.session],
    ['opened', time(story.openedAt)],
    ['sealed', story.sealedAt === null ? 'not sealed' : time(story.sealedAt)],
    [
      'took',
      `${story.minutes ?? 0} minutes${runbook.windowMinutes === null ? '' : ` of ${runbook.windowMinutes}`}${story.late ? ', LATE' : ''}`,
    ],
    ['people', story.people.join('; ')],
    ['records', `${story.records}; SHA-256 of the last line ${story.head ?? 'none'}`],
    ...runbook.variables.map((one) => [one.title, one.value] as const),
  ];
}

function verificationBlocks({ verification, irregular }: RunStory): readonly Block[] {
  const said: Block[] =
    verification === null
      ? [{ kind: 'text', text: 'Not verified here. Verify it with: c138 evidence verify' }]
      : [
          {
            kind: 'text',
            text: `${verification.verdict}; exit code ${verification.exitCode}, assurance ${verification.assurance}.`,
          },
          {
            kind: 'list',
            items: verification.findings.map((one) => `${one.step} ${one.severity}: ${one.text}`),
          },
        ];
  const odd = irregular.map((one) => `record ${one.seq}: ${one.reason}`);
  return odd.length === 0
    ? said
    : [
        ...said,
        { kind: 'text', text: 'Records that the rules of the runbook would not have let pass:' },
        { kind: 'list', items: odd },
      ];
}

/** Steps of a back-out are told only when they were walked. */
function isShown(one: StepStory): boolean {
  return one.backOut === null || one.verdict !== null;
}

function stepRow(one: StepStory): readonly string[] {
  const signed = one.signatures.map(({ name, meaning }) => `${name} ${meaning}`).join('; ');
  return [
    one.number === null ? 'back-out' : String(one.number),
    one.title,
    one.verdict === null ? 'none' : words(one.verdict),
    one.by ?? '',
    time(one.at),
    signed === '' ? (one.wantsSignature ? 'MISSING' : '') : signed,
    one.minutes === null ? '' : `${one.minutes}${one.late ? ` of ${one.budgetMinutes}, LATE` : ''}`,
    one.record === null ? '' : String(one.record),
    one.lineSha256 ?? '',
  ];
}

function openItems(story: RunStory): readonly string[] {
  if (story.sealedAt !== null) return story.openItems;
  return story.steps
    .filter((one) => one.backOut === null && (one.verdict === null || one.wantsSignature))
    .map((one) => (one.verdict === null ? one.title : `${one.title}: wants the signature of another person`));
}

function troubles(story: RunStory): readonly string[] {
  return [
    ...story.steps
      .filter((one) => one.attempts > 0)
      .map((one) => `${one.title}: failed ${one.attempts} time${one.attempts === 1 ? '' : 's'}`),
    ...story.corrections.map((one) => `record ${one.seq} corrects record ${one.ref.seq} (${one.step})`),
    ...story.steps.flatMap((one) => (one.conflict === null ? [] : [`${one.title}: ${one.conflict}`])),
  ];
}

function attachedBlocks(story: RunStory): readonly Block[] {
  const rows = story.steps.flatMap((one) =>
    one.attached.map((each) => [
      one.title,
      each.name,
      each.exitCode === null ? '' : `${each.exitCode}${each.unexpected ? ' (unexpected)' : ''}`,
      String(each.bytes),
      String(each.redacted),
      each.sha256 ?? '',
    ]),
  );
  if (rows.length === 0) return [];
  return [
    { kind: 'heading', level: 2, text: 'Attached outputs' },
    { kind: 'table', head: ['step', 'what', 'exit code', 'bytes', 'redacted', 'SHA-256 of the blob'], rows },
  ];
}

function section(title: string, items: readonly string[]): readonly Block[] {
  if (items.length === 0) return [];
  return [
    { kind: 'heading', level: 2, text: title },
    { kind: 'list', items },
  ];
}
