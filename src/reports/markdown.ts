import { sanitiseLine } from '../model/index.ts';

/** Characters that mean something wherever they stand (CommonMark 0.31 section 6; GFM tables, strikethrough, mentions; math). */
const SPECIAL = /[\\`*_[\]<>|~&$@]/g;
/** Characters that mean something only where a line begins (CommonMark 0.31 sections 4 and 5). */
const AT_START = /^(\s*)([-+#=:]|\d+(?=[.)]))/;

/**
 * Text from anywhere as inert Markdown: made safe for screens first, then every special character is escaped, so that
 * no link, image, HTML, emphasis, mention or table cell can come out of it. What needs no escape stays readable.
 * @param max most characters of the original kept
 */
export function mdText(text: string, max = 300): string {
  return sanitiseLine(text, max)
    .replace(SPECIAL, '\\$&')
    .replace(AT_START, (_match, space: string, mark: string) =>
      /\d/.test(mark) ? `${space}&#${mark.charCodeAt(0)};${mark.slice(1)}` : `${space}\\${mark}`,
    )
    .replace(/:\/\//g, '&#58;//')
    .replace(/\b(www)\./gi, '$1&#46;')
    .replace(/\b(mailto|xmpp):/gi, '$1&#58;');
}

/** One row of a table; every cell is made inert. */
export function mdRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => mdText(cell)).join(' | ')} |`;
}

/** A table with its head; an empty list gives no lines. */
export function mdTable(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return [];
  return [mdRow(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(mdRow)];
}
