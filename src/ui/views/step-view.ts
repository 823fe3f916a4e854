import { sanitiseLine } from '../../model/index.ts';
import type { RunStepView } from '../../state/backend.ts';
import { wrap } from '../text.ts';
import type { Tone } from '../theme.ts';
import { type Hands, KEYS } from './run-hands.ts';
import { type Line, line, span } from './types.ts';
import { verdictWord } from './verdict-word.ts';

/** The step at hand in full: what to do, what to expect, what the probes show, what may be answered. */
export function stepLines(one: RunStepView, columns: number, hands: Hands = KEYS): readonly Line[] {
  return [titleLine(one), ...stepDoing(one, columns), ...stepState(one, columns, hands)];
}

/** The same without what to do, where that stands elsewhere. */
export function stepBrief(one: RunStepView, columns: number, hands: Hands = KEYS): readonly Line[] {
  return [
    titleLine(one),
    line(span('What to do stands below, under the step; arrows scroll.', 'accent')),
    ...stepState(one, columns, hands),
  ];
}

/** What to do: the instructions, and the commands to run elsewhere. */
export function stepDoing({ step }: RunStepView, columns: number): readonly Line[] {
  return [
    ...wrap(step.instructions, columns - 2).map((part) => line(span(part))),
    ...(step.command === null ? [] : commandLines(step.command, columns)),
  ];
}

function titleLine({ step }: RunStepView): Line {
  return line(
    span(step.title, 'accent'),
    span(step.subject === null ? '' : `  ${step.subject}`, 'dim'),
    span(step.mode === 'do-confirm' ? '' : `  ${step.mode}`, 'dim'),
    span(step.backOut === null ? '' : '  back-out', 'warn'),
  );
}

/** What is expected, what was seen and brought, and what may be answered. */
function stepState(one: RunStepView, columns: number, hands: Hands): readonly Line[] {
  const { step } = one;
  const text = (label: string, body: string, tone: Tone = 'plain'): Line[] =>
    wrap(`${label}${body}`, columns - 2).map((part) => line(span(part, tone)));
  const fixed: Line[] = [...text('Expect: ', step.expected)];
  for (const out of one.attached)
    fixed.push(...text('', attachedText(out), out.unexpected ? 'warn' : 'plain'));
  if (one.conflict !== null) fixed.push(...text('Disagreement: ', one.conflict, 'warn'));
  for (const { text: words } of one.deviations)
    fixed.push(...text('Deviation: ', sanitiseLine(words, 300), 'warn'));
  fixed.push(...gateLines(one, hands).flatMap(([body, tone]) => text('', body, tone)));
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
        `Another person must ${step.approval ? 'approve' : 'witness'} the answer (${hands.witness}, afterwards).`,
        'accent',
      ),
    );
  if (one.blocked !== '') fixed.push(...text('', `Not to be confirmed: ${one.blocked}`, 'warn'));
  return fixed;
}

/** Each command on a line of its own, so that it can be taken out whole. */
function commandLines(command: string, columns: number): readonly Line[] {
  const [only, ...more] = command.split('\n');
  const texts =
    more.length === 0
      ? [`Run elsewhere: ${only}`]
      : ['Run elsewhere:', ...[only, ...more].map((one) => `  ${one}`)];
  return texts.flatMap((text) => wrap(text, columns - 2)).map((text) => line(span(text, 'accent')));
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

/** What the probes show, and how they are asked. */
export function gateLines(one: RunStepView, hands: Hands = KEYS): readonly (readonly [string, Tone])[] {
  const word: Readonly<Record<RunStepView['gate'], readonly [string, Tone]>> = {
    none: ['No probe can look at this: your own eyes count.', 'dim'],
    'not-run': [
      `Probes: not asked for this answer yet. ${hands.probe} asks them; so does ${hands.confirm}.`,
      'warn',
    ],
    holds: ['Probes show the expected reading:', 'good'],
    fails: ['Probes do NOT show the expected reading:', 'bad'],
    unknown: ['Probes could not look:', 'doubt'],
  };
  return [word[one.gate], ...one.gateLines.map((text) => [`  ${sanitiseLine(text, 300)}`, 'plain'] as const)];
}
