import { sanitiseLine } from '../../model/index.ts';

/** One table of a Markdown document: GFM pipe tables, each with the heading above it. */
export interface MarkdownTable {
  /** The nearest heading above, plain, or empty. */
  readonly heading: string;
  /** Line of the header row, 1-based. */
  readonly line: number;
  readonly columns: readonly string[];
  readonly rows: readonly { readonly line: number; readonly cells: readonly string[] }[];
}

const MAX_CELL = 400;
const DELIMITER = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

/**
 * Reads every pipe table of a Markdown text, outside code fences. Rows that are shorter than the header are filled with empty
 * cells, longer ones keep what is named. Cells are plain text: bold, back-ticks and links are taken off. Pure.
 */
export function markdownTables(text: string): readonly MarkdownTable[] {
  const lines = text.split(/\r?\n/);
  const out: MarkdownTable[] = [];
  let heading = '';
  let fence: string | null = null;
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1];
    if (mark !== undefined) {
      if (fence === null) fence = mark;
      else if (mark.startsWith(fence)) fence = null;
      continue;
    }
    if (fence !== null) continue;
    const title = /^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$/.exec(line)?.[1];
    if (title !== undefined) heading = plainText(title);
    const next = lines[at + 1];
    if (!line.includes('|') || next === undefined || !DELIMITER.test(next) || !next.includes('-')) continue;
    const columns = cellsOf(line);
    if (columns.length !== cellsOf(next).length) continue;
    const rows: { line: number; cells: readonly string[] }[] = [];
    let end = at + 2;
    for (; end < lines.length; end += 1) {
      const row = lines[end] ?? '';
      if (row.trim() === '' || !row.includes('|')) break;
      const cells = cellsOf(row);
      rows.push({ line: end + 1, cells: columns.map((_, index) => cells[index] ?? '') });
    }
    out.push({ heading, line: at + 1, columns, rows });
    at = end - 1;
  }
  return out;
}

/** The cells of one row; `\|` is a bar inside a cell, and bars inside back-ticks stay only where escaped (GFM 0.29, section 4.10). */
function cellsOf(line: string): readonly string[] {
  const inner = line
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '');
  return inner.split(/(?<!\\)\|/).map((cell) => plainText(cell.replaceAll('\\|', '|')));
}

/** Markdown of one cell as plain text, safe for every sink. */
export function plainText(markdown: string): string {
  const text = markdown
    .replace(/<br\s*\/?>/gi, '; ')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/(\*\*|__)(.*?)\1/g, '$2')
    .replace(/`+([^`]*)`+/g, '$1')
    .replace(/(^|[\s(])[*_]([^*_]+)[*_](?=$|[\s).,;:])/g, '$1$2')
    .replace(/\\([\\`*_{}[\]()#+\-.!|<>~])/g, '$1')
    .trim();
  return sanitiseLine(text, MAX_CELL);
}

/** The first date that the document gives of itself: a "Last updated" line, an "Updated" or a "Date" line. Null when it has none. */
export function documentDate(text: string): string | null {
  const head = text.split(/\r?\n/).slice(0, 40).join('\n');
  return (
    /^[\s>*_-]*(?:last\s+updated|updated|last\s+verified|date|as\s+of)\b[*_\s]*:?[*_\s]*(\d{4}-\d\d-\d\d)/im.exec(
      head,
    )?.[1] ?? null
  );
}
