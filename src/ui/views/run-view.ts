import { ageText, sanitiseLine } from '../../model/index.ts';
import type { RunStepView, RunView } from '../../state/backend.ts';
import { wrap } from '../text.ts';
import type { Tone } from '../theme.ts';
import type { ViewInput } from './estate-views.ts';
import { type Hands, KEYS } from './run-hands.ts';
import { stepBrief, stepDoing, stepLines } from './step-view.ts';
import { type Line, line, type Row, type Span, span, type View } from './types.ts';
import { verdictWord } from './verdict-word.ts';

/** Rows that stay for the list of steps, however long the text of the step at hand is. */
const LEAST_ROWS = 5;
/** Columns before the text of a row. */
const INDENT = 4;

/** A run: its steps as rows, the step at hand as lines on top. `columns` is the width available. */
export function runView(
  input: ViewInput,
  run: RunView,
  columns: number,
  roomForText: number,
  hands: Hands = KEYS,
): View {
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
    line(span(`${done} of ${way.length} steps answered, ${run.records} records, `), state, ...whoLeads(run)),
    ...lateLines(run, input.now),
  ];
  if (run.changed !== null)
    top.push(
      ...wrap(
        `${run.changed}. To go on with the session's own text: ${hands.begin}, and a reason.`,
        columns - 2,
      ).map((text) => line(span(sanitiseLine(text, 300), 'warn'))),
    );
  if (run.checkpoint !== null)
    top.push(line(span(`Checkpoint of ${run.checkpoint.size} records: ${run.checkpoint.code}`, 'dim')));
  if (run.broken !== null) top.push(line(span(sanitiseLine(run.broken, 300), 'bad')));
  if (!run.begun && run.state === 'open')
    top.push(
      line(
        span(`Not begun yet: ${hands.begin} signs the beginning. Nothing can be recorded before.`, 'warn'),
      ),
    );
  if (run.state === 'open') top.push(...waitingLines(run, hands));
  let brief = false;
  if (current !== null) {
    const live = liveLine(input, current);
    const whole = stepLines(current, columns, hands);
    brief = top.length + whole.length + live.length > roomForText - LEAST_ROWS;
    top.push(...(brief ? stepBrief(current, columns, hands) : whole), ...live);
  } else if (run.state === 'open')
    top.push(...wrap(whatIsLeft(run, hands), columns - 2).map((text) => line(span(text, 'accent'))));
  else
    top.push(
      line(
        span(
          `Sealed. Verify it anywhere: c138 evidence verify ${run.path} --trust FILE (your own copy of the trust store)`,
          'accent',
        ),
      ),
    );
  const list = brief ? textFirst(run, columns, glyphs) : stepList(run, glyphs);
  return { title: run.runbook.title, top, ...list, empty: '', framed: false };
}

/** Whose signature is missing, approvals apart: one word is not taken for the other. */
function waitingLines(run: RunView, hands: Hands): readonly Line[] {
  const waiting = run.steps.filter(wantsWitness);
  const say = (what: string, steps: readonly RunStepView[]): readonly Line[] =>
    steps.length === 0
      ? []
      : [
          line(
            span(
              `Waits for ${what} ${steps.map((one) => one.step.title).join('; ')}. ${hands.witness} asks, ${hands.take} takes in.`,
              'warn',
            ),
          ),
        ];
  return [
    ...say(
      'a witness, who is another person:',
      waiting.filter((one) => !one.step.approval),
    ),
    ...say(
      'an approval, by another person:',
      waiting.filter((one) => one.step.approval),
    ),
  ];
}

/** The steps, with answers and names in columns of their own. */
function stepList(run: RunView, glyphs: ViewInput['glyphs']): Pick<View, 'columns' | 'rows'> {
  return {
    columns: [
      { label: '', width: 2 },
      { label: 'step', width: 24, grow: true },
      { label: 'answer', width: 15 },
      { label: 'by', width: 16 },
    ],
    rows: shownSteps(run).map((one) => ({
      id: one.step.id,
      cells: [
        markOf(run, one, glyphs),
        span(one.step.title, one.step.id === run.current ? 'strong' : 'plain'),
        span(
          one.verdict === null ? '' : verdictWord(one.verdict),
          one.verdict === 'failed' ? 'bad' : 'plain',
        ),
        byWhom(one),
      ],
    })),
  };
}

