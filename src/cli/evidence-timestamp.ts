import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ExchangeError } from '../evidence/exchange.ts';
import {
  checkTimestamp,
  TimestampError,
  timestampName,
  timestampRequest,
} from '../evidence/outside/timestamp.ts';
import { sanitiseLine } from '../model/index.ts';
import { readSessionRecords } from '../state/runs/witness.ts';
import { CliError, type Io } from './io.ts';

/** SHA-256 of a sealed journal. @throws CliError when it is open */
async function sealedDigest(session: string): Promise<Uint8Array> {
  try {
    const { records } = await readSessionRecords(session);
    if (records.at(-1)?.kind !== 'seal')
      throw new CliError('the session is not sealed; its journal still changes');
    return createHash('sha256')
      .update(await readFile(join(session, 'journal.jsonl')))
      .digest();
  } catch (error) {
    if (error instanceof ExchangeError) throw new CliError(error.message);
    throw error;
  }
}

async function writeNewFile(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(path, bytes, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(
      error.code === 'EEXIST'
        ? `${path} exists already; nothing was written over`
        : `${path} can not be written (${error.code})`,
    );
  });
}

/** `c138 evidence timestamp request SESSION`: c138 itself sends it nowhere. */
export async function timestampAsk(
  session: string,
  flags: { readonly out?: string | undefined },
  io: Io,
): Promise<number> {
  const path = resolve(flags.out ?? 'journal.tsq');
  await writeNewFile(path, timestampRequest(await sealedDigest(session)));
  io.out(`${path}\n`);
  io.err('c138: send it to a time stamping authority, then: c138 evidence timestamp take SESSION REPLY\n');
  return 0;
}

/** `c138 evidence timestamp take SESSION REPLY`: keeps a reply that is about this journal and holds. */
export async function timestampTake(session: string, reply: string, io: Io): Promise<number> {
  const digest = await sealedDigest(session);
  const bytes = await readFile(reply).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`${sanitiseLine(reply)}: it can not be read (${error.code})`);
  });
  try {
    const { at, authority } = checkTimestamp(bytes, digest, null);
    const path = join(resolve(session), timestampName(bytes));
    await writeNewFile(path, bytes);
    io.out(`${path}\n`);
    io.err(
      `c138: ${at}, says ${sanitiseLine(authority, 200)}; who verifies pins that authority with --tsa\n`,
    );
    return 0;
  } catch (error) {
    if (error instanceof TimestampError) throw new CliError(`${sanitiseLine(reply)}: ${error.message}`, 1);
    throw error;
  }
}
