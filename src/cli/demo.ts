import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { partArguments, partEnvironment } from '../program/parts.ts';
import type { Paths } from '../state/paths.ts';
import { CliError } from './io.ts';

/** The paths of the demo: everything of it lies in one folder of the state directory, apart from what is real. */
export function demoPaths(paths: Paths, configPath: string): Paths {
  const base = join(paths.stateDir.path, 'demo');
  const why = 'the simulated estate keeps to itself';
  return {
    profile: null,
    estateFile: { path: configPath, why },
    configDir: { path: join(base, 'config'), why },
    stateDir: { path: base, why },
    trustFile: join(base, 'config', 'trust', 'trust.json'),
    keysDir: join(base, 'config', 'keys'),
    evidenceDir: join(base, 'evidence'),
    reportsDir: join(base, 'reports'),
    exportsDir: join(base, 'exports'),
  };
}

/**
 * The id of the simulated estate on this machine. It stays the same from one start to the next, so that a session that was
 * broken off can be continued.
 */
export async function demoEstateId(folder: string): Promise<string> {
  const file = join(folder, 'estate-id');
  const known = (await readFile(file, 'utf8').catch(() => '')).trim();
  if (/^demo:[0-9a-f]{16}$/.test(known)) return known;
  const id = `demo:${randomBytes(8).toString('hex')}`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const temporary = `${file}.${randomBytes(4).toString('hex')}`;
    await writeFile(temporary, `${id}\n`, { mode: 0o600, flush: true });
    await rename(temporary, file);
  } catch (error) {
    throw new CliError(
      `${folder} can not be written (${(error as NodeJS.ErrnoException).code}). Choose another folder with --state-dir.`,
    );
  }
  return id;
}

export interface RunningDemo {
  readonly configPath: string;
  stop(): Promise<void>;
}

/** Serves the simulated estate in a process of its own, which ends when this one does, however that happens. */
export async function spawnDemo(scenario: string, stateDir: string): Promise<RunningDemo> {
  const child = spawn(
    process.execPath,
    [...partArguments('console'), 'demo', '--serve', '--scenario', scenario, '--state-dir', stateDir],
    {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, ...partEnvironment() },
    },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-2_000);
  });
  const configPath = await Promise.race([
    firstLine(child),
    ended.then(() => {
      throw new CliError(
        `the simulated estate could not be served: ${complaint.trim().replace(/^c138: /, '')}`,
      );
    }),
  ]);
  child.unref();
  return {
    configPath,
    async stop() {
      child.ref();
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new CliError('the simulated estate has no output');
  for await (const line of createInterface({ input: child.stdout })) return line;
  return new Promise(() => undefined);
}
