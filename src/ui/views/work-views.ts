import { ageText, type Runbook, sanitiseLine } from '../../model/index.ts';
import type { RunStepView, RunView, SessionSummary, VerifySummary } from '../../state/backend.ts';
import { wrap } from '../text.ts';
import type { Tone } from '../theme.ts';
import type { ViewInput } from './estate-views.ts';
import { type Line, line, type Row, type Span, span, type View } from './types.ts';

/** Screen 6: runbooks to begin, and runs to go on with. */
export function runbooksView(
  input: ViewInput,
  runbooks: readonly Runbook[],
  sessions: readonly SessionSummary[],
): View {
  const open = sessions.filter((one) => one.state === 'open');
  const rows: Row[] = [
    ...open.map((one) => ({
      id: one.session,
      cells: [
        span('go on', 'warn'),
        span(sanitiseLine(one.runbookTitle)),
        span(`${one.records} records, opened ${ageText(input.now - one.openedAt)} ago`, 'dim'),
      ],
      opens: { kind: 'session' as const, session: one.session, path: one.path, state: one.state },
    })),
    ...runbooks.map((one) => ({
      id: one.id,
      cells: [
        span('begin', 'good'),
        span(one.title),
        span(`${wayOf(one.steps).length} steps, version ${one.version}`, 'dim'),
      ],
      opens: { kind: 'runbook' as const, id: one.id },
    })),
  ];
  return {
    title: 'Runbooks',
    top: [
      line(
        span(
          'Enter opens one. c138 runs read-only probes only; commands are shown for you to run elsewhere.',
          'dim',
        ),
      ),
    ],
    columns: [
      { label: '', width: 6 },
      { label: 'runbook', width: 30, grow: true },
      { label: 'what', width: 28 },
    ],
    rows,
    empty: 'No runbook is here.',
    framed: false,
  };
}

/** Screen 7: sessions, and what verifying one gave. */
export function evidenceView(
  input: ViewInput,
  sessions: readonly SessionSummary[],
  verified: VerifySummary | null,
): View {
  const top: Line[] =
    verified === null
      ? [
          line(
            span(
              'v verifies the session under the cursor, offline, against the trust store in force.',
              'dim',
            ),
          ),
        ]
      : [
          line(
            span(`Verified: ${verified.verdict}`, verified.exitCode === 0 ? 'good' : 'warn'),
            span(`  exit code ${verified.exitCode}, assurance ${verified.assurance}`),
          ),
          ...verified.lines.slice(0, 6).map((text) => line(span(`  ${sanitiseLine(text, 300)}`, 'dim'))),
        ];
  return {
    title: 'Evidence',
    top,
    columns: [
      { label: 'state', width: 7 },
      { label: 'session', width: 12 },
      { label: 'runbook', width: 30 },
      { label: 'records', width: 8 },
      { label: 'opened', width: 7 },
    ],
    rows: sessions.map((one) => ({
      id: one.session,
      cells: [
        span(one.state, one.state === 'sealed' ? 'good' : 'warn'),
        span(one.session.slice(2, 12)),
        span(sanitiseLine(one.runbookId)),
        span(String(one.records)),
        span(ageText(input.now - one.openedAt), 'dim'),
      ],
      opens: { kind: 'session' as const, session: one.session, path: one.path, state: one.state },
    })),
    empty: 'No session yet. Screen 6 begins one.',
    framed: true,
  };
}

/** The log: newest last. */
export function logView({ state, now }: ViewInput): View {
  return {
    title: 'Log',
    top: [],
    columns: [
      { label: 'ago', width: 6 },
      { label: 'level', width: 6 },
      { label: 'what', width: 20, grow: true },
      { label: 'times', width: 5 },
    ],
    rows: state.log.map((one, index) => {
      const tone: Tone = one.level === 'error' ? 'bad' : one.level === 'warn' ? 'warn' : 'plain';
      return {
        id: `${index}`,
        cells: [
          span(ageText(now - one.at), 'dim'),
          span(one.level, tone),
          span(sanitiseLine(one.text, 400)),
          span(one.count > 1 ? `${one.count}x` : '', 'dim'),
        ],
      };
    }),
    empty: 'Nothing to report.',
    framed: false,
  };
}

