import { chmodSync, mkdirSync } from 'node:fs';
import Conf from 'conf';
import { sanitiseLine } from '../../model/index.ts';
import { SETTINGS_PROPERTIES } from './settings-schema.ts';
import { DEFAULT_SETTINGS, type Settings } from './settings-type.ts';

export { DEFAULT_SETTINGS, type Settings } from './settings-type.ts';

export interface SettingsStore {
  /** The file, for messages. */
  readonly path: string;
  get(): Settings;
  /** Changes some preferences and writes them at once. */
  set(changes: Partial<Settings>): void;
}

/** The settings file can not be used. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/**
 * Opens `settings.json` (0600) in the configuration folder (0700); it is created at the first change.
 * @throws SettingsError saying which file is bad and how to mend it
 */
export function openSettings(folder: string): SettingsStore {
  const path = `${folder}/settings.json`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const conf = new Conf<{ -readonly [K in keyof Settings]: Settings[K] }>({
      cwd: folder,
      configName: 'settings',
      projectName: 'c138',
      projectSuffix: '',
      configFileMode: 0o600,
      clearInvalidConfig: false,
      accessPropertiesByDotNotation: false,
      rootSchema: { additionalProperties: false },
      schema: structuredClone(SETTINGS_PROPERTIES) as never,
    });
    return {
      path,
      get: () => ({ ...DEFAULT_SETTINGS, ...conf.store }),
      set(changes) {
        conf.set({ ...conf.store, ...changes });
        chmodSync(path, 0o600);
      },
    };
  } catch (error) {
    throw new SettingsError(
      `${path}: ${sanitiseLine((error as Error).message, 160)}. Correct the file, or remove it to go back to the defaults.`,
    );
  }
}
