import { render } from 'ink';
import { chainRules } from '../chain/rules.ts';
import type { Backend } from '../state/backend.ts';
import { followBackend } from '../state/store.ts';
import { App } from './app.tsx';
import { clipboardSequence } from './clipboard.ts';
import { bindingsOf, type KeyChoices } from './commands/bindings.ts';
import { SCREENS } from './commands/keys.ts';
import { StripsContext } from './components/strip.tsx';
import { InkScreen } from './screen/ink-screen.ts';
import { type EndingSignal, Lifecycle } from './screen/lifecycle.ts';
import { makeTheme, type ThemeName } from './theme.ts';

export interface ConsoleOptions {
  readonly backend: Backend;
  /** Rejects when the backend can not start: the console ends then. */
  readonly ready: Promise<void>;
  readonly ascii: boolean;
  readonly colour: boolean;
  readonly theme?: ThemeName;
  /** Keys that the person chose instead of those of the table. */
  readonly keys?: KeyChoices;
  /** The tab to begin with, from 1. */
  readonly firstTab?: number;
  /** Draws whole frames instead of changed cells, for terminals that get them wrong. */
  readonly fullRedraw?: boolean;
  readonly runbook?: string;
  /** Keeps a text that was taken out of the console; resolves to where. */
  readonly save: (name: string, text: string) => Promise<string>;
  /** Keeps a preference for the next time. */
  readonly remember: (changes: { readonly theme: ThemeName }) => Promise<void>;
}

/**
 * Runs the console until the operator quits, or a signal asks the program to end, which is returned. Needs a terminal on stdin and
 * stdout. The terminal is restored on every way out; the backend stays with the caller.
 * @throws KeyChoiceError for keys that can not be used, and what the backend says when it can not start
 */
export async function runConsole(options: ConsoleOptions): Promise<EndingSignal | null> {
  const bindings = bindingsOf(options.keys);
  const first = SCREENS[(options.firstTab ?? 1) - 1];
  const follow = followBackend(options.backend, chainRules);
  const screen = new InkScreen({
    fd: process.stdout.fd,
    size: process.stdout,
    term: process.env.TERM ?? '',
    fullRedraw: options.fullRedraw === true,
  });
  const tools = {
    copy(text: string): boolean {
      const sequence = clipboardSequence(text, process.env);
      if (sequence !== null) screen.control(sequence);
      return sequence !== null;
    },
    save: options.save,
    screenText: () => screen.text(),
    redraw: () => screen.redraw(),
    remember: options.remember,
    drained: () => screen.drained(),
    stop: (): Promise<void> => lifecycle.stop(),
    /** Set by the app: how the terminal is lent to somebody else. */
    lend: async (_work: () => Promise<void>): Promise<void> => undefined,
  };
  let signal: EndingSignal | null = null;
  const ink = render(
    <StripsContext value={screen.strips}>
      <App
        backend={options.backend}
        store={follow.store}
        bindings={bindings}
        tools={tools}
        theme={makeTheme({
          ascii: options.ascii,
          colour: options.colour,
          ...(options.theme === undefined ? {} : { name: options.theme }),
        })}
        {...(first === undefined ? {} : { screen: first.id })}
        {...(options.runbook === undefined ? {} : { runbook: options.runbook })}
      />
    </StripsContext>,
    {
      // The part of a stream that Ink uses; whole frames come, changed cells go.
      stdout: screen as unknown as NodeJS.WriteStream,
      debug: true,
      alternateScreen: true,
      exitOnCtrlC: false,
      interactive: true,
      patchConsole: false,
    },
  );
  const lifecycle = new Lifecycle({
    end(cause) {
      if (typeof cause === 'string') signal = cause;
      ink.unmount();
      failed = cause instanceof Error ? cause : null;
    },
    suspend: (work) => tools.lend(work),
    lastMoment: () => screen.flush(),
    printed: (text) => follow.log('warn', text),
  });
  let failed: Error | null = null;
  options.ready.catch((error: unknown) => lifecycle.fail(error));
  try {
    await ink.waitUntilExit();
    await screen.drained();
    if (failed !== null) throw failed;
    return signal;
  } finally {
    follow.stop();
    lifecycle.close();
    screen.close();
  }
}
