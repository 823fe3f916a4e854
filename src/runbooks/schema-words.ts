import type { ErrorObject } from 'ajv';
import { sanitiseLine } from '../model/index.ts';

export type Path = readonly (string | number)[];

/** One fault of a definition: where in the data, and what is wrong, in words. */
export interface Fault {
  readonly path: Path;
  readonly message: string;
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text (numbers and true or false want quotes there)',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a set of keys and values',
};

/**
 * What a schema validator complains about, as an author of runbooks would say it. `verbose` must be on, so that an error carries its schema
 * and the value found.
 */
export function faultOf(error: ErrorObject, root: unknown): Fault {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  const extra: unknown = error.params.additionalProperty;
  const place = typeof extra === 'string' ? [...path, extra] : path;
  const where = placeInWords(path, root);
  return { path: place, message: `${where === '' ? '' : `${where}: `}${messageOf(error)}` };
}

function messageOf(error: ErrorObject): string {
  const { keyword, params } = error;
  const schema = (error.parentSchema ?? {}) as { description?: string; properties?: object };
  const limit = String(params.limit ?? '');
  switch (keyword) {
    case 'required':
      return `"${String(params.missingProperty)}" is missing`;
    case 'additionalProperties':
      return `there is no key "${sanitiseLine(String(params.additionalProperty), 60)}" here; there are: ${Object.keys(schema.properties ?? {}).join(', ')}`;
    case 'enum':
      return `${shown(error.data)} is not among ${(params.allowedValues as readonly unknown[]).join(', ')}`;
    case 'const':
      return `must be ${String(params.allowedValue)}`;
    case 'pattern':
    case 'format':
      return `${shown(error.data)} does not fit: ${schema.description ?? String(params.pattern)}`;
    case 'type':
      return `must be ${[params.type]
        .flat()
        .map((one) => TYPES[String(one)] ?? String(one))
        .join(' or ')}`;
    case 'minimum':
      return `must be at least ${limit}`;
    case 'maximum':
      return `must be at most ${limit}`;
    case 'minLength':
      return 'must not be empty';
    case 'maxLength':
      return `is longer than ${limit} characters`;
    case 'minItems':
      return `wants at least ${limit}`;
    case 'maxItems':
      return `holds more than ${limit}`;
    case 'uniqueItems':
      return 'names something twice';
    case 'minProperties':
    case 'maxProperties':
      return 'wants, besides the fact, exactly one of equals, at_least and at_most';
    default:
      return error.message ?? 'is not valid';
  }
}

function shown(value: unknown): string {
  return sanitiseLine(JSON.stringify(value) ?? String(value), 80);
}

/** `steps`, 3, `mode` as: step "drain", mode. */
function placeInWords(path: Path, root: unknown): string {
  const words: string[] = [];
  let node: unknown = root;
  for (const [index, part] of path.entries()) {
    const list = path[index - 1];
    node = node === null || typeof node !== 'object' ? undefined : (node as Record<string, unknown>)[part];
    if (typeof part === 'string' && typeof path[index + 1] === 'number') continue;
    if (typeof part !== 'number') words.push(sanitiseLine(part, 60));
    else words.push(nameOf(String(list), part, node));
  }
  return words.join(', ');
}

function nameOf(list: string, index: number, node: unknown): string {
  const one = list === 'match' || list === 'expect' ? list : list.replace(/s$/, '');
  const { id, name } = (node ?? {}) as { id?: unknown; name?: unknown };
  const known = typeof id === 'string' ? id : name;
  return typeof known === 'string' ? `${one} "${sanitiseLine(known, 60)}"` : `${one} ${index + 1}`;
}
