import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A discovery run's folder: the time of its start. */
const STAMP = /^\d{8}T\d{6}\.\d{3}Z$/;
const STAMPS = /\d{8}T\d{6}\.\d{3}Z/g;
const DIGESTS = /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g;

/** What was removed and why something older was kept. */
export interface Retained {
  readonly removed: readonly string[];
  /** Runs beyond the count that stay because a session of evidence refers to them. */
  readonly referred: readonly string[];
  /** Why nothing was removed although there were more than enough, or null. */
  readonly refused: string | null;
}

/**
 * Keeps the newest runs and removes older ones, but never one that evidence refers to: by the name of its folder, by the digest of one of its
 * files, or by the digest of a raw answer in its snapshot. When a journal can not be read, nothing is removed. Folders with other names
 * are not touched.
 * @param runsDir the folder of the runs
 * @param evidenceDir the folder of the sessions
 * @param keep how many runs stay; 0 keeps all
 */
export async function retainRuns(runsDir: string, evidenceDir: string, keep: number): Promise<Retained> {
  const names = await readdir(runsDir, { withFileTypes: true }).catch(() => []);
  const runs = names
    .filter((one) => one.isDirectory() && STAMP.test(one.name))
    .map((one) => one.name)
    .sort()
    .reverse();
  const old = keep === 0 ? [] : runs.slice(keep);
  if (old.length === 0) return { removed: [], referred: [], refused: null };
  const named = await namedByEvidence(evidenceDir);
  if (typeof named === 'string') return { removed: [], referred: [], refused: named };
  const removed: string[] = [];
  const referred: string[] = [];
  for (const run of old) {
    const folder = join(runsDir, run);
    if (named.stamps.has(run) || (await digestsOf(folder)).some((digest) => named.digests.has(digest))) {
      referred.push(run);
      continue;
    }
    // Renamed first, so that an interrupted removal leaves no half of a run under its name.
    const work = join(runsDir, `.removed-${run}`);
    await rename(folder, work);
    await rm(work, { recursive: true, force: true });
    removed.push(run);
  }
  return { removed, referred, refused: null };
}

interface Named {
  readonly stamps: ReadonlySet<string>;
  readonly digests: ReadonlySet<string>;
}

/** Every digest and run name in the journals, or why they can not be read. */
async function namedByEvidence(evidenceDir: string): Promise<Named | string> {
  const sessions = await readdir(evidenceDir).catch((error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT' ? [] : null,
  );
  if (sessions === null) return `${evidenceDir} can not be read`;
  const stamps = new Set<string>();
  const digests = new Set<string>();
  for (const session of sessions) {
    const file = join(evidenceDir, session, 'journal.jsonl');
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' || error.code === 'ENOTDIR' ? '' : null,
    );
    if (text === null) return `${file} can not be read`;
    for (const [stamp] of text.matchAll(STAMPS)) stamps.add(stamp);
    for (const [digest] of text.matchAll(DIGESTS)) digests.add(digest);
  }
  return { stamps, digests };
}

/** Digests of the files of a run, and those that its snapshot lists. */
async function digestsOf(folder: string): Promise<readonly string[]> {
  const out: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || /\/raw$/.test(entry.parentPath)) continue;
    if (!(await lstat(path)).isFile()) continue;
    out.push(await sha256File(path));
    if (entry.name === 'SHA256SUMS')
      out.push(...[...(await readFile(path, 'utf8')).matchAll(DIGESTS)].map(([digest]) => digest));
  }
  return out;
}

async function sha256File(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}
