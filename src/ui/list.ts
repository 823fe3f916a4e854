import type { Row, Span, View } from './views/types.ts';

/** The order of a list: by which of its columns, and which way. */
export interface Sort {
  readonly column: number;
  readonly descending: boolean;
}

/**
 * The rows that a filter leaves. Plain text or a regular expression, in any letter case; a leading `!` keeps what does not
 * match. An expression that is not valid counts as plain text.
 */
export function filterRows(rows: readonly Row[], filter: string): readonly Row[] {
  const inverse = filter.startsWith('!');
  const pattern = inverse ? filter.slice(1) : filter;
  if (pattern === '') return rows;
  let matches: (text: string) => boolean;
  try {
    const expression = new RegExp(pattern, 'iu');
    matches = (text) => expression.test(text);
  } catch {
    matches = (text) => text.toLowerCase().includes(pattern.toLowerCase());
  }
  return rows.filter((row) => matches(row.cells.map((cell) => cell.text).join(' ')) !== inverse);
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** The rows in an order; rows that are equal keep theirs. A cell's `rank` decides before its text. */
export function sortRows(rows: readonly Row[], sort: Sort | undefined): readonly Row[] {
  if (sort === undefined) return rows;
  const way = sort.descending ? -1 : 1;
  return [...rows].sort((a, b) => way * compareCells(a.cells[sort.column], b.cells[sort.column]));
}

function compareCells(a: Span | undefined, b: Span | undefined): number {
  if (a?.rank !== undefined && b?.rank !== undefined) return a.rank - b.rank;
  return collator.compare(a?.text ?? '', b?.text ?? '');
}

/** The next order of a list: its columns from left to right, then its own order again. */
export function nextSort(view: Pick<View, 'columns'>, sort: Sort | undefined): Sort | null {
  const from = sort === undefined ? -1 : sort.column;
  const next = view.columns.findIndex((column, index) => index > from && column.label !== '');
  return next < 0 ? null : { column: next, descending: false };
}

/** The slice of rows to draw so that the cursor is seen: `[from, to)`. */
export function windowOf(cursor: number, rows: number, height: number): readonly [from: number, to: number] {
  if (height <= 0) return [0, 0];
  const from = Math.max(0, Math.min(cursor - Math.floor(height / 2), rows - height));
  return [from, Math.min(rows, from + height)];
}

/** A growing column comes first: others are widened only when this much is left besides. */
const ROOM_FOR_GROWTH = 34;

/**
 * Widths of a view's columns in a given room: fixed columns keep theirs, growing ones share what is left;
 * where even the fixed ones do not fit, the later columns are dropped.
 */
export function columnWidths(view: Pick<View, 'columns'>, columns: number): readonly number[] {
  const widths: number[] = [];
  let used = 0;
  for (const column of view.columns) {
    const gap = widths.length === 0 ? 0 : 1;
    const least = column.grow === true ? Math.min(column.width, 8) : column.width;
    if (used + gap + least > columns) break;
    widths.push(least);
    used += gap + least;
  }
  for (const [index, { upTo }] of view.columns.slice(0, widths.length).entries()) {
    const more = Math.min((upTo ?? 0) - (widths[index] ?? 0), columns - used - ROOM_FOR_GROWTH);
    if (more <= 0) continue;
    widths[index] = (widths[index] ?? 0) + more;
    used += more;
  }
  const growing = view.columns
    .slice(0, widths.length)
    .flatMap((column, index) => (column.grow === true ? [index] : []));
  const target = growing[0];
  if (target !== undefined) widths[target] = (widths[target] ?? 0) + Math.max(0, columns - used);
  return widths;
}
