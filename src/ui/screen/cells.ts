import { graphemesOf, widthOf } from '../text.ts';
import { afterSgr, type Style } from './style.ts';

/** One row of the screen. A wide character takes its own cell and an empty one after it. */
export interface CellRow {
  readonly chars: readonly string[];
  readonly styles: readonly Style[];
}

const PRINTABLE = /^[ -~]*$/;
const SEQUENCE = /\u001b\[([\d;:]*)([@-~])|\u001b[^[]?/g;

/** Reads one line of a frame: text with SGR sequences, which are the only ones that count. Exactly `columns` cells. */
export function cellsOf(line: string, columns: number): CellRow {
  const chars: string[] = [];
  const styles: Style[] = [];
  let style: Style = '';
  let at = 0;
  const put = (text: string): void => {
    if (PRINTABLE.test(text)) {
      for (const char of text) {
        if (chars.length >= columns) return;
        chars.push(char);
        styles.push(style);
      }
      return;
    }
    for (const one of graphemesOf(text)) {
      const char = steady(one);
      const width = cellWidth(char);
      if (width === 0) continue;
      if (chars.length + width > columns) return;
      chars.push(char);
      styles.push(style);
      if (width === 2) {
        chars.push('');
        styles.push(style);
      }
    }
  };
  for (const match of line.matchAll(SEQUENCE)) {
    put(line.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[2] === 'm') style = afterSgr(style, match[1] ?? '');
  }
  put(line.slice(at));
  while (chars.length < columns) {
    chars.push(' ');
    styles.push('');
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
