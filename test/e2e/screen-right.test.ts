import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/ui/commands/commands.ts';
import { SCREENS } from '../../src/ui/commands/keys.ts';
import { offlineSnapshot } from './offline-snapshot.ts';
import { Terminal } from './terminal.ts';

/** The long form (`npm run terminal`) presses and resizes as often as the documentation claims. */
const LONG = process.env.C138_TERMINAL === 'long';
const RESIZES = LONG ? 500 : 40;
const KEYS = LONG ? 10_000 : 500;
const SEED = Number(process.env.C138_SEED ?? 138);

let home = '';
let snapshot = '';
let terminal: Terminal | null = null;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'c138-right-'));
  snapshot = await offlineSnapshot(home);
});
afterEach(() => {
  if (terminal?.exit === null) terminal.kill('SIGKILL');
});
afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));

async function open(columns = 80, rows = 24, args: readonly string[] = []): Promise<Terminal> {
  terminal = new Terminal(['--offline', snapshot, ...args], { home, columns, rows });
  await terminal.see(columns >= 60 && rows >= 15 ? /OFFLINE[\s\S]*Overview/ : /T/);
  return terminal;
}

const SEQUENCES: Readonly<Record<string, string>> = {
  up: '\u001b[A',
  down: '\u001b[B',
  right: '\u001b[C',
  left: '\u001b[D',
  PgUp: '\u001b[5~',
  PgDn: '\u001b[6~',
  Home: '\u001b[H',
  End: '\u001b[F',
  Enter: '\r',
  Esc: '\u001b',
  Tab: '\t',
  'Shift-Tab': '\u001b[Z',
};
const bytesOf = (key: string): string =>
  SEQUENCES[key] ?? (key.startsWith('Ctrl-') ? String.fromCharCode(key.charCodeAt(5) - 96) : key);
const NEVER: ReadonlySet<string> = new Set(['quit', 'quit-now', 'suspend']);
const PRESSED = COMMANDS.filter((one) => !NEVER.has(one.id)).flatMap((one) => one.keys);

