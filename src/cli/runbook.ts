import { readFile } from 'node:fs/promises';
import { type Step, sanitiseBlock, sanitiseLine } from '../model/index.ts';
import {
  compileRunbook,
  type LibraryEntry,
  lintRunbook,
  RunbookError,
  runbookLibrary,
} from '../runbooks/index.ts';
import { CliError, type Io, printJson } from './io.ts';

export interface RunbookFlags {
  readonly json?: boolean | undefined;
}

/** `c138 runbook list`: the runbooks that can be run. */
export async function runbookList(ownFolder: string, flags: RunbookFlags, io: Io): Promise<number> {
  const { entries, faults } = await runbookLibrary(ownFolder);
  if (flags.json === true)
    printJson(io, {
      format: 'c138-runbooks',
      v: 1,
      runbooks: entries.map(({ own, compiled: { runbook, sha256, sourceSha256, variables } }) => ({
        id: runbook.id,
        version: runbook.version,
        title: runbook.title,
        origin: runbook.origin,
        own,
        steps: runbook.steps.filter((one) => one.backOut === null).length,
        variables: variables.map((one) => one.name),
        sha256,
        source_sha256: sourceSha256,
      })),
    });
  else
    for (const { compiled, own } of entries) {
      const { runbook, variables } = compiled;
      const steps = runbook.steps.filter((one) => one.backOut === null).length;
      const asks = variables.length === 0 ? '' : `  asks for ${variables.map((one) => one.name).join(', ')}`;
      io.out(
        `${runbook.id} ${runbook.version}  ${steps} steps  ${sanitiseLine(runbook.title)}${asks}${own ? '  (your own)' : ''}\n`,
      );
    }
  for (const fault of faults) io.err(`c138: ${sanitiseLine(fault.describe(), 400)}\n`);
  return 0;
}

/** Faults that are told of one file; who has more of them mends these first. */
const MOST_FAULTS = 50;

/**
 * `c138 runbook lint FILE…`: compiles runbooks and says everything that is wrong with them, and where.
 * Exit code 0 when all can be used, 1 when one can not, 2 when a file can not be read.
 */
export async function runbookLint(files: readonly string[], flags: RunbookFlags, io: Io): Promise<number> {
  const results: { file: string; faults: readonly RunbookError[]; sha256: string | null }[] = [];
  for (const file of files) {
    const text = await readText(file);
    const faults = lintRunbook(text, file);
    results.push({ file, faults, sha256: faults.length === 0 ? compileRunbook(text, file).sha256 : null });
  }
  if (flags.json === true)
    printJson(io, {
      format: 'c138-runbook-lint',
      v: 1,
      results: results.map(({ file, faults, sha256 }) => ({
        file,
        fault: faults[0] === undefined ? null : sanitiseLine(faults[0].describe(), 400),
        faults: faults.map(({ line, column, message }) => ({
          line,
          column,
          message: sanitiseLine(message, 400),
        })),
        sha256,
      })),
    });
  else
    for (const { file, faults, sha256 } of results) {
      if (faults.length === 0) io.out(`${sanitiseLine(file)}: can be used (${sha256})\n`);
      for (const fault of faults.slice(0, MOST_FAULTS)) io.out(`${sanitiseLine(fault.describe(), 600)}\n`);
      if (faults.length > MOST_FAULTS)
        io.out(`${sanitiseLine(file)}: and ${faults.length - MOST_FAULTS} more\n`);
    }
  return results.some((one) => one.faults.length > 0) ? 1 : 0;
}

/** `c138 runbook show ID`: every step in words. */
export async function runbookShow(
  what: string,
  ownFolder: string,
  flags: RunbookFlags,
  io: Io,
): Promise<number> {
  const { compiled, file, own } = await definitionOf(what, ownFolder);
  const { runbook, sha256, sourceSha256, variables } = compiled;
  if (flags.json === true) {
    printJson(io, { format: 'c138-runbook-shown', v: 1, sha256, source_sha256: sourceSha256, runbook });
    return 0;
  }
  const lines = [`${runbook.title}`, `${runbook.id} ${runbook.version}, ${sourceSha256}`];
  if (own) lines.push(`From: ${file}`);
  if (runbook.origin === 'bundled-default') lines.push("Bundled default, not the operators' own text.");
  for (const reference of runbook.references) lines.push(`See: ${reference}`);
  for (const one of variables)
    lines.push(
      `Asks for: ${one.name}, ${one.title}${one.default === undefined ? '' : ` (else ${one.default})`}`,
    );
  let number = 0;
  for (const step of runbook.steps) {
    if (step.backOut === null) number += 1;
    lines.push('', ...stepWords(step, step.backOut === null ? `${number}.` : `back-out ${step.backOut}:`));
  }
  io.out(`${sanitiseBlock(lines.join('\n'))}\n`);
  return 0;
}

function stepWords(step: Step, number: string): readonly string[] {
  const marks = [
    ...(step.pause ? ['pause: go or no-go'] : []),
    ...(step.mode === 'do-confirm' ? [] : [step.mode]),
    ...(step.critical ? ['critical'] : []),
    ...(step.optional && step.backOut === null ? ['optional'] : []),
    ...(step.approval ? ['needs an approval'] : step.witness ? ['needs a witness'] : []),
    ...(step.budgetMinutes === null ? [] : [`${step.budgetMinutes} minutes`]),
  ];
  const failure =
    step.onFailure.action === 'retry'
      ? []
      : [
          `   If it fails: ${step.onFailure.action}${step.onFailure.step === null ? '' : `, to ${step.onFailure.step}`}`,
        ];
  return [
    `${number} ${step.title}${marks.length === 0 ? '' : ` [${marks.join(', ')}]`}`,
    `   ${step.instructions.trim()}`,
    `   Expected: ${step.expected}`,
    ...(step.command === null ? [] : [`   You run, elsewhere: ${step.command.replaceAll('\n', '\n     ')}`]),
    ...step.gates.map((gate) => `   Probes must show: ${gate.subject} ${gate.expectHealth.join(' or ')}`),
    `   Answers: ${step.verdicts.join(', ')}`,
    ...failure,
  ];
}

/**
 * A definition by its id, or from a file.
 * @throws CliError naming the runbooks there are
 */
export async function definitionOf(what: string, ownFolder: string): Promise<LibraryEntry> {
  if (/\.ya?ml$/.test(what)) {
    const text = await readText(what);
    try {
      return { compiled: compileRunbook(text, what), file: what, text, own: true };
    } catch (error) {
      if (error instanceof RunbookError) throw new CliError(sanitiseLine(error.describe(), 400));
      throw error;
    }
  }
  const { entries } = await runbookLibrary(ownFolder);
  const found = entries.find(({ compiled }) => compiled.runbook.id === what);
  if (found === undefined)
    throw new CliError(
      `there is no runbook "${sanitiseLine(what, 60)}". There are: ${entries.map(({ compiled }) => compiled.runbook.id).join(', ')}.`,
    );
  return found;
}

/** @throws CliError when it can not be read */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CliError(
      `${sanitiseLine(file)}: ${code === 'ENOENT' ? 'there is no such file' : `it can not be read (${code})`}`,
    );
  }
}
