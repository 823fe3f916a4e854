import { EventEmitter } from 'node:events';
import { rowText } from './cells.ts';
import { blankFrame, type Frame, frameDiff, frameOf, wholeFrame } from './frame-diff.ts';
import { Strips } from './strips.ts';
import { TerminalWriter } from './terminal-writer.ts';

/** The terminal as the program sees it; `process.stdout` is one. */
export interface TerminalSize {
  readonly columns?: number;
  readonly rows?: number;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

const ESC = '\u001b';
const ENTER = `${ESC}[?1049h`;
const LEAVE = `${ESC}[?1049l`;
/** Automatic wrapping is off while the screen is ours: a character that a terminal thinks wider can then never move a line. */
const WRAP_OFF = `${ESC}[?7l`;
const WRAP_ON = `${ESC}[?7h`;
const CLEAR = `${ESC}[H${ESC}[2J`;
/** Only private modes, such as `ESC [ ? 2004 h`. */
const MODES = new RegExp(`^(?:${ESC}\\[\\?[\\d;]+[hl])+$`);
/** What is longer than this is bracketed as one update, where a terminal knows how (mode 2026). */
const SYNC_FROM = 1_024;
const RESIZE_MS = 25;

export interface InkScreenOptions {
  readonly fd: number;
  readonly size: TerminalSize;
  /** TERM of the terminal. */
  readonly term: string;
  /** Draws whole frames instead of changed cells. */
  readonly fullRedraw: boolean;
}

/**
 * What Ink takes for its standard output. Ink hands whole frames to it (its debug mode); it keeps what is on the screen and sends only the
 * cells that differ, when the terminal is ready to take them. A frame that was overtaken by a newer one is never sent.
 */
export class InkScreen extends EventEmitter {
  readonly isTTY = true;
  /** The rows that stand ready for what is drawn here. */
  readonly strips = new Strips();
  readonly #options: InkScreenOptions;
  readonly #writer: TerminalWriter;
  #columns = 80;
  #rows = 24;
  /** What is on the terminal; null when that is not known. */
  #shown: Frame | null = null;
  /** The newest frame that Ink gave, and whether it is on its way. */
  #text = '';
  #due = false;
  #modes = '';
  #inside = false;
  #whole = false;
  #resizing: NodeJS.Timeout | null = null;
  #callbacks: (() => void)[] = [];
  readonly #onResize = (): void => {
    this.#resizing ??= setTimeout(() => this.#resized(), RESIZE_MS);
  };

  constructor(options: InkScreenOptions) {
    super();
    this.setMaxListeners(0);
    this.#options = options;
    this.#writer = new TerminalWriter(options.fd, () => this.#bytes());
    this.#measure();
    options.size.on('resize', this.#onResize);
  }

  get columns(): number {
    return this.#columns;
  }

  get rows(): number {
    return this.#rows;
  }

  /** What Ink writes: modes of the terminal, which go out as they are, and frames. */
  write(text: string, done?: () => void): boolean {
    if (done !== undefined) this.#callbacks.push(done);
    if (MODES.test(text)) this.control(text);
    else if (text !== '') {
      this.#text = text;
      this.#due = true;
    }
    this.#writer.wake();
    if (done !== undefined) void this.drained();
    return true;
  }

  /** Sends a control sequence as it is. */
  control(sequence: string): void {
    if (sequence.includes(ENTER)) {
      this.#inside = true;
      this.#shown = null;
      this.#modes += sequence + WRAP_OFF;
    } else if (sequence.includes(LEAVE)) {
      this.#inside = false;
      this.#due = false;
      // A console without a second screen is left clean.
      this.#modes += (this.#options.term === 'linux' ? CLEAR : '') + WRAP_ON + sequence;
    } else this.#modes += sequence;
    this.#writer.wake();
  }

  /** Draws every cell again. */
  redraw(): void {
    this.#whole = true;
    this.#due = true;
    this.#writer.wake();
  }

  /** The newest frame as lines of text, without trailing spaces. */
  text(): string {
    const frame = this.#frame();
    return `${frame.cells.map(rowText).join('\n').trimEnd()}\n`;
  }

  async drained(): Promise<void> {
    await this.#writer.drained();
    const callbacks = this.#callbacks;
    this.#callbacks = [];
    for (const one of callbacks) one();
  }

  /** From now on everything is written at once: the process is about to end. */
  flush(): void {
    this.#writer.flush();
  }

  close(): void {
    this.#options.size.off('resize', this.#onResize);
    if (this.#resizing !== null) clearTimeout(this.#resizing);
  }

  /** The newest frame of Ink's as cells. */
  #frame(): Frame {
    return frameOf(this.#text, this.#columns, this.#rows, this.#shown, (char) => this.strips.row(char));
  }

  #measure(): void {
    // A terminal that does not know its size says 0.
    this.#columns = Math.max(1, this.#options.size.columns || 80);
    this.#rows = Math.max(1, this.#options.size.rows || 24);
  }

  #resized(): void {
    this.#resizing = null;
    this.#measure();
    this.#shown = null;
    this.emit('resize');
    this.#due = this.#inside;
    this.#writer.wake();
  }

  /** The bytes to send now: modes first, then what of the newest frame is not on the screen yet. */
  #bytes(): string {
    const modes = this.#modes;
    this.#modes = '';
    if (!this.#due || !this.#inside) return modes;
    this.#due = false;
    const before = this.#shown;
    const frame = this.#frame();
    this.#shown = frame;
    const whole = this.#whole || this.#options.fullRedraw;
    this.#whole = false;
    if (before === null)
      return modes + synced(CLEAR + frameDiff(blankFrame(this.#columns, this.#rows), frame));
    if (
      whole &&
      (this.#options.fullRedraw ? frame.cells.some((one, row) => one !== before.cells[row]) : true)
    )
      return modes + synced(wholeFrame(frame));
    return modes + synced(frameDiff(before, frame));
  }
}

function synced(text: string): string {
  return text.length < SYNC_FROM ? text : `${ESC}[?2026h${text}${ESC}[?2026l`;
}
