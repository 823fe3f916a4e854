import { appendFileSync } from 'node:fs';
import { constants } from 'node:os';
import { sanitiseBlock, sanitiseLine } from '../model/index.ts';

/** Where a command reads and writes; tests put their own in its place. */
export interface Io {
  /** Data: what a script would read. */
  readonly out: (text: string) => void;
  /** Messages for people. */
  readonly err: (text: string) => void;
  readonly env: NodeJS.ProcessEnv;
  readonly stdinIsTty: boolean;
  readonly stdoutIsTty: boolean;
  readonly stderrIsTty: boolean;
}

/** The exit code of a program that could not end of itself and does so hard: as a shell tells of SIGKILL. */
export const ENDED_HARD = 128 + constants.signals.SIGKILL;

/** The io of this process. */
export function processIo(): Io {
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    env: process.env,
    stdinIsTty: process.stdin.isTTY === true,
    stdoutIsTty: process.stdout.isTTY === true,
    stderrIsTty: process.stderr.isTTY === true,
  };
}

/** A command that can not be carried out: what is wrong, where, and how to mend it, with its exit code. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;

  constructor(message: string, exitCode = 2) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** One line for people about any error. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return sanitiseLine(String(error), 500);
  if ('describe' in error && typeof error.describe === 'function')
    return sanitiseLine(String(error.describe()), 500);
  return sanitiseLine(error.message === '' ? error.name : error.message, 500);
}

/**
 * Tells an error that nobody handled, without a stack trace; that goes to the file named by C138_DEBUG, if any.
 * Returns the exit code.
 */
export function reportError(error: unknown, io: Io): number {
  io.err(`c138: ${describeError(error)}\n`);
  if (error instanceof CliError) return error.exitCode;
  const file = io.env.C138_DEBUG;
  if (file !== undefined && file !== '')
    try {
      const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
      appendFileSync(file, `${new Date().toISOString()}\n${sanitiseBlock(stack)}\n`, { mode: 0o600 });
    } catch (failure) {
      io.err(`c138: C138_DEBUG: ${describeError(failure)}\n`);
    }
  return 2;
}

/** Writes a value as indented JSON with a final line feed. */
export function printJson(io: Io, value: unknown): void {
  io.out(`${JSON.stringify(value, null, 2)}\n`);
}
