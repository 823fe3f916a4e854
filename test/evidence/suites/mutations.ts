import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOfTyped, typedDataOf } from '../../../src/evidence/record/typed-data.ts';
import type { RecordBody } from '../../../src/model/record.ts';
import { ANNA, BERT, ESTATE, type Made, type Person, signDigest } from '../make.ts';

/** Hostile versions of a journal: what the tamper suite refuses, and what the second verifier must refuse alike. */

/** A journal, the record that was changed in it last, and what was done. */
export interface Mutation {
  readonly what: string;
  readonly lines: readonly string[];
}

export const linesOf = (made: Made): readonly string[] =>
  readFileSync(join(made.dir, 'journal.jsonl'), 'utf8').split(/(?<=\n)/);
export const bodyOf = (line: string): RecordBody => JSON.parse(line).body;
export const holderOf = (body: RecordBody): Person => (body.actor?.address === BERT.address ? BERT : ANNA);
/** Digits of a line's signature; empty where it has none. */
export const sigOf = (line: string): string => /"sig":"0x([0-9a-f]{130})"\}\n$/.exec(line)?.[1] ?? '';
/** The journal up to a record whose line was replaced: a sound prefix is open (10), so anything else is what is wrong with that line. */
export const upTo = (lines: readonly string[], at: number, line: string): readonly string[] => [
  ...lines.slice(0, at),
  line,
];

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const word = (value: bigint): string => value.toString(16).padStart(64, '0');

/** T5: the signature of every signed record in other forms. */
export function* signatureForms(lines: readonly string[]): Generator<Mutation> {
  for (const [at, line] of lines.entries()) {
    const sig = sigOf(line);
    if (sig === '') continue;
    for (const form of formsOf(sig))
      yield {
        what: `signature ${form.slice(0, 20)} in record ${at}`,
        lines: upTo(lines, at, line.replace(`"0x${sig}"`, form)),
      };
  }
}

function formsOf(sig: string): readonly string[] {
  const [r, s, v] = [sig.slice(0, 64), sig.slice(64, 128), sig.slice(128)];
  const flipped = v === '1b' ? '1c' : '1b';
  const highS = word(ORDER - BigInt(`0x${s}`));
  const compact = word(BigInt(`0x${s}`) | (v === '1c' ? 1n << 255n : 0n));
  const forms = [
    `${r}${highS}${flipped}`,
    `${r}${highS}${v}`,
    `${r}${s}${flipped}`,
    ...['00', '01', '02', '03', '19', '1a', '1d', '1e', '1f', '25', '26', 'ff'].map((other) => r + s + other),
    r + s,
    r + compact,
    `${sig}00`,
    `00${sig}`,
    sig.slice(1),
    sig.toUpperCase(),
    sig.replace(/[a-f]/, (letter) => letter.toUpperCase()),
    `${s}${r}${v}`,
    `${word(0n)}${s}${v}`,
    `${r}${word(0n)}${v}`,
    `${word(0n)}${word(0n)}${v}`,
    `${word(ORDER)}${s}${v}`,
    `${r}${word(ORDER)}${v}`,
    `${'f'.repeat(64)}${s}${v}`,
    ` ${sig}`,
    '',
  ];
  const others = ['null', '""', '0', '[]', `{"r":"0x${r}"}`, `"${sig}"`, `"0X${sig}"`];
  return [...forms.map((form) => `"0x${form}"`), ...others];
}

