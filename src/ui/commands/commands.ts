import { SCREENS } from './keys.ts';

/** Where a command works. A run is a list too; what a run has for itself goes first there. */
export const WHERES = ['everywhere', 'lists', 'run'] as const;
export type Where = (typeof WHERES)[number];

/** What the palette takes after the word of a command. */
export type Takes = 'subject' | 'runbook' | 'column' | 'format' | 'theme' | 'text' | 'file';

/** Columns of the help for the keys of a command, and for what it does. */
export const KEYS_COLUMNS = 13;
export const DOES_COLUMNS = 25;

interface Entry {
  readonly id: string;
  readonly keys: readonly string[];
  /** A few words, at most `DOES_COLUMNS`: it shares half a line of 80 columns with its keys. */
  readonly does: string;
  readonly where: Where;
  /** Shown at the bottom of the screen, where the command works. */
  readonly footer?: string;
  /** The word of the palette. */
  readonly word?: string;
  readonly takes?: Takes;
  /** Told on the line of another command in the help. */
  readonly beside?: string;
  /** Keeps its keys whatever the settings say. */
  readonly fixed?: true;
}

const screens = SCREENS.map(
  ({ id, key, label }) =>
    ({
      id: `screen-${id}`,
      keys: [key],
      does: id === 'overview' ? 'go to a screen; the log' : `go to ${label}`,
      where: 'everywhere',
      word: id,
      ...(id === 'overview' ? {} : { beside: 'screen-overview' }),
    }) as const,
);

