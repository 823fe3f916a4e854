import { plainMarkdown, TABS_END } from './markdown-dialects.ts';

/**
 * The blocks of a Markdown document that a runbook can be made of (CommonMark 0.31 sections 4 and 5, task lists of GFM 0.29). Reads lines only:
 * nothing of the document is run, fetched or rendered.
 */
export type MdBlock =
  | { readonly kind: 'heading'; readonly level: number; readonly text: string; readonly line: number }
  | { readonly kind: 'text'; readonly text: string; readonly depth: number; readonly line: number }
  | {
      readonly kind: 'item';
      readonly text: string;
      /** `number`: ordered; `task`: with a box; `bullet`: neither. */
      readonly mark: 'number' | 'task' | 'bullet';
      readonly depth: number;
      readonly line: number;
    }
  | {
      readonly kind: 'code';
      readonly text: string;
      /** First word behind the fence, in lower case. */
      readonly info: string;
      /** Where the block is one of several ways to do the same: which. */
      readonly tab: string | null;
      readonly depth: number;
      readonly line: number;
    }
  | { readonly kind: 'quote'; readonly text: string; readonly depth: number; readonly line: number }
  /** One of several ways to do the same; null: back to what is for all. */
  | { readonly kind: 'tab'; readonly label: string | null; readonly line: number };

