/**
 * How long the program needs until a person can work with it: from starting the process in a pseudo-terminal to the first
 * frame that answers keys, beside `node -e 0` (the limit) and the smallest Ink program in a bundle of its own (the peer).
 * All in the same run, in turn, so that a slow moment of the machine hits them alike.
 *
 * npm run build && tsx bench/start.ts [rounds]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { spawn } from '@lydell/node-pty';
import { build } from 'esbuild';
import { main } from '../src/cli/main.ts';
import { startDemo } from '../src/demo/start.ts';

const rounds = Number(process.argv[2] ?? 15);
const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'c138-bench-'));

const MINIMAL = `
import { createElement, useState } from 'react';
import { Box, render, Text, useApp, useInput } from 'ink';
function App() {
  const [typed, setTyped] = useState('');
  const { exit } = useApp();
  useInput((key) => (key === 'q' ? exit() : setTyped(key)));
  return createElement(Box, null, createElement(Text, null, 'READY' + typed));
}
render(createElement(App), { alternateScreen: true });
`;

const SILENT: Parameters<typeof main>[1] = {
  out: () => undefined,
  err: () => undefined,
  env: {},
  stdinIsTty: false,
  stdoutIsTty: false,
  stderrIsTty: false,
};

interface Subject {
  readonly name: string;
  /** Another program than this Node.js. */
  readonly program?: string;
  readonly args: readonly string[];
  /** On the screen when it can be worked with; null: when the process has ended. */
  readonly ready: RegExp | null;
}

/** Milliseconds from the start of the process until its screen is ready. */
function once(subject: Subject): Promise<number> {
  return new Promise((done, fail) => {
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([key, value]) => key !== 'CI' && value !== undefined),
    ) as Record<string, string>;
    env.C138_CONFIG_DIR = join(folder, 'config');
    env.C138_STATE_DIR = join(folder, 'state');
    const began = performance.now();
    const terminal = spawn(subject.program ?? process.execPath, [...subject.args], {
      cols: 120,
      rows: 40,
      cwd: folder,
      env,
    });
    let screen = '';
    let took: number | null = null;
    const limit = setTimeout(() => {
      terminal.kill('SIGKILL');
      fail(
        new Error(
          `${subject.name} was not ready after 30 s; it showed: ${JSON.stringify(screen.slice(-300))}`,
        ),
      );
    }, 30_000);
    terminal.onData((text) => {
      screen += text;
      if (took !== null || subject.ready === null || !subject.ready.test(screen)) return;
      took = performance.now() - began;
      terminal.write('qq');
      setTimeout(() => terminal.kill('SIGTERM'), 300);
    });
    terminal.onExit(() => {
      clearTimeout(limit);
      if (took !== null) done(took);
      else if (subject.ready === null) done(performance.now() - began);
      else
        fail(new Error(`${subject.name} ended before it was ready: ${JSON.stringify(screen.slice(-300))}`));
    });
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const demo = await startDemo({ scenario: 'healthy' });
try {
  const peer = join(folder, 'minimal.mjs');
  await build({
    stdin: { contents: MINIMAL, resolveDir: root },
    outfile: peer,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    minify: true,
    define: { 'process.env.NODE_ENV': '"production"' },
    banner: {
      js: "import{createRequire as __banner_create_require}from'node:module';const require=__banner_create_require(import.meta.url);",
    },
    alias: { 'react-devtools-core': 'node:util' },
  });
  const out = join(folder, 'seen');
  await main(['discover', '--config', demo.configPath, '--out', out], SILENT);
  const bin = join(root, 'bin', 'c138');
  const subjects: readonly Subject[] = [
    { name: 'node -e 0', args: ['-e', '0'], ready: null },
    { name: 'smallest Ink bundle', args: [peer], ready: /READY/ },
    // As it is installed: by its first line.
    { name: 'c138 --version', program: bin, args: ['--version'], ready: null },
    { name: 'c138 --offline', program: bin, args: ['--offline', join(out, 'snapshot')], ready: /Overview/ },
    {
      name: 'its snapshot on screen',
      program: bin,
      args: ['--offline', join(out, 'snapshot')],
      ready: /OFFLINE/,
    },
    { name: 'c138 (live)', program: bin, args: ['--config', demo.configPath], ready: /Overview/ },
    { name: 'its estate on screen', program: bin, args: ['--config', demo.configPath], ready: /\[LIVE\]/ },
  ];
  const times = new Map<string, number[]>(subjects.map((one) => [one.name, []]));
  // The first turn fills the compile cache and is not counted.
  for (let round = 0; round <= rounds; round += 1)
    for (const subject of subjects) {
      const took = await once(subject);
      if (round > 0) times.get(subject.name)?.push(took);
    }
  const peerMs = median(times.get('smallest Ink bundle') ?? []);
  const nodeMs = median(times.get('node -e 0') ?? []);
  console.log(`start to interactive, median of ${rounds}, Node.js ${process.versions.node}`);
  for (const [name, all] of times) {
    const ms = median(all);
    console.log(
      `${name.padEnd(22)} ${ms.toFixed(0).padStart(5)} ms   ${(ms / nodeMs).toFixed(1).padStart(5)} x node   ${(ms / peerMs).toFixed(2)} x smallest Ink`,
    );
  }
} finally {
  await demo.stop();
  rmSync(folder, { recursive: true, force: true });
}
