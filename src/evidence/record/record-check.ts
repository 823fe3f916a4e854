import { sanitiseLine } from '../../model/sanitise.ts';

/** Small checkers for records and trust stores: exact key sets, exact spellings. Each throws RecordError. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
  /** Where in the body, for example `step.mode`. */
  readonly key: string;
  constructor(key: string, problem: string) {
    super(`${key}: ${problem}`);
    this.key = key;
  }
}

export type Check = (value: unknown, key: string) => void;

function shown(value: unknown): string {
  return sanitiseLine(JSON.stringify(value) ?? typeof value, 60);
}

/** A string that matches; `what` says which form was expected. */
export function pattern(form: RegExp, what: string): Check {
  return (value, key) => {
    if (typeof value !== 'string' || !form.test(value))
      throw new RecordError(key, `${shown(value)} is not ${what}`);
  };
}

/** A string of at most `max` UTF-16 units. */
export function text(max: number, min = 0): Check {
  return (value, key) => {
    if (typeof value !== 'string') throw new RecordError(key, `${shown(value)} is not a string`);
    if (value.length < min) throw new RecordError(key, 'is empty');
    if (value.length > max) throw new RecordError(key, `is longer than ${max} characters`);
  };
}

export function integer(min: number, max = Number.MAX_SAFE_INTEGER): Check {
  return (value, key) => {
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max)
      throw new RecordError(key, `${shown(value)} is not an integer from ${min} to ${max}`);
  };
}

export const flag: Check = (value, key) => {
  if (typeof value !== 'boolean') throw new RecordError(key, `${shown(value)} is not true or false`);
};

export function oneOf(words: readonly unknown[]): Check {
  return (value, key) => {
    if (!words.includes(value))
      throw new RecordError(key, `${shown(value)} is not one of ${words.join(', ')}`);
  };
}

export function orNull(check: Check): Check {
  return (value, key) => {
    if (value !== null) check(value, key);
  };
}

export function list(check: Check, max: number): Check {
  return (value, key) => {
    if (!Array.isArray(value)) throw new RecordError(key, `${shown(value)} is not a list`);
    if (value.length > max) throw new RecordError(key, `has more than ${max} entries`);
    for (const [index, item] of value.entries()) check(item, `${key}[${index}]`);
  };
}

/** Any plain object of JSON values. */
export const anyObject: Check = (value, key) => {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new RecordError(key, `${shown(value)} is not an object`);
};

/** An object with exactly these keys, and possibly some of `optional`. */
export function exactly(shape: Record<string, Check>, optional: Record<string, Check> = {}): Check {
  return (value, key) => {
    anyObject(value, key);
    const entries = value as Record<string, unknown>;
    const at = key === '' ? '' : `${key}.`;
    for (const name of Object.keys(entries))
      if (!Object.hasOwn(shape, name) && !Object.hasOwn(optional, name))
        throw new RecordError(`${at}${sanitiseLine(name, 60)}`, 'is not a key of this kind of record');
    for (const [name, check] of Object.entries(shape)) {
      if (!Object.hasOwn(entries, name)) throw new RecordError(`${at}${name}`, 'is missing');
      check(entries[name], `${at}${name}`);
    }
    for (const [name, check] of Object.entries(optional))
      if (Object.hasOwn(entries, name)) check(entries[name], `${at}${name}`);
  };
}

export const hash = pattern(/^0x[0-9a-f]{64}$/, '0x and 64 lower-case hexadecimal digits');
export const address = pattern(/^0x[0-9a-f]{40}$/, 'an address: 0x and 40 lower-case hexadecimal digits');
export const signature = pattern(/^0x[0-9a-f]{128}(1b|1c)$/, 'a signature of 65 bytes');

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** RFC 3339 in UTC with milliseconds, and a day that exists. */
export const time: Check = (value, key) => {
  if (typeof value !== 'string' || !TIME.test(value))
    throw new RecordError(key, `${shown(value)} is not a time such as 2026-01-31T00:00:00.000Z`);
  const ms = Date.parse(value);
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== value)
    throw new RecordError(key, `${shown(value)} is not a moment that exists`);
};
