import { stringify } from 'yaml';
import { sanitiseLine } from '../model/index.ts';
import { compileRunbook } from './compile.ts';
import { type MdBlock, markdownBlocks } from './markdown-blocks.ts';
import { frontMatterTitle } from './markdown-dialects.ts';
import { clip, flat, noteOf, plain, tableRow } from './markdown-words.ts';
import { marksIn } from './variables.ts';

/** A draft made from a Markdown document, for people to read before it is used. */
export interface ImportedRunbook {
  readonly yaml: string;
  readonly steps: number;
  /** What was left out or guessed, with the line of the document. */
  readonly remarks: readonly string[];
}

/** Nothing in the document could be a step. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
}

interface Draft {
  title: string;
  /** Heading that the step stands under. */
  readonly section: string;
  readonly line: number;
  readonly words: string[];
  readonly expected: string[];
  readonly commands: { readonly text: string; readonly line: number; readonly way: string | null }[];
  readonly undo: boolean;
}

const MAX_COMMAND = 4_000;
/** Code that shows something and is not typed into a shell. */
const SHOWN = new Set(
  'output text txt log json json5 yaml yml toml xml html ini properties hcl diff mermaid plaintext none conf nginx sql solidity javascript js jsx typescript ts java go rust c cpp'.split(
    ' ',
  ),
);
const UNDO = /\b(roll(ing)?[ -]?back|back(ing)?[ -]?out|revert|undo)\b/i;
const EXPECTED =
  /^(expected( result| output)?|expect|result|you should see|the output|output|verify that|confirm that|success)\b[:,]?/i;
