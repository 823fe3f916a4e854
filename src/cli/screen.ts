import { existsSync } from 'node:fs';
import { DEFAULT_SETTINGS, type Settings } from '../state/settings/settings-type.ts';
import type { Io } from './io.ts';

/** What drawing needs to know of the terminal, as given on the command line. */
export interface ScreenFlags {
  readonly plain?: boolean;
  readonly ascii?: boolean;
  /** False for `--no-color`. */
  readonly color?: boolean;
  readonly fullRedraw?: boolean;
}

export interface ScreenChoice {
  readonly plain: boolean;
  readonly ascii: boolean;
  readonly colour: boolean;
  readonly fullRedraw: boolean;
  readonly theme: Settings['theme'];
  readonly keys: Settings['keys'];
  readonly firstTab: number;
}

/**
 * How to draw: a flag beats the environment, which beats the settings. NO_COLOR (any text that is not empty), TERM=dumb
 * (line mode), TERM=linux (a console font without most glyphs) and a locale without UTF-8 are honoured. Pure.
 */
export function chooseScreen(flags: ScreenFlags, env: NodeJS.ProcessEnv, settings: Settings): ScreenChoice {
  const dumb = env.TERM === 'dumb';
  const noColour =
    flags.color === false ||
    (env.NO_COLOR !== undefined && env.NO_COLOR !== '') ||
    dumb ||
    settings.colour === 'never';
  return {
    plain: flags.plain === true || dumb,
    ascii:
      flags.ascii === true ||
      settings.glyphs === 'ascii' ||
      (settings.glyphs === 'auto' && (dumb || env.TERM === 'linux' || !isUtf8(env))),
    colour: !noColour,
    fullRedraw: flags.fullRedraw === true || settings.fullRedraw,
    theme: settings.theme,
    keys: settings.keys,
    firstTab: settings.firstTab,
  };
}

/** True when the locale says UTF-8, by the order of POSIX (XBD section 8.2): LC_ALL, LC_CTYPE, LANG. None at all is the C locale. */
function isUtf8(env: NodeJS.ProcessEnv): boolean {
  return /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || '');
}

/** The settings in force. Their package is loaded only where there is a file to read. */
export async function readSettings(configDir: string): Promise<Settings> {
  if (!existsSync(`${configDir}/settings.json`)) return DEFAULT_SETTINGS;
  const { openSettings } = await import('../state/settings/settings.ts');
  return openSettings(configDir).get();
}

/** True when both ends of the conversation are a terminal. */
export function hasTerminal(io: Io): boolean {
  return io.stdinIsTty && io.stdoutIsTty;
}
