import { closeSync, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';

/** There is no terminal to ask on. */
export class NoTerminalError extends Error {
  override readonly name = 'NoTerminalError';
}

const MAX_SECRET = 1024;

/**
 * Asks for a secret on the controlling terminal itself, without echo. Nothing of it passes through any other process.
 * @throws NoTerminalError without a terminal; Error when the operator gives up
 */
export function askSecret(prompt: string): Promise<string> {
  return ask(prompt, false);
}

/**
 * Asks for a line on the controlling terminal itself, shown as it is typed.
 * @throws NoTerminalError without a terminal; Error when the operator gives up
 */
export function askLine(prompt: string): Promise<string> {
  return ask(prompt, true);
}

/**
 * Asks several things one after the other, and shows nothing that is typed between two of them: a passphrase that comes before its prompt must not
 * stand on the screen. Without a terminal the work is done all the same, and says itself what is missing.
 */
export async function withoutEcho<T>(work: () => Promise<T>): Promise<T> {
  let fd: number;
  try {
    fd = openSync('/dev/tty', 'r+');
  } catch {
    return work();
  }
  // Never read from: each question finds the terminal quiet, and leaves it as it found it.
  const holder = new ReadStream(fd);
  holder.on('error', () => undefined);
  holder.setRawMode(true);
  try {
    return await work();
  } finally {
    holder.setRawMode(false);
    holder.destroy();
  }
}

function ask(prompt: string, shown: boolean): Promise<string> {
  let fd: number;
  try {
    fd = openSync('/dev/tty', 'r+');
  } catch {
    throw new NoTerminalError('there is no terminal to ask on, so nothing was done');
  }
  const input = new ReadStream(fd);
  input.setRawMode(true);
  writeSync(fd, `\r\n${prompt}`);
  return new Promise((resolve, reject) => {
    let secret = '';
    const end = (finish: () => void): void => {
      input.setRawMode(false);
      input.removeAllListeners();
      writeSync(fd, '\r\n');
      input.destroy();
      finish();
    };
    input.on('error', () => end(() => reject(new NoTerminalError('the terminal went away'))));
    input.on('data', (chunk: Buffer | string) => {
      for (const char of String(chunk)) {
        if (char === '\r' || char === '\n') return end(() => resolve(secret));
        if (char === '\u0003' || char === '\u001b')
          return end(() => reject(new Error('nothing was typed; nothing was done')));
        if (char === '\u007f' || char === '\b') {
          if (shown && secret !== '') writeSync(fd, '\b \b');
          secret = [...secret].slice(0, -1).join('');
        } else if (secret.length < MAX_SECRET && char >= ' ') {
          secret += char;
          if (shown && char <= '~') writeSync(fd, char);
        }
      }
    });
  });
}

/** Writes a line on the controlling terminal, if there is one. */
export function tellTerminal(text: string): void {
  try {
    const fd = openSync('/dev/tty', 'w');
    writeSync(fd, `${text}\r\n`);
    closeSync(fd);
  } catch {
    // Without a terminal there is nobody to tell.
  }
}
