import type { Health, Status } from '../model/index.ts';

/** What a piece of text means; colour is one way of showing it, never the only one. */
export type Tone = 'plain' | 'dim' | 'strong' | 'good' | 'warn' | 'bad' | 'doubt' | 'accent';

/** How a tone looks where there is colour. */
export interface Look {
  readonly color?: string;
  readonly dimColor?: boolean;
  readonly bold?: boolean;
}

const LOOKS: Readonly<Record<Tone, Look>> = {
  plain: {},
  dim: { dimColor: true },
  strong: { bold: true },
  good: { color: 'green' },
  warn: { color: 'yellow' },
  bad: { color: 'red', bold: true },
  doubt: { color: 'magenta' },
  accent: { color: 'cyan', bold: true },
};

/** Glyph slots; the ASCII set is for the Linux console, serial lines and whoever asks. */
export interface Glyphs {
  readonly ok: string;
  readonly expected: string;
  readonly degraded: string;
  readonly unknown: string;
  readonly failed: string;
  readonly pointer: string;
  readonly cut: string;
  readonly done: string;
  readonly open: string;
  /** Heights of a sparkline, lowest first. */
  readonly spark: readonly string[];
}

const UNICODE: Glyphs = {
  ok: '●',
  expected: '○',
  degraded: '▲',
  unknown: '?',
  failed: '✖',
  pointer: '❯',
  cut: '…',
  done: '✓',
  open: '·',
  spark: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
};
const ASCII: Glyphs = {
  ok: '+',
  expected: 'o',
  degraded: '!',
  unknown: '?',
  failed: 'X',
  pointer: '>',
  cut: '~',
  done: 'v',
  open: '.',
  spark: ['_', '.', '-', '=', '+', '*', '%', '#'],
};

export interface Theme {
  readonly ascii: boolean;
  readonly colour: boolean;
  readonly glyphs: Glyphs;
  look(tone: Tone): Look;
}

/** A theme for a terminal. Without colour only bold is left, which every terminal has. */
export function makeTheme(options: { readonly ascii: boolean; readonly colour: boolean }): Theme {
  return {
    ...options,
    glyphs: options.ascii ? ASCII : UNICODE,
    look: (tone) => (options.colour ? LOOKS[tone] : LOOKS[tone].bold === true ? { bold: true } : {}),
  };
}

/** What the environment says of the terminal. */
export interface TerminalFacts {
  readonly ascii: boolean;
  readonly colour: boolean;
  readonly plain: boolean;
}

/**
 * Reads the terminal's abilities from the environment and the flags. `TERM=linux` has no glyphs beyond its font,
 * `TERM=dumb` has no screen at all, NO_COLOR (no-color.org) counts when it is not empty.
 */
export function terminalFacts(
  env: Readonly<Record<string, string | undefined>>,
  flags: {
    readonly ascii?: boolean;
    readonly noColour?: boolean;
    readonly plain?: boolean;
    readonly tty: boolean;
  },
): TerminalFacts {
  const term = env.TERM ?? '';
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
  const utf8 = /utf-?8/i.test(locale);
  return {
    ascii: flags.ascii === true || term === 'linux' || !utf8,
    colour: flags.noColour !== true && (env.NO_COLOR ?? '') === '' && term !== 'dumb',
    plain: flags.plain === true || !flags.tty || term === 'dumb',
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
