import { sanitiseLine } from '../../model/index.ts';
import type { AnswerState } from '../answer/run-answer.ts';
import { wrap } from '../text.ts';
import { type Line, line, span } from '../views/types.ts';
import { verdictWord } from '../views/verdict-word.ts';
import { wrapLine } from './lines.tsx';

/** The lines of the answer being given, as data. `columns` and `room` bound what is shown. */
export function answerLines(state: AnswerState, columns: number): readonly Line[] {
  switch (state.phase) {
    case 'idle':
      return state.message === ''
        ? []
        : wrap(sanitiseLine(state.message, 400), columns).map((text) => line(span(text, 'warn')));
    case 'busy':
      return [line(span(state.message, 'accent'))];
    case 'note':
      return [
        line(span(`${verdictWord(state.about)}: why? (Enter goes on, Esc cancels)`, 'accent')),
        ...typedLines(state.text, columns),
        ...message(state.message),
      ];
    case 'code':
      return [
        line(span('You are about to sign:', 'accent')),
        ...state.prompt.lines.flatMap((text) => wrap(`  ${text}`, columns)).map((text) => line(span(text))),
        line(
          span('Type '),
          span(state.prompt.code, 'strong'),
          span(' and Enter to sign; Esc cancels. Typed: '),
          span(state.typed.padEnd(4, '_'), 'strong'),
        ),
        ...message(state.message),
      ];
  }
}

/** Lines that a text being typed may take; of a longer one the end is shown, for that is where it is typed. */
const TYPED_LINES = 6;

function typedLines(text: string, columns: number): readonly Line[] {
  const lines = wrapLine(line(span('> '), span(text), span('_', 'dim')), columns);
  return lines.slice(-TYPED_LINES);
}

function message(text: string): readonly Line[] {
  return text === '' ? [] : [line(span(text, 'warn'))];
}
