import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseLine } from '../../evidence/record/line.ts';
import { parseBody } from '../../evidence/record/record.ts';
import type { OpenBody, RecordBody } from '../../model/index.ts';
import type { CompiledRunbook, LibraryEntry } from '../../runbooks/index.ts';
import { RunError } from './run-in-hand.ts';

/** Longest first line of a journal, in bytes. */
const MAX_LINE = 64 * 1024 + 1;

/** The opening of a session folder, without checking a signature; null when it can not be read. */
async function openingOf(folder: string): Promise<OpenBody | null> {
  try {
    const file = await open(join(folder, 'journal.jsonl'));
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_LINE), 0, MAX_LINE, 0);
      const end = buffer.subarray(0, bytesRead).indexOf(0x0a);
      const body = parseBody(parseLine(buffer.subarray(0, end + 1)).bodyBytes);
      return body.kind === 'open' ? body : null;
    } finally {
      await file.close();
    }
  } catch {
    return null;
  }
}

/**
 * Refuses a definition that was run here already under the same version with another text: a version that was run never changes.
 * @throws RunError
 */
export async function refuseOtherText(evidenceDir: string, compiled: CompiledRunbook): Promise<void> {
  const { id, version } = compiled.runbook;
  const names = await readdir(evidenceDir).catch(() => []);
  for (const name of names.filter((one) => one.includes(id))) {
    const opening = await openingOf(join(evidenceDir, name));
    const known = opening?.open.runbook;
    if (known?.id !== id || known.version !== version || known.source_sha256 === compiled.sourceSha256)
      continue;
    throw new RunError(
      `version ${version} of ${id} was run already with another text (session ${opening?.session.slice(2, 10)}): give the changed text a new version`,
    );
  }
}

/**
 * Says that the installed definition is another than the one that a session was opened with, or null.
 * A session always goes on with its own text; that another is installed now must be known and accepted.
 */
export function changedDefinition(
  records: readonly RecordBody[],
  library: readonly LibraryEntry[],
): string | null {
  const opening = records.find((one) => one.kind === 'open');
  if (opening === undefined) return null;
  const { id, version, source_sha256 } = opening.open.runbook;
  const installed = library.find(({ compiled }) => compiled.runbook.id === id)?.compiled;
  if (installed === undefined || installed.sourceSha256 === source_sha256) return null;
  return `the definition of ${id} was changed: the session was opened with version ${version} (${source_sha256.slice(2, 10)}), installed is ${installed.runbook.version} (${installed.sourceSha256.slice(2, 10)})`;
}
