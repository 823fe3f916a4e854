/** Preferences of the person at the screen. Nothing that decides about the estate or evidence is kept here. */
export interface Settings {
  /** `auto` follows the terminal and NO_COLOR. */
  readonly colour: 'auto' | 'never';
  readonly glyphs: 'auto' | 'unicode' | 'ascii';
  /** The tab that is open at the start, 1 to 8. */
  readonly firstTab: number;
  /** Redraw the whole screen each time, for terminals with odd glyph widths. */
  readonly fullRedraw: boolean;
  readonly theme: 'dark' | 'light' | 'safe' | 'mono';
  /** Keys instead of those of the table, by the id of the command (docs/keys.md). */
  readonly keys: Readonly<Record<string, readonly string[]>>;
}

export const DEFAULT_SETTINGS: Settings = {
  colour: 'auto',
  glyphs: 'auto',
  firstTab: 1,
  fullRedraw: false,
  theme: 'dark',
  keys: {},
};
