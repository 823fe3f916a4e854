import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS, openSettings, SettingsError } from '../../src/state/settings/settings.ts';
import { settingsSchema } from '../../src/state/settings/settings-schema.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'c138-settings-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('settings', () => {
  it('starts with the defaults, keeps a change, and is readable by its owner only', () => {
    const settings = openSettings(join(folder, 'c138'));
    expect(settings.get()).toEqual(DEFAULT_SETTINGS);
    settings.set({ glyphs: 'ascii' });
    expect(openSettings(join(folder, 'c138')).get()).toEqual({ ...DEFAULT_SETTINGS, glyphs: 'ascii' });
    expect(statSync(settings.path).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'c138')).mode & 0o777).toBe(0o700);
  });

  it('refuses a broken file with its path, and leaves it as it is', () => {
    const path = join(folder, 'settings.json');
    for (const bad of ['{', '{"glyphs":"emoji"}', '{"firstTab":99}', '{"unknown":1}']) {
      writeFileSync(path, bad);
      expect(() => openSettings(folder)).toThrow(SettingsError);
      expect(() => openSettings(folder)).toThrow(path);
      expect(readFileSync(path, 'utf8')).toBe(bad);
    }
  });
});

it('schemas/settings.schema.json is current', () => {
  const path = join(import.meta.dirname, '../../schemas/settings.schema.json');
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(JSON.stringify(settingsSchema())));
});
