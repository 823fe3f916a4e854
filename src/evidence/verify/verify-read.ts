import { lstat, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { codeOfError, readWhole, realFiles } from '../journal/files.ts';
import { type JournalBytes, journalInFile } from '../journal/journal-bytes.ts';
import {
  JOURNAL,
  MAX_BLOB_BYTES,
  MAX_JOURNAL_BYTES,
  RUNBOOK_FILE,
  TRUST_FILE,
} from '../journal/session-folder.ts';
import { openTar, readTarIndex, TarError } from '../outside/tar.ts';
import { MAX_TRUST_BYTES } from '../trust/trust.ts';
import { EXIT, VerifyStop } from './verify-report.ts';

const MAX_SMALL = 4 * 1024 * 1024;
const MAX_FILES = 20_000;
/** All files beside the journal that are held in memory at once: anybody can add some, each of them as long as is allowed. */
const MAX_BESIDE_BYTES = 64 * 1024 * 1024;
const MAX_BESIDE_FILES = 200;
const LATER_TRUST = /^trust-[0-9a-f]{64}\.json$/;
const COUNTERSIGN = /^countersign-[0-9a-z-]{1,80}\.json$/;
/** Proofs from outside, each verified on its own: an SSHSIG over the journal, RFC 3161 replies. */
const OUTSIDE = /^(journal\.jsonl\.sig|[0-9a-f]{64}\.tsr)$/;
/** Proofs from the estate's own chain. */
const ANCHOR = /^anchor-[0-9a-f]{64}\.json$/;
/** Locks of the writer; they say nothing and bind nothing, and have no place in a bundle. */
const LOCK = /^(journal\.lock-\d{1,9}|\.lock-[0-9a-f]+)$/;
const BLOB = /^[0-9a-f]{64}$/;
const BLOBS = 'blobs/';

/** The bytes of a session, in a folder or a bundle, read within bounds. */
export interface SessionBytes {
  /** What was read, for messages. */
  readonly folder: string;
  readonly journal: JournalBytes;
  readonly runbook: Uint8Array;
  readonly trust: Uint8Array;
  readonly laterTrust: ReadonlyMap<string, Uint8Array>;
  readonly countersigns: ReadonlyMap<string, Uint8Array>;
  readonly outside: ReadonlyMap<string, Uint8Array>;
  readonly anchors: ReadonlyMap<string, Uint8Array>;
  readonly blobNames: readonly string[];
  /** Names that are no part of the evidence. */
  readonly strange: readonly string[];
  readBlob(name: string): Promise<Uint8Array>;
}

/** Named files, wherever they lie. */
interface Source {
  readonly path: string;
  /** Blobs as `blobs/<name>`. */
  readonly names: readonly string[];
  read(name: string, max: number): Promise<Uint8Array>;
  journal(): Promise<JournalBytes>;
  /** What is to be said of a file that is no part of the evidence: a folder may have some, a bundle may not. */
  readonly sealed: boolean;
}

/**
 * V0: reads a session folder, the folder of a journal that was named, or a bundle. Symbolic links and anything that is no plain
 * file are refused.
 * @throws VerifyStop 50, or 40 for a bundle that is not in its one form
 */
export async function readSession(path: string): Promise<SessionBytes> {
  const info = await lstat(path).catch(() => null);
  const bundle = info?.isFile() === true && basename(path) !== JOURNAL;
  return sorted(await (bundle ? bundleSource(path, info.size) : folderSource(path)));
}

/** Every file of a session by the name it has in a bundle, locks and strangers left out. */
export function evidenceNames(bytes: SessionBytes): readonly string[] {
  return [
    JOURNAL,
    RUNBOOK_FILE,
    TRUST_FILE,
    ...bytes.laterTrust.keys(),
    ...bytes.countersigns.keys(),
    ...bytes.outside.keys(),
    ...bytes.anchors.keys(),
    ...bytes.blobNames.map((name) => BLOBS + name),
  ];
}

async function sorted(source: Source): Promise<SessionBytes> {
  if (source.names.length > MAX_FILES)
    throw new VerifyStop(EXIT.unreadable, 'V0', `${source.path} holds more than ${MAX_FILES} files`);
  const known = new Set([JOURNAL, RUNBOOK_FILE, TRUST_FILE]);
  const laterTrust = new Map<string, Uint8Array>();
  const countersigns = new Map<string, Uint8Array>();
  const outside = new Map<string, Uint8Array>();
  const anchors = new Map<string, Uint8Array>();
  const blobNames: string[] = [];
  const strange: string[] = [];
  const beside = readBeside(source);
  for (const name of source.names) {
    if (LATER_TRUST.test(name)) laterTrust.set(name, await beside(name, MAX_TRUST_BYTES));
    else if (COUNTERSIGN.test(name)) countersigns.set(name, await beside(name, MAX_SMALL));
    else if (OUTSIDE.test(name)) outside.set(name, await beside(name, MAX_SMALL));
    else if (ANCHOR.test(name)) anchors.set(name, await beside(name, MAX_SMALL));
    else if (name.startsWith(BLOBS) && BLOB.test(name.slice(BLOBS.length)))
      blobNames.push(name.slice(BLOBS.length));
    else if (!known.has(name) && (source.sealed || !LOCK.test(name))) strange.push(name);
  }
  if (source.sealed && strange.length > 0)
    throw new VerifyStop(
      EXIT.malformed,
      'V0',
      `the bundle holds ${strange[0]}, which is no part of evidence`,
    );
  return {
    folder: source.path,
    journal: await source.journal(),
    runbook: await source.read(RUNBOOK_FILE, MAX_SMALL),
    trust: await source.read(TRUST_FILE, MAX_TRUST_BYTES),
    laterTrust,
    countersigns,
    outside,
    anchors,
    blobNames,
    strange,
    readBlob: (name) => source.read(BLOBS + name, MAX_BLOB_BYTES),
  };
}

/** Reads files as the source does, up to a number and a size of all together. */
function readBeside(source: Source): Source['read'] {
  let files = 0;
  let total = 0;
  return async (name, max) => {
    files += 1;
    if (files > MAX_BESIDE_FILES)
      throw new VerifyStop(
        EXIT.unreadable,
        'V0',
        `${source.path} holds more than ${MAX_BESIDE_FILES} countersignatures, trust stores, time stamps and anchors; no more are read`,
      );
    const bytes = await source.read(name, max);
    total += bytes.length;
    if (total > MAX_BESIDE_BYTES)
      throw new VerifyStop(
        EXIT.unreadable,
        'V0',
        `the countersignatures, trust stores, time stamps and anchors in ${source.path} have more than ${MAX_BESIDE_BYTES} bytes together; no more are read`,
      );
    return bytes;
  };
}

async function folderSource(path: string): Promise<Source> {
  const folder = basename(path) === JOURNAL ? dirname(path) : path;
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
  const inside = await lstat(join(folder, 'blobs')).catch(() => null);
  if (inside !== null && !inside.isDirectory())
    throw new VerifyStop(EXIT.unreadable, 'V0', `${join(folder, 'blobs')} is not a plain folder`);
  // A session without raw answers may have lost the empty folder when it was copied; one that can not be read is another thing.
  const blobs = await readdir(join(folder, 'blobs')).catch((error: unknown) => {
    if (codeOfError(error) === 'ENOENT') return [];
    throw unreadable(join(folder, 'blobs'), error);
  });
  return {
    path: folder,
    names: [...names.filter((name) => name !== 'blobs'), ...blobs.map((name) => BLOBS + name)],
    read: (name, max) => readPlain(join(folder, name), max),
    journal: () => journalFile(join(folder, JOURNAL)),
    sealed: false,
  };
}

async function bundleSource(path: string, size: number): Promise<Source> {
  const handle = await openTar(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  try {
    const { places } = await readTarIndex(handle, size);
    const place = (name: string): { readonly at: number; readonly size: number } => {
      const found = places.get(name);
      if (found === undefined)
        throw new VerifyStop(EXIT.malformed, 'V0', `the bundle ${path} holds no ${name}`);
      return found;
    };
    return {
      path,
      names: [...places.keys()],
      read: async (name, max) => {
        const { at, size: length } = place(name);
        if (length > max)
          throw new VerifyStop(EXIT.unreadable, 'V0', `${name} has ${length} bytes; at most ${max} are read`);
        return readPart(path, at, length);
      },
      journal: async () => {
        const { at, size: length } = place(JOURNAL);
        if (length > MAX_JOURNAL_BYTES) throw tooLong(JOURNAL, length);
        return journalInFile(path, length, at);
      },
      sealed: true,
    };
  } catch (error) {
    if (!(error instanceof TarError)) throw error;
    throw new VerifyStop(EXIT.malformed, 'V0', `${path} is no bundle of evidence: ${error.message}`);
  } finally {
    await handle.close();
  }
}

async function readPart(path: string, at: number, length: number): Promise<Uint8Array> {
  const handle = await openTar(path);
  try {
    const buffer = Buffer.alloc(length);
    await handle.read(buffer, 0, length, at);
    return buffer;
  } finally {
    await handle.close();
  }
}

function tooLong(name: string, size: number): VerifyStop {
  return new VerifyStop(
    EXIT.unreadable,
    'V0',
    `${name} has ${size} bytes; at most ${MAX_JOURNAL_BYTES} are read`,
  );
}

/** @throws VerifyStop 50 */
async function journalFile(path: string): Promise<JournalBytes> {
  const info = await plainFile(path);
  if (info.size > MAX_JOURNAL_BYTES) throw tooLong(path, info.size);
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

/** What is said of a file that the system does not give. */
export function unreadable(path: string, error: unknown): VerifyStop {
  const code = codeOfError(error);
  const why =
    code === 'ENOENT'
      ? 'is missing'
      : `cannot be read (${code || (error instanceof Error ? error.message : 'error')})`;
  return new VerifyStop(EXIT.unreadable, 'V0', `${path} ${why}`);
}
