import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bindingsOf, footerText, helpEntries, KeyChoiceError } from '../../src/ui/commands/bindings.ts';
import { COMMANDS, commandOf, DOES_COLUMNS, KEYS_COLUMNS } from '../../src/ui/commands/commands.ts';
import { isKeyName } from '../../src/ui/commands/keys.ts';
import { keysDocument } from '../../src/ui/commands/keys-document.ts';
import { helpView } from '../../src/ui/views/help-view.ts';

describe('the table of commands', () => {
  it('has each id and each word once, keys that exist, and no two commands on one key', () => {
    expect(new Set(COMMANDS.map((one) => one.id)).size).toBe(COMMANDS.length);
    const words = COMMANDS.flatMap((one) => (one.word === undefined ? [] : [one.word]));
    expect(new Set(words).size).toBe(words.length);
    for (const { keys } of COMMANDS) for (const key of keys) expect(isKeyName(key), key).toBe(true);
    expect(() => bindingsOf()).not.toThrow();
  });

  it('lets every command be reached by a key or a word', () => {
    for (const { id, keys, word } of COMMANDS) expect(keys.length > 0 || word !== undefined, id).toBe(true);
  });

  it('tells beside which other command a command is told, and that one exists', () => {
    for (const { beside } of COMMANDS)
      if (beside !== undefined) expect(commandOf(beside)?.beside, beside).toBeUndefined();
  });
});

describe('help and footer', () => {
  it('fit 80x24, nothing cut', () => {
    for (const { keys, does } of helpEntries(bindingsOf())) {
      expect(keys.length, keys).toBeLessThanOrEqual(KEYS_COLUMNS);
      expect(does.length, does).toBeLessThanOrEqual(DOES_COLUMNS);
    }
    expect(helpView(bindingsOf(), 80).rows.length).toBeLessThanOrEqual(20);
    for (const columns of [60, 80, 120])
      for (const where of ['lists', 'run'] as const) {
        const text = footerText(bindingsOf(), where, columns);
        expect(text.length).toBeLessThanOrEqual(columns);
        expect(text).toMatch(/^\? help {2}/);
      }
    expect(footerText(bindingsOf(), 'run', 80)).toContain('c confirm');
    expect(footerText(bindingsOf(), 'lists', 80)).toContain('q quit');
  });

  it('tell every command that has a key', () => {
    const all = helpView(bindingsOf(), 60)
      .rows.map((row) => row.cells.map((cell) => cell.text).join(' '))
      .join('\n');
    for (const { id, does, beside } of COMMANDS)
      expect(all, id).toContain(beside === undefined ? does : (commandOf(beside)?.does ?? '?'));
  });

  it('show the keys that were chosen', () => {
    const bindings = bindingsOf({ filter: ['f'] });
    expect(footerText(bindings, 'lists', 120)).toContain('f filter');
    expect(bindings.find('f', 'lists')).toBe('filter');
    expect(bindings.find('/', 'lists')).toBeNull();
    expect(bindings.find('f', 'run')).toBe('failed');
  });
});

describe('keys that a person chose', () => {
  it.each([
    [{ nothing: ['x'] }, /keys\.nothing: there is no command/],
    [{ filter: ['Strg-x'] }, /keys\.filter: "Strg-x" is no key; use one character/],
    [{ filter: ['ä'] }, /is no key/],
    [{ filter: ['q'] }, /keys\.filter: q is the key of quit already/],
    [{ quit: ['j'] }, /j is the key of (down|quit) already/],
    [{ 'quit-now': ['x'] }, /keeps its key/],
    [{ up: [] }, /without any key/],
  ] as const)('are refused with words: %j', (choice, words) => {
    expect(() => bindingsOf(choice)).toThrow(KeyChoiceError);
    expect(() => bindingsOf(choice)).toThrow(words);
  });

  it('may change places with each other', () => {
    const bindings = bindingsOf({ top: ['G'], end: ['g'] });
    expect(bindings.find('g', 'lists')).toBe('end');
    expect(bindings.find('G', 'lists')).toBe('top');
  });
});

it('docs/keys.md is current', () => {
  expect(readFileSync(join(import.meta.dirname, '../../docs/keys.md'), 'utf8')).toBe(keysDocument());
});
