import { sanitiseLine } from '../../model/index.ts';
import { fitTo } from '../text.ts';
import type { View } from '../views/types.ts';

/** Widest line of line mode; a screen reader or serial line wraps by itself. */
const COLUMNS = 100;

/** A view as lines of text without any control sequence: what the screen shows, row by row. */
export function plainLines(view: View): readonly string[] {
  const clean = (text: string): string => sanitiseLine(text, 2_000);
  const out = [
    `== ${clean(view.title)} ==`,
    ...view.top.map((line) => clean(line.map((one) => one.text).join('')).trimEnd()),
  ];
  if (view.rows.length === 0) return view.empty === '' ? out : [...out, clean(view.empty)];
  const labelled = view.columns.some((column) => column.label !== '');
  const labels = view.columns.map((column) => ({ text: column.label }));
  for (const line of [...(labelled ? [labels] : []), ...view.rows.map((row) => row.cells)]) {
    const cells = line.map((cell, index) => {
      const column = view.columns[index];
      const last = index === line.length - 1;
      return column === undefined || last || column.grow === true
        ? clean(cell.text)
        : fitTo(clean(cell.text), Math.min(column.width, COLUMNS));
    });
    out.push(cells.join(' ').trimEnd());
  }
  return out;
}