/** Sections that lead elsewhere. */
const ELSEWHERE = /^(what'?s next|next steps?|see also|further reading|references|related)\b/i;
/** An item that ends with the command to type. */
const INLINE_COMMAND = /:\s*`([^`]+\s[^`]+)`\.?$/;
/** Commands of a forge to itself, which mean nothing to people who work the list. */
const QUICK_ACTION = /^\/[a-z_]+(\s|$)/;

/**
 * Makes a draft of a runbook from a Markdown document: numbered items, task items and sections become steps; code blocks become commands
 * for people to run elsewhere. Nothing is run.
 * @throws ImportError when there is no step in it
 */
export function importMarkdown(document: string, id: string, title: string | null = null): ImportedRunbook {
  const remarks: string[] = [];
  const blocks = markdownBlocks(document);
  const drafts = new Drafter(remarks).draft(blocks);
  const all = withoutLoneUndo(drafts.flatMap(splitCommands));
  if (all.length === 0)
    throw new ImportError('no numbered item, task item, heading with text or code block is in it');
  const first = blocks.find((one) => one.kind === 'heading');
  const name = title ?? frontMatterTitle(document) ?? (first?.kind === 'heading' ? plain(first.text) : id);
  const ids = new Set<string>();
  const undoThere = all.some((one) => one.undo);
  const commandThere = all.some((one) => !one.undo && one.commands.length > 0);
  const steps = all.map((one) => ({
    ...stepOf(one, idOf(one, ids)),
    ...failureOf(one, undoThere && (one.commands.length > 0 || !commandThere)),
  }));
  const target = steps.find((one) => 'back_out' in one)?.id;
  const source = {
    v: 1,
    id,
    version: '0.1.0',
    title: clip(name, 120),
    origin: 'operator',
    ...variablesOf(steps, remarks),
    steps: steps.map((one) =>
      'on_failure' in one && target !== undefined
        ? { ...one, on_failure: { action: 'back-out', step: target } }
        : one,
    ),
  };
  const yaml = `# Imported from Markdown: a draft. Read it, name subjects and gates, then give it a version.\n${stringify(source, { lineWidth: 110 })}`;
  compileRunbook(yaml, `${id}.yaml`);
  return { yaml, steps: steps.length, remarks };
}

class Drafter {
  readonly #remarks: string[];
  readonly #out: Draft[] = [];
  #section = '';
  #undoLevel: number | null = null;
  /** Words of a section before its first step. */
  #preface: string[] = [];
  /** Warnings of an introduction, which stand in the first step after it. */
  readonly #carried: string[] = [];
  #heading: { readonly text: string; readonly line: number } | null = null;
  #current: Draft | null = null;
  /** Which of several ways the lines are about. */
  #way: string | null = null;
  /** Depth of the list whose items are steps. */
  #depth = 0;

  constructor(remarks: string[]) {
    this.#remarks = remarks;
  }

  draft(blocks: readonly MdBlock[]): readonly Draft[] {
    for (const [index, block] of blocks.entries()) this.#take(block, blocks[index - 1]);
    this.#endSection();
    return this.#out;
  }

  #take(block: MdBlock, before: MdBlock | undefined): void {
    switch (block.kind) {
      case 'heading':
        return this.#startSection(block.text, block.level, block.line);
      case 'item':
        return this.#item(block);
      case 'code':
        return this.#code(block, before);
      case 'tab':
        this.#way = block.label;
        return;
      case 'text':
      case 'quote':
        return this.#words(block);
    }
  }

  #startSection(text: string, level: number, line: number): void {
    this.#endSection();
    this.#way = null;
    this.#section = plain(text);
    this.#heading = { text: this.#section, line };
    if (this.#undoLevel !== null && level <= this.#undoLevel) this.#undoLevel = null;
    if (this.#undoLevel === null && UNDO.test(text)) this.#undoLevel = level;
  }

  /** A section without items is a step of its own when it says something to do; the title page of a document is not. */
  #endSection(): void {
    const heading = this.#heading;
    if (heading !== null && this.#current === null && this.#preface.length > 0) {
      if (ELSEWHERE.test(heading.text))
        this.#remarks.push(
          `line ${heading.line}: the section "${clip(heading.text, 60)}" leads elsewhere and makes no step`,
        );
      else if (this.#out.length > 0 || /^(step\s*)?\d+[.):\s]/i.test(heading.text))
        this.#begin(heading.text, heading.line).words.push(...this.#preface);
      else {
        this.#remarks.push(
          `line ${heading.line}: the section "${clip(heading.text, 60)}" is an introduction and makes no step`,
        );
        this.#carry();
      }
    }
    if (heading === null && this.#current === null) this.#carry();
    this.#preface = [];
    this.#heading = null;
    this.#current = null;
  }

  /** An introduction makes no step, but its warnings are not lost. */
  #carry(): void {
    this.#carried.push(...this.#preface.filter((one) => one.startsWith('Caution: ')));
  }

  #begin(title: string, line: number): Draft {
    const draft: Draft = {
      title,
      section: this.#section,
      line,
      words: [],
      expected: [],
      commands: [],
      undo: this.#undoLevel !== null,
    };
    draft.words.push(...this.#carried.splice(0));
    this.#out.push(draft);
    this.#current = draft;
    return draft;
  }

  #item(item: Extract<MdBlock, { readonly kind: 'item' }>): void {
    const text = plain(item.text);
    const own =
      item.mark !== 'bullet' && (item.mark === 'task' || this.#current === null || item.depth <= this.#depth);
    if (!own) return this.#add(text === '' ? '' : `- ${text}`);
    if (text === '' && item.mark === 'task') return;
    this.#depth = item.depth;
    const preface = this.#preface;
    this.#preface = [];
    this.#heading = null;
    const draft = this.#begin(text, item.line);
    draft.words.push(...preface);
    const command = INLINE_COMMAND.exec(item.text)?.[1];
    if (command !== undefined)
      draft.commands.push({ text: cleanCommand(command), line: item.line, way: this.#way });
  }

  #words(block: Extract<MdBlock, { readonly kind: 'text' | 'quote' }>): void {
    if (QUICK_ACTION.test(block.text)) {
      this.#remarks.push(`line ${block.line}: commands to the forge were left out`);
      return;
    }
    const text = plain(block.text);
    if (EXPECTED.test(text) && this.#current !== null) this.#current.expected.push(text);
    else this.#add(block.kind === 'quote' ? noteOf(text) : tableRow(text));
  }

  #add(text: string): void {
    if (text === '') return;
    if (this.#current === null) this.#preface.push(text);
    else this.#current.words.push(text);
  }

  #code(code: Extract<MdBlock, { readonly kind: 'code' }>, before: MdBlock | undefined): void {
    const { command, output } = typed(code.text);
    const announced =
      before?.kind === 'text' &&
      /\b(output|looks like|you (should|will) see|example|similar to)\b/i.test(before.text);
    const shown = SHOWN.has(code.info) || (announced && code.info === '' && !/^\s*\$ /m.test(code.text));
    if (shown) {
      const target = this.#current;
      const text = `Shown in the document: ${flat(code.text)}`;
      if (target !== null && target.commands.length > 0) target.expected.push(text);
      else this.#add(text);
      return;
    }
    if (this.#current === null) {
      const heading = this.#heading;
      const draft = this.#begin(heading?.text ?? 'Run the command', heading?.line ?? code.line);
      draft.words.push(...this.#preface);
      this.#preface = [];
      this.#heading = null;
    }
    if (command.length > MAX_COMMAND) {
      this.#remarks.push(
        `line ${code.line}: a command of ${command.length} characters stays in the document; the step names its line`,
      );
      this.#add(`Command: see line ${code.line} of the document; it is too long to be shown whole.`);
      return;
    }
    const way = code.tab ?? this.#way;
    if (way !== null)
      this.#remarks.push(
        `line ${code.line}: one of several ways ("${clip(way, 40)}"): keep the step that fits`,
      );
    this.#current?.commands.push({ text: command, line: code.line, way });
    if (output !== '') this.#current?.expected.push(`Shown in the document: ${flat(output)}`);
  }
}

