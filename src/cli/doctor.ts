import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { loadEstate } from '../estate/index.ts';
import type { DocumentedEstate } from '../model/index.ts';
import { type Paths, profileNames } from '../state/paths.ts';
import { openSettings } from '../state/settings/settings.ts';
import { TOOL, vantageHere } from '../state/tool.ts';
import { bindingsOf } from '../ui/commands/bindings.ts';
import { keyFaults, trustFaults } from './doctor-signing.ts';
import { describeError, type Io, printJson } from './io.ts';
import { chooseScreen, readSettings } from './screen.ts';

interface Item {
  readonly name: string;
  readonly value: string;
  readonly why: string;
  readonly fault: string | null;
}

/** `c138 doctor`: what is in force and why, and what is wrong with it. Exit code 0 when all is well, 1 when not. */
export async function doctorCommand(
  paths: Paths,
  flags: { readonly json?: boolean | undefined },
  io: Io,
): Promise<number> {
  const estate = await loadEstate(paths.estateFile.path).catch((error: unknown) => describeError(error));
  const items: Item[] = [
    { name: 'c138', value: TOOL.version, why: `Node.js ${process.versions.node}`, fault: null },
    { name: 'looking from', value: vantageHere(), why: 'host name of this machine', fault: null },
    profileItem(paths),
    estateItem(paths, estate),
    item('settings', `${paths.configDir.path}/settings.json`, paths.configDir.why, () => {
      if (existsSync(`${paths.configDir.path}/settings.json`)) openSettings(paths.configDir.path);
    }),
    withFaults(
      item('trust store', paths.trustFile, paths.configDir.why, () => privateFile(paths.trustFile, 0o022)),
      await trustFaults(paths, typeof estate === 'string' ? null : estate.id),
    ),
    withFaults(
      item('keystores', paths.keysDir, paths.configDir.why, () => privateFile(paths.keysDir, 0o077)),
      await keyFaults(paths.keysDir),
    ),
    item('state', paths.stateDir.path, paths.stateDir.why, () => writable(paths.stateDir.path)),
    item('evidence', paths.evidenceDir, 'in the state folder', () => writable(paths.evidenceDir)),
    item('reports', paths.reportsDir, 'in the state folder', () => writable(paths.reportsDir)),
    await screenItem(paths, io),
  ];
  if (flags.json === true) printJson(io, { format: 'c138-doctor', v: 1, items });
  else
    for (const { name, value, why, fault } of items) {
      io.out(
        `${fault === null ? 'ok  ' : 'FIX '} ${name.padEnd(12)} ${value}${why === '' ? '' : ` (${why})`}\n`,
      );
      if (fault !== null) io.out(`     ${''.padEnd(12)} ${fault}\n`);
    }
  return items.every((one) => one.fault === null) ? 0 : 1;
}

/** How the console would draw here, and what decides it. */
async function screenItem(paths: Paths, io: Io): Promise<Item> {
  const terminal = `${io.env.TERM ?? 'TERM is not set'}, ${io.stdoutIsTty ? 'a terminal' : 'not a terminal'}`;
  const locale = io.env.LC_ALL || io.env.LC_CTYPE || io.env.LANG || 'no locale';
  const why = `${locale}${io.env.NO_COLOR ? ', NO_COLOR is set' : ''}`;
  try {
    const choice = chooseScreen({}, io.env, await readSettings(paths.configDir.path));
    bindingsOf(choice.keys);
    const chosen = Object.keys(choice.keys).length;
    const words = [
      terminal,
      choice.plain ? 'line mode' : choice.fullRedraw ? 'whole frames' : 'changed cells only',
      choice.colour ? `theme ${choice.theme}` : 'no colour',
      choice.ascii ? 'ASCII' : 'Unicode',
      ...(chosen === 0 ? [] : [`own keys for ${chosen} command${chosen === 1 ? '' : 's'}`]),
    ];
    return { name: 'screen', value: words.join(', '), why, fault: null };
  } catch (error) {
    return { name: 'screen', value: terminal, why, fault: describeError(error) };
  }
}

/** Which of several estates is looked at, and which others there are. */
function profileItem(paths: Paths): Item {
  const names = profileNames(paths);
  return {
    name: 'profile',
    value: paths.profile?.name ?? 'none: the one estate of the configuration folder',
    why: [paths.profile?.why ?? '', `known: ${names.join(', ') || 'none'}`]
      .filter((one) => one !== '')
      .join('; '),
    fault: null,
  };
}

/** @param estate what is wrong with its file, where it can not be read */
function estateItem(paths: Paths, estate: DocumentedEstate | string): Item {
  const { path, why } = paths.estateFile;
  if (typeof estate === 'string') return { name: 'estate file', value: path, why, fault: estate };
  return {
    name: 'estate file',
    value: path,
    why: `${why}; ${estate.subjects.length} subjects, ${estate.endpoints.length} endpoints`,
    fault: null,
  };
}

function item(name: string, value: string, why: string, check: () => void): Item {
  try {
    check();
    return { name, value: existsSync(value) ? value : `${value} (not there yet)`, why, fault: null };
  } catch (error) {
    return { name, value, why, fault: describeError(error) };
  }
}

function withFaults(one: Item, faults: readonly string[]): Item {
  const all = [...(one.fault === null ? [] : [one.fault]), ...faults];
  return { ...one, fault: all.length === 0 ? null : all.join('; ') };
}

/** @throws Error when somebody else has one of these rights */
function privateFile(path: string, forbidden: number): void {
  if (!existsSync(path)) return;
  const mode = statSync(path).mode & 0o777;
  if ((mode & forbidden) !== 0)
    throw new Error(`others have rights on ${path} (mode ${mode.toString(8)}); run chmod go-rwx on it`);
}

/** @throws Error when the folder, or the nearest one above it that exists, can not be written */
function writable(path: string): void {
  let nearest = path;
  while (!existsSync(nearest)) nearest = dirname(nearest);
  try {
    accessSync(nearest, constants.W_OK | constants.X_OK);
  } catch {
    throw new Error(`${nearest} can not be written by this user; choose another folder with --state-dir`);
  }
}
