import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** What runs as a process or in threads of its own, as its sources and as its bundles are named. */
const PARTS = {
  console: { source: '../cli/entry.ts', built: './c138.mjs' },
  thread: { source: '../cli/thread.ts', built: './thread.mjs' },
  signer: { source: '../signer/main.ts', built: './signer.mjs' },
} as const;

export type Part = keyof typeof PARTS;

/** Where a part lies, and what Node.js must be told to run it. */
export interface PartSource {
  readonly url: URL;
  readonly execArgv: readonly string[];
}

/** True in the bundle, false when the sources run. */
function bundled(): boolean {
  return import.meta.url.endsWith('.mjs');
}

/** How a part of this program is started: from the bundle, or from the sources with the loader that runs them. */
export function partSource(part: Part): PartSource {
  if (bundled()) return { url: new URL(PARTS[part].built, import.meta.url), execArgv: [] };
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return { url: new URL(PARTS[part].source, import.meta.url), execArgv: ['--import', loader] };
}

/** Arguments that start a part as a process of the same Node.js. */
export function partArguments(part: Part): readonly string[] {
  const { url, execArgv } = partSource(part);
  return ['--disable-sigusr1', ...execArgv, fileURLToPath(url)];
}

/** What such a process needs in its environment, besides what the part itself wants. */
export function partEnvironment(): Readonly<Record<string, string>> {
  return bundled()
    ? {}
    : { TSX_TSCONFIG_PATH: fileURLToPath(new URL('../../tsconfig.json', import.meta.url)) };
}

let digest: string | null | undefined;

/**
 * Which build of the program runs: SHA-256, in hexadecimal, of the list that `sha256sum *.mjs` prints in its folder (names in the order
 * of their bytes). Null when it runs from its sources.
 */
export function buildSha256(): string | null {
  digest ??= bundled() ? digestOfParts(import.meta.dirname) : null;
  return digest;
}

/** SHA-256 of the list of a folder's `.mjs` files and their digests, as sha256sum(1) prints it. */
export function digestOfParts(folder: string): string {
  const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.mjs'))
    .sort((a, b) => (a < b ? -1 : 1));
  return sha256(names.map((name) => `${sha256(readFileSync(join(folder, name)))}  ${name}\n`).join(''));
}