/** Small and the same everywhere (mulberry32), so that a failure can be repeated. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function right(one: Terminal, about: string): Promise<void> {
  const [drawn, anew] = await one.bothWays();
  expect(one.exit, about).toBeNull();
  expect(drawn, about).toEqual(anew);
}

describe('every key on every screen', () => {
  it.each([
    [80, 24],
    [120, 40],
    [200, 60],
  ])(
    'at %ix%i leaves the screen as a full redraw would, without erasing it',
    async (columns, rows) => {
      const one = await open(columns, rows);
      for (const { key, label } of SCREENS) {
        one.type(key);
        await one.see(new RegExp(`\\[${key} ${label.slice(0, 3)}|${label}`));
        for (const pressed of PRESSED) {
          one.type(bytesOf(pressed));
          await (pressed === 'Esc' ? one.quiet(40) : new Promise((resolve) => setTimeout(resolve, 10)));
        }
        // Out of whatever was opened: a palette, a filter.
        for (let out = 0; out < 4; out += 1) {
          one.type('\u001b');
          await one.quiet(40);
        }
        await right(one, `${label} at ${columns}x${rows}`);
      }
      expect(one.clears).toBe(1);
      one.type('\u0003');
      expect((await one.ended()).code).toBe(0);
    },
    240_000,
  );
});

describe('sizes', () => {
  const columns = LONG
    ? [1, 2, 3, 5, 10, 20, 40, 59, 60, 61, 79, 80, 100, 120, 159, 160, 200, 250, 300]
    : [1, 2, 20, 59, 60, 80, 160, 300];
  const rows = LONG ? [1, 2, 3, 5, 10, 14, 15, 16, 24, 40, 60, 80, 100] : [1, 2, 14, 15, 24, 100];

  it(
    'from 1x1 to 300x100 show what fits or say that they are too small',
    async () => {
      const one = await open();
      one.type('3');
      for (const width of columns)
        for (const height of rows) {
          one.resize(width, height);
          await one.quiet(90);
          await right(one, `${width}x${height}`);
          const text = await one.screen();
          if (width >= 60 && height >= 15) expect(text, `${width}x${height}`).toContain('Guests');
          else expect(text.replaceAll('\n', ''), `${width}x${height}`).toMatch(/^T/);
        }
    },
    LONG ? 600_000 : 120_000,
  );

  it(
    'can change in a storm',
    async () => {
      const one = await open();
      const random = randomFrom(SEED);
      for (let count = 0; count < RESIZES; count += 1) {
        one.resize(1 + Math.floor(random() * 300), 1 + Math.floor(random() * 100));
        if (random() < 0.5) await new Promise((resolve) => setTimeout(resolve, random() * 60));
        if (random() < 0.3) one.type(bytesOf(PRESSED[Math.floor(random() * PRESSED.length)] ?? 'j'));
      }
      one.resize(120, 40);
      await one.quiet(150);
      await right(one, `seed ${SEED}`);
      expect(one.clears).toBeLessThanOrEqual(RESIZES + 2);
    },
    LONG ? 300_000 : 90_000,
  );
});

describe('random keys', () => {
  it(
    `do no harm (${KEYS} of them, seed ${SEED})`,
    async () => {
      const one = await open(100, 30);
      const random = randomFrom(SEED);
      // Without q, which quits when it comes twice, and Ctrl-C and Ctrl-Z, which have their own tests.
      const pool = [
        ...PRESSED,
        ...'abcdefghijklmnoprstuvwxyz0123456789 !/:*()[]\\^$.|',
        '\u007f',
        '漢',
        'é',
        '\u001b[200~pasted q q\u001b[201~',
        '\u001bOP',
        '\u001b[15~',
        '\u001b[<0;10;10M',
        'jjjjj',
      ];
      for (let count = 1; count <= KEYS; count += 1) {
        one.type(bytesOf(pool[Math.floor(random() * pool.length)] ?? 'j'));
        if (random() < 0.6) await new Promise((resolve) => setTimeout(resolve, random() * 25));
        if (count % 100 === 0) {
          for (let out = 0; out < 3; out += 1) {
            one.type('\u001b');
            await one.quiet(40);
          }
          await right(one, `seed ${SEED}, key ${count}`);
        }
      }
      expect(one.clears).toBe(1);
      expect(one.raw.join('')).not.toMatch(/at .*\.ts:\d+|Error:/);
    },
    LONG ? 900_000 : 120_000,
  );
});

it('what is sent for one changed row is a few bytes, unless every cell is asked for', async () => {
  const one = await open(120, 40);
  one.type('3');
  await one.see(/guest-30/);
  await one.quiet();
  const bytes = async (key: string): Promise<number> => {
    const before = Buffer.byteLength(one.raw.join(''));
    one.type(key);
    await one.quiet();
    return Buffer.byteLength(one.raw.join('')) - before;
  };
  const step = await bytes('j');
  expect(step).toBeGreaterThan(0);
  expect(step).toBeLessThan(800);
  one.type('\u0003');
  await one.ended();
  const full = await open(120, 40, ['--full-redraw']);
  full.type('3');
  await full.see(/guest-30/);
  await full.quiet();
  const before = Buffer.byteLength(full.raw.join(''));
  full.type('j');
  await full.quiet();
  expect(Buffer.byteLength(full.raw.join('')) - before).toBeGreaterThan(2_000);
}, 120_000);

it('what was taken out with a key is in a file of this person alone', async () => {
  const one = await open(200, 60);
  one.type('3');
  await one.see(/\[3 Guests\][\s\S]*guest-39/);
  one.type('e');
  const saved = await one.see(/Saved 40 rows: (\S+\.json),/);
  const table = JSON.parse(readFileSync(saved[1] ?? '', 'utf8'));
  expect(table.rows).toHaveLength(40);
  one.type('E');
  const screen = await one.see(/Saved (\S+screen\.txt)/);
  expect(readFileSync(screen[1] ?? '', 'utf8')).toContain('节点-3');
  const before = one.raw.length;
  one.type('y');
  await one.see(/clipboard/);
  const copied = /\u001b\]52;c;([A-Za-z0-9+/=]+)\u0007/.exec(one.raw.slice(before).join(''))?.[1] ?? '';
  expect(Buffer.from(copied, 'base64').toString()).toMatch(/^1000\tguest-0\t/);
}, 120_000);
