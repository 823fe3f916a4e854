/**
 * Bytes written to the terminal when one cell changes: the console (120x40), the console with whole frames, and a full screen in Ink's
 * default renderer, in the same run. The limit is what a cursor movement and the changed digits take by themselves.
 *
 * npm run build && tsx bench/cell.ts [updates]
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { spawn } from '@lydell/node-pty';

const updates = Number(process.argv[2] ?? 40);
const LOADER = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
/** `ESC [ row ; column H` and two digits. */
const LIMIT = 10;

/** Bytes for each update, the first frame and the last words left out. */
function bytesPerUpdate(mode: string): Promise<number> {
  return new Promise((resolve) => {
    const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => key !== 'CI')) as Record<
      string,
      string
    >;
    const terminal = spawn(
      process.execPath,
      ['--import', LOADER, join(import.meta.dirname, 'cell-screen.tsx'), mode, String(updates)],
      {
        cols: 120,
        rows: 40,
        name: 'xterm-256color',
        env: { ...env, NODE_ENV: 'production' },
      },
    );
    const chunks: { readonly at: number; readonly bytes: number }[] = [];
    terminal.onData((data) => chunks.push({ at: performance.now(), bytes: Buffer.byteLength(data) }));
    terminal.onExit(() => {
      const end = chunks.at(-1)?.at ?? 0;
      const inside = chunks.filter((one) => one.at > (chunks[0]?.at ?? 0) + 1500 && one.at < end - 600);
      const span = (inside.at(-1)?.at ?? 0) - (inside[0]?.at ?? 0);
      const bytes = inside.slice(1).reduce((sum, one) => sum + one.bytes, 0);
      resolve(bytes / (span / 250));
    });
  });
}

const rows: [string, number][] = [];
for (const [name, mode] of [
  ['c138, changed lines', 'ours'],
  ['c138 --full-redraw', 'ours-full'],
  ['Ink default renderer', 'ink'],
] as const)
  rows.push([name, await bytesPerUpdate(mode)]);
const peer = rows.at(-1)?.[1] ?? 1;
console.log(`bytes for each update of one cell, 120x40, ${updates} updates`);
for (const [name, bytes] of rows)
  console.log(
    `${name.padEnd(24)} ${bytes.toFixed(0).padStart(7)} B   ${(bytes / peer).toFixed(3)} x Ink default   ${(bytes / LIMIT).toFixed(1)} x limit of ${LIMIT} B`,
  );
