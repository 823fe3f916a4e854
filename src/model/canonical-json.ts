/**
 * One byte form for each JSON value: RFC 8785 (JSON Canonicalization Scheme) over a strict subset.
 *
 * Allowed: objects, arrays, strings, booleans, null and safe integers. Refused: fractions, exponents, -0,
 * numbers outside ±(2^53 - 1), lone surrogates and strings that are not in Unicode normalisation form C.
 * Within this subset two equal values always have equal bytes, and parsing followed by encoding is the identity.
 */

export class CanonicalError extends Error {
  override readonly name = 'CanonicalError';
}

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const MAX_DEPTH = 64;

/**
 * Encodes a value in canonical form, without a final line feed.
 * @throws CanonicalError when the value is outside the subset
 */
export function canonicalJson(value: unknown): string {
  return encode(value, 0);
}

/** The canonical form as UTF-8 bytes. */
export function canonicalBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(canonicalJson(value));
}

function encode(value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) throw new CanonicalError(`nested deeper than ${MAX_DEPTH} levels`);
  if (value === null) return 'null';
  switch (typeof value) {
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      if (!Number.isSafeInteger(value) || Object.is(value, -0))
        throw new CanonicalError(`${value} is not a safe integer`);
      return String(value);
    case 'string':
      return encodeString(value);
    case 'object':
      return Array.isArray(value) ? encodeArray(value, depth) : encodeObject(value, depth);
    default:
      throw new CanonicalError(`a ${typeof value} has no JSON form`);
  }
}

function encodeArray(items: readonly unknown[], depth: number): string {
  return `[${items.map((item) => encode(item, depth + 1)).join(',')}]`;
}

/** RFC 8785 section 3.2.3: properties sorted by their UTF-16 code units, which is JavaScript's own order. */
function encodeObject(value: object, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw new CanonicalError('only plain objects have a canonical form');
  const parts: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const item = (value as Record<string, unknown>)[key];
    parts.push(`${encodeString(key)}:${encode(item, depth + 1)}`);
  }
  return `{${parts.join(',')}}`;
}

/** RFC 8785 section 3.2.2.2: JSON.stringify's escapes are exactly the canonical ones. */
function encodeString(text: string): string {
  if (LONE_SURROGATE.test(text)) throw new CanonicalError('a string holds a lone surrogate');
  if (text.normalize('NFC') !== text) throw new CanonicalError('a string is not in normalisation form C');
  return JSON.stringify(text);
}
