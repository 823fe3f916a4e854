import type { Verdict } from '../../model/index.ts';
import type { PrepareRequest, Prompt, RunView } from '../../state/backend.ts';

/** What a reason is being typed for: an answer to the step at hand, or what happens to the whole run. */
export type NoteAbout = Verdict | 'again' | 'abort' | 'begin';

/** Where an answer to a step stands. Pure; the screen and the line mode both follow it. */
export type AnswerState =
  | { readonly phase: 'idle'; readonly message: string }
  | { readonly phase: 'busy'; readonly message: string }
  | {
      readonly phase: 'note';
      /** The session of the run that asks: what is typed goes to no other. */
      readonly session: string;
      readonly about: NoteAbout;
      readonly text: string;
      readonly message: string;
    }
  | {
      readonly phase: 'code';
      readonly session: string;
      readonly prompt: Prompt;
      readonly typed: string;
      /** Milliseconds of the clock when the prompt could first be read. */
      readonly shownAt: number;
      readonly message: string;
    };

/** The answers to a step, by the words for them. */
export const ANSWERS: Readonly<Record<string, Verdict>> = {
  confirm: 'confirmed',
  go: 'confirmed',
  nogo: 'failed',
  still: 'still_planned',
  failed: 'failed',
  deviated: 'deviated',
  skipped: 'skipped',
  na: 'not_applicable',
};

/** What became of an answer that was taken in. A signature that does not settle its step says so, since nothing else tells why it still waits. */
export function takenIn(before: RunView, after: RunView): string {
  const durable = `Taken in and durable: record ${after.records - 1}.`;
  const short = after.steps.find(
    (one, index) =>
      one.wantsSignature && one.witnessedBy.length > (before.steps[index]?.witnessedBy.length ?? 0),
  );
  return short === undefined
    ? durable
    : `${durable} It is no approval, so "${short.step.title}" still waits: ask again, and they sign with --meaning approved.`;
}

/** Records that are asked for by a word and what stands behind it. */
export type WordRequest = 'note' | 'deviate' | 'correct' | 'accept' | 'again' | 'abort';

/**
 * What such a line asks the worker to prepare. The palette and the line mode both read it here.
 * @throws Error with a sentence that says what is missing
 */
export function requestOfWords(
  { session, current }: Pick<RunView, 'session' | 'current'>,
  word: WordRequest,
  tail: string,
): PrepareRequest {
  switch (word) {
    case 'note':
      return { kind: 'note', session, stepId: current, note: tail };
    case 'again':
    case 'abort':
      return { kind: word, session, note: tail };
    case 'deviate':
      if (current === null) throw new Error('No step is at hand.');
      return { kind: 'deviate', session, stepId: current, note: tail };
    case 'correct': {
      const [stepId = '', answer = '', ...reason] = tail.split(' ');
      const verdict = Object.hasOwn(ANSWERS, answer) ? ANSWERS[answer] : undefined;
      if (verdict === undefined)
        throw new Error(
          'Say which step, which answer and why: correct STEP confirm|failed|deviated|skipped|na|still REASON',
        );
      return { kind: 'correct', session, stepId, verdict, note: reason.join(' ') };
    }
    case 'accept': {
      const [answer = '', ...note] = tail.split(' ');
      if (answer === '') throw new Error('Say which acceptance: "accept" and its path or its text.');
      return { kind: 'handover', session, answer, note: note.join(' ') };
    }
  }
}

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
