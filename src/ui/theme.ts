import type { Health, Status } from '../model/index.ts';

/** What a piece of text means; colour is one way of showing it, never the only one. */
export type Tone = 'plain' | 'dim' | 'strong' | 'good' | 'warn' | 'bad' | 'doubt' | 'accent';

/** How a tone looks where there is colour. */
export interface Look {
  readonly color?: string;
  readonly dimColor?: boolean;
  readonly bold?: boolean;
}

type Looks = Readonly<Record<Tone, Look>>;

/** For dark backgrounds, and for terminals with 16 colours. */
const DARK: Looks = {
  plain: {},
  dim: { dimColor: true },
  strong: { bold: true },
  good: { color: 'green' },
  warn: { color: 'yellow' },
  bad: { color: 'red', bold: true },
  doubt: { color: 'magenta' },
  accent: { color: 'cyan', bold: true },
};
/** For light backgrounds: nothing pale. */
const LIGHT: Looks = {
  ...DARK,
  dim: { color: 'gray' },
  warn: { color: 'ansi256(130)', bold: true },
  accent: { color: 'blue', bold: true },
};
/** Blue, yellow and orange, which people who do not tell red from green keep apart. */
const SAFE: Looks = {
  ...DARK,
  good: { color: 'ansi256(39)' },
  warn: { color: 'ansi256(220)' },
  bad: { color: 'ansi256(208)', bold: true },
  doubt: { color: 'ansi256(175)' },
};
const MONO: Looks = {
  plain: {},
  dim: {},
  strong: { bold: true },
  good: {},
  warn: {},
  bad: { bold: true },
  doubt: {},
  accent: { bold: true },
};

export const THEMES = [
  { name: 'dark', about: 'for a dark background' },
  { name: 'light', about: 'for a light background' },
  { name: 'safe', about: 'without red against green' },
  { name: 'mono', about: 'no colour' },
] as const;
export type ThemeName = (typeof THEMES)[number]['name'];
const LOOKS_OF: Readonly<Record<ThemeName, Looks>> = { dark: DARK, light: LIGHT, safe: SAFE, mono: MONO };

/** Glyph slots; the ASCII set is for the Linux console, serial lines and whoever asks. */
export interface Glyphs {
  readonly ok: string;
  readonly expected: string;
  readonly degraded: string;
  readonly unknown: string;
  readonly failed: string;
  readonly outage: string;
  readonly forbidden: string;
  readonly stale: string;
  readonly pointer: string;
  readonly cut: string;
  readonly done: string;
  readonly open: string;
  /** Before a row that stands for others. */
  readonly folded: string;
  /** Order of a column. */
  readonly ascending: string;
  readonly descending: string;
  /** Between the parts of a path. */
  readonly into: string;
  /** Heights of a sparkline, lowest first. */
  readonly spark: readonly string[];
}

const UNICODE: Glyphs = {
  ok: '●',
  expected: '○',
  degraded: '▲',
  unknown: '?',
  failed: '✖',
  outage: '◆',
  forbidden: '⊘',
  stale: '◌',
  pointer: '❯',
  cut: '…',
  done: '✓',
  open: '·',
  folded: '▸',
  ascending: '↑',
  descending: '↓',
  into: '›',
  spark: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
};
const ASCII: Glyphs = {
  ok: '+',
  expected: 'o',
  degraded: '!',
  unknown: '?',
  failed: 'X',
  outage: '#',
  forbidden: '%',
  stale: '~',
  pointer: '>',
  cut: '~',
  done: '+',
  open: '.',
  folded: '>',
  ascending: '^',
  descending: 'v',
  into: '>',
  spark: ['_', '.', '-', '=', '+', '*', '%', '#'],
};

export interface Theme {
  readonly ascii: boolean;
  readonly colour: boolean;
  readonly name: ThemeName;
  readonly glyphs: Glyphs;
  look(tone: Tone): Look;
}

/** A theme for a terminal. Without colour only bold is left, which every terminal has. */
export function makeTheme(options: {
  readonly ascii: boolean;
  readonly colour: boolean;
  readonly name?: ThemeName;
}): Theme {
  const looks = LOOKS_OF[options.colour ? (options.name ?? 'dark') : 'mono'];
  return {
    ascii: options.ascii,
    colour: options.colour,
    name: options.name ?? 'dark',
    glyphs: options.ascii ? ASCII : UNICODE,
    look: (tone) => looks[tone],
  };
}

export function healthTone(health: Health): Tone {
  return ({ ok: 'good', 'as-expected': 'plain', degraded: 'warn', unknown: 'doubt', failed: 'bad' } as const)[
    health
  ];
}

export function healthGlyph(health: Health, glyphs: Glyphs): string {
  return {
    ok: glyphs.ok,
    'as-expected': glyphs.expected,
    degraded: glyphs.degraded,
    unknown: glyphs.unknown,
    failed: glyphs.failed,
  }[health];
}

export function statusTone(status: Status): Tone {
  return status === 'deployed' ? 'plain' : status === 'unknown' ? 'doubt' : 'dim';
}
