import { join } from 'node:path';
import { type IPty, spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';

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
    },
  ) {
    const { columns = 80, rows = 24 } = options;
    const { CI: _ci, ...inherited } = process.env;
    this.#term = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 0 });
    this.#pty = spawn(process.execPath, [join(ROOT, 'bin/c138'), ...args], {
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

  /** Waits until the screen matches; the message of a failure shows the screen. */
  async see(pattern: RegExp, seconds = 30): Promise<RegExpExecArray> {
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