const STEP_WORD: Readonly<Record<string, string>> = {
  confirmed: 'confirmed',
  failed: 'FAILED',
  skipped: 'skipped',
  deviated: 'deviated',
  not_applicable: 'not applicable',
  still_planned: 'still planned',
  again: 'try again',
  abort: 'abort the run',
};

/** The words that a verdict is shown with. */
export function verdictWord(verdict: string): string {
  return STEP_WORD[verdict] ?? verdict;
}

/** A run: its steps as rows, the step at hand as lines on top. `columns` is the width available. */
export function runView(input: ViewInput, run: RunView, columns: number, roomForText: number): View {
  const { glyphs } = input;
  const current = run.steps.find((one) => one.step.id === run.current) ?? null;
  const way = run.steps.filter((one) => one.step.backOut === null);
  const done = way.filter((one) => one.verdict !== null).length;
  const state =
    run.state === 'sealed'
      ? span('SEALED', 'good')
      : run.broken !== null
        ? span('READ-ONLY', 'bad')
        : span('open', 'warn');
  const top: Line[] = [
    line(span(`${done} of ${way.length} steps answered, ${run.records} records, `), state),
  ];
  if (run.broken !== null) top.push(line(span(sanitiseLine(run.broken, 300), 'bad')));
  if (!run.begun && run.state === 'open')
    top.push(line(span('Not begun yet: b signs the beginning. Nothing can be recorded before.', 'warn')));
  const waiting = run.steps.filter(wantsWitness).map((one) => one.step.title);
  if (run.state === 'open' && waiting.length > 0)
    top.push(
      line(
        span(
          `Waits for a witness, who is another person: ${waiting.join('; ')}. w asks, W takes in.`,
          'warn',
        ),
      ),
    );
  if (current !== null) top.push(...stepLines(current, columns, roomForText));
  else if (run.state === 'open')
    top.push(...wrap(whatIsLeft(run), columns - 2).map((text) => line(span(text, 'accent'))));
  else
    top.push(
      line(
        span(
          `Sealed. Verify it anywhere: c138 evidence verify ${run.path} --trust FILE (your own copy of the trust store)`,
          'accent',
        ),
      ),
    );
  return {
    title: run.runbook.title,
    top,
    columns: [
      { label: '', width: 2 },
      { label: 'step', width: 24, grow: true },
      { label: 'answer', width: 15 },
      { label: 'by', width: 16 },
    ],
    rows: shownSteps(run).map((one) => ({
      id: one.step.id,
      cells: [
        span(
          one.step.id === run.current ? glyphs.pointer : one.verdict === null ? glyphs.open : glyphs.done,
          one.verdict === 'failed' ? 'bad' : 'plain',
        ),
        span(one.step.title, one.step.id === run.current ? 'strong' : 'plain'),
        span(
          one.verdict === null ? '' : verdictWord(one.verdict),
          one.verdict === 'failed' ? 'bad' : 'plain',
        ),
        byWhom(one),
      ],
    })),
    empty: '',
    framed: false,
  };
}

/** The steps of the way itself. */
function wayOf<T extends { readonly backOut: string | null }>(steps: readonly T[]): readonly T[] {
  return steps.filter((one) => one.backOut === null);
}

/** The way, and of the back-outs only what is walked or was. */
function shownSteps(run: RunView): readonly RunStepView[] {
  return run.steps.filter(
    (one) => one.step.backOut === null || one.verdict !== null || one.step.id === run.current,
  );
}

/** What an open run without a step at hand waits for. */
export function whatIsLeft(run: RunView): string {
  switch (run.phase) {
    case 'decision':
      return `The back-out is walked. Somebody decides: try "${run.failed ?? ''}" again (again, R), or abort (A).`;
    case 'stopped':
      return `Step "${run.failed ?? ''}" failed, and the runbook says to stop. Abort with a reason (A), then seal (S); or correct the answer.`;
    case 'aborted':
      return 'The run was aborted. S seals it: after that nothing can be added.';
    case 'sealed':
      return 'The run is sealed.';
    default:
      return 'Every step is answered. "seal" (S) seals the run: after that nothing can be added.';
  }
}

