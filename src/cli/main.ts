import { existsSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { sanitiseLine } from '../model/index.ts';
import { type Paths, resolvePaths } from '../state/paths.ts';
import { TOOL } from '../state/tool.ts';
import type { CaliperFlags } from './caliper.ts';
import { type ConsoleFlags, consoleCommand, demoConsole } from './console.ts';
import { addEstate } from './group-estate.ts';
import { addEvidence } from './group-evidence.ts';
import { addRunbook } from './group-runbook.ts';
import { addScreen } from './group-screen.ts';
import { addTrust } from './group-trust.ts';
import { CliError, type Io, processIo, reportError } from './io.ts';
import { flagsOf, type JsonFlag, type Kit, type PathFlags } from './kit.ts';

/**
 * Runs one command line and returns its exit code. Never throws, never prints a stack trace.
 * @param argv the arguments after the program's name
 */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  let code = 0;
  const program = buildProgram(io, (result) => {
    code = result;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return reportError(error, io);
  }
}

/**
 * The tree of commands with their options and texts, which the man page and completion are made from too.
 * @param done takes the exit code of a command that ran
 */
export function buildProgram(io: Io, done: (code: number) => void): Command {
  const pathsOf = (flags: PathFlags): Paths =>
    resolvePaths({
      flags: { config: flags.config, stateDir: flags.stateDir, profile: flags.profile },
      env: io.env,
      exists: existsSync,
    });
  const program = new Command('c138');
  program
    .description(
      'The operator console for DBIS Chain 138: looks without touching, guides, and keeps signed evidence.',
    )
    .version(TOOL.version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => io.err(text),
      outputError: (text, write) =>
        write(`c138: ${sanitiseLine(text.replace(/^error: /, '').trim())}. See c138 --help.\n`),
    })
    .showSuggestionAfterError(true)
    .enablePositionalOptions();

  /** Every command inherits the settings above. */
  const command = (parent: Command, usage: string, text: string): Command =>
    parent.command(usage).description(text).copyInheritedSettings(program).allowExcessArguments(false);
  const withConfig = (one: Command): Command =>
    one
      .option('--config <file>', 'the estate file')
      .option('--profile <name>', 'one estate among several; `c138 doctor` names them')
      .option('--state-dir <dir>', 'where snapshots, reports and evidence are kept');
  const withScreen = (one: Command): Command =>
    one
      .option('--plain', 'line mode, for screen readers, serial consoles and pipes')
      .option('--ascii', 'draw with ASCII characters only')
      .option('--no-color', 'no colour')
      .option('--full-redraw', 'redraw the whole screen each time');

  const kit: Kit = { program, io, done, command, withConfig, pathsOf };

  withScreen(withConfig(program))
    .option('--offline <snapshot>', 'open the console on a snapshot; opens no network socket')
    .allowExcessArguments(true)
    .action(async () => {
      const [unknown] = program.args;
      if (unknown !== undefined)
        throw new CliError(`there is no command "${sanitiseLine(unknown, 40)}". See c138 --help.`);
      const flags = flagsOf<PathFlags & ConsoleFlags>(program);
      done(await consoleCommand(pathsOf(flags), flags, io));
    });

  withScreen(command(program, 'demo', 'open the console on the simulated estate'))
    .option('--scenario <name>', 'how the estate fares; `list` names them all', 'healthy')
    .option('--serve', 'only serve it, and print the path of its estate file')
    .option('--state-dir <dir>', 'where snapshots, reports and evidence are kept')
    .option('--json', 'machine-readable output of `list` and `--serve`')
    .action(async (_flags, self: Command) => {
      const flags = flagsOf<PathFlags & ConsoleFlags & JsonFlag & { scenario: string; serve?: boolean }>(
        self,
      );
      if (flags.scenario === 'list' || flags.serve === true) {
        const serve = await import('./demo-serve.ts');
        if (flags.scenario === 'list') return done(serve.listScenarios(flags.json === true, io));
        serve.checkScenario(flags.scenario);
        const { demoEstateId, demoPaths } = await import('./demo.ts');
        const id = await demoEstateId(demoPaths(pathsOf(flags), '').stateDir.path);
        return done(await serve.serveDemo(flags.scenario, id, flags.json === true, io));
      }
      done(await demoConsole(pathsOf(flags), flags, flags.scenario, io));
    });

  addEstate(kit);

  const chain = command(
    program,
    'chain',
    'quorum proofs and configuration checks, offline; heads as they come',
  );
  command(chain, 'prove <file>', 'a block object, a JSON-RPC response, or a snapshot')
    .option('--validators <addresses>', 'the validator set to count against, separated by commas')
    .option('--trust <file>', 'a trust store that pins the validator set')
    .option('--json', 'machine-readable output')
    .addHelpText(
      'after',
      '\nExit codes: 0 proven against a pinned set, 1 not proven, 2 unreadable, 3 self-consistent only (nothing pinned).',
    )
    .action(async (path: string, flags: JsonFlag & { validators?: string; trust?: string }) => {
      const { chainProve } = await import('./chain-prove.ts');
      done(await chainProve(path, flags, io));
    });

  command(chain, 'lint <file>', 'whether a Besu release starts with this TOML configuration')
    .option('--besu <version>', 'the release, for example 25.12.0; by default the newest one known')
    .option('--json', 'machine-readable output')
    .addHelpText(
      'after',
      '\nExit codes: 0 it starts, 1 it does not, 2 the file or the release can not be read.',
    )
    .action(async (path: string, flags: JsonFlag & { besu?: string }) => {
      const { chainLint } = await import('./chain-lint.ts');
      done(await chainLint(path, flags, io));
    });

  withConfig(
    command(chain, 'watch <endpoint>', 'new heads over the WebSocket of one endpoint, closed properly'),
  )
    .option('--heads <number>', 'how many to wait for', '5')
    .option('--json', 'machine-readable output')
    .addHelpText(
      'after',
      '\nExit codes: 0 all came and both sides closed, 1 not so, 2 usage or configuration, 3 nobody could look.',
    )
    .action(async (endpoint: string, _flags, self: Command) => {
      const flags = flagsOf<PathFlags & JsonFlag & { heads?: string }>(self);
      const { chainWatch } = await import('./chain-watch.ts');
      done(await chainWatch(pathsOf(flags), endpoint, flags, io));
    });

  withConfig(command(program, 'phase3', 'the automated slices, then what remains for people'))
    .option('--json', 'machine-readable output')
    .option('--open', 'then open the console at the runbook of what remains')
    .addHelpText(
      'after',
      '\nExit codes: 0 the slices pass, 1 one failed, 2 usage or configuration, 3 one could not be looked at. Optional slices never decide.',
    )
    .action(async (_flags, self: Command) => {
      const flags = flagsOf<PathFlags & JsonFlag & { open?: boolean }>(self);
      const { FOLLOW_UPS, phase3Command } = await import('./phase3.ts');
      const code = await phase3Command(pathsOf(flags), flags, io);
      if (flags.open === true) {
        await consoleCommand(pathsOf(flags), { runbook: FOLLOW_UPS }, io);
      }
      done(code);
    });

  withConfig(command(program, 'history', 'what was seen of the chain over time'))
    .option('--html <file>', 'write a page with plots there')
    .option('--json', 'machine-readable output')
    .action(async (_flags, self: Command) => {
      const flags = flagsOf<PathFlags & JsonFlag & { html?: string }>(self);
      const { historyCommand } = await import('./history.ts');
      done(await historyCommand(pathsOf(flags), flags, io));
    });

  const caliper = command(
    program,
    'caliper',
    'benchmarks by Hyperledger Caliper: files for it, reports from it',
  );
  command(caliper, 'files', 'write the files that it needs, without any key')
    .requiredOption('--ws <url>', 'the WebSocket of the node, ws:// or wss://')
    .option('--chain-id <id>', 'the chain', '138')
    .option('--tps <n>', 'transactions a second', '10')
    .option('--count <n>', 'transactions in all', '1000')
    .option('--out <dir>', 'write them there')
    .action(async (flags: CaliperFlags) => {
      const { caliperWrite } = await import('./caliper.ts');
      done(await caliperWrite(flags, io));
    });
  withConfig(command(caliper, 'report <file>', 'keep a report under its digest; it never decides a verdict'))
    .option('--json', 'machine-readable output')
    .action(async (file: string, _flags, self: Command) => {
      const flags = flagsOf<PathFlags & CaliperFlags>(self);
      const { caliperReport } = await import('./caliper.ts');
      done(await caliperReport(file, pathsOf(flags), flags, io));
    });

  addEvidence(kit);

  addRunbook(kit, withScreen);

  addTrust(kit);
  addScreen(kit);

  withConfig(command(program, 'doctor', 'what is in force, and why'))
    .option('--json', 'machine-readable output')
    .action(async (_flags, self: Command) => {
      const flags = flagsOf<PathFlags & JsonFlag>(self);
      const { doctorCommand } = await import('./doctor.ts');
      done(await doctorCommand(pathsOf(flags), flags, io));
    });

  command(
    program,
    'completion <shell> [words...]',
    'print what makes a shell complete c138: bash, zsh or fish',
  )
    .addHelpText(
      'after',
      '\nIn bash or zsh: source <(c138 completion SHELL). In fish: c138 completion fish | source.\nSHELL may be `words`, with the words of a command line after `--`: what such a script asks.',
    )
    .action(async (shell: string, words: string[]) => {
      const { completionCommand } = await import('./completion.ts');
      done(await completionCommand(program, shell, words, pathsOf({}), io));
    });
  return program;
}
