import { constants } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Hex } from '../../model/json.ts';
import { APPEND, codeOfError, type Files, type OpenFile, readWhole, writeAll, writeNew } from './files.ts';

/** Largest journal that is read, in bytes. */
export const MAX_JOURNAL_BYTES = 512 * 1024 * 1024;
/** Largest blob that is kept, in bytes. */
export const MAX_BLOB_BYTES = 4 * 1024 * 1024;

export const JOURNAL = 'journal.jsonl';
export const RUNBOOK_FILE = 'runbook.json';
export const TRUST_FILE = 'trust.json';

/** File of the trust store of a resumed session, when it is another than the first. */
export function laterTrustFile(sha256: Hex): string {
  return `trust-${sha256.slice(2)}.json`;
}

/**
 * Lays out a new session folder (0700) with its files (0600), all on the disk. The folder must not exist; when it can not be laid out
 * nothing of it is left.
 */
export async function layOut(
  files: Files,
  dir: string,
  runbookBytes: Uint8Array,
  trustBytes: Uint8Array,
): Promise<void> {
  await files.mkdir(dir, 0o700);
  try {
    await files.mkdir(join(dir, 'blobs'), 0o700);
    await writeNew(files, join(dir, RUNBOOK_FILE), runbookBytes);
    await writeNew(files, join(dir, TRUST_FILE), trustBytes);
    await writeNew(files, join(dir, JOURNAL), new Uint8Array());
    await files.syncFolder(join(dir, 'blobs'));
    await files.syncFolder(dir);
    await files.syncFolder(dirname(dir));
  } catch (error) {
    await takeAway(files, dir);
    throw error;
  }
}

const LAID_OUT = /^(journal\.jsonl|runbook\.json|trust\.json|journal\.lock-\d+|\.lock-[0-9a-f]+)$/;

/** Removes a session folder in which nothing was ever acknowledged, so that the session can be begun again. What can not be removed stays. */
export async function takeAway(files: Files, dir: string): Promise<void> {
  const names = await files.list(dir).catch(() => []);
  for (const name of names.filter((one) => LAID_OUT.test(one)))
    await files.unlink(join(dir, name)).catch(() => undefined);
  for (const folder of [join(dir, 'blobs'), dir]) await files.rmdir(folder).catch(() => undefined);
  await files.syncFolder(dirname(dir)).catch(() => undefined);
}

/**
 * Opens the journal for appending.
 * @throws Error with the code ELOOP when journal or blob folder is a symbolic link
 */
export async function openJournal(files: Files, dir: string): Promise<OpenFile> {
  const blobs = join(dir, 'blobs');
  const linked = await files.readlink(blobs).catch(() => null);
  if (linked !== null)
    throw Object.assign(new Error(`ELOOP: ${blobs} is a symbolic link`), { code: 'ELOOP' });
  return files.open(join(dir, JOURNAL), APPEND, 0);
}

/** Adds a file to a session folder unless it is there already; durable on return. */
export async function addFile(files: Files, folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const path = join(folder, name);
  try {
    await writeNew(files, path, bytes);
  } catch (error) {
    if (codeOfError(error) !== 'EEXIST') throw error;
    const known = await readWhole(files, path, Math.max(bytes.length, 1)).catch(() => null);
    const whole = known !== null && Buffer.compare(known, bytes) === 0;
    const file = await files.open(path, constants.O_RDWR | constants.O_NOFOLLOW, 0);
    try {
      if (!whole) {
        // A file cut short by a crash: it was never acknowledged, so it is written again in place.
        await file.truncate(0);
        await writeAll(file, bytes);
      }
      // Also when it is whole: a program that was killed before its sync left it nowhere but in memory.
      await file.sync();
    } finally {
      await file.close();
    }
  }
  await files.syncFolder(folder);
}
