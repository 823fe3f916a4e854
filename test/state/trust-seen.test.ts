import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseTrust, type TrustBody } from '../../src/evidence/trust/trust.ts';
import { rememberTrust, trustProblem } from '../../src/state/attested/trust-seen.ts';
import { run } from '../cli/run.ts';
import { type Person, person, ROOT, trustBody, trustBytes } from '../evidence/make.ts';

const OLD = person('Olga', 0x0a);
const NEW = person('Nora', 0x0b);
const MALLORY = person('Mallory', 0xbad);
const BEFORE = `0x${'11'.repeat(32)}` as const;

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'c138-seen-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const storeOf = (change: Partial<TrustBody>, by: readonly [Person, ...Person[]]): Promise<Uint8Array> =>
  trustBytes(trustBody({ roots: [by[0].address], ...change }), by);

it('an older version is refused, also across a change of roots that the old roots signed', async () => {
  const state = mkdtempSync(join(root, 'state-'));
  const first = parseTrust(await storeOf({}, [OLD]));
  const second = parseTrust(await storeOf({ version: 2, prev_sha256: first.sha256 }, [NEW, OLD]));
  const third = parseTrust(await storeOf({ version: 3, prev_sha256: second.sha256 }, [NEW]));
  for (const one of [first, second, third]) expect(await rememberTrust(state, one)).toBeNull();
  expect(await trustProblem(state, first)).toMatch(/version 1, but version 3 was in use here/);
  expect(await trustProblem(state, second)).toMatch(/it was rolled back/);
  const other = parseTrust(await storeOf({ version: 3, prev_sha256: BEFORE }, [NEW]));
  expect(await trustProblem(state, other)).toMatch(/two different trust stores call themselves version 3/);
});

it('the store of a stranger for the same estate does not stand in the way of the real one', async () => {
  const state = mkdtempSync(join(root, 'state-'));
  const real = parseTrust(await storeOf({}, [OLD]));
  const evil = parseTrust(await storeOf({ version: 1_000_000, prev_sha256: BEFORE }, [MALLORY]));
  expect(await rememberTrust(state, evil)).toBeNull();
  expect(await rememberTrust(state, real)).toBeNull();
  expect(await trustProblem(state, real)).toBeNull();
});

it('a verification that shows nothing leaves no memory of its store', async () => {
  const home = mkdtempSync(join(root, 'home-'));
  const ahead = join(root, 'ahead.json');
  writeFileSync(ahead, await storeOf({ estate: 'test-138', version: 9, prev_sha256: BEFORE }, [ROOT]));
  const ran = await run(['evidence', 'verify', join(root, 'none'), '--trust', ahead], { HOME: home });
  expect(ran.code).toBe(50);
  const real = parseTrust(await storeOf({ estate: 'test-138' }, [ROOT]));
  expect(await trustProblem(join(home, '.local/state/c138'), real)).toBeNull();
});
