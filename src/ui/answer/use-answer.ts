import { useCallback, useRef, useState } from 'react';
import type { Verdict } from '../../model/index.ts';
import type { Backend, PrepareRequest, RunView } from '../../state/backend.ts';
import {
  type AnswerState,
  BY_HAND,
  CODE_LENGTH,
  eraseCode,
  IDLE,
  mayConfirm,
  type NoteAbout,
  requestOfWords,
  takenIn,
  typeCode,
  type WordRequest,
} from './run-answer.ts';

/** The part of a key press that the answer line reads. */
export interface KeyFlags {
  readonly return: boolean;
  readonly escape: boolean;
  readonly backspace: boolean;
  readonly delete: boolean;
  readonly ctrl: boolean;
  readonly meta: boolean;
}

export interface Answering {
  readonly state: AnswerState;
  /** True while a note or code is being typed: keys go here then. */
  readonly typing: boolean;
  /** The session of the run whose question waits, or null. */
  readonly asks: string | null;
  /** True while work is under way that ends in a message or a question: nothing else of a run is begun meanwhile. */
  readonly busy: boolean;
  /** Opens a run, tells of it, and where that is wanted signs its beginning; nothing else of a run is begun meanwhile. */
  open(task: () => Promise<RunView>, opened: (run: RunView) => void, begin: boolean): void;
  /** Signs the opening of a run, or its being taken up. */
  beginRun(run: RunView): void;
  begin(run: RunView, verdict: Verdict): void;
  seal(run: RunView): void;
  probe(run: RunView): void;
  /** Writes the request that another person answers on another machine. */
  askWitness(run: RunView): void;
  /** Takes in the answer from the place that the request named. */
  takeWitness(run: RunView): void;
  /** Tries a failed step again, or ends the run before its end; either wants a reason. */
  end(run: RunView, how: 'again' | 'abort'): void;
  /** Signs what stands behind a word: a note, a deviation, a correction, a handover that was accepted. */
  words(run: RunView, word: WordRequest, text: string): void;
  /** Records how many records there are; its characters are for somebody else to write down. */
  checkpoint(run: RunView): void;
  /** Writes the request that the one who takes over accepts by their signature. */
  askHandover(run: RunView, person: string): void;
  /** Keeps the output of a command that was run elsewhere: its file, and `exit CODE` after it. */
  attach(run: RunView, argument: string): void;
  input(run: RunView, chunk: string, key: KeyFlags): void;
  /** Text that was pasted: it may be part of a reason, and never of a code. */
  paste(text: string): void;
  say(message: string): void;
}

const MAX_NOTE = 500;

