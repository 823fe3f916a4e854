/**
 * The console on an estate of 10,000 guests in a terminal of 120x40: time from a key to the first byte of what it changes, memory, and what
 * it does while nobody touches it: on a snapshot, and on a living estate whose worker takes in 10,000 answers each ten seconds. Beside it, in the
 * same run: a minimal program with Ink that moves a highlight over 38 rows, and htop and btop where they are installed.
 *
 * npm run build && tsx bench/screen.ts [guests] [keys] [idle seconds]
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type IPty, spawn } from '@lydell/node-pty';
import { offlineSnapshot } from '../test/e2e/offline-snapshot.ts';

const [guests = 10_000, keys = 300, idleS = 60] = process.argv.slice(2).map(Number);
const LIMIT_MS = 16;
const LIMIT_MB = 150;
const LIMIT_BYTES = 100;
const LIMIT_CPU = 1;
const LOADER = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const home = mkdtempSync(join(tmpdir(), 'c138-bench-screen-'));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

class Subject {
  readonly pty: IPty;
  bytes = 0;
  #first: ((at: number) => void) | null = null;
  #last = performance.now();

  constructor(args: readonly string[], program: string) {
    const { CI: _ci, ...env } = process.env;
    this.pty = spawn(program, [...args], {
      cols: 120,
      rows: 40,
      name: 'xterm-256color',
      env: { ...env, HOME: home, LANG: 'C.UTF-8', NODE_ENV: 'production' } as Record<string, string>,
    });
    this.pty.onData((data) => {
      this.bytes += Buffer.byteLength(data);
      this.#last = performance.now();
      this.#first?.(this.#last);
      this.#first = null;
    });
  }

  /** Until nothing was written for a while; what never stands still has begun long ago by then. */
  async still(ms = 1_500, atMost = 25_000): Promise<void> {
    const begun = performance.now();
    while ((this.bytes === 0 || performance.now() - this.#last < ms) && performance.now() - begun < atMost)
      await pause(50);
  }

  /** Milliseconds from each key to the first byte that follows. */
  async press(key: string, times: number): Promise<readonly number[]> {
    const out: number[] = [];
    for (let count = 0; count < times; count += 1) {
      await pause(40);
      const { promise, resolve } = Promise.withResolvers<number>();
      this.#first = resolve;
      const begun = performance.now();
      this.pty.write(key);
      out.push((await promise) - begun);
    }
    return out.sort((a, b) => a - b);
  }

  /** Resident memory in MB, and processor time in ms so far (proc(5)). */
  usage(): { readonly mb: number; readonly cpuMs: number } {
    const status = readFileSync(`/proc/${this.pty.pid}/status`, 'utf8');
    const stat = readFileSync(`/proc/${this.pty.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return {
      mb: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024,
      cpuMs: (Number(stat[11]) + Number(stat[12])) * 10,
    };
  }

  end(): void {
    this.pty.kill('SIGKILL');
  }
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

async function measure(
  name: string,
  args: readonly string[],
  begin: string,
  program = process.execPath,
  presses = keys,
) {
  const one = new Subject(args, program);
  await one.still();
  if (begin !== '') one.pty.write(begin);
  await one.still();
  const down = await one.press('j', presses);
  const used = one.usage();
  const bytes = one.bytes;
  await pause(idleS * 1_000);
  const after = one.usage();
  const result = {
    name,
    median: at(down, 0.5),
    p99: at(down, 0.99),
    mb: after.mb,
    idleBytes: (one.bytes - bytes) / idleS,
    idleCpu: ((after.cpuMs - used.cpuMs) / (idleS * 1_000)) * 100,
  };
  one.end();
  console.log(
    `${name.padEnd(24)} ${presses === 0 ? '' : `key to paint median ${result.median.toFixed(1)} ms, p99 ${result.p99.toFixed(1)} ms   `}memory ${result.mb.toFixed(0)} MB   idle ${result.idleBytes.toFixed(1)} B/s, ${result.idleCpu.toFixed(2)} % of a core`,
  );
  return result;
}

try {
  const snapshot = await offlineSnapshot(home, guests);
  const bin = join(import.meta.dirname, '../bin/c138');
  const tools = ['htop', 'btop'].flatMap((name) =>
    ['/usr/bin', '/usr/local/bin']
      .map((folder) => join(folder, name))
      .filter(existsSync)
      .slice(0, 1),
  );
  console.log(`${keys} presses of j at 120x40, then ${idleS} s without a touch`);
  const rows = [
    // As it is installed: by its first line.
    await measure(`c138, ${guests} guests`, ['--offline', snapshot], '3', bin),
    await measure(
      'minimal Ink, 38 rows',
      ['--import', LOADER, join(import.meta.dirname, 'cell-screen.tsx'), 'move'],
      '',
    ),
    await measure(
      `c138 live, ${guests} guests`,
      [
        '--max-semi-space-size=4',
        '--import',
        LOADER,
        join(import.meta.dirname, 'live-screen.tsx'),
        String(guests),
      ],
      '3',
    ),
  ];
  // The tools beside it are looked at while nobody touches them: what a key does there is something else.
  for (const path of tools) rows.push(await measure(basename(path), [], '', path, 0));
  const peer = rows[1];
  const [ours] = rows;
  if (ours !== undefined && peer !== undefined)
    console.log(
      `against minimal Ink      p99 ${(ours.p99 / peer.p99).toFixed(2)} x   memory ${(ours.mb / peer.mb).toFixed(2)} x\n` +
        `against the limits       p99 ${(ours.p99 / LIMIT_MS).toFixed(2)} x of ${LIMIT_MS} ms   memory ${(ours.mb / LIMIT_MB).toFixed(2)} x of ${LIMIT_MB} MB   idle ${(ours.idleBytes / LIMIT_BYTES).toFixed(3)} x of ${LIMIT_BYTES} B/s, ${(ours.idleCpu / LIMIT_CPU).toFixed(2)} x of ${LIMIT_CPU} %`,
    );
} finally {
  rmSync(home, { recursive: true, force: true });
}
