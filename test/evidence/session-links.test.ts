import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Journal, newSession } from '../../src/evidence/journal/journal.ts';
import { lastSeal, linkOf } from '../../src/evidence/verify/session-links.ts';
import { readSession } from '../../src/evidence/verify/verify-read.ts';
import type { OpenBody } from '../../src/model/record.ts';
import { run } from '../cli/run.ts';
import {
  confirmBody,
  ESTATE,
  openBody,
  put,
  runbookBytes,
  runbookStep,
  sealBody,
  trustBytes,
} from './make.ts';

const STEPS = [runbookStep('one')];
let root = '';
const all = () => join(root, 'all');

/** A session that names the seal made last in the folder; given back is what the next one will name. */
async function session(name: string, sealed: boolean): Promise<string | null> {
  const links = [];
  for (const other of made) links.push(await linkOf(await readSession(join(all(), other))));
  const dir = join(all(), name);
  const journal = await Journal.create({
    dir,
    session: newSession(),
    runbookBytes: runbookBytes(STEPS),
    trustBytes: await trustBytes(),
    mirror: null,
  });
  const open = openBody(journal, STEPS) as OpenBody;
  const prev_seal = lastSeal(links, ESTATE);
  await put(journal, {
    ...open,
    at: new Date(Date.parse(open.at) + made.length * 60_000).toISOString(),
    open: { ...open.open, prev_seal },
  });
  const [step] = STEPS;
  if (step !== undefined) await put(journal, confirmBody(journal, step));
  // Later than every seal before it.
  const seal = sealBody(journal);
  const body = { ...seal, at: new Date(Date.parse(seal.at) + made.length * 60_000).toISOString() };
  if (sealed) await put(journal, { ...body, seal: journal.sealFields() } as typeof seal);
  await journal.close();
  made.push(name);
  return prev_seal;
}

const made: string[] = [];
const named: (string | null)[] = [];
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'c138-links-'));
  mkdirSync(all());
  for (const [name, sealed] of [
    ['a', true],
    ['b', true],
    ['c', false],
    ['d', true],
  ] as const)
    named.push(await session(name, sealed));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('each session names the seal that was made last; an open one is named by nobody', () => {
  expect(named[0]).toBeNull();
  expect(named[1]).toMatch(/^0x[0-9a-f]{64}$/);
  expect(named[2]).not.toBe(named[1]);
  expect(named[3]).toBe(named[2]);
});

test('a session that was left out is found by the one that names it, in folders and in bundles', async () => {
  const whole = await run(['evidence', 'sessions', all()]);
  expect([whole.code, whole.out.match(/follows 0x/g)?.length], whole.out).toEqual([0, 3]);

  const some = join(root, 'some');
  cpSync(all(), some, { recursive: true });
  rmSync(join(some, 'b'), { recursive: true });
  const less = await run(['evidence', 'sessions', some, '--json']);
  expect(less.code).toBe(1);
  const told = JSON.parse(less.out);
  expect(told.gaps.map((one: { path: string }) => one.path)).toEqual([join(some, 'c'), join(some, 'd')]);

  const out = join(some, 'b.tar');
  expect((await run(['evidence', 'export', join(all(), 'b'), '--out', out])).code).toBe(0);
  expect((await run(['evidence', 'sessions', some])).code).toBe(0);

  mkdirSync(join(some, 'e'));
  writeFileSync(join(some, 'e', 'journal.jsonl'), 'nothing\n');
  const broken = await run(['evidence', 'sessions', some]);
  expect(broken.code).toBe(1);
  expect(broken.out).toMatch(/UNREADABLE/);
  expect((await run(['evidence', 'sessions', join(root, 'none')])).code).toBe(2);
});
