import { format } from 'node:util';

/** Signals that end the program: the terminal is restored first. */
const ENDING = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const;
export type EndingSignal = (typeof ENDING)[number];
/** After this long somebody who asked to end the program is obeyed whatever is still under way, in milliseconds. */
const PATIENCE_MS = 8_000;
/** Longest wait for the stop signal to arrive, in milliseconds. */
const STOP_MS = 100;

export interface LifecycleOptions {
  /** Ends the console in an orderly way; called once. */
  readonly end: (cause: EndingSignal | Error) => void;
  /** Gives the terminal back to the shell, does the work, takes the terminal again and draws everything. */
  readonly suspend: (work: () => Promise<void>) => Promise<void>;
  /** The process ends now, without another turn of the event loop. */
  readonly lastMoment: () => void;
  /** Something was printed that would have gone over the screen. */
  readonly printed: (text: string) => void;
}

/** Watches over everything that may end, stop or disturb the console from outside. */
export class Lifecycle {
  readonly #options: LifecycleOptions;
  readonly #undo: (() => void)[] = [];
  #ending = false;
  #suspended = false;

  constructor(options: LifecycleOptions) {
    this.#options = options;
    for (const signal of ENDING) this.#listen(signal, () => this.#end(signal));
    this.#listen('uncaughtException', (error: unknown) => this.fail(error));
    this.#listen('exit', options.lastMoment);
    this.#listen('SIGTSTP', this.#onStop);
    // Stopped and continued by somebody else: what the terminal shows and how it is set is not known any more.
    this.#listen('SIGCONT', () => void this.#suspend(async () => undefined));
    this.#takeConsole();
  }

  /** Stops the program, as Ctrl-Z does elsewhere; goes on when the shell continues it. */
  stop(): Promise<void> {
    return this.#suspend(async () => {
      process.off('SIGTSTP', this.#onStop);
      // The whole job stops, as the terminal would have it.
      process.kill(0, 'SIGTSTP');
      // No time passes while the program is stopped. A program that no shell watches over is not stopped at all.
      await new Promise((resolve) => setTimeout(resolve, STOP_MS));
      process.on('SIGTSTP', this.#onStop);
    });
  }

  /** Ends the console because of an error. */
  fail(error: unknown): void {
    this.#end(error instanceof Error ? error : new Error(String(error)));
  }

  close(): void {
    for (const one of this.#undo.splice(0)) one();
  }

  readonly #onStop = (): void => void this.stop();

  async #suspend(work: () => Promise<void>): Promise<void> {
    if (this.#suspended || this.#ending) return;
    this.#suspended = true;
    try {
      await this.#options.suspend(work);
    } catch {
      // The terminal is with somebody else just now, who gives it back in time.
    } finally {
      // The signal that continued the program is told in the next turns.
      setTimeout(() => {
        this.#suspended = false;
      }, STOP_MS).unref();
    }
  }

  #end(cause: EndingSignal | Error): void {
    if (this.#ending) return;
    this.#ending = true;
    setTimeout(() => process.exit(1), PATIENCE_MS).unref();
    this.#options.end(cause);
  }

  #listen<T>(event: string, listener: (value: T) => void): void {
    process.on(event as 'message', listener as (value: unknown) => void);
    this.#undo.push(() => process.off(event as 'message', listener as (value: unknown) => void));
  }

  /** Whatever a library prints goes to the log, never over the screen. */
  #takeConsole(): void {
    const methods = ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const;
    for (const method of methods) {
      const original = console[method];
      console[method] = (...args: unknown[]) => this.#options.printed(format(...args));
      this.#undo.push(() => {
        console[method] = original;
      });
    }
    const printers = process.listeners('warning');
    process.removeAllListeners('warning');
    this.#listen('warning', (warning: Error) => this.#options.printed(`${warning.name}: ${warning.message}`));
    this.#undo.push(() => {
      for (const one of printers) process.on('warning', one);
    });
  }
}
