import { render } from 'ink';
import { chainRules } from '../chain/rules.ts';
import type { Backend } from '../state/backend.ts';
import { followBackend } from '../state/store.ts';
import { App } from './app.tsx';
import { makeTheme } from './theme.ts';

export interface ConsoleOptions {
  readonly backend: Backend;
  readonly ascii: boolean;
  readonly colour: boolean;
  /** Draws whole frames instead of changed lines, for terminals that get lines wrong. */
  readonly fullRedraw?: boolean;
  readonly runbook?: string;
}

const TICK_MS = 5000;

/**
 * Runs the console until the operator quits or the terminal goes away. Needs a terminal on stdin and stdout.
 * The terminal is restored on every way out; the backend stays with the caller.
 */
export async function runConsole(options: ConsoleOptions): Promise<void> {
  const follow = followBackend(options.backend, chainRules);
  const timer = setInterval(() => follow.tick(), TICK_MS);
  try {
    const ink = render(
      <App
        backend={options.backend}
        store={follow.store}
        theme={makeTheme({ ascii: options.ascii, colour: options.colour })}
        {...(options.runbook === undefined ? {} : { runbook: options.runbook })}
      />,
      {
        alternateScreen: true,
        incrementalRendering: options.fullRedraw !== true,
        exitOnCtrlC: false,
        interactive: true,
        patchConsole: true,
      },
    );
    await ink.waitUntilExit();
  } finally {
    clearInterval(timer);
    follow.stop();
  }
}
