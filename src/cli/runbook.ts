import { readFile } from 'node:fs/promises';
import { sanitiseBlock, sanitiseLine } from '../model/index.ts';
import { bundledRunbooks, type CompiledRunbook, compileRunbook, RunbookError } from '../runbooks/index.ts';
import { CliError, type Io, printJson } from './io.ts';

export interface RunbookFlags {
  readonly json?: boolean | undefined;
}

/** `c138 runbook list`: the runbooks that can be run. */
export async function runbookList(flags: RunbookFlags, io: Io): Promise<number> {
  const all = await bundledRunbooks();
  if (flags.json === true)
    printJson(io, {
      format: 'c138-runbooks',
      v: 1,
      runbooks: all.map(({ runbook, sha256, sourceSha256 }) => ({
        id: runbook.id,
        version: runbook.version,
        title: runbook.title,
        origin: runbook.origin,
        steps: runbook.steps.length,
        sha256,
        source_sha256: sourceSha256,
      })),
    });
  else
    for (const { runbook } of all)
      io.out(`${runbook.id} ${runbook.version}  ${runbook.steps.length} steps  ${runbook.title}\n`);
  return 0;
}

/**
 * `c138 runbook lint FILE…`: compiles runbooks and says what is wrong with them, and where.
 * Exit code 0 when all can be used, 1 when one can not, 2 when a file can not be read.
 */
export async function runbookLint(files: readonly string[], flags: RunbookFlags, io: Io): Promise<number> {
  const results: { file: string; fault: string | null; sha256: string | null }[] = [];
  for (const file of files) {
    const text = await readText(file);
    try {
      results.push({ file, fault: null, sha256: compileRunbook(text, file).sha256 });
    } catch (error) {
      if (!(error instanceof RunbookError)) throw error;
      results.push({ file, fault: sanitiseLine(error.describe(), 400), sha256: null });
    }
  }
  if (flags.json === true) printJson(io, { format: 'c138-runbook-lint', v: 1, results });
  else
    for (const { file, fault, sha256 } of results)
      io.out(fault === null ? `${sanitiseLine(file)}: can be used (${sha256})\n` : `${fault}\n`);
  return results.some((one) => one.fault !== null) ? 1 : 0;
}

/** `c138 runbook show ID`: every step in words. */
export async function runbookShow(id: string, flags: RunbookFlags, io: Io): Promise<number> {
  const { runbook, sha256, sourceSha256 } = await findRunbook(id);
  if (flags.json === true) {
    printJson(io, { format: 'c138-runbook-shown', v: 1, sha256, source_sha256: sourceSha256, runbook });
    return 0;
  }
  const lines = [`${runbook.title}`, `${runbook.id} ${runbook.version}, ${sha256}`];
  if (runbook.origin === 'bundled-default') lines.push("Bundled default, not the operators' own text.");
  for (const reference of runbook.references) lines.push(`See: ${reference}`);
  for (const [index, step] of runbook.steps.entries()) {
    const marks = [
      ...(step.critical ? ['critical'] : []),
      ...(step.optional ? ['optional'] : []),
      ...(step.witness ? ['needs a witness'] : []),
    ];
    lines.push(
      '',
      `${index + 1}. ${step.title}${marks.length === 0 ? '' : ` [${marks.join(', ')}]`}`,
      `   ${step.instructions.trim()}`,
      `   Expected: ${step.expected}`,
      ...(step.command === null ? [] : [`   You run, elsewhere: ${step.command}`]),
      `   Answers: ${step.verdicts.join(', ')}`,
    );
  }
  io.out(`${sanitiseBlock(lines.join('\n'))}\n`);
  return 0;
}

/** @throws CliError naming the runbooks there are */
export async function findRunbook(id: string): Promise<CompiledRunbook> {
  const all = await bundledRunbooks();
  const found = all.find(({ runbook }) => runbook.id === id);
  if (found === undefined)
    throw new CliError(
      `there is no runbook "${sanitiseLine(id, 60)}". There are: ${all.map(({ runbook }) => runbook.id).join(', ')}.`,
    );
  return found;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CliError(
      `${sanitiseLine(file)}: ${code === 'ENOENT' ? 'there is no such file' : `it can not be read (${code})`}`,
    );
  }
}
