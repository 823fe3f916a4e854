import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifySession } from '../../src/evidence/verify/verify.ts';
import type { Hex } from '../../src/model/json.ts';
import type { Made } from './make.ts';

const SCRIPT = join(import.meta.dirname, 'verify_journal.py');
const python = spawnSync('python3', ['-c', 'pass']).status === 0;
if (!python) console.warn('python3 is missing, so the second verifier can not be run');

/** The exit code of our verifier; the one written from the document alone must come to the same. */
export async function exitOfBoth(
  one: Pick<Made, 'root' | 'dir'>,
  pinned: { readonly trust: Uint8Array } | { readonly root: Hex },
): Promise<number> {
  const ours = (await verifySession(one.dir, pinned)).exitCode;
  if (!python) return ours;
  const file = join(one.root, 'pinned.json');
  if ('trust' in pinned) writeFileSync(file, pinned.trust);
  const given = 'trust' in pinned ? ['--trust', file] : ['--root', pinned.root];
  const theirs = spawnSync('python3', [SCRIPT, ...given, one.dir], { encoding: 'utf8', timeout: 60_000 });
  if (theirs.stderr !== '' || theirs.status !== ours)
    throw new Error(`ours gives ${ours}, the second verifier ${theirs.status}: ${theirs.stderr}`);
  return ours;
}