/** An answer that does not count yet, because nobody else signed it. */
function wantsWitness(one: RunStepView): boolean {
  return one.wantsSignature;
}

function byWhom(one: RunStepView): Span {
  if (wantsWitness(one)) return span('wants a witness', 'warn');
  return span(sanitiseLine([one.by ?? '', ...one.witnessedBy].join(' + '), 60), 'dim');
}

/** The step at hand in full: what to do, what to expect, what the probes show, what may be answered. */
export function stepLines(one: RunStepView, columns: number, room = 40): readonly Line[] {
  const { step } = one;
  const text = (label: string, body: string, tone: Tone = 'plain'): Line[] =>
    wrap(`${label}${body}`, columns - 2).map((part) => line(span(part, tone)));
  const fixed: Line[] = [...text('Expect: ', step.expected)];
  if (step.command !== null) fixed.push(...text('Run elsewhere: ', step.command, 'accent'));
  for (const out of one.attached)
    fixed.push(...text('', attachedText(out), out.unexpected ? 'warn' : 'plain'));
  if (one.conflict !== null) fixed.push(...text('Disagreement: ', one.conflict, 'warn'));
  for (const { text: words } of one.deviations)
    fixed.push(...text('Deviation: ', sanitiseLine(words, 300), 'warn'));
  fixed.push(...gateLines(one).flatMap(([body, tone]) => text('', body, tone)));
  const offers = one.offered.map((verdict) => offerWord(one, verdict)).join(', ');
  if (one.verdict === null || one.offered.length > 0)
    fixed.push(line(span(`May be answered: ${offers === '' ? 'nothing yet' : offers}`, 'strong')));
  else
    fixed.push(
      ...text('Answered: ', `${verdictWord(one.verdict)} by ${one.by ?? ''}. ${sanitiseLine(one.note, 300)}`),
    );
  if (one.wantsNote !== null) fixed.push(...text('With a note: ', one.wantsNote, 'accent'));
  if (step.witness)
    fixed.push(
      ...text(
        '',
        `Another person must ${step.approval ? 'approve' : 'witness'} the answer (w, afterwards).`,
        'accent',
      ),
    );
  if (one.blocked !== '') fixed.push(...text('', `Not to be confirmed: ${one.blocked}`, 'warn'));
  const instructions = text('', step.instructions);
  const left = Math.max(1, room - fixed.length - 2);
  const shown =
    instructions.length > left
      ? [...instructions.slice(0, left - 1), line(span('(more: enlarge the terminal)', 'dim'))]
      : instructions;
  return [
    line(
      span(step.title, 'accent'),
      span(step.subject === null ? '' : `  ${step.subject}`, 'dim'),
      span(step.mode === 'do-confirm' ? '' : `  ${step.mode}`, 'dim'),
      span(step.backOut === null ? '' : '  back-out', 'warn'),
    ),
    ...shown,
    ...fixed,
  ];
}

function offerWord({ step }: RunStepView, verdict: string): string {
  if (!step.pause) return verdictWord(verdict);
  return verdict === 'confirmed'
    ? 'go (confirmed)'
    : verdict === 'failed'
      ? 'no-go (failed)'
      : verdictWord(verdict);
}

function attachedText(out: RunStepView['attached'][number]): string {
  const code = out.exitCode === null ? '' : `, ended with ${out.exitCode}`;
  const hidden = out.redacted === 0 ? '' : `, ${out.redacted} secrets taken out`;
  return `Attached: ${sanitiseLine(out.name, 80)}, ${out.bytes} bytes${code}${hidden}`;
}

function gateLines(one: RunStepView): readonly (readonly [string, Tone])[] {
  const word: Readonly<Record<RunStepView['gate'], readonly [string, Tone]>> = {
    none: ['No probe can look at this: your own eyes count.', 'dim'],
    'not-run': ['Probes: not asked yet, p asks them.', 'warn'],
    holds: ['Probes show the expected reading:', 'good'],
    fails: ['Probes do NOT show the expected reading:', 'bad'],
    unknown: ['Probes could not look:', 'doubt'],
  };
  return [word[one.gate], ...one.gateLines.map((text) => [`  ${sanitiseLine(text, 300)}`, 'plain'] as const)];
}
