import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { offlineSnapshot } from './offline-snapshot.ts';
import { Terminal } from './terminal.ts';

const PIECES = process.env.C138_TERMINAL === 'long' ? 300 : 6;
const KEYS_IN_A_PIECE = 12;

let home = '';
let snapshot = '';
let terminals: Terminal[] = [];
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'c138-ahead-'));
  snapshot = await offlineSnapshot(home);
});
afterEach(() => {
  for (const one of terminals) if (one.exit === null) one.kill('SIGKILL');
  terminals = [];
});
afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));

async function open(): Promise<Terminal> {
  const one = new Terminal(['--offline', snapshot], { home, columns: 100, rows: 30 });
  terminals.push(one);
  await one.see(/OFFLINE[\s\S]*Overview/);
  return one;
}

/** What a person types without looking: keys that only look, a filter, a line of the palette. */
const TYPED = [
  ...['1', '2', '3', '4', '5', '6', '8', '?', 'h', 'l', '[', ']', 'g', 'G', 's', 'S', 'j', 'jjj', 'k', 'm'],
  ...['\u001b[A', '\u001b[B', '\u001b[B\u001b[B', '\u001b[5~', '\u001b[6~', '\u001b[C', '\t', '\u0004', '\r'],
  ...[
    '/guest-1\r',
    '/dlt\u007f\u007f\r',
    '/\r',
    ':guests\r',
    ':show vmid:1004\r',
    ':sort name\r',
    ':no such\r',
  ],
];

it(
  `keys that come in one piece do the same as one after the other: ${PIECES} pieces of ${KEYS_IN_A_PIECE}`,
  async () => {
    const [apart, together] = [await open(), await open()];
    let at = 138;
    const pick = (): string => {
      at = (at * 48_271) % 2_147_483_647;
      return TYPED[at % TYPED.length] ?? '';
    };
    for (let piece = 0; piece < PIECES; piece += 1) {
      const keys = Array.from({ length: KEYS_IN_A_PIECE }, pick);
      together.type(keys.join(''));
      for (const key of keys) {
        // A filter and a line of the palette are typed by themselves too.
        for (const one of key.match(/\u001b\[.~?|[\s\S]/g) ?? []) {
          apart.type(one);
          await apart.quiet(20);
        }
      }
      await Promise.all([apart.quiet(), together.quiet()]);
      expect(await together.screen(), JSON.stringify(keys)).toBe(await apart.screen());
    }
  },
  process.env.C138_TERMINAL === 'long' ? 3_600_000 : 240_000,
);

it('Enter opens the row that the arrow in the same piece went to, and a filter may be typed blindly', async () => {
  const one = await open();
  one.type('3\u001b[B\u001b[B\u001b[B\u001b[B\r');
  await one.see(/Guests › guest-4 /);
  one.type('h/guest-12\r\r');
  await one.see(/Guests › guest-12 /);
  one.type('qq');
  expect((await one.ended()).code).toBe(0);
}, 120_000);
