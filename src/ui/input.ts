import type { Backend, RunView } from '../state/backend.ts';
import { SCREENS, VERDICT_KEYS } from './keys.ts';
import type { Move, Place } from './navigation.ts';
import { graphemesOf } from './text.ts';
import type { Answering, KeyFlags } from './use-answer.ts';
import type { Work } from './use-work.ts';
import type { Row } from './views/types.ts';

/** A key press as Ink gives it. */
export interface Key extends KeyFlags {
  readonly upArrow: boolean;
  readonly downArrow: boolean;
  readonly leftArrow: boolean;
  readonly rightArrow: boolean;
  readonly pageUp: boolean;
  readonly pageDown: boolean;
  readonly tab: boolean;
  readonly shift: boolean;
}

export interface KeyContext {
  readonly place: Place;
  readonly go: (move: Move) => void;
  readonly run: RunView | null;
  readonly answering: Answering;
  readonly work: Work;
  readonly backend: Backend;
  readonly rows: readonly Row[];
  readonly cursor: number;
  /** Rows in a page. */
  readonly page: number;
  readonly quit: () => void;
}

/**
 * What a key press does. Several printable characters that arrive at once (a slow link saves them up) are taken one by one,
 * except where something is being signed: there the answer line sees the chunk as it came.
 */
export function handleKey(chunk: string, key: Key, context: KeyContext): void {
  const { place, go, run, answering } = context;
  if (key.ctrl && chunk === 'c') return context.quit();
  if (answering.active && run !== null && place.screen === 'runbooks')
    return answering.input(run, chunk, key);
  if (place.filtering) return filterKey(chunk, key, context);
  if (key.escape || key.leftArrow) return go({ to: 'back' });
  if (key.tab) return go({ to: 'next-screen', by: key.shift ? -1 : 1 });
  if (key.upArrow) return moveBy(-1, context);
  if (key.downArrow) return moveBy(1, context);
  if (key.pageUp) return moveBy(-context.page, context);
  if (key.pageDown) return moveBy(context.page, context);
  if (key.return || key.rightArrow) return open(context);
  if (key.ctrl || key.meta || chunk === '') return;
  const all = graphemesOf(chunk);
  // A burst of the same movement key counts each press; anything else in a burst is only its first character.
  const [first = ''] = all;
  if (first === 'q' && all.length > 1 && all.every((one) => one === 'q')) return context.quit();
  const repeats = all.every((one) => one === first) && 'jk'.includes(first) ? all.length : 1;
  charKey(first, repeats, context);
}

function charKey(char: string, repeats: number, context: KeyContext): void {
  const { place, go, run, answering, backend } = context;
  const screen = SCREENS.find((one) => one.key === char);
  if (screen !== undefined) return go({ to: 'screen', screen: screen.id });
  if (char === '?') return go({ to: 'help' });
  if (char === 'q') return place.quitArmed ? context.quit() : go({ to: 'quit-armed' });
  if (char === 'r') {
    backend.refresh().then(
      () => answering.say('Asked every source again.'),
      (error: unknown) => answering.say(error instanceof Error ? error.message : String(error)),
    );
    return;
  }
  if (char === 'j') return moveBy(repeats, context);
  if (char === 'k') return moveBy(-repeats, context);
  if (char === 'h') return go({ to: 'back' });
  if (run !== null && place.screen === 'runbooks' && place.detail === null) {
    if (char === 'p') return answering.probe(run);
    if (char === 'S') return answering.seal(run);
    if (char === 'w') return answering.askWitness(run);
    if (char === 'W') return answering.takeWitness(run);
    if (char === 'b')
      return run.begun ? answering.say('This run has begun already.') : answering.beginRun(run);
    if (Object.hasOwn(VERDICT_KEYS, char))
      return answering.begin(run, VERDICT_KEYS[char as keyof typeof VERDICT_KEYS]);
    return;
  }
  if (char === 'g') return go({ to: 'cursor', index: 0, rows: context.rows.length });
  if (char === 'G') return go({ to: 'cursor', index: context.rows.length - 1, rows: context.rows.length });
  if (char === 'l') return open(context);
  if (char === '/') return go({ to: 'filter' });
  if (char === 'v' && place.screen === 'evidence') {
    const opens = context.rows[context.cursor]?.opens;
    if (opens?.kind === 'session') context.work.verify(opens.path);
  }
}

function filterKey(chunk: string, key: Key, { place, go }: KeyContext): void {
  const text = place.filters[place.screen] ?? '';
  if (key.escape) return go({ to: 'filter-text', text: '', done: true });
  if (key.return) return go({ to: 'filter-text', text, done: true });
  if (key.backspace || key.delete)
    return go({ to: 'filter-text', text: [...text].slice(0, -1).join(''), done: false });
  if (chunk === '' || key.ctrl || key.meta) return;
  // A slow link may bring the text and its Enter in one piece.
  const [typed = '', ...rest] = chunk.split('\r');
  const clean = typed.replace(/[\u0000-\u001f\u007f-\u009f]/g, '');
  go({ to: 'filter-text', text: (text + clean).slice(0, 100), done: rest.length > 0 });
}

function moveBy(step: number, { go, cursor, rows }: KeyContext): void {
  go({ to: 'cursor', index: cursor + step, rows: rows.length });
}

function open({ go, rows, cursor, backend, answering, place }: KeyContext): void {
  if (place.detail !== null) return;
  const opens = rows[cursor]?.opens;
  const opened = (task: Promise<RunView>): void => {
    task.then(
      (run) => {
        go({ to: 'run', session: run.session });
        if (!run.begun) answering.beginRun(run);
      },
      (error: unknown) => answering.say(error instanceof Error ? error.message : String(error)),
    );
  };
  switch (opens?.kind) {
    case 'subject':
      return go({ to: 'detail', subject: opens.subject });
    case 'runbook':
      return opened(backend.openRun(opens.id));
    case 'session':
      return opened(backend.resumeRun(opens.session));
  }
}
