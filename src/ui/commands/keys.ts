/** The screens, in the order of their keys. */
export const SCREENS = [
  { id: 'overview', key: '1', label: 'Overview', short: 'Overview' },
  { id: 'hosts', key: '2', label: 'Hosts', short: 'Hosts' },
  { id: 'guests', key: '3', label: 'Guests', short: 'Guests' },
  { id: 'tiers', key: '4', label: 'RPC tiers', short: 'RPC' },
  { id: 'hyperledger', key: '5', label: 'Hyperledger', short: 'Hyperledger' },
  { id: 'runbooks', key: '6', label: 'Runbooks', short: 'Runbooks' },
  { id: 'evidence', key: '7', label: 'Evidence', short: 'Evidence' },
  { id: 'program', key: '8', label: 'Program', short: 'Program' },
  { id: 'log', key: 'L', label: 'Log', short: 'Log' },
] as const;
export type ScreenId = (typeof SCREENS)[number]['id'];

/** The part of a key press that names it, as Ink gives it. */
export interface KeyPress {
  readonly upArrow: boolean;
  readonly downArrow: boolean;
  readonly leftArrow: boolean;
  readonly rightArrow: boolean;
  readonly pageUp: boolean;
  readonly pageDown: boolean;
  readonly home: boolean;
  readonly end: boolean;
  readonly return: boolean;
  readonly escape: boolean;
  readonly tab: boolean;
  readonly shift: boolean;
  readonly ctrl: boolean;
  readonly meta: boolean;
  readonly backspace: boolean;
  readonly delete: boolean;
}

/** Keys that are no character, by the name that settings and help give them. */
export const NAMED_KEYS = [
  'up',
  'down',
  'left',
  'right',
  'PgUp',
  'PgDn',
  'Home',
  'End',
  'Enter',
  'Esc',
  'Tab',
  'Shift-Tab',
] as const;

/** The name of a key press (`j`, `Enter`, `Ctrl-z`), or null when it is none that a command can have. `char` is one grapheme. */
export function keyName(char: string, key: KeyPress): string | null {
  if (key.escape) return 'Esc';
  if (key.return) return 'Enter';
  if (key.upArrow) return 'up';
  if (key.downArrow) return 'down';
  if (key.leftArrow) return 'left';
  if (key.rightArrow) return 'right';
  if (key.pageUp) return 'PgUp';
  if (key.pageDown) return 'PgDn';
  if (key.home) return 'Home';
  if (key.end) return 'End';
  if (key.tab) return key.shift ? 'Shift-Tab' : 'Tab';
  if (key.backspace || key.delete || key.meta || char === '') return null;
  return key.ctrl ? `Ctrl-${char.toLowerCase()}` : char;
}

/** True for a name that `keyName` can give and that every terminal sends: Ctrl-h, -i, -j and -m are Backspace, Tab and Enter. */
export function isKeyName(name: string): boolean {
  return (
    (NAMED_KEYS as readonly string[]).includes(name) ||
    /^Ctrl-[a-gk-ln-z]$/.test(name) ||
    /^[!-~]$/.test(name)
  );
}
