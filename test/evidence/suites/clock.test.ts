import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifySession } from '../../../src/evidence/verify/verify.ts';
import { printCount } from '../../counted.ts';
import { trustFor } from '../../state/runs-at.ts';

const LIBRARY = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1',
].find((path) => existsSync(path));
if (LIBRARY === undefined)
  console.warn('skipped: there is no libfaketime here (apt-get install libfaketime)');
const required = process.env.C138_REQUIRE_SYSTEM_TOOLS === '1';

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'c138-clock-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const child = join(import.meta.dirname, 'clock-child.ts');
const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** Works a session in a process whose wall clock is moved in its middle; the monotonic clock goes on. */
async function session(name: string, offsets: readonly [string, string]) {
  const home = join(root, name);
  const clock = join(root, `${name}.clock`);
  writeFileSync(clock, `${offsets[0]}\n`);
  const running = spawn(process.execPath, ['--import', loader, child, home], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH ?? '',
      LD_PRELOAD: LIBRARY ?? '',
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
  });
  const answers = createInterface({ input: running.stdout })[Symbol.asyncIterator]();
  const say = async (line: string): Promise<string> => {
    running.stdin.write(`${line}\n`);
    return (await answers.next()).value ?? '';
  };
  const before = await say('begin');
  await say('note');
  writeFileSync(clock, `${offsets[1]}\n`);
  const after = await say('note');
  await say('note');
  await say('seal');
  running.stdin.end();
  const [folder = ''] = readdirSync(join(home, 'evidence'));
  const dir = join(home, 'evidence', folder);
  const trust = await trustFor('demo:test');
  return {
    dir,
    movedMs: Date.parse(after) - Date.parse(before),
    report: await verifySession(dir, { trust }),
  };
}

const HOUR = 3_600_000;
describe.skipIf(LIBRARY === undefined && !required)(
  'D8: a clock that is moved in the middle of a session',
  () => {
    printCount('D8', 'sessions under a moved clock and their checks');
    test.each<[string, readonly [string, string], number]>([
      ['a year back', ['+0', '-1y'], -365 * 24 * HOUR],
      ['an hour back', ['+0', '-1h'], -HOUR],
      ['a day forward', ['+0', '+1d'], 24 * HOUR],
      ['a minute forward', ['+0', '+60'], 60_000],
    ])(
      '%s: is said with its size, the order holds, and nothing is called tampered',
      async (what, offsets, by) => {
        const { dir, movedMs, report } = await session(what.replaceAll(' ', '-'), offsets);
        // The clock that the records were made by was really moved.
        expect(Math.abs(movedMs - by)).toBeLessThan(30_000);
        expect(report.exitCode).toBe(11);
        expect(report.openItems.length).toBeGreaterThan(0);
        const said = report.findings.find((one) => one.step === 'V12' && /clock moved by/.test(one.text));
        const ms = Number(/clock moved by (\d+) ms/.exec(said?.text ?? '')?.[1]);
        expect(Math.abs(ms - Math.abs(by))).toBeLessThan(5_000);
        const seqs = readFileSync(join(dir, 'journal.jsonl'), 'utf8')
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line).body.seq);
        expect(seqs).toEqual(seqs.map((_seq, at) => at));
      },
      120_000,
    );

    test('that stays as it is gives no finding', async () => {
      const { report } = await session('still', ['+0', '+0']);
      expect(report.findings.filter((one) => one.step === 'V12')).toEqual([]);
      expect(report.exitCode).toBe(11);
    }, 120_000);

    test('uses the real library', () => {
      const said = spawnSync('date', ['+%Y'], {
        env: { LD_PRELOAD: LIBRARY ?? '', FAKETIME: '2001-01-01 00:00:00' },
      });
      expect(said.stdout.toString().trim()).toBe('2001');
    });
  },
);
