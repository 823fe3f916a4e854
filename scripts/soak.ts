/**
 * An hour of changes at 10,000 guests in compressed time, while somebody moves about: memory must stay flat, and neither timers nor listeners
 * may grow.
 *
 *   npm run soak -- [GUESTS] [SECONDS] [FACTOR]      10,000 guests, 3,600 s in 1,200 s by default; exit code 0 when nothing grew
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Terminal } from '../test/e2e/terminal.ts';

export interface SoakSample {
  /** Seconds of the estate's own time. */
  readonly simulatedS: number;
  readonly phase: string;
  /** After a collection of garbage. */
  readonly heapMb: number;
  readonly rssMb: number;
  readonly timers: number;
  readonly listeners: number;
}

export interface SoakResult {
  readonly samples: readonly SoakSample[];
  /** The second half against the first, its first quarter left out: largest value of each. */
  readonly growth: {
    readonly heap: number;
    readonly rss: number;
    readonly timers: number;
    readonly listeners: number;
  };
  readonly pressed: number;
}

/** What somebody does meanwhile: every screen, sorts, filters, stories and back. */
const KEYS = [
  '1',
  '\r',
  '2',
  '3',
  'j',
  'j',
  '\r',
  '\u001b',
  's',
  'S',
  '4',
  '5',
  'L',
  '3',
  '/12\r',
  '\u001b',
  '\u001b[6~',
  'G',
  'g',
];

/** Runs the watch. `seconds` are those of the estate, `factor` how much faster they pass. */
export async function soak(guests: number, seconds: number, factor: number): Promise<SoakResult> {
  const home = mkdtempSync(join(tmpdir(), 'c138-soak-'));
  const file = join(home, 'samples.jsonl');
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const real = seconds / factor;
  const child = [join(import.meta.dirname, 'soak-child.tsx'), `${guests}`, `${real}`, `${factor}`, file];
  const terminal = new Terminal(['--expose-gc', '--import', loader, ...child], {
    home,
    columns: 120,
    rows: 40,
    program: process.execPath,
    env: { NODE_ENV: 'production' },
  });
  try {
    await terminal.see(/Overview[\s\S]*Counts/);
    const end = Date.now() + real * 1_000 + 500;
    let pressed = 0;
    while (Date.now() < end && terminal.exit === null) {
      terminal.type(KEYS[pressed % KEYS.length] ?? 'j');
      pressed += 1;
      // Nobody keeps an hour of what was written.
      terminal.raw.length = 0;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    terminal.type('\u0003');
    // On a busy machine keys wait; what was measured is in the file by now.
    await terminal.ended(300);
    const samples = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line): SoakSample => JSON.parse(line));
    return { samples, growth: growthOf(samples), pressed };
  } finally {
    if (terminal.exit === null) terminal.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

function growthOf(samples: readonly SoakSample[]): SoakResult['growth'] {
  const middle = Math.floor(samples.length / 2);
  const most = (part: readonly SoakSample[], of: (one: SoakSample) => number): number =>
    Math.max(...part.map(of));
  const compare = (of: (one: SoakSample) => number): number =>
    most(samples.slice(middle), of) / most(samples.slice(Math.floor(middle / 2), middle), of);
  return {
    heap: compare((one) => one.heapMb),
    rss: compare((one) => one.rssMb),
    timers: compare((one) => one.timers),
    listeners: compare((one) => one.listeners),
  };
}

if (process.argv[1] === import.meta.filename) {
  const [guests = 10_000, seconds = 3_600, factor = 3] = process.argv.slice(2).map(Number);
  const { samples, growth, pressed } = await soak(guests, seconds, factor);
  for (const one of samples.filter((_, at) => at % 4 === 3))
    console.log(
      `${String(one.simulatedS).padStart(5)} s  ${one.phase.padEnd(15)} heap ${one.heapMb.toFixed(1)} MB  resident ${one.rssMb.toFixed(0)} MB  ${one.timers} timers  ${one.listeners} listeners`,
    );
  console.log(
    `${guests} guests, ${seconds} s in ${(seconds / factor).toFixed(0)} s, ${pressed} keys: second half against the first: heap ${growth.heap.toFixed(3)} x, resident ${growth.rss.toFixed(3)} x, timers ${growth.timers.toFixed(2)} x, listeners ${growth.listeners.toFixed(2)} x`,
  );
  process.exitCode = growth.heap <= 1.1 && growth.timers <= 1.25 && growth.listeners <= 1 ? 0 : 1;
}
