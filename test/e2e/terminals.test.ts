import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SCREENS } from '../../src/ui/commands/keys.ts';
import { offlineSnapshot } from './offline-snapshot.ts';
import { C138, Terminal } from './terminal.ts';

let home = '';
let snapshot = '';
let terminal: Terminal | null = null;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'c138-terms-'));
  snapshot = await offlineSnapshot(home, 12);
});
afterEach(() => {
  if (terminal?.exit === null) terminal.kill('SIGKILL');
});
afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));

interface Walk {
  /** Text of every screen, of the help and of a story. */
  readonly screens: readonly string[];
  readonly raw: string;
}

/** Walks through every screen, the help, a story, a filter and the palette. */
async function walk(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Walk> {
  terminal = new Terminal(['--offline', snapshot, ...args], { home, env });
  const one = terminal;
  await one.see(/OFFLINE[\s\S]*Overview/);
  const screens: string[] = [];
  for (const keys of [
    ...SCREENS.map(({ key }) => key),
    '?',
    '?',
    '3',
    '/guest',
    '\r',
    '\r',
    ':',
    '\u001b',
    's',
  ]) {
    one.type(keys);
    await one.quiet();
    screens.push((await one.screen()).replaceAll(/ +$/gm, ''));
  }
  one.type('\u0003');
  expect((await one.ended()).code).toBe(0);
  return { screens, raw: one.raw.join('') };
}

/** What is written besides text. */
const SEQUENCES = /\u001b\[[?\d;]*[a-zA-Z]/g;
const textOf = (raw: string): string => raw.replaceAll(SEQUENCES, '');
const sgrOf = (raw: string): ReadonlySet<string> =>
  new Set([...raw.matchAll(/\u001b\[([\d;]*)m/g)].flatMap((match) => (match[1] ?? '').split(';')));

/** The same words, whatever they are drawn with: glyphs, the frames of tables and cut marks differ. */
const wordsOf = (screens: readonly string[]): readonly string[] =>
  screens.map((text) =>
    text
      .replaceAll(/[^A-Za-z0-9\n]+/g, ' ')
      .replaceAll(/ v /g, ' ')
      .replaceAll(/ +\n/g, '\n'),
  );

describe('terminals', () => {
  let colour: Walk;
  beforeAll(async () => {
    colour = await walk([], {});
  });

  it('xterm gets colours, and no sequence of a mouse, a title or a link', () => {
    expect([...sgrOf(colour.raw)].some((code) => /^3[0-7]$/.test(code))).toBe(true);
    expect(textOf(colour.raw)).not.toContain('\u001b');
    expect(colour.raw).not.toMatch(/\?100[0236]h|\?1006h|\u001b\]/);
  });

  it.each([
    ['TERM=linux', [], { TERM: 'linux' }],
    ['a locale without UTF-8', [], { LANG: 'C', LC_ALL: '', LC_CTYPE: '' }],
    ['--ascii', ['--ascii'], {}],
  ] as const)('%s: nothing beyond ASCII but what the documents themselves say', async (_name, args, env) => {
    const seen = await walk(args, env);
    const foreign = textOf(seen.raw).replaceAll(/[\n\r\u0020-\u007e]/g, '');
    // The names of the test estate; everything else is ours.
    expect(foreign).toMatch(/^[节点漢字の名前主机二]*$/);
  });

  it.each([
    ['NO_COLOR', [], { NO_COLOR: '1' }],
    ['--no-color', ['--no-color'], {}],
  ] as const)('%s: bold and reverse only, and the same words as in colour', async (_name, args, env) => {
    const seen = await walk(args, env);
    for (const code of sgrOf(seen.raw)) expect(['', '0', '1', '7', '22', '27']).toContain(code);
    // The row under the cursor is seen.
    expect(sgrOf(seen.raw)).toContain('7');
    expect(seen.screens).toEqual(colour.screens);
  });

  it('ASCII says in words what glyphs say elsewhere', async () => {
    const seen = await walk(['--ascii'], {});
    // The help and the log are the same text; lists differ in glyphs only.
    expect(wordsOf(seen.screens)).toEqual(wordsOf(colour.screens));
  });

  it('CI in the environment changes nothing where there is a terminal', async () => {
    for (const env of [{ CI: '' }, { CI: 'true', GITHUB_ACTIONS: 'true', BUILD_NUMBER: '1' }]) {
      const seen = await walk([], env);
      expect(seen.screens).toEqual(colour.screens);
    }
  });

  it('a Linux console gets its screen back clean, having no second one', async () => {
    const seen = await walk([], { TERM: 'linux' });
    expect(seen.raw.lastIndexOf('\u001b[2J')).toBeLessThan(seen.raw.lastIndexOf('\u001b[?1049l'));
    expect(seen.raw.slice(seen.raw.lastIndexOf('\u001b[2J'))).not.toMatch(/Guests/);
  });
});

describe('line mode', () => {
  const commands = [...SCREENS.map((one) => one.id), 'guests 1003', 'show vmid:1001', 'help', 'quit'];

  it.each([
    ['--plain', ['--plain'], { TERM: 'xterm-256color' }],
    ['TERM=dumb', [], { TERM: 'dumb' }],
  ] as const)(
    '%s: every screen is read as lines, without a single control character',
    async (_name, args, env) => {
      const out = await new Promise<string>((resolve, reject) => {
        const child = execFile(
          process.execPath,
          [C138, '--offline', snapshot, ...args],
          { env: { ...process.env, HOME: home, LANG: 'C.UTF-8', ...env } },
          (error, text) => (error === null ? resolve(text) : reject(error)),
        );
        child.stdin?.end(commands.map((one) => `${one}\n`).join(''));
      });
      expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
      for (const { label } of SCREENS) expect(out).toContain(`== ${label} ==`);
      expect(out).toContain('(1 of 12 match)');
      expect(out).toMatch(/Documented[\s\S]*Attested/);
    },
  );

  it('TERM=dumb on a terminal is line mode too', async () => {
    terminal = new Terminal(['--offline', snapshot], { home, env: { TERM: 'dumb' } });
    await terminal.see(/c138> /);
    terminal.type('quit\r');
    expect((await terminal.ended()).code).toBe(0);
    expect(terminal.raw.join('')).not.toContain('\u001b');
  }, 120_000);
});
