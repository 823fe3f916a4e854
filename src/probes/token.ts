import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Endpoint } from '../model/index.ts';

/** A token that cannot be used; the message says where and how to mend it and never holds the token. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
}

const MAX_TOKEN = 4096;

/**
 * Reads the token of an endpoint for one request, from its file or from the command that prints it.
 * @returns null when the endpoint needs none
 * @throws TokenError when the file is missing, readable by others, or the command fails
 */
export async function readToken(endpoint: Endpoint): Promise<string | null> {
  if (endpoint.token === undefined) return null;
  if ('file' in endpoint.token) return fromFile(endpoint.token.file);
  return fromCommand(endpoint.token.command);
}

async function fromFile(file: string): Promise<string> {
  let mode: number;
  try {
    mode = (await stat(file)).mode;
  } catch {
    throw new TokenError(`the token file ${file} cannot be read; create it with mode 0600`);
  }
  if ((mode & 0o077) !== 0)
    throw new TokenError(`the token file ${file} can be read by others; run: chmod 600 ${file}`);
  return check(await readFile(file, 'utf8'), `the token file ${file}`);
}

async function fromCommand(command: readonly string[]): Promise<string> {
  const [program, ...args] = command;
  if (program === undefined) throw new TokenError('the token command is empty');
  try {
    const { stdout } = await promisify(execFile)(program, args, { timeout: 10_000, maxBuffer: MAX_TOKEN });
    return check(stdout, `the token command ${program}`);
  } catch (error) {
    if (error instanceof TokenError) throw error;
    throw new TokenError(`the token command ${program} failed`);
  }
}

function check(text: string, source: string): string {
  const token = text.trim();
  if (token === '' || token.length > MAX_TOKEN || /[^\x21-\x7e]/.test(token))
    throw new TokenError(`${source} does not hold one token on one line`);
  return token;
}
