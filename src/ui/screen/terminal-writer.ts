import { write, writeSync } from 'node:fs';

const RETRY_MS = 10;
/** How long a stalled terminal is waited for at the end, in milliseconds. */
const LAST_WORDS_MS = 1_000;

/**
 * Writes to a terminal in order and without ever stopping the thread: a terminal that takes nothing (Ctrl-S, a dead link) holds up one
 * write in the background. What is to be written next is asked for when the terminal is ready, so nothing piles up meanwhile.
 */
export class TerminalWriter {
  readonly #fd: number;
  readonly #next: () => string;
  #busy = false;
  #gone = false;
  #synchronous = false;
  #waiting: (() => void)[] = [];

  /** @param next gives the bytes to be written now, or an empty string */
  constructor(fd: number, next: () => string) {
    this.#fd = fd;
    this.#next = next;
  }

  /** True when the terminal can no longer be written to. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Something new is there to be written. */
  wake(): void {
    if (this.#synchronous) return this.flush();
    if (this.#busy || this.#gone) return;
    const text = this.#next();
    if (text === '') return this.#settled();
    this.#busy = true;
    this.#write(Buffer.from(text), 0);
  }

  /** Resolves when everything has been written, or the terminal is gone or stalled for too long. */
  async drained(): Promise<void> {
    this.wake();
    if (!this.#busy) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    const timer = setTimeout(resolve, LAST_WORDS_MS);
    await promise;
    clearTimeout(timer);
  }

  /** From now on every write is done before it returns: the process is about to end. */
  flush(): void {
    this.#synchronous = true;
    if (this.#gone) return;
    const bytes = Buffer.from(this.#next());
    const end = Date.now() + LAST_WORDS_MS;
    let at = 0;
    while (at < bytes.length && Date.now() < end)
      try {
        at += writeSync(this.#fd, bytes, at);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
          this.#gone = true;
          return;
        }
      }
  }

  #write(bytes: Buffer, from: number): void {
    write(this.#fd, bytes, from, bytes.length - from, null, (error, written) => {
      if (error !== null) {
        if (error.code === 'EAGAIN') {
          setTimeout(() => this.#write(bytes, from), RETRY_MS);
          return;
        }
        this.#gone = true;
        this.#busy = false;
        return this.#settled();
      }
      if (from + written < bytes.length) return this.#write(bytes, from + written);
      this.#busy = false;
      this.wake();
    });
  }

  #settled(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) one();
  }
}