/** What is typed, and what a transcript shows besides: where lines begin with a prompt, the others are output. */
function typed(text: string): { readonly command: string; readonly output: string } {
  const lines = text.split('\n');
  if (!lines.some((line) => /^\s*\$ /.test(line))) return { command: cleanCommand(text), output: '' };
  const command: string[] = [];
  const output: string[] = [];
  let goesOn = false;
  for (const line of lines) {
    const prompted = /^\s*\$ (.*)$/.exec(line);
    if (prompted !== null) command.push(prompted[1] ?? '');
    else if (goesOn) command.push(line);
    else output.push(line);
    goesOn = (prompted !== null || goesOn) && line.endsWith('\\');
  }
  return { command: cleanCommand(command.join('\n')), output: output.join('\n').trim() };
}

/** Each line made safe to be shown; what a line says stays as it is. */
function cleanCommand(text: string): string {
  return text
    .split('\n')
    .map((line) => sanitiseLine(line.trimEnd(), MAX_COMMAND))
    .join('\n')
    .trim();
}

/** A step that has several commands is several steps, so that each has its exit code. */
function splitCommands(draft: Draft): readonly Draft[] {
  const [only] = draft.commands;
  if (draft.commands.length < 2)
    return [only === undefined ? draft : { ...draft, title: titleOf(draft.title, only.way, 0) }];
  return draft.commands.map((command, index) => ({
    ...draft,
    title: titleOf(draft.title, command.way, index),
    words: index === 0 ? draft.words : [],
    expected: index === draft.commands.length - 1 ? draft.expected : [],
    commands: [command],
  }));
}

function titleOf(title: string, way: string | null, index: number): string {
  if (way !== null && way !== '') return `${clip(title, 80)}, ${clip(way, 30)}`;
  return index === 0 ? title : `${clip(title, 100)}, command ${index + 1}`;
}

function stepOf(draft: Draft, id: string): Record<string, unknown> & { readonly id: string } {
  const title = clip(draft.title, 120);
  const rest = draft.title.length > title.length ? [draft.title] : [];
  const under =
    draft.section !== '' && draft.section !== draft.title ? [`Under "${clip(draft.section, 100)}".`] : [];
  const words = [...under, ...rest, ...draft.words].join(' ');
  return {
    id,
    title,
    mode: 'read-do',
    instructions: clip(words === '' ? title : words, 4_000),
    expected: clip(draft.expected.length === 0 ? 'As the document says.' : draft.expected.join(' '), 1_000),
    ...(draft.commands[0] === undefined ? {} : { command: draft.commands[0].text }),
  };
}

/** A document that is all about going back has no other way. */
function withoutLoneUndo(drafts: readonly Draft[]): readonly Draft[] {
  return drafts.every((one) => one.undo) ? drafts.map((one) => ({ ...one, undo: false })) : drafts;
}

function failureOf(draft: Draft, leadsBack: boolean): Record<string, unknown> {
  if (draft.undo) return { back_out: 'back-out' };
  return leadsBack ? { on_failure: { action: 'back-out', step: '' } } : {};
}

function variablesOf(steps: readonly Record<string, unknown>[], remarks: string[]): Record<string, unknown> {
  const names = new Set(
    steps.flatMap((step) =>
      Object.values(step).flatMap((value) => (typeof value === 'string' ? marksIn(value) : [])),
    ),
  );
  if (names.size === 0) return {};
  remarks.push(`{{…}} stands for variables here: ${[...names].join(', ')}`);
  return { variables: [...names].map((name) => ({ name, title: name.replaceAll('_', ' ') })) };
}

function idOf(draft: Draft, taken: Set<string>): string {
  const base =
    draft.title
      .toLowerCase()
      .normalize('NFKD')
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, 48)
      .replace(/-+$/, '') || 'step';
  for (let number = 1; ; number += 1) {
    const id = number === 1 ? base : `${base}-${number}`;
    if (taken.has(id)) continue;
    taken.add(id);
    return id;
  }
}
