import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Endpoint } from '../model/index.ts';

/** A token that cannot be used; the message says where and how to mend it and never holds the token. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
}

const MAX_SECRET = 4096;

/**
 * Reads the token of an endpoint for one request, from its file or from the command that prints it.
 * @returns null when the endpoint needs none
 * @throws TokenError when the file is missing, readable by others, or the command fails
 */
export async function readToken(endpoint: Endpoint): Promise<string | null> {
  if (endpoint.token === undefined) return null;
  const token = (await readSource(endpoint.token, 'the token')).trim();
  if (token === '' || token.length > MAX_SECRET || /[^\x21-\x7e]/.test(token))
    throw new TokenError(`${placeOf(endpoint.token, 'the token')} does not hold one token on one line`);
  return token;
}

/**
 * Reads another secret, one line of any characters, by the same ways.
 * @param what it is, with its article, for messages
 * @throws TokenError
 */
export async function readSecret(source: SecretSource, what: string): Promise<string> {
  const [line = ''] = (await readSource(source, what)).split(/\r?\n/);
  if (line === '') throw new TokenError(`${placeOf(source, what)} is empty`);
  return line;
}

type SecretSource = NonNullable<Endpoint['token']>;

/** For messages: `the token file /x`, `the token command y`. */
function placeOf(source: SecretSource, what: string): string {
  return 'file' in source ? `${what} file ${source.file}` : `${what} command ${source.command[0] ?? ''}`;
}

async function readSource(source: SecretSource, what: string): Promise<string> {
  const place = placeOf(source, what);
  if ('file' in source) return fromFile(source.file, place);
  const [program, ...args] = source.command;
  if (program === undefined) throw new TokenError(`${what} command is empty`);
  try {
    const options = { timeout: 10_000, maxBuffer: MAX_SECRET };
    return (await promisify(execFile)(program, args, options)).stdout;
  } catch {
    throw new TokenError(`${place} failed`);
  }
}

async function fromFile(file: string, place: string): Promise<string> {
  let mode: number;
  try {
    mode = (await stat(file)).mode;
  } catch {
    throw new TokenError(`${place} cannot be read; create it with mode 0600`);
  }
  if ((mode & 0o077) !== 0) throw new TokenError(`${place} can be read by others; run: chmod 600 ${file}`);
  const text = await readFile(file, 'utf8');
  if (text.length > MAX_SECRET) throw new TokenError(`${place} is too large`);
  return text;
}
