import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CompiledRunbook, compileRunbook } from './compile.ts';
import { RunbookError } from './errors.ts';

/** A definition as it lies on the disk, compiled to be read. */
export interface LibraryEntry {
  readonly compiled: CompiledRunbook;
  readonly file: string;
  readonly text: string;
  /** A file of the operators' own, which takes the place of a bundled one with the same id. */
  readonly own: boolean;
}

/** The definitions that can be run, and what is wrong with files that can not. */
export interface Library {
  readonly entries: readonly LibraryEntry[];
  readonly faults: readonly RunbookError[];
}

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
  return (await bundled()).map((one) => one.compiled);
}

async function bundled(): Promise<readonly LibraryEntry[]> {
  const from = folder();
  const files = (await readdir(from)).filter((name) => name.endsWith('.yaml')).sort(byUse);
  return Promise.all(
    files.map(async (name) => {
      const text = await readFile(join(from, name), 'utf8');
      return { compiled: compileRunbook(text, name), file: name, text, own: false };
    }),
  );
}

/**
 * The bundled runbooks, and the operators' own from a folder of theirs, which need not exist. An own one takes the place of the bundled one
 * with its id; one that can not be used is a fault and takes no place.
 */
export async function runbookLibrary(ownFolder: string | null): Promise<Library> {
  const faults: RunbookError[] = [];
  const own: LibraryEntry[] = [];
  const names = ownFolder === null ? [] : await readdir(ownFolder).catch(() => []);
  for (const name of names.filter((one) => /\.ya?ml$/.test(one)).sort()) {
    const file = join(ownFolder ?? '', name);
    try {
      const text = await readFile(file, 'utf8');
      const compiled = compileRunbook(text, file);
      const twin = own.find((one) => one.compiled.runbook.id === compiled.runbook.id);
      if (twin !== undefined)
        throw new RunbookError(file, 1, 1, `the runbook "${compiled.runbook.id}" is in ${twin.file} already`);
      own.push({ compiled, file, text, own: true });
    } catch (error) {
      if (!(error instanceof RunbookError)) throw error;
      faults.push(error);
    }
  }
  const entries = (await bundled()).map(
    (one) => own.find(({ compiled }) => compiled.runbook.id === one.compiled.runbook.id) ?? one,
  );
  return { entries: [...entries, ...own.filter((one) => !entries.includes(one))], faults };
}
