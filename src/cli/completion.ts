import { join } from 'node:path';
import type { Command } from 'commander';
import { sanitiseLine } from '../model/index.ts';
import { type Paths, profileNames } from '../state/paths.ts';
import { COMPLETION_SCRIPTS, completionsFor, SHELLS } from './complete.ts';
import { CliError, type Io } from './io.ts';

/**
 * `c138 completion SHELL`: the script that a shell reads. `c138 completion words -- WORD…` is what that script asks: what the last word could
 * become, one a line, a tab before what it is.
 * @returns exit code 0
 */
export async function completionCommand(
  program: Command,
  shell: string,
  words: readonly string[],
  paths: Paths,
  io: Io,
): Promise<number> {
  if (shell === 'words') {
    const found = await completionsFor(program, words, {
      scenarios: async () => (await import('../demo/scenarios.ts')).SCENARIOS,
      profiles: async () => profileNames(paths),
      runbooks: async () => {
        const { runbookLibrary } = await import('../runbooks/index.ts');
        return (await runbookLibrary(join(paths.configDir.path, 'runbooks'))).entries.map(
          ({ compiled }) => compiled.runbook,
        );
      },
    });
    for (const { word, about } of found) io.out(`${word}\t${sanitiseLine(about, 100)}\n`);
    return 0;
  }
  const known = SHELLS.find((one) => one === shell);
  if (known === undefined)
    throw new CliError(
      `there is no completion for "${sanitiseLine(shell, 20)}". Shells: ${SHELLS.join(', ')}.`,
    );
  io.out(COMPLETION_SCRIPTS[known]);
  return 0;
}
