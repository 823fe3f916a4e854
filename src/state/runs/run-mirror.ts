import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { codeOfError, readWhole, realFiles } from '../../evidence/journal/files.ts';
import { ANSWER_MS, patient } from '../../evidence/journal/patience.ts';
import { layOut, RUNBOOK_FILE, TRUST_FILE } from '../../evidence/journal/session-folder.ts';
import { RunError } from './run-in-hand.ts';

const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Lays out the first copy of a session that only the mirror holds, so that it can be gone on with on this machine. Its lines and raw
 * answers follow when the journal is recovered.
 * @returns the new folder
 * @throws RunError
 */
export async function bringHome(mirrorDir: string, evidenceDir: string): Promise<string> {
  const dir = join(evidenceDir, basename(mirrorDir));
  try {
    const there = patient(realFiles, mirrorDir, ANSWER_MS);
    const runbook = await readWhole(there, join(mirrorDir, RUNBOOK_FILE), MAX_BYTES);
    const trust = await readWhole(there, join(mirrorDir, TRUST_FILE), MAX_BYTES);
    await mkdir(evidenceDir, { recursive: true, mode: 0o700 });
    await layOut(realFiles, dir, runbook, trust);
    return dir;
  } catch (error) {
    // It was laid out before, and the program ended before its first line.
    if (codeOfError(error) === 'EEXIST') return dir;
    throw new RunError(`the session can not be brought here from ${mirrorDir} (${codeOfError(error)})`);
  }
}
