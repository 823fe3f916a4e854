import { constants } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { JOURNAL, RUNBOOK_FILE, TRUST_FILE } from '../journal/session-folder.ts';
import { evidenceNames, readSession, type SessionBytes } from '../verify/verify-read.ts';
import { TAR_END, tarHeader, tarOrder, tarPadding } from './tar.ts';

/**
 * Writes a session as one file: the same session gives the same bytes, wherever and whenever that happens. The file is there whole
 * or not at all.
 * @param from a session folder, or a bundle
 * @returns names and sizes of what went in
 * @throws VerifyStop when the session can not be read; Error with the code of the system when the file can not be written
 */
export async function writeBundle(
  from: string,
  to: string,
): Promise<readonly { readonly name: string; readonly size: number }[]> {
  const bytes = await readSession(from);
  const temporary = `${to}.${process.pid}`;
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const handle = await open(temporary, flags, 0o600);
  const written: { name: string; size: number }[] = [];
  try {
    for (const name of tarOrder(evidenceNames(bytes))) {
      const size = await sizeOf(bytes, name);
      await handle.writeFile(tarHeader({ name, size }));
      for await (const chunk of contentOf(bytes, name)) await handle.writeFile(chunk);
      await handle.writeFile(tarPadding(size));
      written.push({ name, size });
    }
    await handle.writeFile(TAR_END);
    await handle.sync();
    await handle.close();
    await rename(temporary, to);
    return written;
  } catch (error) {
    await handle.close().catch(() => undefined);
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

async function sizeOf(bytes: SessionBytes, name: string): Promise<number> {
  if (name === JOURNAL) return bytes.journal.size;
  return (await small(bytes, name)).length;
}

async function* contentOf(bytes: SessionBytes, name: string): AsyncGenerator<Uint8Array> {
  if (name === JOURNAL) yield* bytes.journal.chunks();
  else yield await small(bytes, name);
}

async function small(bytes: SessionBytes, name: string): Promise<Uint8Array> {
  if (name === RUNBOOK_FILE) return bytes.runbook;
  if (name === TRUST_FILE) return bytes.trust;
  const named =
    bytes.laterTrust.get(name) ??
    bytes.countersigns.get(name) ??
    bytes.outside.get(name) ??
    bytes.anchors.get(name);
  return named ?? bytes.readBlob(name.slice('blobs/'.length));
}
