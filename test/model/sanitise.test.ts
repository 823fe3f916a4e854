import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasHostile, sanitiseBlock, sanitiseJson, sanitiseLine } from '../../src/model/index.ts';

const HOSTILE: readonly string[] = [
  ...Array.from({ length: 32 }, (_, code) => String.fromCodePoint(code)),
  ...Array.from({ length: 33 }, (_, index) => String.fromCodePoint(0x7f + index)),
  '\u001b[31m',
  '\u001b]0;title\u0007',
  '\u001b]8;;http://x\u001b\\x',
  '\u001b]52;c;aGk=\u0007',
  '\u001bPq\u001b\\',
  '\u001b[?1049h',
  '\u009b31m',
  '\u009d0;t\u009c',
  '\u00ad',
  '\u034f',
  '\u061c',
  '\u115f',
  '\u17b4',
  '\u180e',
  '\u200b',
  '\u200c',
  '\u200d',
  '\u200e',
  '\u200f',
  '\u2028',
  '\u2029',
  '\u202a',
  '\u202b',
  '\u202c',
  '\u202d',
  '\u202e',
  '\u2060',
  '\u2063',
  '\u2066',
  '\u2067',
  '\u2068',
  '\u2069',
  '\u3164',
  '\ufe0f',
  '\ufeff',
  '\uffa0',
  '\ufff9',
  '\u{e0001}',
  '\u{e0041}',
  '\u{e0100}',
  '\ue000',
  '\u{f0000}',
  '\ud800',
  '\udc00',
  '\u2003',
  '\u00a0',
  '\u3000',
];

/** What may stand in a sanitised line. */
const SAFE = /^(?:[^\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]| )*$/u;

describe('sanitiseLine', () => {
  it.each(HOSTILE.map((text) => [JSON.stringify(text), text] as const))(
    'lets nothing of %s pass',
    (_name, text) => {
      const shown = sanitiseLine(`a${text}b`);
      expect(shown).toMatch(SAFE);
      expect(shown).toContain('\\u{');
      expect(hasHostile(`a${text}b`)).toBe(true);
    },
  );

  it('keeps ordinary text of any script as it is', () => {
    for (const text of ['r630-01', 'Zürich', '北京', 'שלום', 'ok ✓', 'a\\u{1b}'])
      expect(sanitiseLine(text)).toBe(text);
  });

  it('never gives anything unsafe, whatever comes in, and is stable', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.integer({ min: 1, max: 400 }),
        (text, max) => {
          const shown = sanitiseLine(text, max);
          expect(shown).toMatch(SAFE);
          expect(sanitiseLine(shown, Number.POSITIVE_INFINITY)).toBe(shown);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('marks a cut, and bounds a flood of combining marks', () => {
    expect(sanitiseLine('abcdef', 3)).toBe('abc…');
    expect(sanitiseLine(`q${'\u0301'.repeat(50)}`)).toContain('\\u{301}');
  });
});

describe('sanitiseBlock and sanitiseJson', () => {
  it('keeps line feeds and nothing else', () => {
    expect(sanitiseBlock('a\r\nb\nc\rd')).toBe('a\nb\nc\\u{d}d');
  });

  it('cleans strings and keys in depth', () => {
    expect(sanitiseJson({ 'a\u001b': ['\u202e', { b: 1 }] })).toEqual({
      'a\\u{1b}': ['\\u{202e}', { b: 1 }],
    });
  });
});
