import { sanitiseLine } from '../../model/index.ts';
import type { AnswerState } from '../answer/run-answer.ts';
import { wrap } from '../text.ts';
import { type Line, line, span } from '../views/types.ts';
import { verdictWord } from '../views/verdict-word.ts';

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
        line(span('> '), span(state.text), span('_', 'dim')),
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

function message(text: string): readonly Line[] {
  return text === '' ? [] : [line(span(text, 'warn'))];
}
