import { join } from 'node:path';
import type { Command } from 'commander';
import { sanitiseLine } from '../model/index.ts';
import { type ConsoleFlags, consoleCommand } from './console.ts';
import { CliError } from './io.ts';
import { flagsOf, type JsonFlag, type Kit, type PathFlags } from './kit.ts';
import type { ReportFlags } from './runbook-report.ts';
import type { ExportFlags, ImportFlags } from './runbook-text.ts';

/** `c138 runbook …`: definitions, runs, and what became of them. */
export function addRunbook(kit: Kit, withScreen: (one: Command) => Command): void {
  const { program, command, withConfig, pathsOf, io, done } = kit;
  /** Where the operators' own definitions lie. */
  const own = (flags: PathFlags): string => join(pathsOf(flags).configDir.path, 'runbooks');
  const runbook = command(program, 'runbook', 'work with runbooks');

  command(runbook, 'list', 'the runbooks that can be run')
    .option('--json', 'machine-readable output')
    .action(async (_flags, self: Command) => {
      const flags = flagsOf<PathFlags & JsonFlag>(self);
      const { runbookList } = await import('./runbook.ts');
      done(await runbookList(own(flags), flags, io));
    });
  command(runbook, 'lint <files...>', 'check runbook files')
    .option('--json', 'machine-readable output')
    .action(async (files: string[], flags: JsonFlag) => {
      const { runbookLint } = await import('./runbook.ts');
      done(await runbookLint(files, flags, io));
    });
  command(runbook, 'show <id>', 'print a runbook, by its id or from a file')
    .option('--json', 'machine-readable output')
    .action(async (id: string, _flags, self: Command) => {
      const flags = flagsOf<PathFlags & JsonFlag>(self);
      const { runbookShow } = await import('./runbook.ts');
      done(await runbookShow(id, own(flags), flags, io));
    });
  withScreen(
    withConfig(
      command(runbook, 'run <id> [settings...]', 'open the console at a runbook; NAME=VALUE for variables'),
    ),
  ).action(async (id: string, settings: string[], _flags, self: Command) => {
    const flags = flagsOf<PathFlags & ConsoleFlags>(self);
    const { definitionOf } = await import('./runbook.ts');
    if (/\.ya?ml$/.test(id))
      throw new CliError(
        `only an installed definition is run: copy ${sanitiseLine(id, 200)} to ${own(flags)} and run it by its id`,
      );
    await definitionOf(id, own(flags));
    done(await consoleCommand(pathsOf(flags), { ...flags, runbook: [id, ...settings].join(' ') }, io));
  });
  command(runbook, 'import <file>', 'make a draft of a runbook from a Markdown document; nothing is run')
    .option('--id <id>', 'its id; by default from the name of the file')
    .option('--title <text>', 'its title; by default the first heading')
    .option('--out <file>', 'write it there')
    .action(async (file: string, flags: ImportFlags) => {
      const { runbookImport } = await import('./runbook-text.ts');
      done(await runbookImport(file, flags, io));
    });
  command(
    runbook,
    'export <id> [settings...]',
    'a runbook as Markdown, or as a page to print; NAME=VALUE for variables',
  )
    .option('--out <file>', 'write the Markdown there')
    .option('--html <file>', 'write a page to print and fill in by hand there')
    .action(async (id: string, settings: string[], _flags, self: Command) => {
      const flags = flagsOf<PathFlags & ExportFlags>(self);
      const { runbookExport } = await import('./runbook-text.ts');
      done(await runbookExport(id, settings, own(flags), flags, io));
    });
  const withReport = (one: Command): Command =>
    one
      .option('--trust <file>', 'the trust store to verify against; by default the installed one')
      .option('--json', 'machine-readable output');
  withReport(
    withConfig(command(runbook, 'report <session>', 'the hand-over report of a run, with its verification')),
  )
    .option('--out <file>', 'write the Markdown there')
    .option('--html <file>', 'write a page there')
    .option('--until <record>', 'the run as it stood after this record; it is verified as a whole')
    .addHelpText('after', '\nExit codes: 0 sealed and policy met, 1 not so, 2 it can not be read.')
    .action(async (session: string, _flags, self: Command) => {
      const flags = flagsOf<PathFlags & ReportFlags>(self);
      const { runbookReport } = await import('./runbook-report.ts');
      done(await runbookReport(session, pathsOf(flags).trustFile, flags, io));
    });
  withReport(withConfig(command(runbook, 'compare <first> <second>', 'two runs of a runbook, step by step')))
    .addHelpText('after', '\nExit codes: 0 every step went alike, 1 not so, 2 one can not be read.')
    .action(async (first: string, second: string, _flags, self: Command) => {
      const flags = flagsOf<PathFlags & ReportFlags>(self);
      const { runbookCompare } = await import('./runbook-report.ts');
      done(await runbookCompare([first, second], pathsOf(flags).trustFile, flags, io));
    });
}
