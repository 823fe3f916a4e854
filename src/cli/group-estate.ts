import type { Command } from 'commander';
import type { DiscoverFlags } from './discover.ts';
import type { GateFlags } from './gate.ts';
import type { InitFlags } from './init.ts';
import { flagsOf, type JsonFlag, type Kit, type PathFlags } from './kit.ts';
import type { OutageFlags } from './outage.ts';
import type { ReportFlags } from './report.ts';

/** The commands that take the estate in and look at it: init, discover, snapshot, report, gate, outage. */
export function addEstate({ program, io, done, command, withConfig, pathsOf }: Kit): void {
  withConfig(
    command(program, 'init [repo]', "write an estate file from a checkout of the operators' repository"),
  )
    .option('--out <file>', 'write it there instead of the place where it is looked for')
    .option('--force', 'write over an estate file that is there')
    .option('--with-endpoints', 'write proposed endpoints as endpoints where they need no token or key')
    .option('--json', 'machine-readable output')
    .action(async (repo: string | undefined, _flags, self: Command) => {
      const flags = flagsOf<PathFlags & InitFlags>(self);
      const { initCommand } = await import('./init.ts');
      done(await initCommand(repo ?? '.', pathsOf(flags), flags, io));
    });

  withConfig(command(program, 'discover', 'make one pass over the estate; the exit code is the verdict'))
    .option('--out <dir>', 'write snapshot and reports there')
    .option(
      '--keep <n>',
      'how many runs stay; older ones go unless evidence refers to them; 0 keeps all',
      '100',
    )
    .option(
      '--metrics <file.prom>',
      'write the metrics there too, for the text-file collector of a node exporter',
    )
    .option('--script-report <file>', "a report of the operators' own discovery script, to be compared")
    .option('--script-exit <code>', 'the exit code that their script ended with')
    .option('--json', 'print the assessment as JSON')
    .addHelpText(
      'after',
      '\nExit codes: 0 pass, 1 critical failure, 2 usage or configuration, 3 something critical could not be looked at.',
    )
    .action(async (_flags, self: Command) => {
      const flags = flagsOf<PathFlags & DiscoverFlags>(self);
      const { discoverCommand } = await import('./discover.ts');
      done(await discoverCommand(pathsOf(flags), flags, io));
    });

  const snapshot = command(program, 'snapshot', 'look at a snapshot, offline');
  command(snapshot, 'show <snapshot>', 'print its summary, assessed as of its capture')
    .option('--json', 'print the assessment as JSON')
    .action(async (path: string, flags: JsonFlag) => {
      const { snapshotShow } = await import('./snapshot.ts');
      done(await snapshotShow(path, flags, io));
    });
  command(snapshot, 'verify <snapshot>', 'recompute its digests and quorum proofs')
    .option('--json', 'machine-readable output')
    .action(async (path: string, flags: JsonFlag) => {
      const { snapshotVerify } = await import('./snapshot.ts');
      done(await snapshotVerify(path, flags, io));
    });
  command(snapshot, 'diff <before> <after>', 'what appeared, vanished, moved, changed or aged')
    .option('--json', 'machine-readable output')
    .addHelpText('after', '\nExit codes: 0 nothing differs, 1 something does, 2 a snapshot can not be read.')
    .action(async (before: string, after: string, flags: JsonFlag) => {
      const { snapshotDiffCommand } = await import('./snapshot-more.ts');
      done(await snapshotDiffCommand(before, after, flags, io));
    });
  command(snapshot, 'bundle <snapshot>', 'write a redacted copy as one tar file, for somebody outside')
    .option('--out <file>', 'write it there')
    .option('--json', 'machine-readable output')
    .action(async (path: string, flags: JsonFlag & { out?: string }) => {
      const { snapshotBundle } = await import('./snapshot-more.ts');
      done(await snapshotBundle(path, flags, io));
    });

  withConfig(
    command(
      program,
      'report <name>',
      'a deliverable of the master plan from the newest discovery; `list` names them',
    ),
  )
    .option('--offline <snapshot>', 'from this snapshot instead')
    .option('--json', 'machine-readable output')
    .addHelpText('after', '\nExit codes: 0 whatever the report says, 2 when there is nothing to report from.')
    .action(async (name: string, _flags, self: Command) => {
      const flags = flagsOf<PathFlags & ReportFlags>(self);
      const { reportCommand, reportList } = await import('./report.ts');
      done(name === 'list' ? reportList(flags, io) : await reportCommand(name, pathsOf(flags), flags, io));
    });

  withConfig(
    command(program, 'gate', 'the production gate, from the newest pass and from what people signed'),
  )
    .option('--offline <snapshot>', 'a snapshot instead of the newest pass')
    .option('--within-days <days>', 'how long a signed gate counts', '7')
    .option('--json', 'machine-readable output')
    .addHelpText(
      'after',
      '\nExit codes: 0 open, 1 closed by a failure, 2 usage or configuration, 3 something is not known: no fresh pass, nothing pinned, nobody signed.',
    )
    .action(async (_flags, self: Command) => {
      const flags = flagsOf<PathFlags & GateFlags>(self);
      const { gateCommand } = await import('./gate.ts');
      done(await gateCommand(pathsOf(flags), flags, io));
    });

  const outage = command(
    program,
    'outage',
    'planned outages: a failure stays visible, off the exit code until they end',
  );
  withConfig(command(outage, 'add <subject>', 'plan one, signed on the terminal'))
    .requiredOption('--reason <text>', 'why')
    .option('--from <time>', 'when it begins; now by default')
    .option('--until <time>', 'when it ends, for example 2026-11-24T06:00Z')
    .option('--for <duration>', 'or how long it lasts: 90m, 4h, 2d')
    .action(async (subject: string, _flags, self: Command) => {
      const flags = flagsOf<PathFlags & OutageFlags>(self);
      const { outageAdd } = await import('./outage.ts');
      done(await outageAdd(subject, pathsOf(flags), flags, io));
    });
  withConfig(command(outage, 'end <id>', 'end one before its time, signed on the terminal')).action(
    async (id: string, _flags, self: Command) => {
      const { outageEnd } = await import('./outage.ts');
      done(await outageEnd(id, pathsOf(flagsOf<PathFlags>(self)), io));
    },
  );
  withConfig(command(outage, 'list', 'what is planned, in force and over'))
    .option('--json', 'machine-readable output')
    .action(async (_flags, self: Command) => {
      const flags = flagsOf<PathFlags & JsonFlag>(self);
      const { outageList } = await import('./outage.ts');
      done(await outageList(pathsOf(flags), flags, io));
    });
}
