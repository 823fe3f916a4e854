import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CompiledRunbook, compileRunbook } from './compile.ts';

/** Where the bundled definitions lie: beside this source file, or beside the built program. */
function folder(): string {
  const beside = join(import.meta.dirname, 'bundled');
  return existsSync(beside) ? beside : join(import.meta.dirname, 'runbooks');
}

/** The follow-ups of Phase 3 are what most people open the list for; the others follow by name. */
const byUse = (a: string, b: string): number =>
  Number(b === 'phase3-follow-ups.yaml') - Number(a === 'phase3-follow-ups.yaml') || (a < b ? -1 : 1);

/**
 * Reads and compiles every runbook that comes with c138, the Phase 3 follow-ups first.
 * @throws RunbookError when one of them is not valid
 */
export async function bundledRunbooks(): Promise<readonly CompiledRunbook[]> {
  const from = folder();
  const files = (await readdir(from)).filter((name) => name.endsWith('.yaml')).sort(byUse);
  return Promise.all(
    files.map(async (name) => compileRunbook(await readFile(join(from, name), 'utf8'), name)),
  );
}
