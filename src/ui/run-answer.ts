import type { Verdict } from '../model/index.ts';
import type { Prompt } from '../state/backend.ts';

/** What a reason is being typed for: an answer to the step at hand, or what happens to the whole run. */
export type NoteAbout = Verdict | 'again' | 'abort';

/** Where an answer to a step stands. Pure; the screen and the line mode both follow it. */
export type AnswerState =
  | { readonly phase: 'idle'; readonly message: string }
  | { readonly phase: 'busy'; readonly message: string }
  | { readonly phase: 'note'; readonly about: NoteAbout; readonly text: string; readonly message: string }
  | {
      readonly phase: 'code';
      readonly prompt: Prompt;
      readonly typed: string;
      /** Milliseconds of the clock when the prompt could first be read. */
      readonly shownAt: number;
      readonly message: string;
    };

export const IDLE: AnswerState = { phase: 'idle', message: '' };

/** Input that arrives this soon after the prompt was typed before it, in milliseconds. */
export const BLIND_MS = 250;
export const CODE_LENGTH = 4;
/** Said when the code arrives in one piece. */
export const BY_HAND = 'Type the code by hand, one character at a time.';

/**
 * What a chunk of input does to the code being typed. Characters that were on their way before the prompt could be read, and several
 * at once (a paste, or keys saved up by a slow link), never count: the code must be typed by hand, after it was seen.
 */
export function typeCode(
  state: Extract<AnswerState, { phase: 'code' }>,
  chunk: string,
  now: number,
): AnswerState {
  if (now - state.shownAt < BLIND_MS)
    return { ...state, typed: '', message: 'Read it first: what was typed before it is thrown away.' };
  if ([...chunk].length !== 1) return { ...state, typed: '', message: BY_HAND };
  const char = chunk.toUpperCase();
  if (!/^[0-9A-Z]$/.test(char)) return state;
  return { ...state, typed: (state.typed + char).slice(0, CODE_LENGTH), message: '' };
}

/** Takes back the last character. */
export function eraseCode(state: Extract<AnswerState, { phase: 'code' }>): AnswerState {
  return { ...state, typed: state.typed.slice(0, -1), message: '' };
}

/** True when the code is complete and right, and Enter came by itself after the prompt was seen. */
export function mayConfirm(state: Extract<AnswerState, { phase: 'code' }>, now: number): boolean {
  return (
    now - state.shownAt >= BLIND_MS &&
    state.typed.length === CODE_LENGTH &&
    state.typed === state.prompt.code.toUpperCase()
  );
}
