import { DEFAULT_SETTINGS } from './settings-type.ts';

/** JSON Schema of each preference. */
export const SETTINGS_PROPERTIES = {
  colour: {
    description: '`auto` follows the terminal and NO_COLOR',
    type: 'string',
    enum: ['auto', 'never'],
    default: DEFAULT_SETTINGS.colour,
  },
  glyphs: {
    description: '`auto` follows TERM and the locale',
    type: 'string',
    enum: ['auto', 'unicode', 'ascii'],
    default: DEFAULT_SETTINGS.glyphs,
  },
  firstTab: {
    description: 'the tab that is open at the start',
    type: 'integer',
    minimum: 1,
    maximum: 8,
    default: DEFAULT_SETTINGS.firstTab,
  },
  fullRedraw: {
    description: 'draw every cell each time, for terminals with odd glyph widths',
    type: 'boolean',
    default: DEFAULT_SETTINGS.fullRedraw,
  },
  theme: {
    description: 'colours for a dark or light background, without red against green, or none',
    type: 'string',
    enum: ['dark', 'light', 'safe', 'mono'],
    default: DEFAULT_SETTINGS.theme,
  },
  keys: {
    description: 'keys instead of those of the table, by the name of the command (docs/keys.md)',
    type: 'object',
    additionalProperties: { type: 'array', items: { type: 'string' }, maxItems: 5 },
    default: DEFAULT_SETTINGS.keys,
  },
} as const;

/** The schema of `settings.json`, as `schemas/settings.schema.json` publishes it (JSON Schema draft-07). */
export function settingsSchema(): object {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'https://c138.invalid/schemas/settings.schema.json',
    title: 'c138 settings',
    description:
      'Preferences of the person at the screen. Nothing that decides about the estate or evidence is kept here.',
    type: 'object',
    additionalProperties: false,
    properties: SETTINGS_PROPERTIES,
  };
}
