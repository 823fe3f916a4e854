import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { chainRules } from '../../chain/rules.ts';
import type { SubjectId } from '../../model/index.ts';
import type { Backend } from '../../state/backend.ts';
import { type ConsoleStore, followBackend } from '../../state/store.ts';
import { SCREENS, type ScreenId } from '../commands/keys.ts';
import { filtered } from '../list.ts';
import { makeTheme } from '../theme.ts';
import { detailView } from '../views/detail-view.ts';
import type { ViewInput } from '../views/estate-views.ts';
import { headerLine, refreshWords } from '../views/header-view.ts';
import { line, span, type View } from '../views/types.ts';
import { viewOf } from '../views/view-of.ts';
import { PlainRun } from './plain-run.ts';
import { plainLines } from './render-plain.ts';

export interface PlainOptions {
  readonly backend: Backend;
  readonly input: Readable;
  readonly output: Writable;
  /** Opens this runbook at once. */
  readonly runbook?: string;
  readonly clock?: () => number;
}

const HELP = [
  'Looking',
  '  overview, hosts, guests, tiers, hyperledger, runbooks, evidence, program, log   a screen; a word after the name filters',
  '  show SUBJECT             the whole story of one subject, for example: show vmid:6000',
  '  refresh                  ask every source again',
  'A run',
  '  run ID [x=VALUE]         begin a runbook, with its variables;   begin REASON   go on although the definition was changed',
  '  resume SESSION [onecopy] go on with one, without a broken mirror',
  '  window                   what is done, at hand, waiting, late, and who;   timeline [SESSION]   what was recorded when',
  '  step [ID]                the step at hand, or another;   probe [ID]   ask its read-only probes',
  'The step at hand (a reason is wanted for everything but confirm and go)',
  '  confirm [NOTE], still, failed, deviated, skipped, na REASON;   at a pause: go, nogo REASON',
  '  attach FILE [exit CODE]  keep the output of a command;   paste [exit CODE]   the same, line by line',
  '  deviate REASON           what is done otherwise than written;   note TEXT;   correct STEP ANSWER REASON',
  '  again REASON             try the failed step again, after its back-out;   abort REASON   end the run here',
  '  stop                     what is safe, and the way back; nothing is recorded by looking',
  'Other people',
  '  witness                  ask for a signature under the last answer;   take FILE|TEXT   take it in',
  '  handover PERSON          ask somebody to take over;   accept FILE|TEXT   hand over, with their acceptance',
  'The end',
  '  checkpoint               count the records; somebody else writes down the code',
  '  seal                     nothing can be added after it;   verify SESSION   check a session offline',
  'help, quit (an open run is kept as it stands)',
];
/** What stands above a list instead of its keys. */
const HOW: Readonly<Partial<Record<ScreenId, string>>> = {
  runbooks:
    '"run ID" begins one, "resume SESSION" goes on. Their commands are for you to run elsewhere: c138 only looks.',
  evidence: '"verify SESSION" checks one; "timeline SESSION" tells what was recorded.',
};
/** Longest wait for the first answers before the overview is printed, in milliseconds. */
const FIRST_LOOK_MS = 5000;
/** What follows from all answers together comes a moment after the last of them, in milliseconds. */
const SETTLE_MS = 1000;

/**
 * Line mode: for screen readers, serial lines and pipes. Everything that the screens show can be read, and a whole runbook can be worked.
 * Prints text and line feeds only. Ends at `quit` or at the end of the input.
 */
export async function runPlain(options: PlainOptions): Promise<number> {
  const follow = followBackend(options.backend, chainRules);
  const say = (...lines: readonly string[]): void => {
    for (const one of lines) options.output.write(`${one}\n`);
  };
  const session = new PlainSession(options, follow.store, say);
  const reader = createInterface({
    input: options.input,
    terminal: false,
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  // From here on lines are kept: what a pipe sent, or somebody typed, before the first page was there is not lost.
  const lines = reader[Symbol.asyncIterator]();
  try {
    await firstLook(follow.store, () => say('Asking every source once.'));
    say(...session.screen('overview', ''), ...stillAsking(follow.store));
    if (options.runbook !== undefined) await session.command(`run ${options.runbook}`);
    say('Type help for the commands.');
    options.output.write(session.prompt);
    for await (const line of lines) {
      if ((await session.command(line)) === 'quit') break;
      options.output.write(session.prompt);
    }
    say('');
    return 0;
  } finally {
    reader.close();
    follow.stop();
  }
}

/** Until every source was asked, an unknown thing is only one that was not looked at. Nothing is asked of a snapshot. */
const allAsked = (store: ConsoleStore): boolean => {
  const { snapshot, origin } = store.getState();
  return snapshot?.complete === true || origin?.mode === 'offline';
};

/**
 * Waits until every source was asked once, but not for ever, so that the first page says what is and not what is late. `asking` is called
 * when it is known that they are being asked: until a snapshot was read, it looks like an estate that has not answered.
 */
function firstLook(store: ConsoleStore, asking: () => void): Promise<void> {
  if (allAsked(store)) return Promise.resolve();
  let told = false;
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      stop();
      resolve();
    };
    const look = (): void => {
      if (allAsked(store)) setTimeout(done, SETTLE_MS);
      else if (!told && store.getState().origin !== null) {
        told = true;
        asking();
      }
    };
    const stop = store.subscribe(look);
    const timer = setTimeout(done, FIRST_LOOK_MS);
    look();
  });
}

