import { flat } from './list.ts';
import type { Row, View } from './views/types.ts';

export const EXPORT_FORMATS = ['json', 'csv', 'md'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** What a table is exported with, so that a file says what it shows and as of when. */
export interface ExportFacts {
  readonly estate: string;
  readonly simulated: boolean;
  /** Moment that the table was assessed at, RFC 3339 in UTC. */
  readonly at: string;
  /** The text that the rows were filtered by, or an empty string. */
  readonly filter: string;
}

/** A table as text in one of the formats: the rows as they are shown, in their order, whole (nothing is cut to a column). Pure. */
export function exportTable(
  view: View,
  rows: readonly Row[],
  format: ExportFormat,
  facts: ExportFacts,
): string {
  const labels = view.columns.map((column, index) =>
    column.label === '' ? `column ${index + 1}` : column.label,
  );
  const all = flat(rows);
  const cells = all.map((row) => labels.map((_, index) => row.cells[index]?.text.trim() ?? ''));
  switch (format) {
    case 'json':
      return `${JSON.stringify(
        {
          format: 'c138-table',
          v: 1,
          title: view.title,
          ...facts,
          notes: notesOf(view),
          columns: labels,
          rows: all.map((row, at) => ({
            id: row.id,
            cells: Object.fromEntries(labels.map((label, index) => [label, cells[at]?.[index] ?? ''])),
          })),
        },
        null,
        2,
      )}\n`;
    case 'csv':
      return [labels, ...cells].map((line) => `${line.map(csvCell).join(',')}\r\n`).join('');
    case 'md':
      return [
        `# ${markdownCell(view.title)}`,
        '',
        `${markdownCell(facts.estate)}${facts.simulated ? ' (SIMULATED)' : ''}, as of ${facts.at}${facts.filter === '' ? '' : `, filtered by ${markdownCell(facts.filter)}`}`,
        '',
        ...notesOf(view).map((note) => `* ${markdownCell(note)}`),
        '',
        `| ${labels.map(markdownCell).join(' | ')} |`,
        `|${labels.map(() => '---').join('|')}|`,
        ...cells.map((line) => `| ${line.map(markdownCell).join(' | ')} |`),
        '',
      ].join('\n');
  }
}

function notesOf(view: View): readonly string[] {
  return view.top
    .map((line) =>
      line
        .map((one) => one.text)
        .join('')
        .trim(),
    )
    .filter((one) => one !== '');
}

/** RFC 4180; a cell that a spreadsheet would take for a formula is kept from being one by an apostrophe. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Nothing in a cell may end it, or be read as markup or a link. */
function markdownCell(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>#|!~]/g, '\\$&');
}