/** Changes the text of a body and signs exactly that, as somebody with the key but another program could. */
function resigned(line: string, change: (text: string) => string): string {
  const text = /^\{"body":(.*),"sig":/s.exec(line)?.[1] ?? '';
  const changed = change(text);
  if (changed === text) return line;
  const body = bodyOf(line);
  if (body.actor === null) return line.replace(text, changed);
  const typed = typedDataOf(body, Buffer.from(changed), ESTATE);
  return `{"body":${changed},"sig":"${signDigest(holderOf(body), digestOfTyped(typed))}"}\n`;
}

/** T6: every record in other spellings, rightly signed. */
export function* spellings(lines: readonly string[]): Generator<Mutation> {
  for (const [at, line] of lines.entries())
    for (const [what, other] of spellingsOf(line))
      if (other !== line) yield { what: `${what} in record ${at}`, lines: upTo(lines, at, other) };
}

function* spellingsOf(line: string): Generator<readonly [string, string]> {
  for (const [what, change] of Object.entries(SPELLINGS)) yield [what, resigned(line, change)];
  for (const key of keysOf(bodyOf(line))) {
    yield [`renamed ${key}`, resigned(line, (text) => text.replace(`"${key}":`, `"${key}x":`))];
    yield [`doubled ${key}`, resigned(line, (text) => doubled(text, key))];
    yield [`without ${key}`, resigned(line, (text) => withoutKey(text, key))];
  }
  yield ['BOM', `\ufeff${line}`];
  yield ['space before', ` ${line}`];
  yield ['CRLF', line.replace('\n', '\r\n')];
  yield ['empty line', `\n${line}`];
  yield ['outer key', line.replace('{"body"', '{"a":1,"body"')];
  yield ['outer order', line.replace(/^\{("body":.*),("sig":.*)\}\n$/s, '{$2,$1}\n')];
  yield ['two on a line', line.replace('\n', '') + line];
}

const SPELLINGS: Readonly<Record<string, (text: string) => string>> = {
  '1.0': (text) => text.replace('"v":1', '"v":1.0'),
  '1e0': (text) => text.replace('"v":1', '"v":1e0'),
  '-0': (text) => text.replace('"uid":0', '"uid":-0'),
  '01': (text) => text.replace('"v":1', '"v":01'),
  '"1"': (text) => text.replace('"v":1', '"v":"1"'),
  true: (text) => text.replace('"v":1', '"v":true'),
  'too large': (text) => text.replace('"uid":0', '"uid":9007199254740993'),
  escape: (text) => text.replace('"host":"r', '"host":"\\u0072'),
  'lone surrogate': (text) => text.replace('"host":"r', '"host":"\\ud800r'),
  NFD: (text) => text.replace('"host":"r', '"host":"u\u0308'),
  control: (text) => text.replace('"host":"r', '"host":"\\u0007r'),
  'line feed': (text) => text.replace('"host":"r', '"host":"\\nr'),
  'escape sequence': (text) => text.replace('"host":"r', '"host":"\\u001b[2J'),
  '8-bit control': (text) => text.replace('"host":"r', '"host":"\u009b2J'),
  proto: (text) => text.replace(/\}$/, ',"__proto__":{}}'),
  constructor: (text: string) => text.replace(/\}$/, ',"constructor":1}'),
  'key too many': (text) => text.replace('{"host"', '{"ghost":1,"host"'),
  space: (text) => text.replace(',', ', '),
  'comma at the end': (text) => text.replace(/\}$/, ',}'),
  'order of keys': (text) => text.replace(/"uid":0,"user":"root"/, '"user":"root","uid":0'),
  'short time': (text) => text.replace(/"at":"([^"]*)\.\d{3}Z"/, '"at":"$1Z"'),
  'time zone': (text) => text.replace(/"at":"([^"]*)Z"/, '"at":"$1+00:00"'),
  'no such day': (text) => text.replace(/"at":"2026-06-01/, '"at":"2026-02-30'),
  'upper-case digest': (text) =>
    text.replace(/"prev":"0x([0-9a-f]*)"/, (_all, hex: string) => `"prev":"0x${hex.toUpperCase()}"`),
  'checksummed address': (text) =>
    text.replace(/"address":"0x([0-9a-f]*)"/, (_all, hex: string) => `"address":"0x${hex.toUpperCase()}"`),
  'not JSON': (text) => text.slice(0, -1),
};

/** Objects whose keys are nobody's business. */
const FREE: ReadonlySet<string> = new Set(['detail', 'facts', 'variables']);

function keysOf(value: unknown, depth = 0): string[] {
  if (value === null || typeof value !== 'object' || depth > 3) return [];
  const own = Array.isArray(value) ? [] : Object.keys(value);
  return [
    ...new Set([
      ...own,
      ...Object.entries(value).flatMap(([key, one]) => (FREE.has(key) ? [] : keysOf(one, depth + 1))),
    ]),
  ];
}

function doubled(text: string, key: string): string {
  return text.replace(new RegExp(`("${key}":(?:"[^"]*"|-?\\d+|null|true|false))`), '$1,$1');
}

function withoutKey(text: string, key: string): string {
  return text.replace(new RegExp(`"${key}":(?:"[^"]*"|-?\\d+|null|true|false),`), '');
}
