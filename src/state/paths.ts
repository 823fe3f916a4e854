import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { sanitiseLine } from '../model/index.ts';

/** A path and the reason it is the one in force. */
export interface PathChoice {
  readonly path: string;
  readonly why: string;
}

/** Where everything lies. Each choice carries its reason, for `c138 doctor`. */
export interface Paths {
  /** One estate among several, by the name it was given; null for the only one. */
  readonly profile: { readonly name: string; readonly why: string } | null;
  /** The estate file; it need not exist. */
  readonly estateFile: PathChoice;
  readonly configDir: PathChoice;
  readonly stateDir: PathChoice;
  /** The trust store that is used where no `--trust` is given. */
  readonly trustFile: string;
  readonly keysDir: string;
  /** One folder for each evidence session. */
  readonly evidenceDir: string;
  readonly reportsDir: string;
  /** What a person took out of the console: tables, screens. */
  readonly exportsDir: string;
}

export interface PathInput {
  /** `--config`, `--state-dir`, `--profile`. */
  readonly flags?: {
    readonly config?: string | undefined;
    readonly stateDir?: string | undefined;
    readonly profile?: string | undefined;
  };
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number | undefined;
  readonly home?: string;
  /** Whether a folder exists; `/etc/c138` is made by the installation on a node. */
  readonly exists?: (path: string) => boolean;
}

/** A profile is a folder, so its name is plain. */
const PROFILE_NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;
const SYSTEM_CONFIG = '/etc/c138';
const SYSTEM_STATE = '/var/lib/c138';

/**
 * Finds the paths in force: a flag beats an environment variable, which beats the installed folders (root on a
 * node where `/etc/c138` exists), which beat the XDG base folders of the user. A profile has its own estate file, trust store and state below these;
 * settings, keystores and own runbooks are shared. Pure but for `exists`.
 * @throws ProfileError for a name that can not be a folder's
 */
export function resolvePaths(input: PathInput = {}): Paths {
  const env = input.env ?? process.env;
  const flags = input.flags ?? {};
  const home = input.home ?? homedir();
  const uid = input.uid ?? process.getuid?.();
  const installed = uid === 0 && (input.exists ?? (() => false))(SYSTEM_CONFIG);
  const configDir = choose(
    [
      [env.C138_CONFIG_DIR, 'C138_CONFIG_DIR'],
      [installed ? SYSTEM_CONFIG : undefined, 'installed for root'],
    ],
    join(xdg(env.XDG_CONFIG_HOME, join(home, '.config')), 'c138'),
    given(env.XDG_CONFIG_HOME) ? 'XDG_CONFIG_HOME' : 'default for this user',
  );
  const profile = profileOf(flags.profile, env.C138_PROFILE);
  const below = profile === null ? [] : ['profiles', profile.name];
  const base = choose(
    [
      [flags.stateDir, '--state-dir'],
      [env.C138_STATE_DIR, 'C138_STATE_DIR'],
      [installed ? SYSTEM_STATE : undefined, 'installed for root'],
    ],
    join(xdg(env.XDG_STATE_HOME, join(home, '.local', 'state')), 'c138'),
    given(env.XDG_STATE_HOME) ? 'XDG_STATE_HOME' : 'default for this user',
  );
  const stateDir = { path: join(base.path, ...below), why: base.why };
  const estateFile = choose(
    [
      [flags.config, '--config'],
      [env.C138_CONFIG, 'C138_CONFIG'],
    ],
    join(configDir.path, ...below, 'estate.yaml'),
    profile === null
      ? `in the configuration folder (${configDir.why})`
      : `profile ${profile.name} (${profile.why})`,
  );
  return {
    profile,
    estateFile,
    configDir,
    stateDir,
    trustFile: join(configDir.path, ...below, 'trust', 'trust.json'),
    keysDir: join(configDir.path, 'keys'),
    evidenceDir: join(stateDir.path, 'evidence'),
    reportsDir: join(stateDir.path, 'reports'),
    exportsDir: join(stateDir.path, 'exports'),
  };
}

/** The name of a profile is not one. */
export class ProfileError extends Error {
  override readonly name = 'ProfileError';
}

function profileOf(flag: string | undefined, variable: string | undefined): Paths['profile'] {
  const [name, why] = given(flag) ? [flag, '--profile'] : [variable, 'C138_PROFILE'];
  if (!given(name)) return null;
  if (!PROFILE_NAME.test(name))
    throw new ProfileError(
      `${why}: "${sanitiseLine(name, 40)}" can not be the name of a profile. Small letters, digits and hyphens, at most 32.`,
    );
  return { name, why };
}

/** The names of the profiles that have a folder, sorted; none where there is no such folder or it can not be read. */
export function profileNames({ configDir }: Pick<Paths, 'configDir'>): readonly string[] {
  try {
    return readdirSync(join(configDir.path, 'profiles'))
      .filter((name) => PROFILE_NAME.test(name))
      .sort();
  } catch {
    return [];
  }
}

function given(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}

/** XDG Base Directory Specification: a relative path is invalid and has to be ignored. */
function xdg(value: string | undefined, fallback: string): string {
  return given(value) && value.startsWith('/') ? value : fallback;
}

function choose(
  candidates: readonly (readonly [string | undefined, string])[],
  fallback: string,
  fallbackWhy: string,
): PathChoice {
  for (const [path, why] of candidates) if (given(path)) return { path: resolve(path), why };
  return { path: fallback, why: fallbackWhy };
}
