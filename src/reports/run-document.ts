import { sanitiseLine } from '../model/index.ts';
import { mdTable, mdText } from './markdown.ts';

/** A part of a report, said once and written in two forms. */
export type Block =
  | { readonly kind: 'heading'; readonly level: 1 | 2 | 3; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | {
      readonly kind: 'table';
      readonly head: readonly string[];
      readonly rows: readonly (readonly string[])[];
    }
  /** A command to be run by people elsewhere. */
  | { readonly kind: 'command'; readonly text: string }
  /** Room to write by hand. */
  | { readonly kind: 'blanks'; readonly labels: readonly string[] };

const MAX_TEXT = 4_000;

/** Text for HTML: made safe for screens, then escaped. */
export function htmlText(value: string): string {
  return sanitiseLine(value, MAX_TEXT).replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** Blocks as inert Markdown. */
export function blocksToMarkdown(blocks: readonly Block[]): string {
  const out = blocks.flatMap(markdownOf);
  return `${out.join('\n').trimEnd()}\n`;
}

function markdownOf(block: Block): readonly string[] {
  switch (block.kind) {
    case 'heading':
      return [`${'#'.repeat(block.level)} ${headingText(block.text)}`, ''];
    case 'text':
      return [mdText(block.text, MAX_TEXT), ''];
    case 'list':
      return block.items.length === 0
        ? []
        : [...block.items.map((item) => `* ${mdText(item, MAX_TEXT)}`), ''];
    case 'table':
      return block.rows.length === 0 ? [] : [...mdTable(block.head, block.rows), ''];
    case 'command': {
      const fence = '`'.repeat(Math.max(3, longestRun(block.text) + 1));
      return [`${fence}sh`, sanitiseLine(block.text, MAX_TEXT), fence, ''];
    }
    case 'blanks':
      return [block.labels.map((label) => `${mdText(label)}: \\_\\_\\_\\_\\_\\_\\_\\_`).join('   '), ''];
  }
}

/** A number at the beginning of a heading makes no list, so it stays as it is. */
function headingText(text: string): string {
  const [, number = '', rest = text] = /^(\d+\. )?(.*)$/s.exec(text) ?? [];
  return `${number}${mdText(rest)}`;
}

/** Longest run of back-ticks in a text; the fence around it must be longer (CommonMark 0.31 section 4.5). */
function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map((one) => one[0].length));
}

const STYLE = `:root { color-scheme: light dark }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em }
table { border-collapse: collapse; width: 100%; margin: 1em 0 } td, th { border: 1px solid #8888; padding: .25em .5em; text-align: left; vertical-align: top; overflow-wrap: anywhere }
pre { border: 1px solid #8888; padding: .5em; white-space: pre-wrap; overflow-wrap: anywhere }
.blank { display: inline-block; min-width: 12em; margin: 0 1.5em .6em 0; border-bottom: 1px solid; padding-top: .8em }
h2, h3 { break-after: avoid } pre, tr { break-inside: avoid }
@media print { body { margin: 0; max-width: none; font-size: 11pt } }`;

/** Blocks as one HTML file: no scripts, nothing loaded from anywhere. */
export function blocksToHtml(title: string, blocks: readonly Block[]): string {
  const body = blocks.map(htmlOf);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${htmlText(title)}</title>
<style>
${STYLE}
</style>
</head>
<body>
${body.filter((one) => one !== '').join('\n')}
</body>
</html>
`;
}

function htmlOf(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `<h${block.level}>${htmlText(block.text)}</h${block.level}>`;
    case 'text':
      return `<p>${htmlText(block.text)}</p>`;
    case 'list':
      return block.items.length === 0
        ? ''
        : `<ul>${block.items.map((item) => `<li>${htmlText(item)}</li>`).join('')}</ul>`;
    case 'table':
      return block.rows.length === 0 ? '' : tableHtml(block.head, block.rows);
    case 'command':
      return `<pre>${htmlText(block.text)}</pre>`;
    case 'blanks':
      return `<p>${block.labels.map((label) => `<span class="blank">${htmlText(label)}:</span>`).join('')}</p>`;
  }
}

function tableHtml(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[], tag: string): string =>
    `<tr>${row.map((cell) => `<${tag}>${htmlText(cell)}</${tag}>`).join('')}</tr>`;
  return `<table><thead>${cells(head, 'th')}</thead><tbody>${rows.map((row) => cells(row, 'td')).join('')}</tbody></table>`;
}
