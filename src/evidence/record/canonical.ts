import { createHash } from 'node:crypto';
import { CanonicalError, canonicalJson } from '../../model/canonical-json.ts';
import type { Hex, Json } from '../../model/json.ts';
import { sanitiseLine } from '../../model/sanitise.ts';

/**
 * The byte form of everything that is signed: RFC 8785 over a strict subset. On top of the rules of
 * `model/canonical-json.ts` (safe integers only, NFC, no lone surrogates), evidence holds no control characters,
 * so that a line is one line on every screen. docs/evidence-format.md section 2.
 */

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/**
 * Canonical UTF-8 bytes of a value, without a final line feed.
 * @throws CanonicalError when the value is outside the subset
 */
export function canonicalBytes(value: unknown): Uint8Array {
  refuseControls(value);
  return new TextEncoder().encode(canonicalJson(value));
}

function refuseControls(value: unknown, depth = 0): void {
  if (typeof value === 'string') {
    if (CONTROL.test(value))
      throw new CanonicalError(`a string holds a control character: ${sanitiseLine(value, 60)}`);
    return;
  }
  if (value === null || typeof value !== 'object') return;
  if (depth > 64) throw new CanonicalError('nested deeper than 64 levels');
  if (Array.isArray(value)) {
    for (const item of value) refuseControls(item, depth + 1);
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    refuseControls(key, depth + 1);
    refuseControls(item, depth + 1);
  }
}

/** Deepest nesting of brackets that is parsed at all; checked before the parser sees the text. */
const MAX_NESTING = 64;

/**
 * Parses bytes that must already be in canonical form: parsed, encoded again and compared, so that no second
 * spelling (white space, key order, duplicate keys, escapes, number forms, BOM) of a value is ever accepted.
 * @param encode the form expected; runbooks, whose texts have line feeds, use the one of the model
 * @throws CanonicalError
 */
export function parseCanonical(
  bytes: Uint8Array,
  encode: (value: Json) => Uint8Array = canonicalBytes,
): Json {
  refuseDeepNesting(bytes);
  let value: Json;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text) as Json;
  } catch (error) {
    throw new CanonicalError(`not JSON in UTF-8: ${sanitiseLine(messageOf(error), 120)}`);
  }
  if (!sameBytes(encode(value), bytes))
    throw new CanonicalError('not in canonical form (RFC 8785): encoding it again gives other bytes');
  return value;
}

function refuseDeepNesting(bytes: Uint8Array): void {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index];
    if (inString) {
      if (byte === 0x5c) index += 1;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > MAX_NESTING + 1) throw new CanonicalError(`nested deeper than ${MAX_NESTING} levels`);
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
}

/** SHA-256 as `0x` and 64 hexadecimal digits. */
export function sha256Hex(bytes: Uint8Array | string): Hex {
  return `0x${createHash('sha256').update(bytes).digest('hex')}`;
}

/** True when both hold the same bytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/**
 * Brings a value from outside into the subset: strings normalised (NFC) with control and invisible characters
 * shown as `\u{..}`, line feeds as spaces, fractions as decimal strings, everything without a JSON form dropped.
 * @param max most characters kept of one string
 */
export function cleanForEvidence(value: unknown, max = 4_000): Json {
  return clean(value, max, 0);
}

/** One line of text in the form that a record may hold. */
export function evidenceText(text: string, max = 2_000): string {
  const flat = text
    .normalize('NFC')
    .replaceAll(/[\r\n\t]+/g, ' ')
    .trim();
  return sanitiseLine(flat, max).normalize('NFC');
}

function clean(value: unknown, max: number, depth: number): Json {
  if (depth > 40) return '…';
  if (value === null || value === undefined || typeof value === 'boolean') return value ?? null;
  if (typeof value === 'string') return evidenceText(value, max);
  if (typeof value === 'number') return cleanNumber(value);
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map((item) => clean(item, max, depth + 1));
  if (typeof value !== 'object') return null;
  const entries: [string, Json][] = [];
  for (const [key, item] of Object.entries(value))
    if (item !== undefined) entries.push([evidenceText(key, 200), clean(item, max, depth + 1)]);
  return Object.fromEntries(entries);
}

function cleanNumber(value: number): Json {
  if (Object.is(value, -0)) return 0;
  return Number.isSafeInteger(value) ? value : String(value);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export { CanonicalError };
