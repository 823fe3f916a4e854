import { type JsonObject, sanitiseLine } from '../../model/index.ts';

/** One row of a Proxmox list, as it came. */
export type Row = Readonly<Record<string, unknown>>;

/** The content of an answer: over HTTP it lies in a `data` envelope, `pvesh` prints it bare. */
export function dataOf(json: unknown): unknown {
  return isRow(json) && 'data' in json ? json.data : json;
}

/** The rows of a Proxmox answer; null when it is no list. What is no object in it is left out. */
export function rowsOf(json: unknown): readonly Row[] | null {
  const data = dataOf(json);
  return Array.isArray(data) ? data.filter(isRow) : null;
}

export function isRow(value: unknown): value is Row {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** Proxmox gives booleans as 0/1, "1", true or nothing. */
export function truthy(value: unknown): boolean {
  return value === 1 || value === true || value === '1' || value === 'true';
}

/** A harmless line of text, from text or a number; null from anything else. */
export function textOf(value: unknown, max = 80): string | null {
  return typeof value === 'string' || typeof value === 'number' ? sanitiseLine(String(value), max) : null;
}

/** A whole number not below zero, from a number or from its digits; fractions are rounded. Null when it is none. */
export function wholeOf(value: unknown): number | null {
  const number =
    typeof value === 'number'
      ? value
      : typeof value === 'string' && value !== ''
        ? Number(value)
        : Number.NaN;
  const whole = Math.round(number);
  return Number.isSafeInteger(whole) && whole >= 0 ? whole : null;
}

/** A guest as a list of Proxmox has it. */
export interface GuestRow {
  readonly vmid: number;
  readonly run: 'running' | 'stopped' | 'unknown';
  readonly node: string | null;
  /** What goes into the facts of an observation, besides `run`. */
  readonly facts: JsonObject;
}

const SEEN_TYPES: ReadonlySet<unknown> = new Set(['lxc', 'qemu', 'openvz']);
/** Keys that are read here, with how: whole numbers in bytes, seconds or pieces; text; flags; fractions in thousandths. */
const WHOLE: Readonly<Record<string, string>> = {
  maxcpu: 'cpus',
  cpus: 'cpus',
  mem: 'memB',
  maxmem: 'maxMemB',
  disk: 'diskB',
  maxdisk: 'maxDiskB',
  uptime: 'uptimeS',
};
const TEXT: Readonly<Record<string, string>> = { tags: 'tags', lock: 'lock', pool: 'pool', hastate: 'ha' };
/** Keys that say nothing lasting of a guest: counters since its start, pressure figures, ids that are told otherwise. */
const PASSING =
  /^(id|type|vmid|node|name|status|template|cpu|netin|netout|diskread|diskwrite|memhost|pid|pressure.*)$/;
const MAX_EXTRA = 12;

/**
 * Reads the guests of a list. Only the VMID is required; everything else is coerced where it can be, named under `odd` where it
 * can not, and kept under `extra` where it is unknown here.
 */
export function readGuests(rows: readonly Row[]): ReadonlyMap<number, GuestRow> {
  const out = new Map<number, GuestRow>();
  for (const row of rows) {
    const vmid = wholeOf(row.vmid);
    if (vmid === null || vmid === 0 || !SEEN_TYPES.has(row.type)) continue;
    out.set(vmid, readGuest(row, vmid));
  }
  return out;
}

function readGuest(row: Row, vmid: number): GuestRow {
  const facts: Record<string, string | number | boolean | null | JsonObject | string[]> = {};
  const odd: string[] = [];
  const extra: Record<string, string> = {};
  for (const [key, value] of Object.entries(row)) {
    const whole = WHOLE[key];
    const words = TEXT[key];
    if (value === null || value === undefined) continue;
    if (whole !== undefined) {
      const number = wholeOf(value);
      if (number === null) odd.push(sanitiseLine(`${key} is no number`, 60));
      else facts[whole] = number;
    } else if (words !== undefined) {
      const line = textOf(value, 120);
      if (line === null) odd.push(sanitiseLine(`${key} is no text`, 60));
      else if (line !== '') facts[words] = line;
    } else if (!PASSING.test(key) && Object.keys(extra).length < MAX_EXTRA)
      extra[sanitiseLine(key, 40)] = sanitiseLine(
        typeof value === 'string' ? value : JSON.stringify(value),
        80,
      );
  }
  const { status } = row;
  const run = status === 'running' || status === 'stopped' ? status : 'unknown';
  const word = textOf(status, 20);
  const permille =
    typeof row.cpu === 'number' || typeof row.cpu === 'string' ? wholeOf(Number(row.cpu) * 1000) : null;
  return {
    vmid,
    run,
    node: textOf(row.node, 64),
    facts: {
      name: textOf(row.name),
      node: textOf(row.node, 64),
      type: textOf(row.type, 10),
      template: truthy(row.template),
      ...(word !== null && word !== run ? { statusWord: word } : {}),
      ...(permille === null ? {} : { cpuPermille: permille }),
      ...facts,
      ...(odd.length === 0 ? {} : { odd }),
      ...(Object.keys(extra).length === 0 ? {} : { extra }),
    },
  };
}

/** A node as a list of Proxmox has it; `unknown` is neither online nor offline. */
export interface NodeRow {
  readonly name: string;
  readonly state: 'online' | 'offline' | 'unknown';
}

/** The nodes in `/cluster/resources` or `/nodes` (`status` is a word) or `/cluster/status` (`online` is a flag). */
export function readNodes(rows: readonly Row[]): readonly NodeRow[] {
  return rows.flatMap((row) => {
    if (row.type !== undefined && row.type !== 'node') return [];
    const name = textOf(row.node ?? row.name, 64);
    if (name === null || name === '') return [];
    if (row.online !== undefined) return [{ name, state: truthy(row.online) ? 'online' : 'offline' }];
    const { status } = row;
    if (typeof status !== 'string') return [];
    return [{ name, state: status === 'online' || status === 'offline' ? status : 'unknown' }];
  });
}

/** What a token may see, from `/access/permissions`: path, then privilege, then whether it holds below that path too. */
export class Rights {
  readonly #paths: ReadonlyMap<string, Row>;

  private constructor(paths: ReadonlyMap<string, Row>) {
    this.#paths = paths;
  }

  /** Null when the answer is none of that shape. */
  static read(json: unknown): Rights | null {
    const data = dataOf(json);
    if (!isRow(data)) return null;
    return new Rights(
      new Map(Object.entries(data).filter((entry): entry is [string, Row] => isRow(entry[1]))),
    );
  }

  /** True when the privilege holds at this path, by itself or from above. */
  holds(privilege: string, path: string): boolean {
    const own = this.#paths.get(path);
    if (own !== undefined) return Object.hasOwn(own, privilege);
    for (let above = path; above !== '/'; ) {
      above = above.slice(0, above.lastIndexOf('/')) || '/';
      // The nearest path that is listed decides: what it has for itself alone does not hold below it.
      const rights = this.#paths.get(above);
      if (rights !== undefined) return truthy(rights[privilege]);
    }
    return false;
  }
}
