import { graphemesOf, widthOf } from '../text.ts';
import { afterSgr, type Style } from './style.ts';

/** One row of the screen. A wide character takes its own cell and an empty one after it. */
export interface CellRow {
  readonly chars: readonly string[];
  readonly styles: readonly Style[];
}

const PRINTABLE = /^[ -~]*$/;
const SEQUENCE = /\u001b\[([\d;:]*)([@-~])|\u001b[^[]?/g;

/** A piece of text and its look. */
export interface Piece {
  readonly text: string;
  readonly style: Style;
}

/** Cells from left to right, never more than there are columns. */
class RowWriter {
  readonly chars: string[] = [];
  readonly styles: Style[] = [];
  readonly #columns: number;

  constructor(columns: number) {
    this.#columns = columns;
  }

  /** False when there is no room for it. */
  put(char: string, width: number, style: Style): boolean {
    if (this.chars.length + width > this.#columns) return false;
    this.chars.push(char);
    this.styles.push(style);
    if (width === 2) {
      this.chars.push('');
      this.styles.push(style);
    }
    return true;
  }

  text(text: string, style: Style): void {
    if (PRINTABLE.test(text)) {
      for (let at = 0; at < text.length; at += 1) if (!this.put(text.charAt(at), 1, style)) return;
      return;
    }
    for (const one of graphemesOf(text)) {
      const char = steady(one);
      const width = cellWidth(char);
      if (width > 0 && !this.put(char, width, style)) return;
    }
  }

  row(): CellRow {
    while (this.chars.length < this.#columns) this.put(' ', 1, '');
    return { chars: this.chars, styles: this.styles };
  }
}

/** Text in its looks as exactly `columns` cells. */
export function cellsOfPieces(pieces: readonly Piece[], columns: number): CellRow {
  const out = new RowWriter(columns);
  for (const { text, style } of pieces) out.text(text, style);
  return out.row();
}

/** Reads one line of a frame: text with SGR sequences, which are the only ones that count. Exactly `columns` cells. */
export function cellsOf(line: string, columns: number): CellRow {
  const pieces: Piece[] = [];
  let style: Style = '';
  let at = 0;
  for (const match of line.matchAll(SEQUENCE)) {
    pieces.push({ text: line.slice(at, match.index), style });
    at = match.index + match[0].length;
    if (match[2] === 'm') style = afterSgr(style, match[1] ?? '');
  }
  pieces.push({ text: line.slice(at), style });
  return cellsOfPieces(pieces, columns);
}

/**
 * The cells of a line in which some cells stand for whole rows of others: each row is put from its place to the right, over what the line
 * says there.
 */
export function withStrips(line: CellRow, rowOf: (char: string) => CellRow | null): CellRow {
  const columns = line.chars.length;
  const chars: string[] = [];
  const styles: Style[] = [];
  while (chars.length < columns) {
    const column = chars.length;
    const row = rowOf(line.chars[column] ?? '');
    const room = columns - column;
    chars.push(...(row === null ? [line.chars[column] ?? ' '] : row.chars.slice(0, room)));
    styles.push(...(row === null ? [line.styles[column] ?? ''] : row.styles.slice(0, room)));
    // Half a wide character is none.
    if (row?.chars[room] === '') chars[columns - 1] = ' ';
  }
  return { chars, styles };
}

const JOINED = /[^\p{M}]|\p{Default_Ignorable_Code_Point}/u;

/** Joined emoji are as wide as each terminal thinks: only the first of them is drawn. Combining marks stay. */
function steady(char: string): string {
  const [first = '', ...rest] = char;
  return rest.some((one) => JOINED.test(one)) ? first : char;
}

const widths = new Map<string, number>();

function cellWidth(char: string): number {
  const known = widths.get(char);
  if (known !== undefined) return known;
  // Control characters never reach a terminal as themselves.
  const width = /^\p{Cc}/u.test(char) ? 0 : Math.min(2, widthOf(char));
  if (widths.size > 20_000) widths.clear();
  widths.set(char, width);
  return width;
}

/** The text of a row, without its trailing spaces. */
export function rowText(row: CellRow): string {
  return row.chars.join('').trimEnd();
}
