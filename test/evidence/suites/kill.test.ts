import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realFiles } from '../../../src/evidence/journal/files.ts';
import { Journal } from '../../../src/evidence/journal/journal.ts';
import { verifySession } from '../../../src/evidence/verify/verify.ts';
import { put } from '../make.ts';
import { type Acknowledged, FULL, lostFrom, resumeAfter, storyTrust } from './story.ts';

const required = process.env.C138_REQUIRE_SYSTEM_TOOLS === '1';
const haveStrace = spawnSync('strace', ['-V']).status === 0;
if (!haveStrace) console.warn('skipped: there is no strace here (apt-get install strace)');

const root = join(import.meta.dirname, '../../..');
let folder = '';
let child = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'c138-kill-'));
  // In the project, so that packages are found.
  child = join(root, 'node_modules', `.story-child-${process.pid}.mjs`);
  await build({
    entryPoints: [join(import.meta.dirname, 'story-child.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: child,
    logLevel: 'silent',
    packages: 'external',
  });
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  rmSync(child, { force: true });
});

/** Calls that change something, and those that open and write files of the session only. */
const EVERYWHERE = ['mkdir', 'fdatasync', 'fsync', 'symlink', 'rename', 'unlink', 'ftruncate'];
const IN_SESSION = ['openat', 'write'];

interface Killed {
  readonly killed: boolean;
  readonly acknowledged: readonly Acknowledged[];
}

/** Runs the story and kills it at the k-th call of one kind, before the kernel does it. */
function killAt(dir: string, call: string, k: number, mode: string): Killed {
  const paths = IN_SESSION.includes(call)
    ? [join(dir, 'session'), join(dir, 'mirror', 'session')].flatMap((one) => [
        one,
        ...['journal.jsonl', 'runbook.json', 'trust.json', 'blobs'].map((name) => join(one, name)),
      ])
    : [];
  const ran = spawnSync(
    'strace',
    [
      ...['-f', '-qq', '-o', '/dev/null', '-e', `trace=${call}`],
      ...paths.flatMap((path) => ['-P', path]),
      ...['-e', `inject=${call}:signal=SIGKILL:when=${k}`],
      ...[process.execPath, child, dir, mode],
    ],
    { encoding: 'utf8', env: { ...process.env, UV_THREADPOOL_SIZE: '1' } },
  );
  const acknowledged = ran.stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' '))
    .map(([seq, hash]) => ({ seq: Number(seq), lineSha256: hash as `0x${string}` }));
  if (ran.status !== 0 && ran.signal !== 'SIGKILL' && ran.status !== 137)
    throw new Error(`the story failed by itself (${ran.status}): ${ran.stderr.slice(0, 2_000)}`);
  return { killed: ran.status !== 0, acknowledged };
}

async function faultsAfter(dir: string, acknowledged: readonly Acknowledged[]): Promise<readonly string[]> {
  const session = join(dir, 'session');
  const mirror = join(dir, 'mirror');
  try {
    const found = await Journal.recover({ dir: session, mirror, files: realFiles });
    if (found.records.at(-1)?.kind !== 'seal')
      await put(found.journal, resumeAfter(found.journal, found.torn, found.fromMirror));
    await found.journal.close();
  } catch (error) {
    return acknowledged.length === 0 ? [] : [`not recovered: ${String(error)}`];
  }
  const faults: string[] = [];
  const { bytes } = await storyTrust();
  for (const copy of [session, join(mirror, 'session')]) {
    const lost = lostFrom(readFileSync(join(copy, 'journal.jsonl')), acknowledged);
    if (lost.length > 0) faults.push(`${copy} lost ${lost.join()}`);
    const report = await verifySession(copy, { trust: bytes });
    if (report.exitCode !== 0 && report.exitCode !== 10)
      faults.push(`${copy}: ${report.exitCode} ${report.findings.map((one) => one.text).join('; ')}`);
  }
  return faults;
}

async function matrix(
  mode: 'tell' | 'go-on',
  prepare: (dir: string) => readonly Acknowledged[],
): Promise<void> {
  const faults: string[] = [];
  const counts: string[] = [];
  for (const call of [...EVERYWHERE, ...IN_SESSION]) {
    let points = 0;
    for (let k = 1; ; k += FULL ? 1 : 37) {
      const dir = join(folder, 'run');
      rmSync(dir, { recursive: true, force: true });
      mkdirSync(dir);
      const before = prepare(dir);
      const { killed, acknowledged } = killAt(dir, call, k, mode);
      for (const fault of await faultsAfter(dir, [...before, ...acknowledged]))
        faults.push(`${call} ${k}: ${fault}`);
      if (!killed) break;
      points += 1;
    }
    counts.push(`${call} ${points}`);
  }
  console.info(`D1 ${mode}: killed at ${counts.join(', ')}; ${faults.length} faults`);
  expect(faults).toEqual([]);
  expect(counts).not.toContain('fdatasync 0');
  expect(counts).not.toContain('write 0');
}

describe.skipIf(!haveStrace && !required)('D1: SIGKILL at every system call boundary', () => {
  test(
    'of a whole session loses nothing acknowledged, and it recovers unaided',
    () => matrix('tell', () => []),
    1_200_000,
  );

  test('of taking up a session with a torn tail and a mirror that is behind', async () => {
    const template = join(folder, 'template');
    mkdirSync(template);
    const { acknowledged } = killAt(template, 'write', 14, 'tell');
    expect(acknowledged.length).toBeGreaterThan(3);
    appendFileSync(join(template, 'session', 'journal.jsonl'), '{"body":{"actor":nul');
    expect(existsSync(join(template, 'mirror', 'session', 'journal.jsonl'))).toBe(true);
    await matrix('go-on', (dir) => {
      // A copy as `cp -a` makes it: locks stay links.
      execFileSync('cp', ['-a', `${template}/.`, dir]);
      return acknowledged;
    });
  }, 1_200_000);
});
