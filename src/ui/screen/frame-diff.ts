import { type CellRow, cellsOf, withStrips } from './cells.ts';
import { TOKEN } from './strips.ts';
import { type Style, styleChange } from './style.ts';

/** What is on the screen: the lines it was drawn from, and their cells. */
export interface Frame {
  readonly columns: number;
  readonly lines: readonly string[];
  readonly cells: readonly CellRow[];
}

/** The empty screen of a size. */
export function blankFrame(columns: number, rows: number): Frame {
  const cells = cellsOf('', columns);
  return {
    columns,
    lines: Array.from({ length: rows }, () => ''),
    cells: Array.from({ length: rows }, () => cells),
  };
}

/** Frames that are text and nothing else. */
const NO_STRIPS = (): null => null;

/**
 * Reads a frame as Ink writes it. Rows that did not change since `before` are taken from there.
 * @param rowOf the rows that single characters of the frame stand for
 */
export function frameOf(
  text: string,
  columns: number,
  rows: number,
  before: Frame | null,
  rowOf: (char: string) => CellRow | null = NO_STRIPS,
): Frame {
  const all = text.split('\n');
  const lines = Array.from({ length: rows }, (_, row) => all[row] ?? '');
  const same = before !== null && before.columns === columns;
  const cells = lines.map((line, row) => {
    const old = same ? before.cells[row] : undefined;
    // A token may stand for another row by now.
    if (TOKEN.test(line)) return withOld(composed(line, columns, rowOf), old);
    return old !== undefined && before?.lines[row] === line ? old : cellsOf(line, columns);
  });
  return { columns, lines, cells };
}

function composed(line: string, columns: number, rowOf: (char: string) => CellRow | null): CellRow {
  const whole = line.length === 1 ? rowOf(line) : null;
  return whole?.chars.length === columns ? whole : withStrips(cellsOf(line, columns), rowOf);
}

/** The row that was there before, where the new one looks the same. */
function withOld(next: CellRow, old: CellRow | undefined): CellRow {
  if (old === undefined || old === next) return next;
  const same =
    next.chars.every((char, at) => char === old.chars[at]) &&
    next.styles.every((style, at) => style === old.styles[at]);
  return same ? old : next;
}

/** Fewer cells than this are written again rather than jumped over. */
const JUMP = 4;
/** Box drawing and block elements take one column everywhere; after any other character beyond ASCII the cursor is placed anew. */
const STEADY = /^[ -~\u2500-\u259f]$/;

/** Writes cells, keeping track of where the cursor is and how it writes. */
class Pen {
  out = '';
  #style: Style = '';
  #row = -1;
  /** Column of the cursor, or -1 when a terminal may be of another opinion. */
  #column = -1;

  at(row: number, column: number): void {
    if (row === this.#row && column === this.#column) return;
    if (row === this.#row && this.#column >= 0 && column > this.#column)
      this.out += column - this.#column === 1 ? '\u001b[C' : `\u001b[${column - this.#column}C`;
    else if (row === this.#row) this.out += `\u001b[${column + 1}G`;
    else this.out += `\u001b[${row + 1};${column + 1}H`;
    this.#row = row;
    this.#column = column;
  }

  cell(char: string, style: Style, last: boolean): void {
    this.style(style);
    this.out += char;
    // In the last column a terminal may or may not wait with the wrap.
    this.#column = last || !STEADY.test(char) ? -1 : this.#column + 1;
  }

  /** Empties the place of a wide character: a terminal that thinks it narrow would leave something old beside it. */
  blankTwo(style: Style): void {
    this.style(style);
    this.out += '  \u001b[2D';
  }

  eraseRest(): void {
    this.style('');
    this.out += '\u001b[K';
  }

  style(style: Style): void {
    this.out += styleChange(this.#style, style);
    this.#style = style;
  }
}

/**
 * The bytes that turn one frame into another of the same size: only cells that differ are written, each where it is. Nothing is erased
 * but the rest of a line that became empty. Pure.
 */
export function frameDiff(before: Frame, after: Frame): string {
  const pen = new Pen();
  for (const [row, next] of after.cells.entries()) {
    const old = before.cells[row];
    if (old === undefined || old === next) continue;
    diffRow(pen, row, old, next);
  }
  pen.style('');
  return pen.out;
}

/** The bytes that draw every row anew, for terminals that got something wrong. */
export function wholeFrame(frame: Frame): string {
  const pen = new Pen();
  for (const [row, { chars, styles }] of frame.cells.entries()) {
    const end = contentEnd(chars, styles);
    pen.at(row, 0);
    for (let column = 0; column < end; column += 1) put(pen, row, column, chars, styles);
    if (end < chars.length) {
      pen.at(row, end);
      pen.eraseRest();
    }
  }
  pen.style('');
  return pen.out;
}

function diffRow(pen: Pen, row: number, old: CellRow, next: CellRow): void {
  const { chars, styles } = next;
  const end = contentEnd(chars, styles);
  const oldEnd = contentEnd(old.chars, old.styles);
  let since = JUMP;
  for (let column = 0; column < end; column += 1) {
    if (!differs(old, next, column)) {
      since += 1;
      continue;
    }
    // A few cells between two changes are cheaper to write again than to jump over.
    const from = since < JUMP ? column - since : column;
    const begin =
      from < column && sameStyle(styles, from, column) && plain(chars, from, column) ? from : column;
    pen.at(row, begin);
    for (let one = begin; one <= column; one += 1) put(pen, row, one, chars, styles);
    if (chars[column + 1] === '') column += 1;
    since = 0;
  }
  if (oldEnd > end) {
    pen.at(row, end);
    pen.eraseRest();
  }
}

function put(
  pen: Pen,
  row: number,
  column: number,
  chars: readonly string[],
  styles: readonly Style[],
): void {
  const char = chars[column] ?? ' ';
  if (char === '') return;
  pen.at(row, column);
  if (chars[column + 1] === '') pen.blankTwo(styles[column] ?? '');
  pen.cell(char, styles[column] ?? '', column + 1 >= chars.length);
}

/** A wide character differs when either of its cells does. */
function differs(old: CellRow, next: CellRow, column: number): boolean {
  const cell = (at: number): boolean =>
    old.chars[at] !== next.chars[at] || old.styles[at] !== next.styles[at];
  return next.chars[column] !== '' && (cell(column) || (next.chars[column + 1] === '' && cell(column + 1)));
}

function sameStyle(styles: readonly Style[], from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (styles[at] !== styles[to]) return false;
  return true;
}

function plain(chars: readonly string[], from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (!/^[ -~]$/.test(chars[at] ?? '')) return false;
  return true;
}

/** The column after the last one that is not an unstyled space. */
function contentEnd(chars: readonly string[], styles: readonly Style[]): number {
  let end = chars.length;
  while (end > 0 && chars[end - 1] === ' ' && styles[end - 1] === '') end -= 1;
  return end;
}
