import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Demo, startDemo } from '../../src/demo/start.ts';
import { type Answer, inTerminal } from './in-terminal.ts';
import { run } from './run.ts';

/** Secrets that are planted, to be looked for everywhere afterwards. */
const PASSPHRASE = 'canary-passphrase-7391';
const PRIVATE_KEY = 'ca4a71ca4a71ca4a71ca4a71ca4a71ca4a71ca4a71ca4a71ca4a71ca4a71ca4a';
const passphrase: Answer = [/Passphrase for .*: $/, PASSPHRASE];
const signerCode: Answer = [/Type (\w{4}) to sign: $/, (match) => match[1] ?? ''];
const code: Answer = [/Type (\w{4}) to sign, or an empty line to cancel\.\r?\n/, (match) => match[1] ?? ''];
const say = (text: string): Answer => [/c138> $/, text];

let demo: Demo;
let home = '';
let canaries: readonly Buffer[] = [];
/** Where a secret was seen in the arguments or the environment of a process. */
const leaks = new Set<string>();
let watching: NodeJS.Timeout;

const env = () => ({
  HOME: home,
  C138_CONFIG_DIR: join(home, 'config'),
  C138_STATE_DIR: join(home, 'state'),
  C138_CONFIG: demo.configPath,
});

/** A secret in every spelling that it might leave in. */
function spellings(secret: string, binary: boolean): readonly Buffer[] {
  const bytes = Buffer.from(secret, binary ? 'hex' : 'utf8');
  return [
    Buffer.from(secret),
    Buffer.from(secret.toUpperCase()),
    bytes,
    Buffer.from(bytes.toString('base64').replace(/=+$/, '')),
    Buffer.from(bytes.toString('hex')),
    Buffer.from(encodeURIComponent(secret)),
  ];
}

function lookAtProcesses(): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    for (const file of ['cmdline', 'environ'])
      try {
        const bytes = readFileSync(`/proc/${pid}/${file}`);
        if (canaries.some((one) => bytes.includes(one))) leaks.add(`${file} of ${pid}`);
      } catch {
        // It ended, or is somebody else's.
      }
}

function* filesUnder(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesUnder(path);
    else if (entry.isFile()) yield path;
  }
}

async function inside(argv: readonly string[], answers: readonly Answer[]): Promise<string> {
  const done = await inTerminal(argv, answers, env());
  expect(done.code, done.screen).toBe(0);
  return done.screen;
}

const before = process.umask();
beforeAll(async () => {
  // The laxest there is: what is private must be private by itself.
  process.umask(0o000);
  home = mkdtempSync(join(tmpdir(), 'c138-secrets-'));
  demo = await startDemo({ scenario: 'healthy', blockPeriodS: 1 });
  const tokenFile = [...filesUnder(demo.folder)].find((path) => /token/.test(path)) ?? '';
  const token = readFileSync(tokenFile, 'utf8').trim().split('=').at(-1) ?? '';
  expect(token.length).toBeGreaterThan(20);
  canaries = [...spellings(PASSPHRASE, false), ...spellings(PRIVATE_KEY, true), ...spellings(token, false)];
  watching = setInterval(lookAtProcesses, 20);
  mkdirSync(join(home, 'config'), { recursive: true, mode: 0o755 });
}, 120_000);
afterAll(async () => {
  clearInterval(watching);
  process.umask(before);
  await demo.stop();
  rmSync(home, { recursive: true, force: true });
});

describe('P1 and P4: secrets and what others may read, in a whole life of a key', () => {
  it('a key is imported, trusted, used for a runbook, looks at the estate with a token, and crashes', async () => {
    const screens = [
      await inside(
        ['key', 'import'],
        [
          [/Private key.*: $/, PRIVATE_KEY],
          [/New passphrase.*: $/, PASSPHRASE],
          [/The same again: $/, PASSPHRASE],
        ],
      ),
      await inside(['trust', 'init', '--person', 'anna', '--name', 'Anna'], [passphrase, signerCode]),
      await inside(
        ['runbook', 'run', 'lost-passphrase', '--plain'],
        [passphrase, code, say('confirm seen'), signerCode, passphrase, say('quit')],
      ),
    ];
    const looked = await run(['discover', '--json'], env());
    expect([0, 1, 3]).toContain(looked.code);
    const wrong = await inTerminal(['evidence', 'anchor', join(home, 'nowhere')], [], env());
    expect(wrong.code).not.toBe(0);
    for (const text of [...screens, looked.out, looked.err, wrong.screen])
      expect(canaries.some((one) => Buffer.from(text).includes(one))).toBe(false);
  }, 180_000);

  it('no process ever had one in its arguments or its environment', () => {
    expect([...leaks]).toEqual([]);
  });

  it('no file holds one: not the keystore, no journal, snapshot, raw answer, report or log', () => {
    const files = [...filesUnder(home)];
    expect(files.length).toBeGreaterThan(10);
    const found = files.filter((path) => {
      const bytes = readFileSync(path);
      return canaries.some((one) => bytes.includes(one));
    });
    expect(found).toEqual([]);
    console.log(
      `P4: ${canaries.length} spellings of 3 secrets in ${files.length} files, ${found.length} found`,
    );
  });

  it('what is evidence, key or trust is readable by nobody else, under an umask of 000', () => {
    const lax: string[] = [];
    for (const folder of ['state/evidence', 'config/keys', 'config/trust'])
      for (const path of [
        join(home, folder),
        ...readdirSync(join(home, folder), { recursive: true }).map((name) =>
          join(home, folder, String(name)),
        ),
      ]) {
        const info = lstatSync(path);
        if (info.isSymbolicLink()) continue;
        if ((info.mode & 0o077) !== 0) lax.push(`${path} ${(info.mode & 0o777).toString(8)}`);
      }
    expect(lax).toEqual([]);
  });
});
