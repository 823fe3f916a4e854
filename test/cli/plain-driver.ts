import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { resolve } from 'node:path';

export const bin = resolve(import.meta.dirname, '../../bin/c138');
/** Looks at the probes of one step before its answer is given up on. */
const MOST_LOOKS = 15;
/** Something is wrong when a line did not come by then, in milliseconds. */
const PATIENCE_MS = 60_000;
/** Longer than the time in which a typed code does not count yet. */
const READING_MS = 900;

/** The real program in line mode, worked like a person would: read, then type. */
export class PlainConsole {
  readonly #child: ChildProcessWithoutNullStreams;
  #unread = '';
  /** Everything that was printed. */
  printed = '';

  /** @param through another program that runs c138, for example on the other side of a link */
  constructor(argv: readonly string[], home: string, through?: readonly [string, ...string[]]) {
    const [command, ...args] = through ?? [process.execPath, bin];
    this.#child = spawn(command, [...args, ...argv], {
      cwd: home,
      env: { PATH: process.env.PATH, HOME: home },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#unread += text;
        this.printed += text;
      });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  say(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Waits until this was printed, and forgets everything up to its end. */
  async until(expected: RegExp): Promise<RegExpExecArray> {
    const began = Date.now();
    for (;;) {
      const match = expected.exec(this.#unread);
      if (match !== null) {
        this.#unread = this.#unread.slice(match.index + match[0].length);
        return match;
      }
      if (Date.now() - began > PATIENCE_MS)
        throw new Error(`never came: ${expected}; last: ${this.#unread.slice(-600)}`);
      await new Promise((done) => setTimeout(done, 30));
    }
  }

  async ask(line: string, expected: RegExp): Promise<RegExpExecArray> {
    this.say(line);
    return this.until(expected);
  }

  /** Types the code that is shown, after the time that reading it takes; returns once the record is durable. */
  async sign(): Promise<void> {
    const [, code = ''] = await this.until(/Type (\w{4}) to sign/);
    await this.until(/code> $/);
    await new Promise((done) => setTimeout(done, READING_MS));
    await this.ask(code, /Recorded and durable/);
    await this.until(/c138> $/);
  }

  /** Answers the step at hand after asking its probes. */
  async answerStep(): Promise<void> {
    await this.ask('step', /-- step \d+ of \d+[\s\S]*c138> $/);
    const [, offered = ''] = await this.#probe();
    this.say(offered.includes('confirmed') ? 'confirm seen' : 'still nothing has changed');
    await this.sign();
  }

  /** Looks until the probes show what is expected, as an operator does: on a busy machine a block of the simulation may be late. */
  async #probe(): Promise<RegExpExecArray> {
    for (let look = 1; ; look += 1) {
      const seen = await this.ask('probe', /-- step \d+[\s\S]*?May be answered: ([^\n]*)\n/);
      if (look === MOST_LOOKS || !/do NOT show|could not look/.test(seen[0])) return seen;
      await new Promise((done) => setTimeout(done, 2_000));
    }
  }

  /** Resolves when the program is gone, by itself or because its link was cut. */
  async gone(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    await new Promise((done) => this.#child.once('exit', done));
  }

  async quit(): Promise<number | null> {
    const gone = new Promise<number | null>((done) => this.#child.once('exit', (code) => done(code)));
    this.say('quit');
    return gone;
  }

  async kill(): Promise<void> {
    const gone = new Promise((done) => this.#child.once('exit', done));
    this.#child.kill('SIGKILL');
    await gone;
  }
}
