import { lstat, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { codeOfError, readWhole, realFiles } from './files.ts';
import { type JournalBytes, journalInFile } from './journal-bytes.ts';
import { JOURNAL, MAX_BLOB_BYTES, MAX_JOURNAL_BYTES, RUNBOOK_FILE, TRUST_FILE } from './session-folder.ts';
import { EXIT, VerifyStop } from './verify-report.ts';

const MAX_SMALL = 4 * 1024 * 1024;
const MAX_FILES = 20_000;
const LATER_TRUST = /^trust-[0-9a-f]{64}\.json$/;
const COUNTERSIGN = /^countersign-[0-9a-z-]{1,80}\.json$/;
/** Locks of the writer; they say nothing and bind nothing. */
const LOCK = /^(journal\.lock-\d{1,9}|\.lock-[0-9a-f]+)$/;
const BLOB = /^[0-9a-f]{64}$/;

/** The bytes of a session folder, read once and within bounds. */
export interface SessionBytes {
  readonly folder: string;
  readonly journal: JournalBytes;
  readonly runbook: Uint8Array;
  readonly trust: Uint8Array;
  readonly laterTrust: ReadonlyMap<string, Uint8Array>;
  readonly countersigns: ReadonlyMap<string, Uint8Array>;
  readonly blobNames: readonly string[];
  /** Names in the folder that are no part of the evidence. */
  readonly strange: readonly string[];
  readBlob(name: string): Promise<Uint8Array>;
}

/**
 * V0: reads a session folder, or the folder of the journal that was named. Symbolic links and anything that is no plain file are refused.
 * @throws VerifyStop 50
 */
export async function readSession(path: string): Promise<SessionBytes> {
  const folder = basename(path) === JOURNAL ? dirname(path) : path;
  const read = (name: string, max: number): Promise<Uint8Array> => readPlain(join(folder, name), max);
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    throw new VerifyStop(
      EXIT.unreadable,
      'V0',
      `${folder} is not a session folder that can be read (${codeOfError(error) || 'error'})`,
    );
  }
  const blobNames = await readdir(join(folder, 'blobs')).catch(() => []);
  if (names.length + blobNames.length > MAX_FILES)
    throw new VerifyStop(EXIT.unreadable, 'V0', `${folder} holds more than ${MAX_FILES} files`);
  const known = new Set([JOURNAL, RUNBOOK_FILE, TRUST_FILE, 'blobs']);
  const laterTrust = new Map<string, Uint8Array>();
  const countersigns = new Map<string, Uint8Array>();
  const strange: string[] = [];
  for (const name of names) {
    if (LATER_TRUST.test(name)) laterTrust.set(name, await read(name, MAX_SMALL));
    else if (COUNTERSIGN.test(name)) countersigns.set(name, await read(name, MAX_SMALL));
    else if (!known.has(name) && !LOCK.test(name)) strange.push(name);
  }
  return {
    folder,
    journal: await journalFile(join(folder, JOURNAL)),
    runbook: await read(RUNBOOK_FILE, MAX_SMALL),
    trust: await read(TRUST_FILE, MAX_SMALL),
    laterTrust,
    countersigns,
    blobNames: blobNames.filter((name) => BLOB.test(name)),
    strange: [...strange, ...blobNames.filter((name) => !BLOB.test(name)).map((name) => `blobs/${name}`)],
    readBlob: (name) => read(join('blobs', name), MAX_BLOB_BYTES),
  };
}

/** @throws VerifyStop 50 */
async function journalFile(path: string): Promise<JournalBytes> {
  const info = await plainFile(path);
  if (info.size > MAX_JOURNAL_BYTES)
    throw new VerifyStop(
      EXIT.unreadable,
      'V0',
      `${path} has ${info.size} bytes; at most ${MAX_JOURNAL_BYTES} are read`,
    );
  return journalInFile(path, info.size);
}

async function readPlain(path: string, max: number): Promise<Uint8Array> {
  await plainFile(path);
  try {
    return await readWhole(realFiles, path, max);
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function plainFile(path: string): Promise<{ readonly size: number }> {
  const info = await lstat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (!info.isFile()) throw new VerifyStop(EXIT.unreadable, 'V0', `${path} is not a plain file`);
  return info;
}

function unreadable(path: string, error: unknown): VerifyStop {
  const code = codeOfError(error);
  const why =
    code === 'ENOENT'
      ? 'is missing'
      : `cannot be read (${code || (error instanceof Error ? error.message : 'error')})`;
  return new VerifyStop(EXIT.unreadable, 'V0', `${path} ${why}`);
}
