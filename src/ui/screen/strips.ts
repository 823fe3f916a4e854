import type { CellRow } from './cells.ts';

/** Tokens are characters of the private use area of the Unicode standard, which no text that is drawn holds by itself. */
const FIRST = 0xe000;
const LAST = 0xf8ff;
/** Whether there may be a token in a text. */
export const TOKEN = /[\ue000-\uf8ff]/;

/**
 * Rows of cells that stand ready to be shown. Ink lays the screen out and is given one character for each of them, which is all that it
 * measures, wraps, clips and writes; in the frame that comes back the row is put in its place. What a row looks like is worked out once,
 * when it is made, and not again with every frame.
 */
export class Strips {
  readonly #rows: (CellRow | null)[] = [];
  /** Given back, the one that was given back first is taken first. */
  readonly #free: number[] = [];

  /** A token for a row, which is its own until it is given back; null when all are taken, of which there are far more than a screen has rows. */
  take(row: CellRow): string | null {
    const slot = this.#rows.length <= LAST - FIRST ? this.#rows.length : this.#free.shift();
    if (slot === undefined) return null;
    this.#rows[slot] = row;
    return String.fromCharCode(FIRST + slot);
  }

  /** Gives a token back: its row is no longer drawn. */
  give(token: string): void {
    const slot = token.charCodeAt(0) - FIRST;
    if (this.#rows[slot] === null) return;
    this.#rows[slot] = null;
    this.#free.push(slot);
  }

  /** The row of a token; null for any other character. */
  row(char: string): CellRow | null {
    return this.#rows[char.charCodeAt(0) - FIRST] ?? null;
  }
}