const TABLE = [
  { id: 'next-screen', keys: ['Tab'], does: 'next screen, previous one', where: 'everywhere' },
  {
    id: 'previous-screen',
    keys: ['Shift-Tab'],
    does: 'previous screen',
    where: 'everywhere',
    beside: 'next-screen',
  },
  { id: 'help', keys: ['?'], does: 'this help', where: 'everywhere', footer: 'help', word: 'help' },
  { id: 'palette', keys: [':'], does: 'type a command', where: 'everywhere', footer: 'command' },
  { id: 'refresh', keys: ['r'], does: 'ask every source again', where: 'everywhere', word: 'refresh' },
  {
    id: 'out',
    keys: ['Esc', 'h', 'left'],
    does: 'back out; cancel',
    where: 'everywhere',
    footer: 'back',
    word: 'out',
  },
  { id: 'past', keys: ['['], does: 'where you were; forward', where: 'everywhere', word: 'back' },
  {
    id: 'future',
    keys: [']'],
    does: 'forward again',
    where: 'everywhere',
    word: 'forward',
    beside: 'past',
  },
  { id: 'copy', keys: ['y'], does: 'copy the row; the screen', where: 'everywhere', word: 'copy' },
  {
    id: 'copy-screen',
    keys: ['Y'],
    does: 'copy the screen',
    where: 'everywhere',
    word: 'copy-screen',
    beside: 'copy',
  },
  {
    id: 'export',
    keys: ['e'],
    does: 'save table; save screen',
    where: 'everywhere',
    word: 'export',
    takes: 'format',
  },
  {
    id: 'capture',
    keys: ['E'],
    does: 'save the screen as text',
    where: 'everywhere',
    word: 'capture',
    beside: 'export',
  },
  { id: 'redraw', keys: ['Ctrl-l'], does: 'draw again; stop (fg)', where: 'everywhere', word: 'redraw' },
  {
    id: 'suspend',
    keys: ['Ctrl-z'],
    does: 'stop until fg',
    where: 'everywhere',
    beside: 'redraw',
    fixed: true,
  },
  {
    id: 'quit',
    keys: ['q'],
    does: 'quit: twice; or at once',
    where: 'everywhere',
    footer: 'quit',
    word: 'quit',
  },
  {
    id: 'quit-now',
    keys: ['Ctrl-c'],
    does: 'quit at once',
    where: 'everywhere',
    beside: 'quit',
    fixed: true,
  },
  { id: 'up', keys: ['up', 'k'], does: 'move', where: 'lists' },
  { id: 'down', keys: ['down', 'j'], does: 'move down', where: 'lists', beside: 'up' },
  { id: 'page-up', keys: ['PgUp', 'Ctrl-b', 'Ctrl-u'], does: 'move by pages', where: 'lists' },
  {
    id: 'page-down',
    keys: ['PgDn', 'Ctrl-f', 'Ctrl-d'],
    does: 'a page down',
    where: 'lists',
    beside: 'page-up',
  },
  { id: 'top', keys: ['g', 'Home'], does: 'to the top, to the end', where: 'lists' },
  { id: 'end', keys: ['G', 'End'], does: 'to the end', where: 'lists', beside: 'top' },
  { id: 'open', keys: ['Enter', 'l', 'right'], does: 'open', where: 'lists', footer: 'open' },
  {
    id: 'filter',
    keys: ['/'],
    does: 'filter; ! keeps the rest',
    where: 'lists',
    footer: 'filter',
    word: 'filter',
    takes: 'text',
  },
  {
    id: 'sort',
    keys: ['s'],
    does: 'sort by next column; turn',
    where: 'lists',
    footer: 'sort',
    word: 'sort',
    takes: 'column',
  },
  { id: 'sort-turn', keys: ['S'], does: 'turn the order', where: 'lists', beside: 'sort' },
  {
    id: 'mend',
    keys: ['m'],
    does: 'the runbook step for it',
    where: 'lists',
    footer: 'mend',
    word: 'mend',
  },
  { id: 'verify', keys: ['v'], does: 'verify a session (7)', where: 'lists', word: 'verify' },
  { id: 'begin', keys: ['b'], does: 'sign the beginning', where: 'run' },
  { id: 'probe', keys: ['p'], does: "ask the step's probes", where: 'run', footer: 'probe' },
  { id: 'confirm', keys: ['c'], does: 'confirm, typing the code', where: 'run', footer: 'confirm' },
  { id: 'still-planned', keys: ['s'], does: 'still planned', where: 'run', footer: 'still planned' },
  { id: 'failed', keys: ['f'], does: 'failed; deviated', where: 'run', footer: 'failed' },
  { id: 'deviated', keys: ['d'], does: 'deviated', where: 'run', beside: 'failed' },
  { id: 'skipped', keys: ['x'], does: 'skipped; not applicable', where: 'run' },
  { id: 'not-applicable', keys: ['n'], does: 'not applicable', where: 'run', beside: 'skipped' },
  { id: 'ask-witness', keys: ['w'], does: 'ask a witness; take in', where: 'run' },
  {
    id: 'take-witness',
    keys: ['W'],
    does: 'take in the signature of a witness',
    where: 'run',
    beside: 'ask-witness',
  },
  { id: 'again', keys: ['R'], does: 'try again; abort; stop', where: 'run' },
  { id: 'abort', keys: ['A'], does: 'abort the run', where: 'run', beside: 'again' },
  { id: 'panic', keys: ['!'], does: 'stop: what is safe', where: 'run', word: 'stop', beside: 'again' },
  { id: 'seal', keys: ['S'], does: 'seal the run, by the code', where: 'run', footer: 'seal' },
  {
    id: 'show',
    keys: [],
    does: 'the story of a subject',
    where: 'everywhere',
    word: 'show',
    takes: 'subject',
  },
  {
    id: 'run',
    keys: [],
    does: 'open a runbook',
    where: 'everywhere',
    word: 'run',
    takes: 'runbook',
  },
  {
    id: 'theme',
    keys: [],
    does: 'dark, light, safe or mono',
    where: 'everywhere',
    word: 'theme',
    takes: 'theme',
  },
  {
    id: 'deviate',
    keys: [],
    does: 'it is done otherwise',
    where: 'run',
    word: 'deviate',
    takes: 'text',
    beside: 'note',
  },
  {
    id: 'correct',
    keys: [],
    does: 'another answer to a step',
    where: 'run',
    word: 'correct',
    takes: 'text',
  },
  {
    id: 'handover',
    keys: [],
    does: 'hand over; then accept',
    where: 'run',
    word: 'handover',
    takes: 'text',
  },
  {
    id: 'accept',
    keys: [],
    does: 'hand over, accepted',
    where: 'run',
    word: 'accept',
    takes: 'file',
    beside: 'handover',
  },
  {
    id: 'checkpoint',
    keys: [],
    does: 'count records; onecopy',
    where: 'run',
    word: 'checkpoint',
  },
  {
    id: 'onecopy',
    keys: [],
    does: 'go on without the mirror',
    where: 'run',
    word: 'onecopy',
    beside: 'checkpoint',
  },
  { id: 'note', keys: [], does: 'a note; a deviation', where: 'run', word: 'note', takes: 'text' },
  {
    id: 'attach',
    keys: [],
    does: 'keep output of a command',
    where: 'run',
    word: 'attach',
    takes: 'file',
  },
] as const satisfies readonly Entry[];

export type CommandId = (typeof screens)[number]['id'] | (typeof TABLE)[number]['id'];

/** One thing that the console can be told to do. */
export interface Command extends Entry {
  readonly id: CommandId;
}

/** The one table of keys and commands: keys, help, footer, palette and docs are made from it. */
export const COMMANDS: readonly Command[] = [...screens, ...TABLE];

export function commandOf(id: string): Command | undefined {
  return COMMANDS.find((one) => one.id === id);
}