/** Where the text of the step at hand does not fit above the list, it stands in the list, which scrolls: first of all, then the other steps. */
function textFirst(
  run: RunView,
  columns: number,
  glyphs: ViewInput['glyphs'],
): Pick<View, 'columns' | 'rows'> {
  const row = (one: RunStepView): Row => ({
    id: one.step.id,
    cells: [
      markOf(run, one, glyphs),
      span(
        `${one.step.title}${one.verdict === null ? '' : ` [${verdictWord(one.verdict)}, ${byWhom(one).text}]`}`,
        one.step.id === run.current ? 'strong' : 'plain',
      ),
    ],
  });
  const shown = shownSteps(run);
  const current = shown.filter((one) => one.step.id === run.current);
  return {
    columns: [
      { label: '', width: 2 },
      { label: 'step', width: 24, grow: true },
    ],
    rows: [
      ...current.flatMap((one) => [
        row(one),
        ...stepDoing(one, columns - INDENT).map((text, index) => ({
          id: `${one.step.id} ${index}`,
          cells: [span(''), ...text],
        })),
      ]),
      ...shown.filter((one) => one.step.id !== run.current).map(row),
    ],
  };
}

function markOf(run: RunView, one: RunStepView, glyphs: ViewInput['glyphs']): Span {
  return span(
    one.step.id === run.current ? glyphs.pointer : answerGlyph(one, glyphs),
    one.verdict === 'failed' ? 'bad' : 'plain',
  );
}

function answerGlyph({ verdict }: RunStepView, glyphs: ViewInput['glyphs']): string {
  if (verdict === null) return glyphs.open;
  return verdict === 'failed' ? glyphs.failed : glyphs.done;
}

/** The way, and of the back-outs only what is walked or was. */
function shownSteps(run: RunView): readonly RunStepView[] {
  return run.steps.filter(
    (one) => one.step.backOut === null || one.verdict !== null || one.step.id === run.current,
  );
}

/** Who is in charge, and whether somebody else sits here. */
function whoLeads({ inCharge, state }: RunView): readonly Span[] {
  if (inCharge === null || state === 'sealed') return [];
  return [
    span(', in charge: '),
    span(sanitiseLine(inCharge.name, 60), inCharge.here ? 'strong' : 'warn'),
    ...(inCharge.here ? [] : [span(' (not the key here)', 'warn')]),
  ];
}

/** Whole minutes since a time. */
function minutesSince(at: string, now: number): number {
  return Math.max(0, Math.floor((now - Date.parse(at)) / 60_000));
}

/** What is over its time. A remark, never a decision. */
export function lateLines(run: RunView, now: number): readonly Line[] {
  if (run.state === 'sealed' || run.openedAt === null) return [];
  const { windowMinutes } = run.runbook;
  const out: Line[] = [];
  const took = minutesSince(run.openedAt, now);
  if (windowMinutes !== null)
    out.push(
      line(
        span(
          `Window: ${took} of ${windowMinutes} minutes${took > windowMinutes ? ', LATE' : ''}`,
          took > windowMinutes ? 'warn' : 'dim',
        ),
      ),
    );
  const current = run.steps.find((one) => one.step.id === run.current);
  const budget = current?.step.budgetMinutes ?? null;
  if (current === undefined || budget === null || current.since === null) return out;
  const minutes = minutesSince(current.since, now);
  if (minutes > budget) out.push(line(span(`This step: ${minutes} of ${budget} minutes, LATE`, 'warn')));
  return out;
}

/** What the console's own probes say now of what the step touches, whoever asked them last. */
function liveLine({ state, now }: ViewInput, { step }: RunStepView): readonly Line[] {
  const subjects = [...new Set([step.subject, ...step.gates.map((gate) => gate.subject)])];
  const seen = subjects.flatMap((subject) => {
    const found = state.assessment?.subjects.find((one) => one.subject.id === subject);
    if (found === undefined) return [];
    const age = found.seenAt === null ? 'never seen' : ageText(now - found.seenAt);
    return [`${subject} ${found.status}, ${found.health} (${age})`];
  });
  return seen.length === 0 ? [] : [line(span(`Live: ${sanitiseLine(seen.join('; '), 300)}`, 'dim'))];
}

/**
 * When something goes wrong: what is safe, what to keep the hands off, and the way back for the step at hand. Nothing is recorded by looking.
 */
