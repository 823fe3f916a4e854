import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import type { Backend } from '../state/backend.ts';
import { type Paths, profileNames } from '../state/paths.ts';
import { openOffline } from '../state/snapshots/offline.ts';
import { startWorker, WorkerStuckError } from '../state/worker-client.ts';
import { demoPaths, spawnDemo } from './demo.ts';
import { CliError, ENDED_HARD, type Io } from './io.ts';
import { readingFor } from './offline-reading.ts';
import { chooseScreen, hasTerminal, readSettings, type ScreenChoice, type ScreenFlags } from './screen.ts';

/** The rest of the program is loaded so long after the first screen, in milliseconds. */
const REST_MS = 3_000;

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
    const { backend, ready } = openOffline(flags.offline, readingFor(paths));
    return show(backend, choice, flags, paths, ready);
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
  const { backend, ready } = startWorker({
    kind: 'c138-worker',
    configPath: paths.estateFile.path,
    configDir: paths.configDir.path,
    stateDir: paths.stateDir.path,
    trustFile: paths.trustFile,
    keysDir: paths.keysDir,
    evidenceDir: paths.evidenceDir,
    demoDir,
  });
  return show(backend, choice, flags, paths, ready);
}

/** Shows the console until it is left, and ends what works behind it. Gives the exit code. */
async function show(...screen: Parameters<typeof shown>): Promise<number> {
  const [backend] = screen;
  let ended = true;
  let code: number;
  try {
    code = await shown(...screen);
  } finally {
    ended = await backend.close().then(() => true, sayStuck);
  }
  return ended ? code : ENDED_HARD;
}

/** @throws what is another error */
function sayStuck(error: unknown): false {
  if (!(error instanceof WorkerStuckError)) throw error;
  process.stderr.write(`c138: ${error.message}\n`);
  return false;
}

async function shown(
  backend: Backend,
  choice: ScreenChoice,
  flags: ConsoleFlags,
  paths: Paths,
  ready: Promise<void>,
): Promise<number> {
  // It may fail before anybody waits for it.
  ready.catch(() => undefined);
  const runbook = flags.runbook === undefined ? {} : { runbook: flags.runbook };
  if (choice.plain) {
    const { runPlain } = await import('../ui/plain/run-plain.ts');
    await ready;
    return await runPlain({ backend, ...runbook, input: process.stdin, output: process.stdout });
  }
  const { runConsole } = await import('../ui/console.tsx');
  // An upgrade may replace the program's files while it runs: what it may still want is loaded soon after the first screen.
  const rest = setTimeout(() => void loadRest().catch(() => undefined), REST_MS).unref();
  const signal = await runConsole({
    backend,
    ready,
    ascii: choice.ascii,
    colour: choice.colour,
    theme: choice.theme,
    keys: choice.keys,
    firstTab: choice.firstTab,
    fullRedraw: choice.fullRedraw,
    ...runbook,
    save: async (name, text) => {
      const { saveExport } = await loadRest();
      return saveExport(paths.exportsDir, name, text);
    },
    remember: async (changes) => {
      const { openSettings } = await loadRest();
      openSettings(paths.configDir.path).set(changes);
    },
  });
  clearTimeout(rest);
  if (signal === null) return 0;
  process.stderr.write(`c138: ended by ${signal}\n`);
  // As a shell tells that a program was ended by a signal.
  return 128 + constants.signals[signal];
}

/** What the console wants only when it is asked to keep something. */
async function loadRest() {
  const [{ saveExport }, { openSettings }] = await Promise.all([
    import('../state/exports.ts'),
    import('../state/settings/settings.ts'),
  ]);
  return { saveExport, openSettings };
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
