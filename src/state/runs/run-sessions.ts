import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOfError } from '../../evidence/journal/files.ts';
import { parseLine } from '../../evidence/record/line.ts';
import { parseBody } from '../../evidence/record/record.ts';
import { lastSeal } from '../../evidence/verify/session-links.ts';
import { type Hex, sanitiseLine } from '../../model/index.ts';
import type { SessionSummary } from '../backend.ts';
import { inTime } from '../in-time.ts';
import { linksIn } from './session-links.ts';

const MAX_BYTES = 64 * 1024 * 1024;
/** A list of sessions does not wait longer for the mirror, in milliseconds. */
const MIRROR_MS = 3_000;

/** Folder name of a session: time, runbook and the beginning of the session's id. */
export function folderOf(runbookId: string, session: string, now = new Date()): string {
  const time = now
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:]/g, '');
  return `${time}-${runbookId}-${session.slice(2, 10)}`;
}

/**
 * The sessions in a folder, newest first, and those that only the mirror holds. One that cannot be read is left out here;
 * `evidence verify` says why.
 * @param trouble is told what can not be looked at, so that its sessions are missing
 */
export async function listSessions(
  evidenceDir: string,
  mirror: string | null = null,
  trouble: (text: string) => void = () => undefined,
): Promise<readonly SessionSummary[]> {
  const here = await sessionsIn(evidenceDir, false).catch((error: unknown) => {
    // Before the first session there is no folder.
    const code = codeOfError(error);
    if (code !== 'ENOENT')
      trouble(
        `the sessions in ${evidenceDir} can not be listed (${code}); see what it lies on, and its owner`,
      );
    return [];
  });
  const known = new Set(here.map((one) => one.session));
  const there = mirror === null ? [] : await onMirror(mirror, trouble);
  return [...here, ...there.filter((one) => !known.has(one.session))].sort((a, b) => b.openedAt - a.openedAt);
}

async function onMirror(mirror: string, trouble: (text: string) => void): Promise<readonly SessionSummary[]> {
  try {
    const found = await inTime(MIRROR_MS, sessionsIn(mirror, true));
    if (found !== null) return found.result;
    trouble(missing(mirror, `it does not answer within ${MIRROR_MS / 1_000} s`));
  } catch (error) {
    trouble(missing(mirror, codeOfError(error)));
  }
  return [];
}

function missing(mirror: string, why: string): string {
  return `the mirror ${mirror} can not be looked at (${why}); sessions that only it holds are not listed. Mount it, or mend what it lies on`;
}

/** @throws Error of the file system */
async function sessionsIn(folder: string, mirrorOnly: boolean): Promise<readonly SessionSummary[]> {
  const names = await readdir(folder);
  const found = await Promise.all(names.map((name) => summaryOf(join(folder, name), mirrorOnly)));
  return found.filter((one) => one !== null);
}

async function summaryOf(path: string, mirrorOnly: boolean): Promise<SessionSummary | null> {
  const file = join(path, 'journal.jsonl');
  try {
    if ((await stat(file)).size > MAX_BYTES) return null;
    const bytes = await readFile(file);
    const first = parseBody(parseLine(bytes.subarray(0, bytes.indexOf(0x0a) + 1)).bodyBytes);
    if (first.kind !== 'open') return null;
    const lines = bytes.toString('latin1').split('\n').slice(0, -1);
    const runbook = JSON.parse(await readFile(join(path, 'runbook.json'), 'utf8')) as { title?: unknown };
    return {
      session: first.session,
      path,
      runbookId: first.open.runbook.id,
      runbookTitle: sanitiseLine(String(runbook.title ?? first.open.runbook.id)),
      openedAt: Date.parse(first.at),
      records: lines.length,
      state: lines.at(-1)?.includes('"kind":"seal"') === true ? 'sealed' : 'open',
      mirrorOnly,
    };
  } catch {
    return null;
  }
}

/** The seal that a session which is opened now names as the one before it. */
export async function sealBefore(evidenceDir: string, estateId: string): Promise<Hex | null> {
  const found = await linksIn(evidenceDir).catch(() => null);
  return found === null ? null : lastSeal(found.links, estateId);
}
