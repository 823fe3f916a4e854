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

/** Where a key works. */
export type KeyPlace = 'everywhere' | 'lists' | 'run';

export interface KeyEntry {
  readonly keys: readonly string[];
  readonly does: string;
  readonly place: KeyPlace;
  /** Shown in the footer of its place. */
  readonly footer?: string;
}

/** The one table of keys: help and footer are made from it. */
export const KEYS: readonly KeyEntry[] = [
  { keys: ['1', '-', '8', 'L', 'Tab'], does: 'go to a screen; to the log; to the next', place: 'everywhere' },
  { keys: ['?'], does: 'this help', place: 'everywhere', footer: 'help' },
  { keys: ['r'], does: 'ask every source again now', place: 'everywhere', footer: 'refresh' },
  { keys: ['q', 'q'], does: 'quit (press it twice)', place: 'everywhere', footer: 'quit' },
  { keys: ['Esc', 'h'], does: 'back; cancel', place: 'everywhere', footer: 'back' },
  { keys: ['up', 'down', 'j', 'k'], does: 'move', place: 'lists' },
  { keys: ['PgUp', 'PgDn', 'g', 'G'], does: 'move by pages, to the top, to the end', place: 'lists' },
  { keys: ['Enter', 'l'], does: 'open', place: 'lists', footer: 'open' },
  { keys: ['/'], does: 'filter; a leading ! keeps what does not match', place: 'lists', footer: 'filter' },
  { keys: ['v'], does: 'on Evidence: verify the session offline', place: 'lists' },
  { keys: ['b'], does: 'sign the beginning', place: 'run' },
  { keys: ['p'], does: 'ask the read-only probes of the step', place: 'run', footer: 'probe' },
  { keys: ['c'], does: 'confirm, by typing the code that is shown', place: 'run', footer: 'confirm' },
  { keys: ['s'], does: 'still planned, with a reason', place: 'run', footer: 'still planned' },
  {
    keys: ['f', 'd', 'x', 'n'],
    does: 'failed, deviated, skipped, not applicable, with a reason',
    place: 'run',
    footer: 'failed',
  },
  {
    keys: ['w', 'W'],
    does: 'ask for a witness to the last answer; take in the signature',
    place: 'run',
  },
  { keys: ['S'], does: 'seal the run, by typing the code', place: 'run', footer: 'seal' },
];

/** The keys that answer a step, and the verdict each stands for. */
export const VERDICT_KEYS = {
  c: 'confirmed',
  s: 'still_planned',
  f: 'failed',
  d: 'deviated',
  x: 'skipped',
  n: 'not_applicable',
} as const;

/** One line of keys for the bottom of the screen. */
export function footerText(place: 'lists' | 'run'): string {
  return KEYS.filter(
    (entry) => entry.footer !== undefined && (entry.place === 'everywhere' || entry.place === place),
  )
    .sort((a, b) => (a.place === place ? -1 : 0) - (b.place === place ? -1 : 0))
    .map((entry) => `${entry.keys[0]} ${entry.footer}`)
    .join('  ');
}
