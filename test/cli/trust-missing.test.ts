import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PLAIN_POLICY, type TrustBody } from '../../src/evidence/trust/trust.ts';
import { type Made, sealedSession, trustBody, trustBytes } from '../evidence/make.ts';
import { run } from './run.ts';

let home = '';
let made: Made;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'c138-missing-'));
  made = await sealedSession();
});
afterAll(() => {
  made.clean();
  rmSync(home, { recursive: true, force: true });
});
const here = (config: string, ...argv: string[]) =>
  run(argv, { HOME: home, C138_CONFIG_DIR: join(home, config) });

it('a file that is named and not there is told as that, and nobody is sent to make a trust store', async () => {
  const typo = join(home, 'typo.json');
  for (const argv of [
    ['trust', 'update', typo],
    ['trust', 'show', typo],
    ['evidence', 'countersign', made.dir, '--trust', typo],
  ])
    expect(await here('empty', ...argv)).toEqual({
      code: 2,
      out: '',
      err: `c138: ${typo}: there is no such file\n`,
    });
});

it('where no trust store is installed, who joins a team is told how to install that of the team', async () => {
  const good = join(home, 'good.json');
  writeFileSync(good, await trustBytes(trustBody()));
  for (const argv of [
    ['trust', 'update', good],
    ['evidence', 'countersign', made.dir],
  ]) {
    const { code, err } = await here('empty', ...argv);
    expect(code).toBe(2);
    expect(err).toMatch(/trust\.json: no trust store is installed here\. .*trust update FILE --root ADDRESS/);
    expect(err).toMatch(/--trust FILE .*only who founds the team makes one, with c138 trust init/);
  }
});

it('a proposal that is named and not there is told as that', async () => {
  const config = join(home, 'installed');
  const [root = ''] = trustBody().roots;
  const good = join(home, 'first.json');
  writeFileSync(good, await trustBytes(trustBody()));
  expect((await here('installed', 'trust', 'update', good, '--root', root)).code).toBe(0);
  const typo = join(config, 'typo.json');
  expect((await here('installed', 'trust', 'sign', typo)).err).toBe(`c138: ${typo}: there is no such file\n`);
});

it('trust show tells in words the rules that trust policy sets', async () => {
  const file = join(home, 'rules.json');
  const shown = async (policy: Partial<TrustBody['policy']>) => {
    writeFileSync(file, await trustBytes(trustBody({ policy: { ...PLAIN_POLICY, ...policy } })));
    return (await here('empty', 'trust', 'show', file)).out;
  };
  const plain = await shown({});
  expect(plain).toMatch(/^a witness signs where the runbook or a claim asks for one$/m);
  expect(plain).toMatch(/^a seal needs no countersignature$/m);
  expect(plain).toMatch(/^a witness is another person than the performer$/m);
  expect(plain).toMatch(/^the clock may step by 5000 ms, and a session last 72 h$/m);
  const strict = await shown({ witness_for: ['critical'], countersigners: 2, distinct_persons: false });
  expect(strict).toMatch(/^a witness signs for every critical step, and where the runbook/m);
  expect(strict).toMatch(/^a seal needs at least 2 countersignatures$/m);
  expect(strict).toMatch(/^a witness may be the performer, with another key$/m);
  const all = await shown({ witness_for: ['critical', 'all', 'seal'] });
  expect(all).toMatch(/^a witness signs for every step,/m);
  expect(all).toMatch(/^a seal needs at least 1 countersignature$/m);
});
