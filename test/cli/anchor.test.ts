import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Demo, startDemo } from '../../src/demo/start.ts';
import { type Answer, inTerminal, newKey } from './in-terminal.ts';
import { run } from './run.ts';

const PASSPHRASE = 'correct horse battery';
const passphrase: Answer = [/Passphrase for .*: $/, PASSPHRASE];
const signerCode: Answer = [/Type (\w{4}) to sign: $/, (match) => match[1] ?? ''];
const code: Answer = [/Type (\w{4}) to sign, or an empty line to cancel\.\r?\n/, (match) => match[1] ?? ''];
const say = (text: string): Answer => [/c138> $/, text];

let demo: Demo;
let home = '';
let session = '';
const env = () => ({
  HOME: home,
  C138_CONFIG_DIR: join(home, 'config'),
  C138_STATE_DIR: join(home, 'state'),
  C138_CONFIG: demo.configPath,
});
const cli = (...argv: string[]) => run(argv, env());
const anchors = (): readonly string[] => readdirSync(session).filter((name) => name.startsWith('anchor-'));

async function ran(argv: readonly string[], answers: readonly Answer[]): Promise<string> {
  const done = await inTerminal(argv, answers, env());
  expect(done.code, done.screen).toBe(0);
  return done.screen;
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'c138-anchored-'));
  demo = await startDemo({ scenario: 'healthy', blockPeriodS: 1 });
  mkdirSync(join(home, 'config'), { recursive: true });
  await newKey(PASSPHRASE, env());
  await ran(['trust', 'init', '--person', 'anna', '--name', 'Anna'], [passphrase, signerCode]);
  const steps = [true, false, true, false, false].flatMap((critical) => [
    say('confirm seen'),
    ...(critical ? [signerCode, passphrase] : [code]),
  ]);
  await ran(
    ['runbook', 'run', 'lost-passphrase', '--plain'],
    [passphrase, code, ...steps, say('seal'), code, say('quit')],
  );
  const folder = join(home, 'state', 'evidence');
  const [name = ''] = readdirSync(folder).filter((one) => one !== 'requests');
  session = join(folder, name);
}, 120_000);
afterAll(async () => {
  await demo.stop();
  rmSync(home, { recursive: true, force: true });
});

describe('c138 evidence anchor', () => {
  it('sends nothing under a wrong code, and says what it would send', async () => {
    const refused = await inTerminal(
      ['evidence', 'anchor', session],
      [passphrase, [/Type \w{4} to sign: $/, 'ZZZZ']],
      env(),
    );
    expect(refused.code, refused.screen).toBe(2);
    expect(refused.screen).toMatch(/sends {4}nothing, from 0x[0-9a-f]{40} to itself/);
    expect(refused.screen).toMatch(/costs {4}at most 30000000 wei/);
    expect(anchors()).toEqual([]);
  }, 120_000);

  it('puts the digest of the seal on the chain and keeps a proof that verifies offline', async () => {
    const screen = await ran(['evidence', 'anchor', session], [passphrase, signerCode]);
    expect(screen).toMatch(/sealed by 4 of 5 pinned validators/);
    expect(anchors()).toHaveLength(1);
    const verified = await cli('evidence', 'verify', session, '--json');
    const report = JSON.parse(verified.out);
    // The opening carried a block of the simulated chain, so both ends are bounded.
    expect(report.chainTime.notBefore).toMatch(/^20/);
    expect(report.chainTime.notAfter > report.chainTime.notBefore).toBe(true);
    expect(report.findings.map((one: { text: string }) => one.text).join('\n')).toMatch(
      /anchored, same estate/,
    );
  }, 120_000);

  it('fetches the proof of a transaction that was sent before, with no key at all', async () => {
    const [name = ''] = anchors();
    const kept = readFileSync(join(session, name));
    const copy = join(home, 'copy');
    cpSync(session, copy, { recursive: true, verbatimSymlinks: true });
    rmSync(join(copy, name));
    const hash = `0x${name.slice('anchor-'.length, -'.json'.length)}`;
    const fetched = await cli('evidence', 'anchor', copy, '--transaction', hash);
    expect(fetched.code, fetched.err).toBe(0);
    expect(readFileSync(join(copy, name)).equals(kept)).toBe(true);
  }, 120_000);

  it.each([
    [['--endpoint', 'http://192.0.2.1:8545'], 2, /there is no JSON-RPC endpoint/],
    [['--transaction', `0x${'00'.repeat(32)}`, '--wait', '0'], 1, /in no block yet/],
    [['--wait', 'long'], 2, /whole number of seconds/],
  ])('%s: says what is wrong', async (flags, exit, text) => {
    const answer = await cli('evidence', 'anchor', session, ...flags);
    expect(answer.code).toBe(exit);
    expect(answer.err).toMatch(text);
  });
});