/** A reason with more text; whatever controls came with it are spaces. */
function added(text: string, more: string): string {
  return (text + more.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ')).slice(0, MAX_NOTE);
}

/** What is prepared for a reason that was typed; null when the step is gone. */
function requestOf(run: RunView, about: NoteAbout, note: string): PrepareRequest | null {
  const { session, current } = run;
  if (about === 'again' || about === 'abort' || about === 'begin') return { kind: about, session, note };
  return current === null ? null : { kind: 'confirm', session, stepId: current, verdict: about, note };
}

/** What the operator has to accept with a reason before the run goes on, or null. */
function acceptedFirst(run: RunView): string | null {
  if (run.oneCopy !== null) return `On one copy, without the mirror ${run.oneCopy}.`;
  return run.changed;
}

/** A reason is asked for. */
function noteOf(run: RunView, about: NoteAbout, message: string): AnswerState {
  return { phase: 'note', session: run.session, about, text: '', message };
}

/** Drives one answer from verdict to durable record. Everything that could fail ends in a message, never in a crash. */
export function useAnswer(
  backend: Backend,
  handOver: (work: () => Promise<void>) => Promise<void>,
  clock: () => number = Date.now,
): Answering {
  const [state, setState] = useState<AnswerState>(IDLE);
  // What is told meanwhile hides neither that work is under way nor the question that it ended in.
  const say = useCallback(
    (message: string): void => setState((now) => (now.phase === 'idle' ? { phase: 'idle', message } : now)),
    [],
  );
  const newest = useRef(0);
  const work = useCallback(
    (message: string, task: () => Promise<AnswerState>): void => {
      newest.current += 1;
      const mine = newest.current;
      setState({ phase: 'busy', message });
      task().then(
        (after) => {
          if (mine === newest.current) setState(after);
          // Nobody sees the question any more, so nobody may answer it.
          else if (after.phase === 'code') void backend.cancel(after.prompt.promptId).catch(() => undefined);
        },
        (error: unknown) => {
          if (mine === newest.current)
            setState({ phase: 'idle', message: error instanceof Error ? error.message : String(error) });
        },
      );
    },
    [backend],
  );
  /** The question that a request ends in, or what became of it where the signer asked itself. */
  const question = useCallback(
    async (request: PrepareRequest): Promise<AnswerState> => {
      // The signer asks for the passphrase on the terminal itself, so nothing is drawn meanwhile.
      if (await backend.locked()) await handOver(() => backend.unlock());
      const prompt = await backend.prepare(request);
      if (prompt.onTerminal) {
        let records = 0;
        await handOver(async () => {
          records = (await backend.confirm(prompt.promptId, '')).records;
        });
        return { phase: 'idle', message: `Recorded and durable: record ${records - 1}.` };
      }
      return { phase: 'code', session: request.session, prompt, typed: '', shownAt: clock(), message: '' };
    },
    [backend, clock, handOver],
  );
  const prepare = useCallback(
    (request: PrepareRequest): void =>
      work(
        request.kind === 'confirm' ? 'Asking the probes of the step, then the signer' : 'Asking the signer',
        () => question(request),
      ),
    [question, work],
  );
  const open = useCallback(
    (task: () => Promise<RunView>, opened: (run: RunView) => void, begin: boolean): void =>
      work('Opening the run', async () => {
        const run = await task();
        opened(run);
        if (run.begun || !begin) return IDLE;
        const accepted = acceptedFirst(run);
        return accepted === null
          ? question({ kind: 'begin', session: run.session })
          : noteOf(run, 'begin', accepted);
      }),
    [question, work],
  );
  const confirm = (promptId: string, code: string): void =>
    work('Signing, and waiting until it is durable', async () => {
      const run = await backend.confirm(promptId, code);
      return { phase: 'idle', message: `Recorded and durable: record ${run.records - 1}.` };
    });
  const begin = (run: RunView, verdict: Verdict): void => {
    const step = run.steps.find((one) => one.step.id === run.current);
    if (!run.begun) return setState({ phase: 'idle', message: 'Sign the beginning of this run first: b.' });
    if (step === undefined) return setState({ phase: 'idle', message: 'No step is at hand.' });
    if (!step.offered.includes(verdict))
      return setState({
        phase: 'idle',
        message:
          step.blocked !== '' ? `Not offered: ${step.blocked}` : 'This answer is not offered for this step.',
      });
    if (verdict === 'confirmed' && step.wantsNote === null)
      return prepare({ kind: 'confirm', session: run.session, stepId: step.step.id, verdict, note: '' });
    setState(noteOf(run, verdict, step.wantsNote ?? ''));
  };
  const end = (run: RunView, how: 'again' | 'abort'): void => {
    if (!run.begun) return setState({ phase: 'idle', message: 'Sign the beginning of this run first: b.' });
    if (run.state === 'sealed') return setState({ phase: 'idle', message: 'The run is sealed.' });
    if (how === 'again' && run.phase !== 'decision')
      return setState({ phase: 'idle', message: 'No failed step waits for a decision.' });
    setState(noteOf(run, how, ''));
  };
  const input = (run: RunView, chunk: string, key: KeyFlags): void => {
    if (state.phase === 'note') return noteInput(run, state, chunk, key);
    if (state.phase !== 'code') return;
    if (key.escape) {
      void backend.cancel(state.prompt.promptId).catch(() => undefined);
      return setState({ phase: 'idle', message: 'Cancelled. Nothing was signed.' });
    }
    if (key.return) {
      if (mayConfirm(state, clock())) return confirm(state.prompt.promptId, state.typed);
      const message =
        state.typed.length < CODE_LENGTH
          ? 'Type the four characters first.'
          : 'That is not the code. Nothing was signed.';
      return setState({ ...state, typed: '', message });
    }
    if (key.backspace || key.delete) return setState(eraseCode(state));
    if (chunk !== '' && !key.ctrl && !key.meta) setState(typeCode(state, chunk, clock()));
  };
  const noteInput = (
    run: RunView,
    note: Extract<AnswerState, { phase: 'note' }>,
    chunk: string,
    key: KeyFlags,
  ): void => {
    if (key.escape) return setState({ phase: 'idle', message: 'Cancelled. Nothing was signed.' });
    if (key.return) {
      if (note.text.trim() === '') return setState({ ...note, message: 'This answer needs a reason.' });
      const request = requestOf(run, note.about, note.text.trim());
      return request === null ? setState(IDLE) : prepare(request);
    }
    if (key.backspace || key.delete)
      return setState({ ...note, text: [...note.text].slice(0, -1).join(''), message: '' });
    if (chunk !== '' && !key.ctrl && !key.meta)
      setState({ ...note, text: added(note.text, chunk), message: '' });
  };
  return {
    state,
    typing: state.phase === 'note' || state.phase === 'code',
    asks: state.phase === 'note' || state.phase === 'code' ? state.session : null,
    busy: state.phase === 'busy',
    begin,
    beginRun: (run) =>
      acceptedFirst(run) === null
        ? prepare({ kind: 'begin', session: run.session })
        : setState(noteOf(run, 'begin', acceptedFirst(run) ?? '')),
    open,
    end,
    words: (run, word, text) => {
      try {
        prepare(requestOfWords(run, word, text));
      } catch (error) {
        say(error instanceof Error ? error.message : String(error));
      }
    },
    checkpoint: (run) =>
      work('Counting the records', async () => {
        const { checkpoint } = await backend.checkpoint(run.session);
        return {
          phase: 'idle',
          message: `Checkpoint of ${checkpoint?.size} records: somebody else writes down ${checkpoint?.code}.`,
        };
      }),
    askHandover: (run, person) =>
      work('Writing the request', async () => {
        const asked = await backend.askHandover(run.session, person.trim());
        return {
          phase: 'idle',
          message: `They run: c138 evidence witness sign --meaning accepted ${asked.path} (both see ${asked.spoken}); record nothing meanwhile, then :accept and the path of their answer.`,
        };
      }),
    attach: (run, argument) => {
      const { current } = run;
      if (current === null) return setState({ phase: 'idle', message: 'No step is at hand.' });
      const [, path = '', code] = /^(.*?)(?:\s+exit (\d{1,3}))?$/.exec(argument) ?? [];
      work('Keeping the output', async () => {
        await backend.attach(run.session, {
          stepId: current,
          exitCode: code === undefined ? null : Number(code),
          text: '',
          path,
        });
        return { phase: 'idle', message: 'Kept with the step.' };
      });
    },
    seal: (run) => prepare({ kind: 'seal', session: run.session }),
    probe: (run) => {
      const { current } = run;
      if (!run.begun) return setState({ phase: 'idle', message: 'Sign the beginning of this run first: b.' });
      if (current === null) return setState({ phase: 'idle', message: 'No step is at hand.' });
      work('Asking the probes of this step', async () => {
        await backend.gateStep(run.session, current);
        return IDLE;
      });
    },
    askWitness: (run) =>
      work('Writing the request', async () => {
        const asked = await backend.askWitness(run.session);
        return {
          phase: 'idle',
          message: `${asked.meaning === 'approved' ? 'Approval' : 'Witness'}: c138 evidence witness sign ${asked.path} (both see ${asked.spoken}); put the answer at ${asked.answerPath}, then W.`,
        };
      }),
    takeWitness: (run) =>
      work('Taking in the answer', async () => {
        const { answerPath } = await backend.askWitness(run.session);
        const after = await backend.takeWitness(run.session, answerPath);
        return { phase: 'idle', message: takenIn(run, after) };
      }),
    input,
    paste: (text) => {
      if (state.phase === 'code') setState({ ...state, typed: '', message: BY_HAND });
      else if (state.phase === 'note') setState({ ...state, text: added(state.text, text), message: '' });
      else say('Pasting is taken for reasons only.');
    },
    say,
  };
}
