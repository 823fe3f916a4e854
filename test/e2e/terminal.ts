import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type IPty, spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';

export const C138 = join(import.meta.dirname, '../../bin/c138');
/** Milliseconds between two looks at whether the program is at rest. */
const SAMPLE_MS = 8;
const ROOT = join(import.meta.dirname, '../..');

/** The real program in a pseudo-terminal, its screen read from a headless terminal emulator. */
export class Terminal {
  readonly #pty: IPty;
  readonly #term: InstanceType<typeof xterm.Terminal>;
  readonly raw: string[] = [];
  exit: { readonly code: number; readonly signal: number | undefined } | null = null;
  #settled: Promise<void> = Promise.resolve();

  constructor(
    args: readonly string[],
    options: {
      readonly columns?: number;
      readonly rows?: number;
      readonly env?: Readonly<Record<string, string>>;
      readonly home: string;
      /** Another program than c138, to start it from; `args` are its arguments. */
      readonly program?: string;
    },
  ) {
    const { columns = 80, rows = 24 } = options;
    const { CI: _ci, ...inherited } = process.env;
    this.#term = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 0 });
    const command = options.program === undefined ? [C138, ...args] : args;
    this.#pty = spawn(options.program ?? process.execPath, [...command], {
      name: options.env?.TERM ?? 'xterm-256color',
      cols: columns,
      rows,
      cwd: ROOT,
      env: {
        ...inherited,
        HOME: options.home,
        XDG_STATE_HOME: '',
        XDG_CONFIG_HOME: '',
        XDG_CACHE_HOME: '',
        LANG: 'C.UTF-8',
        ...options.env,
      } as Record<string, string>,
    });
    this.#pty.onData((data) => {
      this.raw.push(data);
      this.#settled = new Promise((resolve) => this.#term.write(data, resolve));
    });
    this.#pty.onExit(({ exitCode, signal }) => {
      this.exit = { code: exitCode, signal };
    });
  }

  get pid(): number {
    return this.#pty.pid;
  }

  get alternate(): boolean {
    return this.#term.buffer.active.type === 'alternate';
  }

  /** The screen as text, one line a row. */
  async screen(): Promise<string> {
    await this.#settled;
    const { active } = this.#term.buffer;
    return Array.from(
      { length: this.#term.rows },
      (_, row) => active.getLine(active.baseY + row)?.translateToString(true) ?? '',
    ).join('\n');
  }

  /** Every cell of the screen with its look: what two ways of drawing the same must agree on. */
  async grid(): Promise<readonly string[]> {
    await this.#settled;
    const { active } = this.#term.buffer;
    return Array.from({ length: this.#term.rows }, (_, row) => {
      const line = active.getLine(active.baseY + row);
      return Array.from({ length: this.#term.cols }, (_cell, column) => {
        const cell = line?.getCell(column);
        if (cell === undefined) return ' ';
        const chars = cell.getWidth() === 0 ? '' : cell.getChars() || ' ';
        const look = [
          cell.isBold(),
          cell.isDim(),
          cell.isInverse(),
          cell.getFgColorMode(),
          cell.getFgColor(),
        ];
        return `${chars}${look.some((one) => one > 0) ? `<${look.join(',')}>` : ''}`;
      }).join('');
    });
  }

  /**
   * Resolves when the program has done everything that it was asked for: nothing was written for a while, and all its threads sleep.
   * On a busy machine a thread that would like to run is not taken for one that has nothing to do.
   */
  async quiet(ms = 70): Promise<void> {
    const wanted = Math.ceil(ms / SAMPLE_MS);
    let seen = this.raw.length;
    for (let still = 0; still < wanted; still += 1) {
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
      if (seen !== this.raw.length || threadsAtWork(this.pid)) still = -1;
      seen = this.raw.length;
    }
    await this.#settled;
  }

  /** The cells as they are, and as they are after everything was drawn anew: they must be the same. */
  async bothWays(): Promise<readonly [drawn: readonly string[], anew: readonly string[]]> {
    await this.quiet();
    const drawn = await this.grid();
    const before = this.raw.length;
    this.type('\f');
    const end = Date.now() + 10_000;
    while (this.raw.length === before && Date.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 10));
    await this.quiet();
    return [drawn, await this.grid()];
  }

  /** How often the whole screen was erased. */
  get clears(): number {
    return this.raw.join('').match(/\u001b\[[23]?J/g)?.length ?? 0;
  }

  /** The modes that a program may leave behind. */
  get modes(): { readonly wrap: boolean; readonly paste: boolean; readonly cursorHidden: boolean } {
    const all = this.raw.join('');
    return {
      wrap: this.#term.modes.wraparoundMode,
      paste: this.#term.modes.bracketedPasteMode,
      cursorHidden: all.lastIndexOf('\u001b[?25l') > all.lastIndexOf('\u001b[?25h'),
    };
  }

  /** Stops reading, as Ctrl-S or a dead link does; the program can write until the line is full. */
  stall(): void {
    this.#pty.pause();
  }

  resume(): void {
    this.#pty.resume();
  }

  /** Waits until the screen matches; the message of a failure shows the screen. */
  async see(pattern: RegExp, seconds = 45): Promise<RegExpExecArray> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const text = await this.screen();
      const match = pattern.exec(text);
      if (match !== null) return match;
      if (Date.now() > end || (this.exit !== null && Date.now() > end - (seconds - 2) * 1000))
        throw new Error(
          `${pattern} did not appear. The screen was:\n${text}\nexit: ${JSON.stringify(this.exit)}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  type(text: string): void {
    this.#pty.write(text);
  }

  /** Types a code by hand: one key after the other, each seen on the screen before the next. */
  async typeCode(code: string): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 400));
    for (let count = 1; count <= code.length; count += 1) {
      this.type(code.slice(count - 1, count));
      await this.see(new RegExp(`Typed: ${code.slice(0, count)}`));
    }
    this.type('\r');
  }

  /**
   * Asks the probes of the step at hand until they show what is expected. On a busy machine a block of the simulation may be late: then one
   * looks again, as an operator does.
   * @param press how the key is pressed, where somebody counts
   */
  async probe(press: (key: string) => void = (key) => this.type(key)): Promise<void> {
    press('p');
    for (let look = 1; look <= 10; look += 1) {
      await this.see(/Asking the probes|Probes (show|do NOT show|could not look)/);
      await this.see(/Probes (show|do NOT show|could not look)/);
      if (/Probes show the expected/.test(await this.screen())) break;
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      this.type('p');
    }
    await this.see(/Probes show the expected reading/);
  }

  resize(columns: number, rows: number): void {
    this.#pty.resize(columns, rows);
    this.#term.resize(columns, rows);
  }

  kill(signal: string): void {
    this.#pty.kill(signal);
  }

  async ended(seconds = 15): Promise<{ readonly code: number; readonly signal: number | undefined }> {
    const end = Date.now() + seconds * 1000;
    while (this.exit === null) {
      if (Date.now() > end)
        throw new Error(`the program did not end. The screen was:\n${await this.screen()}`);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    await this.#settled;
    return this.exit;
  }
}

/** True when a thread of the process runs or waits for a processor (proc(5), third field of stat). */
function threadsAtWork(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).some((one) =>
      /\) [RD] /.test(readFileSync(`/proc/${pid}/task/${one}/stat`, 'utf8')),
    );
  } catch {
    return false;
  }
}
