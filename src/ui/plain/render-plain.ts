import { sanitiseLine } from '../../model/index.ts';
import { fitTo } from '../text.ts';
import { type Row, span, type View } from '../views/types.ts';

/** Widest line of line mode; a screen reader or serial line wraps by itself. */
const COLUMNS = 100;
/** Room for the command that opens a row. */
const OPENING = 27;

/** A view as lines of text without any control sequence: what the screen shows, row by row. */
export function plainLines(view: View): readonly string[] {
  const clean = (text: string): string => sanitiseLine(text, 2_000);
  const out = [
    `== ${clean(view.title)} ==`,
    ...view.top.map((line) => clean(line.map((one) => one.text).join('')).trimEnd()),
  ];
  if (view.rows.length === 0) return view.empty === '' ? out : [...out, clean(view.empty)];
  const labelled = view.columns.some((column) => column.label !== '');
  const labels = view.columns.map((column) => span(column.label));
  const opening = view.rows.some((row) => typedFor(row) !== null);
  const lines = view.rows.map((row) =>
    opening ? [span(typedFor(row) ?? ''), ...row.cells.slice(1)] : row.cells,
  );
  for (const line of labelled ? [labels, ...lines] : lines) {
    const cells = line.map((cell, index) => {
      const column = view.columns[index];
      const last = index === line.length - 1;
      if (index === 0 && opening) return fitTo(clean(cell.text), OPENING);
      return column === undefined || last || column.grow === true
        ? clean(cell.text)
        : fitTo(clean(cell.text), Math.min(column.width, COLUMNS));
    });
    out.push(cells.join(' ').trimEnd());
  }
  return out;
}

/** What is typed to begin a runbook, or to go on with a run; null where a row opens something else. */
function typedFor({ opens, cells }: Row): string | null {
  if (opens?.kind === 'runbook') return `run ${opens.id}`;
  return opens?.kind === 'session' && cells[0]?.text === 'go on'
    ? `resume ${opens.session.slice(2, 10)}`
    : null;
}
