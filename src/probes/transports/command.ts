import type { AnswerClass } from '../../model/index.ts';

/** What one command came to, wherever it ran. */
export interface CommandAnswer {
  readonly class: AnswerClass;
  readonly exit: number | null;
  readonly stdout: Uint8Array;
  /** What it wrote to its error output, as text; not sanitised. */
  readonly stderr: string;
  /** One sanitised line for people; empty when the class is `ok`. */
  readonly detail: string;
}

/** Something that runs commands of the allow-list: this machine, or a host over SSH. */
export interface CommandRunner {
  /** @throws NotAllowedError for a command that is not listed */
  run(argv: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<CommandAnswer>;
}

/** Largest output taken in, in bytes. */
export const MAX_OUTPUT = 8 * 1024 * 1024;
/** Of the error output, enough for its words. */
export const MAX_STDERR = 4096;

/** A command that did not run. */
export function notRun(cls: AnswerClass, detail: string): CommandAnswer {
  return { class: cls, exit: null, stdout: new Uint8Array(), stderr: '', detail };
}