export function panicView(run: RunView, columns: number, hands: Hands = KEYS): View {
  const say = (text: string, tone: Tone = 'plain'): Line[] =>
    wrap(sanitiseLine(text, 600), columns - 2).map((part) => line(span(part, tone)));
  const failing = run.steps.find((one) => one.step.id === (run.failed ?? run.current));
  const branch = backOutOf(run, failing?.step.onFailure.step ?? null);
  const durable =
    run.lastRecord === null
      ? 'Nothing is recorded yet, so nothing can be lost.'
      : `Durable up to record ${run.lastRecord.seq} at ${run.lastRecord.at}, in ${run.path}. Closing this console, a crash or a cut link loses nothing; go on anywhere with: ${hands.goOn} ${run.session.slice(2, 10)}`;
  return {
    title: `STOP: ${run.runbook.title}`,
    top: [
      ...say('Hands off the estate. Whatever is happening, nothing here is lost.', 'bad'),
      ...say(durable),
      ...say(
        'c138 runs nothing by itself, so nothing has to be stopped here. Do not edit or delete the folder. Say aloud who leads, and let one person write.',
      ),
      ...say(
        failing === undefined
          ? 'No step is at hand.'
          : `At hand: ${failing.step.title}. ${wayBack(failing, hands)}`,
        'strong',
      ),
      ...(hands.back === '' ? [] : [line(span(hands.back, 'dim'))]),
    ],
    columns: [
      { label: 'back-out', width: 30, grow: true },
      { label: 'answer', width: 15 },
    ],
    rows: branch.flatMap((one) => [
      {
        id: one.step.id,
        cells: [span(one.step.title, 'strong'), span(one.verdict === null ? '' : verdictWord(one.verdict))],
      },
      ...stepDoing(one, columns - 20).map((text, index) => ({
        id: `${one.step.id} ${index}`,
        cells: [span(`  ${text.map((part) => part.text).join('')}`), span('')],
      })),
    ]),
    empty: 'The runbook has no way back here. Leave things as they are; decide together.',
    framed: false,
  };
}

function wayBack({ step, verdict }: RunStepView, hands: Hands): string {
  if (step.onFailure.action === 'abort') return `If it failed: ${hands.failed}, and the run stops there.`;
  if (step.onFailure.action === 'retry')
    return `If it failed: ${hands.failed}; it stays at hand. ${hands.abort} ends the run.`;
  return verdict === 'failed'
    ? 'It failed; the way back is below.'
    : `If it failed: ${hands.failed}, and the way back below is at hand.`;
}

/** The steps of the branch that begins with a step. */
function backOutOf(run: RunView, stepId: string | null): readonly RunStepView[] {
  const from = run.steps.findIndex((one) => one.step.id === stepId);
  const name = run.steps[from]?.step.backOut ?? null;
  return name === null ? [] : run.steps.slice(from).filter((one) => one.step.backOut === name);
}

/** What an open run without a step at hand waits for. */
export function whatIsLeft(run: RunView, hands: Hands = KEYS): string {
  switch (run.phase) {
    case 'decision':
      return `The back-out is walked. Somebody decides: try "${run.failed ?? ''}" again (${hands.again}), or end the run (${hands.abort}).`;
    case 'stopped':
      return `Step "${run.failed ?? ''}" failed, and the runbook says to stop. End it with a reason (${hands.abort}), then seal it (${hands.seal}); or correct the answer.`;
    case 'aborted':
      return `The run was aborted. ${hands.seal} seals it: after that nothing can be added.`;
    case 'sealed':
      return 'The run is sealed.';
    default: {
      const unsigned = run.steps.filter(wantsWitness).map((one) => one.step.id);
      if (unsigned.length === 0)
        return `Every step is answered. ${hands.seal} seals the run: after that nothing can be added.`;
      return `Every step is answered, but another person has to sign: ${unsigned.join(', ')} (${hands.witness}). Sealed without it (${hands.seal}), the evidence never meets its policy.`;
    }
  }
}

/** An answer that does not count yet, because nobody else signed it. */
function wantsWitness(one: RunStepView): boolean {
  return one.wantsSignature;
}

function byWhom(one: RunStepView): Span {
  if (wantsWitness(one)) return span(one.step.approval ? 'wants approval' : 'wants a witness', 'warn');
  return span(sanitiseLine([one.by ?? '', ...one.witnessedBy].join(' + '), 60), 'dim');
}
