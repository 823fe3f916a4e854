import { sanitiseLine } from '../model/index.ts';
import { widthOf } from './text.ts';
import type { Row, Span, View } from './views/types.ts';

/** The order of a list: by which of its columns, and which way. */
export interface Sort {
  readonly column: number;
  readonly descending: boolean;
}

/** What decides which rows of a list are shown, and in which order. */
export interface Arrangement {
  readonly filter: string;
  readonly sort: Sort | undefined;
  /** Ids of the rows that are unfolded. */
  readonly unfolded: readonly string[];
}

/** The rows of a list as they are shown. A filter looks into folded rows, and what it leaves stands by itself. Pure. */
export function arrange(rows: readonly Row[], { filter, sort, unfolded }: Arrangement): readonly Row[] {
  if (filter !== '') return sortRows(filterRows(flat(rows), filter), sort);
  return sortRows(rows, sort).flatMap((row) =>
    row.members !== undefined && unfolded.includes(row.id) ? [row, ...row.members.map(indented)] : [row],
  );
}

/** Every row for itself, the members of a folded row in its place. */
export function flat(rows: readonly Row[]): readonly Row[] {
  return rows.some((row) => row.members !== undefined) ? rows.flatMap((row) => row.members ?? [row]) : rows;
}

function indented(row: Row): Row {
  const [first, ...rest] = row.cells;
  return first === undefined ? row : { ...row, cells: [{ ...first, text: `  ${first.text}` }, ...rest] };
}

/**
 * The rows that a filter leaves. Plain text or a regular expression, in any letter case; a leading `!` keeps what does not
 * match. A runbook is found by its id too. An expression that is not valid counts as plain text.
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
  const found = (row: Row): boolean =>
    matches(row.cells.map((cell) => cell.text).join(' ')) ||
    (row.opens?.kind === 'runbook' && matches(row.id));
  return rows.filter((row) => found(row) !== inverse);
}

/** What is said of a list without rows: that a filter left none is not that there are none. */
export function emptyWords(view: Pick<View, 'rows' | 'empty'>, filter: string): string {
  const { length } = flat(view.rows);
  if (length === 0 || filter === '') return view.empty;
  const inverse = filter.startsWith('!');
  const wanted = sanitiseLine(inverse ? filter.slice(1) : filter, 40);
  return inverse
    ? `Every row is like "${wanted}" and left out (0 of ${length}).`
    : `No row is like "${wanted}" (0 of ${length}).`;
}

/** A view with the rows that a filter leaves, each for itself, and how many they are; nothing is counted without a filter. */
export function filtered(
  view: View,
  filter: string,
): { readonly view: View; readonly counted: readonly string[] } {
  const all = flat(view.rows);
  const rows = filterRows(all, filter);
  return {
    view: { ...view, rows, empty: emptyWords(view, filter) },
    counted: filter === '' || rows.length === 0 ? [] : [`(${rows.length} of ${all.length} match)`],
  };
}

let collator: Intl.Collator | null = null;

/** The rows in an order; rows that are equal keep theirs. A cell's `rank` decides before its text. */
export function sortRows(rows: readonly Row[], sort: Sort | undefined): readonly Row[] {
  if (sort === undefined) return rows;
  const way = sort.descending ? -1 : 1;
  return [...rows].sort((a, b) => way * compareCells(a.cells[sort.column], b.cells[sort.column]));
}

function compareCells(a: Span | undefined, b: Span | undefined): number {
  if (a?.rank !== undefined && b?.rank !== undefined) return a.rank - b.rank;
  collator ??= new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
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
/** Up to this many rows a table is small, and its columns follow what stands in them. */
const SMALL = 24;

/**
 * Widths of a view's columns in a given room: fixed columns keep theirs, growing ones share what is left;
 * where even the fixed ones do not fit, the later columns are dropped. `rows`: those that are shown, of which only few are measured.
 */
export function columnWidths(
  view: Pick<View, 'columns'>,
  columns: number,
  rows: readonly Row[] = [],
): readonly number[] {
  const small = rows.length > 0 && rows.length <= SMALL;
  const content = view.columns.map(({ label }, index) =>
    small ? Math.max(...[label, ...rows.map((row) => row.cells[index]?.text ?? '')].map(widthOf)) : null,
  );
  const widths: number[] = [];
  let used = 0;
  for (const [index, column] of view.columns.entries()) {
    const gap = widths.length === 0 ? 0 : 1;
    const shrunk =
      column.shrink === true ? Math.min(column.width, content[index] ?? column.width) : column.width;
    const least = column.grow === true ? Math.min(column.width, 8) : shrunk;
    if (used + gap + least > columns) break;
    widths.push(least);
    used += gap + least;
  }
  const keep = small
    ? Math.max(0, ...view.columns.map(({ grow, width }) => (grow === true ? width - 8 : 0)))
    : ROOM_FOR_GROWTH;
  for (const [index, { upTo }] of view.columns.slice(0, widths.length).entries()) {
    const most = Math.min(upTo ?? 0, content[index] ?? Number.POSITIVE_INFINITY);
    const more = Math.min(most - (widths[index] ?? 0), columns - used - keep);
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
