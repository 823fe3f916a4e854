import { createHash, randomBytes } from 'node:crypto';
import { lstat, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type Snapshot, sanitiseJson, sanitiseLine } from '../../model/index.ts';
import { faultOfSnapshot } from './snapshot-shape.ts';

/** Raw answers by their SHA-256 in lower-case hexadecimal. */
export type Raws = ReadonlyMap<string, Uint8Array>;

/** A snapshot that can not be read or written: what is wrong, where, and how to mend it. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
}

const MAX_SNAPSHOT_BYTES = 256 * 1024 * 1024;
const MAX_STRING = 1_000_000;

/** SHA-256 of bytes as lower-case hexadecimal. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * Writes a snapshot folder: `snapshot.json`, `raw/<sha256>` and `SHA256SUMS` (as sha256sum(1) reads it). Everything is
 * written and synced under a temporary name beside it and renamed, so that a snapshot is there wholly or not at all.
 * Files are 0600 in folders 0700.
 * @param folder must not exist yet
 * @throws SnapshotError when the folder exists or the disk refuses
 */
export async function writeSnapshot(folder: string, snapshot: Snapshot, raws: Raws): Promise<string> {
  const target = resolve(folder);
  const parent = dirname(target);
  const work = join(parent, `.${basename(target)}.${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(parent, { recursive: true, mode: 0o700 });
    if ((await lstat(target).catch(() => null)) !== null)
      throw new SnapshotError(`${target} exists already; a snapshot is never written over another`);
    await mkdir(join(work, 'raw'), { recursive: true, mode: 0o700 });
    const sums: string[] = [];
    const put = async (name: string, bytes: Uint8Array): Promise<void> => {
      await writeSynced(join(work, name), bytes);
      sums.push(`${sha256Of(bytes)}  ${name}\n`);
    };
    for (const [sha256, bytes] of [...raws].sort(([a], [b]) => (a < b ? -1 : 1)))
      await put(`raw/${sha256}`, bytes);
    await put('snapshot.json', Buffer.from(`${JSON.stringify(snapshot, null, 1)}\n`));
    await writeSynced(join(work, 'SHA256SUMS'), Buffer.from(sums.join('')));
    await syncFolder(join(work, 'raw'));
    await syncFolder(work);
    await rename(work, target);
    await syncFolder(parent);
    return target;
  } catch (error) {
    await rm(work, { recursive: true, force: true }).catch(() => undefined);
    if (error instanceof SnapshotError) throw error;
    throw new SnapshotError(
      `${target}: the snapshot can not be written (${codeOf(error)}). Check space and rights, or choose another folder with --out.`,
    );
  }
}

/**
 * Reads a snapshot for looking at it: the form is checked strictly and every string is made safe. Raw answers are
 * not read; `verifySnapshot` checks them.
 * @param path a snapshot folder, its `snapshot.json`, or a report folder that holds `snapshot/`
 * @throws SnapshotError
 */
export async function readSnapshot(path: string): Promise<{ snapshot: Snapshot; folder: string }> {
  const { folder, bytes } = await readBytes(path);
  const file = join(folder, 'snapshot.json');
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new SnapshotError(
      `${file}: not JSON: ${sanitiseLine((error as Error).message, 120)}. Copy the snapshot again from where it was made.`,
    );
  }
  const fault = faultOfSnapshot(value);
  if (fault !== null)
    throw new SnapshotError(
      `${file}: ${sanitiseLine(fault, 300)}. It was made by another version, or changed afterwards; copy it again.`,
    );
  return { snapshot: sanitiseJson(value as Snapshot, MAX_STRING), folder };
}

/** What checking a snapshot's files against their digests found. */
export interface SnapshotCheck {
  readonly files: number;
  readonly raws: number;
  /** One line for each thing that is wrong; empty when all is well. */
  readonly faults: readonly string[];
}

/**
 * Recomputes every digest: SHA256SUMS against the files, and each observation's raw reference against the stored bytes.
 * The sums are data of the same folder: they show damage, not forgery.
 */
export async function verifySnapshot(folder: string, snapshot: Snapshot): Promise<SnapshotCheck> {
  const faults: string[] = [];
  const sums = new Map<string, string>();
  const text = await readFile(join(folder, 'SHA256SUMS'), 'utf8').catch(() => null);
  if (text === null) faults.push('SHA256SUMS is missing');
  for (const line of (text ?? '').split('\n').filter((one) => one !== '')) {
    const match = /^([0-9a-f]{64}) {2}(snapshot\.json|raw\/[0-9a-f]{64})$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined)
      faults.push(`SHA256SUMS has a line that is not understood: ${sanitiseLine(line, 80)}`);
    else sums.set(match[2], match[1]);
  }
  const present = [
    'snapshot.json',
    ...(await readdir(join(folder, 'raw')).catch(() => [] as string[])).map((name) => `raw/${name}`),
  ];
  const digests = new Map<string, { sha256: string; bytes: number }>();
  for (const name of present) {
    const info = await lstat(join(folder, name));
    if (!info.isFile()) {
      faults.push(`${sanitiseLine(name, 80)} is not a plain file`);
      continue;
    }
    const bytes = await readFile(join(folder, name));
    const sha256 = sha256Of(bytes);
    digests.set(name, { sha256, bytes: bytes.length });
    const expected = sums.get(name);
    if (expected === undefined) faults.push(`${sanitiseLine(name, 80)} is not listed in SHA256SUMS`);
    else if (expected !== sha256) faults.push(`${name} does not have the digest that SHA256SUMS gives`);
    if (name.startsWith('raw/') && name !== `raw/${sha256}`)
      faults.push(`${sanitiseLine(name, 80)} does not hold what its name says`);
  }
  for (const name of sums.keys()) if (!digests.has(name)) faults.push(`${name} is missing`);
  const wanted = new Set<string>();
  for (const { raw, probe, endpoint } of snapshot.observations) {
    if (raw === null) continue;
    wanted.add(raw.sha256);
    const stored = digests.get(`raw/${raw.sha256}`);
    const place = `${sanitiseLine(probe, 40)} at ${sanitiseLine(endpoint, 60)}`;
    if (stored === undefined) faults.push(`the raw answer of ${place} is missing`);
    else if (stored.bytes !== raw.bytes)
      faults.push(`the raw answer of ${place} has ${stored.bytes} bytes, not ${raw.bytes}`);
  }
  for (const name of digests.keys())
    if (name.startsWith('raw/') && !wanted.has(name.slice(4)))
      faults.push(`${sanitiseLine(name, 80)} belongs to no observation`);
  return { files: present.length, raws: wanted.size, faults };
}

async function readBytes(path: string): Promise<{ folder: string; bytes: Uint8Array }> {
  const given = resolve(path);
  const shown = sanitiseLine(given);
  const info = await stat(given).catch((error: unknown) => {
    throw new SnapshotError(
      `${shown}: there is no snapshot (${codeOf(error)}). Give the folder that discover wrote.`,
    );
  });
  let folder = info.isDirectory() ? given : dirname(given);
  if (!info.isDirectory() && basename(given) !== 'snapshot.json')
    throw new SnapshotError(`${shown}: this is not a snapshot. Give the folder that discover wrote.`);
  const nested = join(folder, 'snapshot');
  if (info.isDirectory() && (await lstat(join(folder, 'snapshot.json')).catch(() => null)) === null)
    if ((await lstat(join(nested, 'snapshot.json')).catch(() => null)) !== null) folder = nested;
  const file = join(folder, 'snapshot.json');
  try {
    const size = (await stat(file)).size;
    if (size > MAX_SNAPSHOT_BYTES)
      throw new SnapshotError(`${sanitiseLine(file)}: ${size} bytes are more than a snapshot can have`);
    return { folder, bytes: await readFile(file) };
  } catch (error) {
    if (error instanceof SnapshotError) throw error;
    throw new SnapshotError(
      `${sanitiseLine(file)}: the snapshot can not be read (${codeOf(error)}). Give the folder that discover wrote.`,
    );
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.chmod(0o600);
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error';
}
