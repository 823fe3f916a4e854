import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Terminal } from '../e2e/terminal.ts';
import { type Answer, inTerminal, newKey } from './in-terminal.ts';
import { run } from './run.ts';

/** Two people at two machines: each with their own key, passphrase and folders. Only files go between them. */
let root = '';
const PASSPHRASE = 'correct horse battery';

const envOf = (who: string) => ({
  HOME: join(root, who),
  C138_CONFIG_DIR: join(root, who, 'config'),
  C138_STATE_DIR: join(root, who, 'state'),
});
const trustFile = (who: string): string => join(root, who, 'config', 'trust', 'trust.json');
const evidenceOf = (who: string): string => join(root, who, 'state', 'evidence');
const passphrase: Answer = [/Passphrase for .*: $/, PASSPHRASE];
const signerCode: Answer = [/Type (\w{4}) to sign: $/, (match) => match[1] ?? ''];

const RUNBOOK = `v: 1
id: shift
version: 1.0.0
title: A shift that ends in the middle
origin: operator
steps:
  - { id: one, title: One, instructions: Do one., expected: done }
  - { id: two, title: Two, instructions: Do two., expected: done }
`;

async function person(who: string): Promise<string> {
  const config = join(root, who, 'config');
  mkdirSync(join(config, 'runbooks'), { recursive: true });
  mkdirSync(evidenceOf(who), { recursive: true });
  writeFileSync(join(config, 'estate.yaml'), 'v: 1\nid: two-shifts\nname: y\nchain: {id: 138}\n');
  writeFileSync(join(config, 'runbooks', 'shift.yaml'), RUNBOOK);
  return newKey(PASSPHRASE, envOf(who));
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'c138-shift-'));
  await person('anna');
  const bert = await person('bert');
  for (const args of [
    ['init', '--person', 'anna', '--name', 'Anna', '--role', 'performer'],
    ['add', '--person', 'bert', '--name', 'Bert', '--role', 'performer,witness', '--address', bert],
  ]) {
    const done = await inTerminal(['trust', ...args], [passphrase, signerCode], envOf('anna'));
    expect(done.code, done.screen).toBe(0);
  }
  mkdirSync(join(root, 'bert', 'config', 'trust'), { recursive: true });
  cpSync(trustFile('anna'), trustFile('bert'));
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A console in line mode on a terminal, worked prompt by prompt. */
class Plain {
  readonly #terminal: Terminal;

  constructor(who: string, args: readonly string[]) {
    this.#terminal = new Terminal([...args, '--plain'], {
      columns: 250,
      rows: 60,
      home: join(root, who),
      env: envOf(who),
    });
  }

  /** Waits for this at the end of what is on the screen. */
  async see(expected: RegExp): Promise<RegExpExecArray> {
    return this.#terminal.see(expected);
  }

  async say(line: string, expected: RegExp): Promise<RegExpExecArray> {
    await this.see(/c138> *\n*$/);
    this.#terminal.type(`${line}\r`);
    return this.see(expected);
  }

  async unlock(): Promise<void> {
    await this.see(/Passphrase for [^\n]*: *\n*$/);
    this.#terminal.type(`${PASSPHRASE}\r`);
  }

  /** Types the code of the prompt that stands last. */
  async sign(record: number): Promise<void> {
    const [, code = ''] = await this.see(
      /Type (\w{4}) to sign, or an empty line to cancel\.\s*(?:Type help[^\n]*\s*)?code> *\n*$/,
    );
    await new Promise((done) => setTimeout(done, 300));
    this.#terminal.type(`${code}\r`);
    await this.see(new RegExp(`Recorded and durable: record ${record}\\.`));
  }

  async quit(): Promise<void> {
    await this.see(/c138> *\n*$/);
    this.#terminal.type('quit\r');
    expect((await this.#terminal.ended()).code).toBe(0);
  }
}

async function accept(request: string, out: string): Promise<string> {
  const signed = await inTerminal(
    ['evidence', 'witness', 'sign', request, '--meaning', 'accepted', '--out', out],
    [passphrase, signerCode],
    envOf('bert'),
  );
  expect(signed.code, signed.screen).toBe(0);
  return signed.screen;
}

describe('a handover, signed by both', () => {
  it('gives the run to another person with another key on another machine, exactly as it stands', async () => {
    const anna = new Plain('anna', ['runbook', 'run', 'shift']);
    await anna.unlock();
    await anna.sign(0);
    await anna.say('confirm', /You are about to sign/);
    await anna.sign(1);
    await anna.say('handover anna', /"anna" can not take over\. Those who can: bert/);
    await anna.say('handover bert', /Both sides must see \w{4}-\w{4}/);
    const requests = join(evidenceOf('anna'), 'requests');
    const [first = ''] = readdirSync(requests);
    const stale = join(root, 'stale.json');
    expect(await accept(join(requests, first), stale)).toMatch(
      /You are about to take over this run, as bert/,
    );

    // A note came in between: Bert accepted another state of the run.
    await anna.say('note the lamp is green', /You are about to sign/);
    await anna.sign(2);
    await anna.say(`accept ${stale}`, /something was recorded since this was accepted/);
    await anna.say('handover bert', /Both sides must see/);
    while (readdirSync(requests).length < 2) await new Promise((done) => setTimeout(done, 50));
    const [second = ''] = readdirSync(requests).filter((name) => name !== first);
    const answer = join(root, 'accepted.json');
    await accept(join(requests, second), answer);
    await anna.say(`accept ${answer} good night`, /to +Bert \(0x/);
    // A checkpoint follows by itself.
    await anna.sign(4);
    await anna.say('confirm', /Not offered: Bert is in charge/);
    await anna.quit();

    // Only files go to the other machine.
    const [folder = ''] = readdirSync(evidenceOf('anna')).filter((name) => name !== 'requests');
    cpSync(join(evidenceOf('anna'), folder), join(evidenceOf('bert'), folder), {
      recursive: true,
      verbatimSymlinks: true,
    });
    const bert = new Plain('bert', []);
    await bert.say(`resume ${folder.split('-').at(-1)}`, /Passphrase for/);
    await bert.unlock();
    // The handover is followed by a checkpoint.
    await bert.sign(5);
    await bert.say('confirm', /You are about to sign/);
    await bert.sign(6);
    await bert.say('seal', /You are about to sign/);
    await bert.sign(7);
    await bert.quit();

    const session = join(evidenceOf('bert'), folder);
    const verified = await run(
      ['evidence', 'verify', session, '--trust', trustFile('bert'), '--json'],
      envOf('bert'),
    );
    expect(verified.code, verified.out).toBe(0);
    expect(JSON.parse(verified.out)).toMatchObject({ signers: [{ name: 'Anna' }, { name: 'Bert' }] });
    const report = await run(['runbook', 'report', session], envOf('bert'));
    expect(report.code, report.err).toBe(0);
    expect(report.out).toMatch(/Anna to Bert, accepted by signature[^\n]*good night/);
    expect(report.out).toMatch(/the lamp is green/);
    expect(readFileSync(join(session, 'journal.jsonl'), 'utf8')).not.toContain(PASSPHRASE);
  }, 180_000);
});
