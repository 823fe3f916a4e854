/**
 * What documentation sites add to Markdown, said in plain Markdown, line by line, so that line numbers hold: admonitions (`:::note`, Docusaurus),
 * shortcodes (`{{< note >}}`, Hugo), tabs of both and of older kinds, and imports of components. Pure text: nothing is fetched.
 */

const FENCE = /^\s*(`{3,}|~{3,})/;
const ADMONITION = /^(\s*):::+\s*([a-z]+)?\s*(.*)$/;
const SHORT_OPEN =
  /^(\s*)\{\{[<%]\s*(note|tip|info|important|caution|warning|danger)\s*[>%]\}\}\s*(.*?)(\{\{[<%]\s*\/\s*\2\s*[>%]\}\})?\s*$/;
const SHORT_CLOSE = /^\s*\{\{[<%]\s*\/\s*(note|tip|info|important|caution|warning|danger)\s*[>%]\}\}\s*$/;
const SHORT_TAB = /^(\s*)\{\{[<%]\s*tab\s+(.*?)\s*[>%]\}\}\s*$/;
const SHORT_TAB_END = /^(\s*)\{\{[<%]\s*\/\s*tab\s*[>%]\}\}\s*$/;
const SHORT_TABS_END = /^\s*\{\{[<%]\s*\/\s*tabs\s*[>%]\}\}\s*$/;
const TAB_ITEM = /^\s*<TabItem\b([^>]*)>\s*$/;
const HEADINGS: Readonly<Record<string, string>> = {
  prerequisites: 'Before you begin',
  whatsnext: "What's next",
  objectives: 'Objectives',
  cleanup: 'Clean up',
  synopsis: 'Synopsis',
  options: 'Options',
  seealso: 'See also',
};

/** What a line of a tab says when it stands in plain Markdown; the reader of blocks knows it. */
export const tabLine = (label: string): string => `<TabItem label="${label.replaceAll('"', "'")}">`;
export const TABS_END = '</Tabs>';

/** The title in a document's front matter, or null. */
export function frontMatterTitle(document: string): string | null {
  const front = /^---\r?\n([\s\S]*?)\r?\n(?:---|\.\.\.)\s*(?:\r?\n|$)/.exec(document)?.[1];
  const title = front === undefined ? undefined : /^title:\s*(.+?)\s*$/m.exec(front)?.[1];
  return title === undefined ? null : title.replace(/^(["'])(.*)\1$/, '$2');
}

/** The same document without what only a documentation site understands. */
export function plainMarkdown(document: string): string {
  const state: State = { fence: null, note: null, codeTab: false, commentTabs: false };
  return document
    .split('\n')
    .map((line) => lineOf(line, state))
    .join('\n');
}

interface State {
  /** Marks of the code block that is open. */
  fence: string | null;
  /** Kind of the admonition that is open. */
  note: string | null;
  /** A tab that is a code block itself. */
  codeTab: boolean;
  /** Between comments that say that headings are tabs. */
  commentTabs: boolean;
}

function lineOf(line: string, state: State): string {
  if (state.codeTab) return codeTabLine(line, state);
  const marks = FENCE.exec(line)?.[1] ?? null;
  if (state.fence !== null) {
    if (marks?.startsWith(state.fence) === true && line.trim() === marks) state.fence = null;
    return line;
  }
  if (marks !== null) {
    state.fence = marks;
    return line;
  }
  return noteLine(line, state) ?? tabOf(line, state) ?? quoted(withoutShortcodes(line), state);
}

function codeTabLine(line: string, state: State): string {
  const end = SHORT_TAB_END.exec(line);
  if (end === null) return line;
  state.codeTab = false;
  return `${end[1]}\`\`\``;
}

/** The begin or the end of an admonition, or null. */
function noteLine(line: string, state: State): string | null {
  const short = SHORT_OPEN.exec(line);
  if (short !== null) {
    const [, indent = '', kind = '', text = '', closed] = short;
    if (closed === undefined) state.note = kind;
    return text === '' ? '' : `${indent}> [!${kind}] ${text}`;
  }
  if (SHORT_CLOSE.test(line)) {
    state.note = null;
    return '';
  }
  const admonition = ADMONITION.exec(line);
  if (admonition === null) return null;
  const [, indent = '', kind, title = ''] = admonition;
  state.note = kind ?? null;
  return kind === undefined || title === '' ? '' : `${indent}> [!${kind}] ${title.replace(/^\[|\]$/g, '')}:`;
}

function tabOf(line: string, state: State): string | null {
  if (/^\s*<!--\s*tabs\s*-->\s*$/.test(line)) {
    state.commentTabs = true;
    return '';
  }
  if (/^\s*<!--\s*\/tabs\s*-->\s*$/.test(line)) {
    state.commentTabs = false;
    return TABS_END;
  }
  const heading = state.commentTabs ? /^#{1,6}\s+(.*?)\s*$/.exec(line) : null;
  if (heading !== null) return tabLine(heading[1] ?? '');
  const item = TAB_ITEM.exec(line);
  if (item !== null)
    return tabLine(
      /label="([^"]*)"/.exec(item[1] ?? '')?.[1] ?? /value="([^"]*)"/.exec(item[1] ?? '')?.[1] ?? '',
    );
  const short = SHORT_TAB.exec(line);
  if (short !== null) {
    const [, indent = '', settings = ''] = short;
    const name = /name="([^"]*)"/.exec(settings)?.[1] ?? '';
    const language = /codelang="([^"]*)"/.exec(settings)?.[1];
    if (language === undefined) return tabLine(name);
    state.codeTab = true;
    return `${indent}\`\`\`${language} tab="${name}"`;
  }
  if (SHORT_TABS_END.test(line) || /^\s*<\/Tabs>\s*$/.test(line)) return TABS_END;
  // Components are brought in by lines that say nothing to a reader.
  return /^import\s.+\sfrom\s+['"].+['"];?\s*$/.test(line) || SHORT_TAB_END.test(line) ? '' : null;
}

/** Shortcodes that stand in a line: headings by their words, files by their names, others not at all. */
function withoutShortcodes(line: string): string {
  return line.replaceAll(/\{\{[<%]\s*(.*?)\s*[>%]\}\}/g, (_whole, inside: string) => {
    const heading = /^heading\s+"([^"]*)"/.exec(inside)?.[1];
    if (heading !== undefined) return HEADINGS[heading] ?? heading;
    const file = /^(?:code_sample|codenew|code)\s.*?file="([^"]*)"/.exec(inside)?.[1];
    return file === undefined ? '' : `(see the file ${file})`;
  });
}

function quoted(line: string, state: State): string {
  if (state.note === null || line.trim() === '') return line;
  const indent = /^\s*/.exec(line)?.[0] ?? '';
  return `${indent}> [!${state.note}] ${line.trim()}`;
}
