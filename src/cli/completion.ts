import type { Command } from 'commander';
import { sanitiseLine } from '../model/index.ts';
import { COMPLETION_SCRIPTS, completionsFor, SHELLS } from './complete.ts';
import { CliError, type Io } from './io.ts';

/**
 * `c138 completion SHELL`: the script that a shell reads. `c138 completion words -- WORD…` is what that script asks: what the last word could
 * become, one a line, a tab before what it is.
 * @param own folder of the operators' own runbooks
 * @returns exit code 0
 */
export async function completionCommand(
  program: Command,
  shell: string,
  words: readonly string[],
  own: string,
  io: Io,
): Promise<number> {
  if (shell === 'words') {
    const found = await completionsFor(program, words, {
      scenarios: async () => (await import('../demo/scenarios.ts')).SCENARIOS,
      runbooks: async () => {
        const { runbookLibrary } = await import('../runbooks/index.ts');
        return (await runbookLibrary(own)).entries.map(({ compiled }) => compiled.runbook);
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
