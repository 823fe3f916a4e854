import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CanonicalError,
  canonicalBytes,
  cleanForEvidence,
  evidenceText,
  parseCanonical,
} from '../../src/evidence/record/canonical.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('the canonical form', () => {
  test.each([
    ['white space', '{"a": 1}'],
    ['key order', '{"b":1,"a":2}'],
    ['duplicate keys', '{"a":1,"a":1}'],
    ['a fraction', '{"a":3.0}'],
    ['a real fraction', '{"a":3.5}'],
    ['an exponent', '{"a":3e0}'],
    ['minus zero', '{"a":-0}'],
    ['an unsafe integer', '{"a":9007199254740993}'],
    ['a BOM', '\ufeff{"a":1}'],
    ['CR LF', '{"a":1}\r\n'],
    ['a needless escape', '{"a":"\\u0041"}'],
    ['an escaped slash', '{"a":"\\/"}'],
    ['a control character', '{"a":"\\n"}'],
    ['DEL', '{"a":"\u007f"}'],
    ['C1', '{"a":"\u009b"}'],
    ['a lone surrogate', '{"a":"\\ud800"}'],
    ['NFD', '{"a":"e\u0301"}'],
    ['NFD in a key', '{"e\u0301":1}'],
    ['trailing text', '{"a":1}x'],
    ['nothing', ''],
    ['deep nesting', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ])('refuses %s', (_name, text) => {
    expect(() => parseCanonical(bytes(text))).toThrow(CanonicalError);
  });

  test('refuses bytes that are not UTF-8', () => {
    expect(() => parseCanonical(Uint8Array.from([0x22, 0xc0, 0xaf, 0x22]))).toThrow(CanonicalError);
  });

  test('keeps __proto__ as an ordinary key', () => {
    const value = parseCanonical(bytes('{"__proto__":{"x":1}}'));
    expect(Object.keys(value as object)).toEqual(['__proto__']);
  });

  test('sorts keys by UTF-16 units, as RFC 8785 section 3.2.3 shows', () => {
    const keys = ['\u20ac', '1', '\u{1f600}', '\u00f6', '\ufb33'.normalize('NFC')];
    const text = new TextDecoder().decode(canonicalBytes(Object.fromEntries(keys.map((key) => [key, 0]))));
    expect(Object.keys(JSON.parse(text) as object)).toEqual([...keys].sort());
  });

  test('parsing what was encoded is the identity', () => {
    const value = fc.letrec((tie) => ({
      json: fc.oneof(
        { depthSize: 'small' },
        fc.constant(null),
        fc.boolean(),
        fc.maxSafeInteger().map((n) => (Object.is(n, -0) ? 0 : n)),
        fc.string({ unit: 'grapheme' }).map((s) => evidenceText(s)),
        fc.array(tie('json'), { maxLength: 4 }),
        fc.dictionary(
          fc.string().map((s) => evidenceText(s)),
          tie('json'),
          { maxKeys: 4 },
        ),
      ),
    })).json;
    fc.assert(
      fc.property(value, (json) => {
        const encoded = canonicalBytes(json);
        expect(canonicalBytes(parseCanonical(encoded))).toEqual(encoded);
      }),
    );
  });

  test('whatever comes from outside can be cleaned into the subset', () => {
    fc.assert(
      fc.property(fc.anything({ withDate: false, withMap: false, withSet: false }), (value) => {
        expect(() => canonicalBytes(cleanForEvidence(value))).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });
});