const FENCE = /^(\s*)(`{3,}|~{3,})\s*([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/;
const ITEM = /^(\s*)(?:([-*+])|(\d{1,9})[.)])(?:[ \t]+(.*))?$/;
const TASK = /^\[[ xX]\][ \t]+(.*)$/;
const QUOTE = /^\s*> ?(.*)$/;
const TAB = /^\s*<TabItem label="([^"]*)">\s*$/;
/** The line under the head of a table (GFM 0.29 section 4.10). */
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)+\|?\s*$/;
const RULE = /^ {0,3}([-_*])[ \t]*(?:\1[ \t]*){2,}$/;

/** Splits a document into blocks, in order. Lines count from 1. */
export function markdownBlocks(document: string): readonly MdBlock[] {
  return new Reader(withoutComments(plainMarkdown(document.replaceAll(/\r\n?/g, '\n')))).blocks();
}

/** HTML comments are for authors; their lines stay, empty, so that line numbers hold. */
function withoutComments(document: string): string {
  return document.replaceAll(/<!--[\s\S]*?(?:-->|$)/g, (comment) => comment.replaceAll(/[^\n]/g, ''));
}

class Reader {
  readonly #lines: readonly string[];
  readonly #out: MdBlock[] = [];
  /** Indents of the lists that are open, outermost first: where their text begins. */
  #lists: number[] = [];
  #at = 0;
  #paragraph: { text: string[]; line: number; depth: number; kind: 'text' | 'quote' } | null = null;

  constructor(document: string) {
    this.#lines = document.split('\n');
  }

  blocks(): readonly MdBlock[] {
    this.#skipFrontMatter();
    for (; this.#at < this.#lines.length; this.#at += 1) this.#line(this.#lines[this.#at] ?? '');
    this.#flush();
    return this.#out;
  }

  #skipFrontMatter(): void {
    if (this.#lines[0]?.trim() !== '---') return;
    const end = this.#lines.findIndex((line, index) => index > 0 && /^(---|\.\.\.)\s*$/.test(line));
    if (end > 0) this.#at = end + 1;
  }

  #line(raw: string): void {
    const line = raw.replaceAll('\t', '    ');
    const fence = FENCE.exec(line);
    if (fence !== null) return this.#fenced(fence);
    if (line.trim() === '') return this.#flush();
    const tab = TAB.exec(line);
    if (tab !== null || line.trim() === TABS_END) return this.#tab(tab?.[1] ?? null);
    if (TABLE_RULE.test(line)) return;
    const heading = HEADING.exec(line);
    if (heading !== null) return this.#heading(heading[1]?.length ?? 1, heading[2] ?? '');
    const underline = /^ {0,3}(=+|-+)\s*$/.exec(line);
    if (underline !== null && this.#paragraph?.kind === 'text' && this.#paragraph.depth === 0) {
      const text = this.#paragraph.text.join(' ');
      this.#paragraph = null;
      return this.#heading(underline[1]?.startsWith('=') === true ? 1 : 2, text);
    }
    if (RULE.test(line)) return this.#flush();
    const item = ITEM.exec(line);
    if (item !== null && this.#isItem(item)) return this.#item(item);
    const quote = QUOTE.exec(line);
    if (quote !== null) return this.#text(quote[1] ?? '', indentOf(line), 'quote');
    if (this.#paragraph === null && indentOf(line) >= this.#within(indentOf(line)) + 4)
      return this.#indented();
    this.#text(line.trim(), indentOf(line), 'text');
  }

  /** Text of a list that its indent still belongs to. */
  #within(indent: number): number {
    return this.#lists.findLast((one) => indent >= one) ?? 0;
  }

  #depthAt(indent: number): number {
    return this.#lists.filter((one) => indent >= one).length;
  }

  /** A number within a sentence is no list: an ordered list begins with 1 there. */
  #isItem(match: RegExpExecArray): boolean {
    if (match[3] === undefined) return true;
    return this.#paragraph === null || match[3] === '1' || this.#lists.length > 0;
  }

  #heading(level: number, text: string): void {
    this.#flush();
    this.#lists = [];
    this.#out.push({ kind: 'heading', level, text: text.trim(), line: this.#at + 1 });
  }

  #tab(label: string | null): void {
    this.#flush();
    this.#out.push({ kind: 'tab', label, line: this.#at + 1 });
  }

  #item(match: RegExpExecArray): void {
    this.#flush();
    const indent = match[1]?.length ?? 0;
    const rest = match[4] ?? '';
    const marker = (match[2] ?? `${match[3]}.`).length;
    this.#lists = [...this.#lists.filter((one) => indent >= one), indent + marker + 1];
    const task = TASK.exec(rest);
    const mark = task !== null ? 'task' : match[3] === undefined ? 'bullet' : 'number';
    const depth = this.#lists.length - 1;
    const text = (task?.[1] ?? rest).trim();
    this.#out.push({ kind: 'item', text, mark, depth, line: this.#at + 1 });
    this.#lazy = this.#out.length - 1;
  }

  /** Index of the item whose text may go on in the next line. */
  #lazy: number | null = null;

  #text(text: string, indent: number, kind: 'text' | 'quote'): void {
    const lazy = this.#lazy === null ? undefined : this.#out[this.#lazy];
    if (kind === 'text' && this.#paragraph === null && lazy?.kind === 'item' && this.#lazy !== null) {
      this.#out[this.#lazy] = { ...lazy, text: `${lazy.text} ${text}`.trim() };
      return;
    }
    if (this.#paragraph !== null && this.#paragraph.kind === kind) {
      this.#paragraph.text.push(text);
      return;
    }
    this.#flush();
    if (indent === 0) this.#lists = kind === 'text' ? [] : this.#lists;
    this.#paragraph = { text: [text], line: this.#at + 1, depth: this.#depthAt(indent), kind };
  }

  #flush(): void {
    this.#lazy = null;
    if (this.#paragraph === null) return;
    const { text, line, depth, kind } = this.#paragraph;
    this.#paragraph = null;
    this.#out.push({ kind, text: text.join(' ').trim(), depth, line });
  }

  #fenced(fence: RegExpExecArray): void {
    this.#flush();
    const [, indent = '', marks = '', info = ''] = fence;
    const start = this.#at + 1;
    const body: string[] = [];
    const closing = new RegExp(`^\\s*${marks[0] === '~' ? '~' : '`'}{${marks.length},}\\s*$`);
    for (this.#at += 1; this.#at < this.#lines.length; this.#at += 1) {
      const line = this.#lines[this.#at] ?? '';
      if (closing.test(line)) break;
      body.push(line.startsWith(indent) ? line.slice(indent.length) : line.trimStart());
    }
    this.#code(
      body,
      info
        .trim()
        .split(/[\s,{]/)[0]
        ?.toLowerCase() ?? '',
      indent.length,
      start,
      /\btab="([^"]*)"/.exec(info)?.[1] ?? null,
    );
  }

  #indented(): void {
    const start = this.#at + 1;
    const indent = indentOf((this.#lines[this.#at] ?? '').replaceAll('\t', '    '));
    const base = this.#within(indent) + 4;
    const body: string[] = [];
    for (; this.#at < this.#lines.length; this.#at += 1) {
      const line = (this.#lines[this.#at] ?? '').replaceAll('\t', '    ');
      if (line.trim() !== '' && indentOf(line) < base) break;
      body.push(line.slice(base));
    }
    this.#at -= 1;
    this.#code(body, '', indent, start);
  }

  #code(
    body: readonly string[],
    info: string,
    indent: number,
    line: number,
    tab: string | null = null,
  ): void {
    const text = body.join('\n').replace(/^\n+|\s+$/g, '');
    if (text !== '') this.#out.push({ kind: 'code', text, info, tab, depth: this.#depthAt(indent), line });
  }
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
