import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** A path and the reason it is the one in force. */
export interface PathChoice {
  readonly path: string;
  readonly why: string;
}

/** Where everything lies. Each choice carries its reason, for `c138 doctor`. */
export interface Paths {
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
  /** `--config`, `--state-dir`. */
  readonly flags?: { readonly config?: string | undefined; readonly stateDir?: string | undefined };
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number | undefined;
  readonly home?: string;
  /** Whether a folder exists; `/etc/c138` is made by the installation on a node. */
  readonly exists?: (path: string) => boolean;
}

const SYSTEM_CONFIG = '/etc/c138';
const SYSTEM_STATE = '/var/lib/c138';

/**
 * Finds the paths in force: a flag beats an environment variable, which beats the installed folders (root on a
 * node where `/etc/c138` exists), which beat the XDG base folders of the user. Pure but for `exists`.
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
  const stateDir = choose(
    [
      [flags.stateDir, '--state-dir'],
      [env.C138_STATE_DIR, 'C138_STATE_DIR'],
      [installed ? SYSTEM_STATE : undefined, 'installed for root'],
    ],
    join(xdg(env.XDG_STATE_HOME, join(home, '.local', 'state')), 'c138'),
    given(env.XDG_STATE_HOME) ? 'XDG_STATE_HOME' : 'default for this user',
  );
  const estateFile = choose(
    [
      [flags.config, '--config'],
      [env.C138_CONFIG, 'C138_CONFIG'],
    ],
    join(configDir.path, 'estate.yaml'),
    `in the configuration folder (${configDir.why})`,
  );
  return {
    estateFile,
    configDir,
    stateDir,
    trustFile: join(configDir.path, 'trust', 'trust.json'),
    keysDir: join(configDir.path, 'keys'),
    evidenceDir: join(stateDir.path, 'evidence'),
    reportsDir: join(stateDir.path, 'reports'),
    exportsDir: join(stateDir.path, 'exports'),
  };
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
