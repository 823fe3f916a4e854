import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import type { Backend } from '../state/backend.ts';
import { type Paths, profileNames } from '../state/paths.ts';
import { startWorker } from '../state/worker-client.ts';
import { demoPaths, spawnDemo } from './demo.ts';
import { CliError, type Io } from './io.ts';
import { chooseScreen, hasTerminal, readSettings, type ScreenChoice, type ScreenFlags } from './screen.ts';

export interface ConsoleFlags extends ScreenFlags {
  /** A snapshot to read instead of looking at the estate. */
  readonly offline?: string;
  /** Opens this runbook at once. */
  readonly runbook?: string;
}

/** `c138`: the console on the configured estate, or on a snapshot. */
export async function consoleCommand(paths: Paths, flags: ConsoleFlags, io: Io): Promise<number> {
  if (flags.offline === undefined) requireEstate(paths);
  const choice = chooseScreen(flags, io.env, await readSettings(paths.configDir.path));
  requireTerminal(choice, io);
  if (flags.offline !== undefined) {
    const { openOffline } = await import('../state/snapshots/offline.ts');
    const { readingFor } = await import('./offline-reading.ts');
    return show(await openOffline(flags.offline, readingFor(paths)), choice, flags, paths);
  }
  return live(paths, null, choice, flags);
}

/** `c138 demo`: the console on the simulated estate, which is served by a process of its own. */
export async function demoConsole(
  paths: Paths,
  flags: ScreenFlags,
  scenario: string,
  io: Io,
): Promise<number> {
  const choice = chooseScreen(flags, io.env, await readSettings(demoPaths(paths, '').configDir.path));
  requireTerminal(choice, io);
  const demo = await spawnDemo(scenario, paths.stateDir.path);
  try {
    const own = demoPaths(paths, demo.configPath);
    return await live(own, own.stateDir.path, choice, flags);
  } finally {
    await demo.stop();
  }
}

async function live(
  paths: Paths,
  demoDir: string | null,
  choice: ScreenChoice,
  flags: ConsoleFlags,
): Promise<number> {
  const screen = loadScreen(choice);
  const backend = await startWorker({
    kind: 'c138-worker',
    configPath: paths.estateFile.path,
    configDir: paths.configDir.path,
    stateDir: paths.stateDir.path,
    trustFile: paths.trustFile,
    keysDir: paths.keysDir,
    evidenceDir: paths.evidenceDir,
    demoDir,
  });
  await screen;
  return show(backend, choice, flags, paths);
}

/** Loads what draws, while the worker starts. A failure is told when it is used. */
function loadScreen(choice: ScreenChoice): Promise<unknown> {
  const loading = choice.plain ? import('../ui/plain/run-plain.ts') : loadInk(choice);
  return loading.catch(() => undefined);
}

/** Ink asks the environment for colours as soon as it is loaded. */
function loadInk(choice: ScreenChoice): Promise<typeof import('../ui/console.tsx')> {
  if (!choice.colour) Object.assign(process.env, { FORCE_COLOR: '0' });
  return import('../ui/console.tsx');
}

async function show(
  backend: Backend,
  choice: ScreenChoice,
  flags: ConsoleFlags,
  paths: Paths,
): Promise<number> {
  const runbook = flags.runbook === undefined ? {} : { runbook: flags.runbook };
  try {
    if (choice.plain) {
      const { runPlain } = await import('../ui/plain/run-plain.ts');
      return await runPlain({ backend, ...runbook, input: process.stdin, output: process.stdout });
    }
    const { runConsole } = await loadInk(choice);
    const signal = await runConsole({
      backend,
      ascii: choice.ascii,
      colour: choice.colour,
      theme: choice.theme,
      keys: choice.keys,
      firstTab: choice.firstTab,
      fullRedraw: choice.fullRedraw,
      ...runbook,
      save: async (name, text) => {
        const { saveExport } = await import('../state/exports.ts');
        return saveExport(paths.exportsDir, name, text);
      },
      remember: async (changes) => {
        const { openSettings } = await import('../state/settings/settings.ts');
        openSettings(paths.configDir.path).set(changes);
      },
    });
    if (signal === null) return 0;
    process.stderr.write(`c138: ended by ${signal}\n`);
    // As a shell tells that a program was ended by a signal.
    return 128 + constants.signals[signal];
  } finally {
    await backend.close();
  }
}

/** @throws CliError that offers the demo, when nothing was configured at all */
function requireEstate(paths: Paths): void {
  const { path, why } = paths.estateFile;
  if (!existsSync(path) && why !== '--config' && why !== 'C138_CONFIG')
    throw new CliError(
      `no estate is configured: there is no ${path} (${why}). ` +
        (paths.profile === null ? '' : `Profiles here: ${profileNames(paths).join(', ') || 'none'}. `) +
        "Try `c138 demo` for a simulated estate, let `c138 init REPOSITORY` write an estate file from the operators' repository, or name one with --config.",
    );
}

/** @throws CliError that says how to do without */
function requireTerminal(choice: ScreenChoice, io: Io): void {
  if (!choice.plain && !hasTerminal(io))
    throw new CliError('standard input and output are not a terminal. Use --plain for line mode.');
}
