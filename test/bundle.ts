import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
/** What the bundle is made of. */
const MADE_OF = ['src', 'schemas', 'package.json', 'scripts/build.mjs', 'scripts/build'];

/** Milliseconds of the newest change in a file, or in a folder and everything below it. */
function newest(path: string): number {
  const info = statSync(path);
  if (!info.isDirectory()) return info.mtimeMs;
  return Math.max(info.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** Before any test: the bundle is made anew where a source is newer, so that the tests drive what operators get, as the sources are now. */
export function setup(): void {
  const bundle = join(root, 'dist', 'c138.mjs');
  const made = existsSync(bundle) ? statSync(bundle).mtimeMs : 0;
  if (MADE_OF.some((path) => newest(join(root, path)) > made))
    execFileSync(process.execPath, ['scripts/build.mjs', 'scripts/build'], { cwd: root, stdio: 'inherit' });
}
