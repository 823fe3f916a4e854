import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type IPty, spawn } from '@lydell/node-pty';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifySession } from '../../../src/evidence/verify/verify.ts';
import { FULL } from './story.ts';

const BIN = resolve(import.meta.dirname, '../../../bin/c138');
const RUNBOOK = 'phase3-follow-ups';
/** What happens to the program; `closed` is the terminal going away under it. */
const SIGNALS = ['SIGHUP', 'SIGTERM', 'SIGTSTP', 'closed'] as const;
type Signal = (typeof SIGNALS)[number];
/** What it is doing then. */
const STATES = ['idle', 'probing', 'prompt', 'signing'] as const;
type State = (typeof STATES)[number];
/** Longer than the time in which what is typed does not count yet, in milliseconds. */
const READING_MS = 250;

/** A life takes seconds, most of them spent waiting: in full, that many persons work side by side, each in a home of their own. */
const SIDE_BY_SIDE = FULL ? 4 : 1;

let homes: readonly string[] = [];
beforeAll(() => {
  homes = Array.from({ length: SIDE_BY_SIDE }, () => mkdtempSync(join(tmpdir(), 'c138-signals-')));
});
afterAll(() => {
  for (const home of homes) rmSync(home, { recursive: true, force: true });
});

/** The program in line mode at a real terminal. */
class Session {
  readonly #pty: IPty;
  #unread = '';
  #gone = false;
  /** The highest record that was acknowledged. */
  acknowledged = -1;

  constructor(home: string) {
    this.#pty = spawn(process.execPath, [BIN, 'demo', '--plain'], {
      cols: 200,
      rows: 50,
      cwd: home,
      env: { PATH: process.env.PATH ?? '', HOME: home, TERM: 'xterm' },
    });
    this.#pty.onData((text) => {
      this.#unread += text;
      for (const [, number] of text.matchAll(/durable: record (\d+)/g))
        this.acknowledged = Math.max(this.acknowledged, Number(number));
    });
    this.#pty.onExit(() => {
      this.#gone = true;
    });
  }

  say(line: string): void {
    this.#pty.write(`${line}\r`);
  }

  async until(expected: RegExp): Promise<RegExpExecArray> {
    for (let waited = 0; waited < 120_000; waited += 20) {
      const match = expected.exec(this.#unread);
      if (match !== null) {
        this.#unread = this.#unread.slice(match.index + match[0].length);
        return match;
      }
      if (this.#gone) break;
      await new Promise((done) => setTimeout(done, 20));
    }
    throw new Error(`never came: ${expected}; last: ${this.#unread.slice(-800)}`);
  }

  async code(): Promise<string> {
    const [, code = ''] = await this.until(/Type (\w{4}) to sign/);
    await new Promise((done) => setTimeout(done, READING_MS));
    return code;
  }

  async sign(): Promise<void> {
    this.say(await this.code());
    await this.until(/Recorded and durable/);
    await this.until(/c138> $/);
  }

  async end(signal: Signal): Promise<void> {
    if (signal === 'closed') (this.#pty as unknown as { destroy(): void }).destroy();
    else this.#pty.kill(signal);
    for (let waited = 0; !this.#gone && waited < 10_000; waited += 20)
      await new Promise((done) => setTimeout(done, 20));
    if (!this.#gone) throw new Error(`it did not end after ${signal}`);
  }

  async stopAndGoOn(): Promise<void> {
    this.#pty.kill('SIGTSTP');
    await new Promise((done) => setTimeout(done, 150));
    this.#pty.kill('SIGCONT');
  }
}

const linesIn = (folder: string): readonly string[] =>
  readFileSync(join(folder, 'journal.jsonl'), 'utf8').split('\n').slice(0, -1);
const answersIn = (folder: string): number =>
  linesIn(folder).filter((line) => JSON.parse(line).body.kind === 'confirm').length;

/** One life of the program on the session: takes it up, gets to a state, and is hit. Gives what it acknowledged. */
async function hit(home: string, folder: string | null, signal: Signal, state: State): Promise<number> {
  const session = new Session(home);
  await session.until(/c138> $/);
  session.say(folder === null ? `run ${RUNBOOK}` : `resume ${folder.split('-').at(-1)}`);
  await session.sign();
  if (folder !== null) {
    // The step that is offered is the one after the last that was answered.
    session.say('step');
    const [, at] = await session.until(/-- step (\d+) of \d+/);
    expect(Number(at)).toBe(answersIn(folder) + 1);
    await session.until(/c138> $/);
  }
  if (state !== 'idle') session.say('probe');
  if (state === 'prompt' || state === 'signing') {
    const [, offered = ''] = await session.until(/May be answered: ([^\r\n]*)/);
    await session.until(/c138> $/);
    session.say(offered.includes('confirmed') ? 'confirm seen' : 'still nothing has changed');
    const code = await session.code();
    if (state === 'signing') session.say(code);
  }
  if (signal === 'SIGTSTP') {
    await session.stopAndGoOn();
    if (state === 'signing') await session.until(/Recorded and durable/);
    if (state === 'prompt') session.say('');
    session.say('quit');
    await session.end('closed').catch(() => session.end('SIGTERM'));
  } else await session.end(signal);
  return session.acknowledged;
}

/** What was seen over all lives. */
interface Seen {
  signals: number;
  lost: number;
  readonly unsound: string[];
}

/** One person's lives with the program: in every round each signal comes once, each time while something else is done. */
async function livesIn(home: string, rounds: number, seen: Seen, after: () => void): Promise<void> {
  const evidence = join(home, '.local/state/c138/demo/evidence');
  let folder: string | null = null;
  for (let round = 0; round < rounds; round += 1)
    for (const [at, signal] of SIGNALS.entries()) {
      const state = STATES[(at + round) % STATES.length] as State;
      const acknowledged = await hit(home, folder, signal, state);
      seen.signals += 1;
      folder ??= join(evidence, readdirSync(evidence)[0] ?? '');
      if (linesIn(folder).length < acknowledged + 1) seen.lost += 1;
      const { exitCode } = await verifySession(folder, {
        trust: readFileSync(join(home, '.local/state/c138/demo/config/trust/trust.json')),
      });
      if (exitCode !== 10) seen.unsound.push(`${signal} while ${state}: exit ${exitCode}`);
      after();
      // A new session before the steps run out.
      if (answersIn(folder) >= 6) {
        rmSync(folder, { recursive: true });
        folder = null;
      }
    }
}

describe('D7: a terminal or a program that ends in the middle', () => {
  test('loses no record that was acknowledged, and the same step is offered again', async () => {
    const rounds = Number(process.env.C138_ROUNDS ?? (FULL ? 200 : 1));
    const seen: Seen = { signals: 0, lost: 0, unsound: [] };
    const tell = (): void =>
      console.log(
        `D7: ${seen.signals} signals, ${seen.lost} acknowledged records lost, ${seen.unsound.length} unsound`,
      );
    // The full size takes long on a small machine: what was seen until then is told as it goes.
    const after = (): void => {
      if (seen.signals % 100 === 0) tell();
    };
    await Promise.all(
      homes.map((home, at) => livesIn(home, Math.floor((rounds + at) / homes.length), seen, after)),
    );
    tell();
    expect(seen.signals).toBe(rounds * SIGNALS.length);
    expect(seen.lost).toBe(0);
    expect(seen.unsound).toEqual([]);
  }, 14_400_000);
});
