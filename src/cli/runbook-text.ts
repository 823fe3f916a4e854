import { basename } from 'node:path';
import { sanitiseLine } from '../model/index.ts';
import { blocksToHtml, blocksToMarkdown } from '../reports/run-document.ts';
import { runbookPage } from '../reports/runbook-page.ts';
import {
  compileRunbook,
  ImportError,
  importMarkdown,
  RunbookError,
  VariableError,
} from '../runbooks/index.ts';
import { CliError, type Io } from './io.ts';
import { definitionOf, readText } from './runbook.ts';
import { writeNewFile } from './runbook-report.ts';

export interface ImportFlags {
  readonly id?: string | undefined;
  readonly title?: string | undefined;
  readonly out?: string | undefined;
}

/** `c138 runbook import FILE`: a draft of a runbook from a Markdown document. Nothing in the document is run. */
export async function runbookImport(file: string, flags: ImportFlags, io: Io): Promise<number> {
  const id =
    flags.id ??
    (basename(file)
      .replace(/\.[^.]*$/, '')
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, 64) ||
      'imported');
  const text = await readText(file);
  try {
    const { yaml, steps, remarks } = importMarkdown(text, id, flags.title ?? null);
    if (flags.out === undefined) io.out(yaml);
    else await writeNewFile(flags.out, yaml);
    for (const remark of remarks) io.err(`c138: ${sanitiseLine(remark, 300)}\n`);
    io.err(`c138: a draft with ${steps} steps; read it, then check it with: c138 runbook lint FILE\n`);
    return 0;
  } catch (error) {
    if (error instanceof ImportError) throw new CliError(`${sanitiseLine(file)}: ${error.message}`);
    if (error instanceof RunbookError) throw new CliError(error.describe());
    throw error;
  }
}

export interface ExportFlags {
  readonly html?: string | undefined;
  readonly out?: string | undefined;
}

/** `c138 runbook export ID|FILE [NAME=VALUE…]`: the runbook as Markdown, or as a page to print and fill in by hand. */
export async function runbookExport(
  what: string,
  settings: readonly string[],
  ownFolder: string,
  flags: ExportFlags,
  io: Io,
): Promise<number> {
  const { text, file } = await definitionOf(what, ownFolder);
  try {
    const values = settings.length === 0 ? null : valuesOf(settings);
    const { runbook, sourceSha256 } = compileRunbook(text, file, values);
    const blocks = runbookPage(runbook, sourceSha256);
    if (flags.html !== undefined) await writeNewFile(flags.html, blocksToHtml(runbook.title, blocks));
    if (flags.out !== undefined) await writeNewFile(flags.out, blocksToMarkdown(blocks));
    if (flags.html === undefined && flags.out === undefined) io.out(blocksToMarkdown(blocks));
    return 0;
  } catch (error) {
    if (error instanceof VariableError) throw new CliError(error.message);
    if (error instanceof RunbookError) throw new CliError(error.describe());
    throw error;
  }
}

function valuesOf(settings: readonly string[]): Record<string, string> {
  const pairs = settings.map((one) => {
    const at = one.indexOf('=');
    if (at < 1) throw new CliError(`"${sanitiseLine(one, 60)}": give variables as NAME=VALUE`);
    return [one.slice(0, at), one.slice(at + 1)] as const;
  });
  return Object.fromEntries(pairs);
}