/** The page itself says that not everything was asked; here is how to see it again. */
function stillAsking(store: ConsoleStore): readonly string[] {
  return allAsked(store) ? [] : ['"overview" shows this page again.'];
}

/** The backend, but nobody else reads the terminal while the signer asks for the passphrase on it. */
function handingOver({ backend, input }: PlainOptions): Backend {
  const alone = async <T>(work: () => Promise<T>): Promise<T> => {
    input.pause();
    // The terminal is let go in the next turn of the loop.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      return await work();
    } finally {
      input.resume();
    }
  };
  return {
    ...backend,
    unlock: () => alone(() => backend.unlock()),
    confirm: (promptId, code) =>
      code === '' ? alone(() => backend.confirm(promptId, code)) : backend.confirm(promptId, code),
  };
}

class PlainSession {
  readonly #options: PlainOptions;
  readonly #store: ConsoleStore;
  readonly #say: (...lines: readonly string[]) => void;
  readonly #run: PlainRun;

  constructor(options: PlainOptions, store: ConsoleStore, say: (...lines: readonly string[]) => void) {
    this.#options = options;
    this.#store = store;
    this.#say = say;
    this.#run = new PlainRun(handingOver(options), say, () => this.#input());
  }

  /** What stands before the next line: a code, pasted text and a command are different things to type. */
  get prompt(): string {
    if (this.#run.waiting) return 'code> ';
    return this.#run.pasting ? 'paste> ' : 'c138> ';
  }

  /** Runs one line; every failure ends in a sentence. */
  async command(raw: string): Promise<'quit' | undefined> {
    const line = raw.trim();
    const [word = '', ...rest] = line.split(/\s+/);
    const tail = rest.join(' ');
    try {
      if (this.#run.pasting) {
        await this.#run.pasted(raw);
        return undefined;
      }
      if (this.#run.waiting) {
        await this.#run.answer(line);
        return undefined;
      }
      const screen = SCREENS.find((one) => one.id === word.toLowerCase());
      if (screen !== undefined) this.#say(...(await this.#listed(screen.id, tail)));
      else if (word === 'quit' || word === 'q') return 'quit';
      else if (word === 'help' || word === '?') this.#say(...HELP);
      else if (word === 'show') this.#say(...plainLines(detailView(this.#input(), tail as SubjectId, 100)));
      else if (word === 'refresh') {
        await this.#options.backend.refresh();
        this.#say(refreshWords(this.#store.getState()));
      } else if (word !== '' && !(await this.#run.command(word, tail)))
        this.#say(`There is no command "${word.replaceAll(/[^\x20-\x7e]/g, '?')}". help lists them.`);
    } catch (error) {
      this.#say(error instanceof Error ? error.message : String(error));
    }
    return undefined;
  }

  screen(id: ScreenId, filter: string): readonly string[] {
    return this.#print(this.#view(id, { runbooks: [], sessions: [], verified: null }), filter);
  }

  async #listed(id: ScreenId, filter: string): Promise<readonly string[]> {
    const { backend } = this.#options;
    const work = { runbooks: await backend.runbooks(), sessions: await backend.sessions(), verified: null };
    const view = this.#view(id, work);
    const how = HOW[id];
    return this.#print(
      how === undefined ? view : { ...view, top: [line(span(how)), ...view.top.slice(1)] },
      filter,
    );
  }

  #view(id: ScreenId, work: Parameters<typeof viewOf>[2]['work']): View {
    return viewOf(
      this.#input(),
      { screen: id, detail: null },
      { run: null, work, columns: 100, height: 1000 },
    );
  }

  #print(view: View, filter: string): readonly string[] {
    const left = filtered(view, filter);
    const { state, now } = this.#input();
    const header = headerLine(state, now).map((one) => one.text);
    return [header.join(''), ...plainLines(left.view), ...left.counted];
  }

  #input(): ViewInput {
    const state = this.#store.getState();
    const offline = state.origin?.mode === 'offline' && state.snapshot !== null;
    const clock = this.#options.clock ?? Date.now;
    return {
      state,
      now: offline && state.snapshot !== null ? Date.parse(state.snapshot.ended) : clock(),
      glyphs: makeTheme({ ascii: true, colour: false }).glyphs,
    };
  }
}
