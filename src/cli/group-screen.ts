import { flagsOf, type Kit, type PathFlags } from './kit.ts';
import type { TableFlags } from './screen-table.ts';

/** `c138 screen`: what the console shows, as data. */
export function addScreen({ program, io, done, command, withConfig, pathsOf }: Kit): void {
  withConfig(command(program, 'screen <name>', 'print one screen, or the story of a subject, as data'))
    .option('--format <format>', 'text, json, csv or md', 'text')
    .option('--filter <text>', 'only rows like this; a leading ! keeps the others')
    .option('--offline <snapshot>', 'from a snapshot; without it the estate is asked once')
    .addHelpText(
      'after',
      '\nNAME: overview, hosts, guests, tiers, hyperledger, runbooks, evidence, program, or a subject such as vmid:6000.',
    )
    .action(async (name: string, _flags, self) => {
      const flags = flagsOf<PathFlags & TableFlags>(self);
      const { screenTable } = await import('./screen-table.ts');
      done(await screenTable(pathsOf(flags), name, flags, io));
    });
}
