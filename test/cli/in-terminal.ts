import { resolve } from 'node:path';
import { spawn } from '@lydell/node-pty';

const bin = resolve(import.meta.dirname, '../../bin/c138');

export type Answer = readonly [RegExp, string | ((match: RegExpExecArray) => string)];

/** How long a prompt stands before it is answered, in milliseconds: what comes sooner was typed blindly and counts for nothing. */
const READING_MS = 150;

/** Runs the program in a terminal and answers each prompt as it comes; a function answers from what is on the screen. */
export function inTerminal(
  argv: readonly string[],
  answers: readonly Answer[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly screen: string }> {
  return new Promise((done, fail) => {
    const terminal = spawn(process.execPath, [bin, ...argv], {
      cols: 400,
      rows: 40,
      cwd: env.HOME ?? '.',
      env: { PATH: process.env.PATH ?? '', TERM: 'xterm', ...env },
    });
    const waiting = [...answers];
    let screen = '';
    let unread = '';
    const limit = setTimeout(() => {
      terminal.kill('SIGKILL');
      fail(new Error(`no end, waiting for ${waiting[0]?.[0]}; it showed: ${screen}`));
    }, 110_000);
    terminal.onData((text) => {
      screen += text;
      unread += text;
      const [next] = waiting;
      const match = next === undefined ? null : next[0].exec(unread);
      if (next === undefined || match === null) return;
      waiting.shift();
      unread = '';
      const [, answer] = next;
      setTimeout(
        () => terminal.write(`${typeof answer === 'string' ? answer : answer(match)}\r`),
        READING_MS,
      );
    });
    terminal.onExit(({ exitCode }) => {
      clearTimeout(limit);
      done({ code: exitCode, screen });
    });
  });
}

/** Makes a keystore as a person does, and gives its address. */
export async function newKey(passphrase: string, env: Readonly<Record<string, string>>): Promise<string> {
  const made = await inTerminal(
    ['key', 'new'],
    [
      [/New passphrase.*: $/, passphrase],
      [/The same again: $/, passphrase],
    ],
    env,
  );
  if (made.code !== 0) throw new Error(`no key was made: ${made.screen}`);
  return /0x[0-9a-f]{40}/.exec(made.screen)?.[0] ?? '';
}
