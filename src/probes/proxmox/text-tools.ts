import { sanitiseLine } from '../../model/index.ts';
import type { Row } from './proxmox-rows.ts';

/** A table that a tool of Proxmox printed for people. */
export interface TextTable {
  /** One object for each row, by the names of the header; a cell that is empty is missing. */
  readonly rows: readonly Row[];
  /** Lines that are no row, sanitised: warnings, prompts of a pasted session. */
  readonly unread: readonly string[];
}

const MAX_UNREAD = 5;

/**
 * Reads a table with a header. Columns are told by their number where a row has a word for each of them, since long values push the
 * others to the right; a row with fewer words is laid under the header by place.
 * @param first the header's first word, as printed
 * @param optional the column that may be empty
 */
function readTable(text: string, first: string, optional: string | null): TextTable {
  const rows: Row[] = [];
  const unread: string[] = [];
  let header: readonly { readonly name: string; readonly start: number }[] | null = null;
  for (const line of text.split(/\r?\n/)) {
    const words = wordsOf(line);
    const [lead] = words;
    if (lead === undefined) continue;
    if (lead.text === first) {
      header = words.map(({ text: name, start }) => ({ name, start }));
      continue;
    }
    const row = header === null ? null : readRow(words, header, optional);
    if (row !== null) rows.push(row);
    else if (unread.length < MAX_UNREAD) unread.push(sanitiseLine(line, 120));
  }
  return { rows, unread };
}

/** The words of a line with their places; a unit in brackets belongs to the word before it ("Total (KiB)"). */
function wordsOf(line: string): readonly { readonly text: string; readonly start: number }[] {
  return [...line.matchAll(/\S+(?: \([A-Za-z]+\))?/g)].map((match) => ({
    text: match[0],
    start: match.index,
  }));
}

function readRow(
  words: readonly { readonly text: string; readonly start: number }[],
  header: readonly { readonly name: string; readonly start: number }[],
  optional: string | null,
): Row | null {
  const byNumber = (names: readonly string[]): Row =>
    Object.fromEntries(words.map(({ text }, index) => [names[index] ?? `column ${index + 1}`, text]));
  const names = header.map((one) => one.name);
  if (words.length >= names.length) return byNumber(names);
  if (optional !== null && words.length === names.length - 1) {
    const place = header.find((one) => one.name === optional);
    const filled = place !== undefined && words.some((word) => word.start === place.start);
    // The word stands under the optional column itself: then the last one is missing.
    return byNumber(filled ? names : names.filter((name) => name !== optional));
  }
  return words.length < 2 ? null : byNumber(names);
}

/** A guest in the words of `/cluster/resources`, so that both are read by the same rules. */
function guestRow(
  row: Row,
  type: 'lxc' | 'qemu',
  node: string,
  names: Readonly<Record<string, string>>,
): Row | null {
  const out: Record<string, unknown> = { type, node };
  for (const [key, value] of Object.entries(row)) out[names[key] ?? key] = value;
  return /^[1-9]\d{2,8}$/.test(String(out.vmid)) ? out : null;
}

/** What a text tool told of the guests of one node. */
export interface TextGuests {
  readonly rows: readonly Row[];
  readonly unread: readonly string[];
}

function guestsOf(
  table: TextTable,
  type: 'lxc' | 'qemu',
  node: string,
  names: Readonly<Record<string, string>>,
): TextGuests {
  const rows: Row[] = [];
  const unread = [...table.unread];
  for (const row of table.rows) {
    const guest = guestRow(row, type, node, names);
    if (guest !== null) rows.push(guest);
    else if (unread.length < MAX_UNREAD) unread.push(sanitiseLine(Object.values(row).join(' '), 120));
  }
  return { rows, unread };
}

/**
 * Reads `pct list`. Without containers it prints nothing at all, not even a header.
 * @param node on which it ran
 */
export function readPctList(text: string, node: string): TextGuests {
  const names = { VMID: 'vmid', Status: 'status', Lock: 'lock', Name: 'name' };
  return guestsOf(readTable(text, 'VMID', 'Lock'), 'lxc', node, names);
}

/** Reads `qm list`; the same holds. Memory and boot disk are printed in MiB and GiB. */
export function readQmList(text: string, node: string): TextGuests {
  const names = {
    VMID: 'vmid',
    NAME: 'name',
    STATUS: 'status',
    'MEM(MB)': 'mem_mb',
    'BOOTDISK(GB)': 'bootdisk_gb',
    PID: 'pid',
  };
  const { rows, unread } = guestsOf(readTable(text, 'VMID', null), 'qemu', node, names);
  const inBytes = rows.map(({ mem_mb, bootdisk_gb, ...row }) => ({
    ...row,
    ...bytes('maxmem', mem_mb, 1024 ** 2),
    ...bytes('maxdisk', bootdisk_gb, 1024 ** 3),
  }));
  return { rows: inBytes, unread };
}

function bytes(name: string, value: unknown, unit: number): Row {
  const number = Number(value);
  return value !== undefined && Number.isFinite(number) ? { [name]: Math.round(number * unit) } : {};
}

/**
 * Reads `pvesm status` into rows as the API gives them, in bytes. The header had no units before October 2025 and has them since; both
 * mean KiB. A disabled storage prints N/A.
 */
export function readPvesmStatus(text: string): TextTable {
  const { rows, unread } = readTable(text, 'Name', null);
  const names: Readonly<Record<string, string>> = {
    Name: 'storage',
    Type: 'type',
    Status: 'status',
    Total: 'total',
    Used: 'used',
    Available: 'avail',
  };
  return {
    unread,
    rows: rows.map((row) => {
      const out: Record<string, unknown> = {};
      for (const [key, value] of Object.entries(row)) {
        const name = names[key.replace(/ \(KiB\)$/, '')];
        if (key === '%') continue;
        if (name === undefined) out[key] = value;
        else if (['total', 'used', 'avail'].includes(name)) Object.assign(out, bytes(name, value, 1024));
        else out[name] = value;
      }
      out.active = out.status === 'active' ? 1 : 0;
      out.enabled = out.status === 'disabled' ? 0 : 1;
      return out;
    }),
  };
}

/** What `pvecm status` says. */
export interface TextCluster {
  readonly state: 'quorate' | 'not-quorate' | 'no-cluster' | 'corosync-down' | 'unreadable';
  readonly name: string | null;
  readonly nodes: number | null;
  readonly expectedVotes: number | null;
  readonly totalVotes: number | null;
  readonly quorum: number | null;
  /** Members that this node sees; it prints their addresses, not their names. */
  readonly members: readonly {
    readonly id: string;
    readonly votes: number;
    readonly address: string;
    readonly local: boolean;
  }[];
  /** Lines of the form "key: value" that mean nothing here. */
  readonly extra: Readonly<Record<string, string>>;
}

const KNOWN_LINES = new Set(['Name', 'Nodes', 'Expected votes', 'Total votes', 'Quorum', 'Quorate', 'Flags']);

/** Reads `pvecm status`: Proxmox's own lines, then those of corosync-quorumtool. Exit code 2 with all lines means not quorate. */
export function readPvecmStatus(text: string): TextCluster {
  const values = new Map<string, string>();
  const members: { id: string; votes: number; address: string; local: boolean }[] = [];
  for (const line of text.split(/\r?\n/)) {
    const pair = /^([A-Z][A-Za-z ]*[a-z]):\s*(.*?)\s*$/.exec(line);
    if (pair?.[1] !== undefined && pair[2] !== undefined) {
      if (!values.has(pair[1])) values.set(pair[1], pair[2]);
      continue;
    }
    const member = /^\s*(0x[0-9a-f]{8}|\d+)\s+(\d+)\s+(?:(?:[A-Z]+,?)+\s+)?(\S+)(\s+\(local\))?/.exec(line);
    if (member?.[1] !== undefined && member[3] !== undefined)
      members.push({
        id: member[1],
        votes: Number(member[2]),
        address: sanitiseLine(member[3], 64),
        local: member[4] !== undefined,
      });
  }
  const number = (key: string): number | null => {
    const digits = /^\d+/.exec(values.get(key) ?? '')?.[0];
    return digits === undefined ? null : Number(digits);
  };
  const quorate = values.get('Quorate');
  const extra = Object.fromEntries(
    [...values]
      .filter(([key]) => !KNOWN_LINES.has(key))
      .slice(0, 20)
      .map(([key, value]) => [sanitiseLine(key, 40), sanitiseLine(value, 80)]),
  );
  return {
    state: stateOf(text, quorate),
    name: values.has('Name') ? sanitiseLine(values.get('Name') ?? '', 64) : null,
    nodes: number('Nodes'),
    expectedVotes: number('Expected votes'),
    totalVotes: number('Total votes'),
    quorum: number('Quorum'),
    members,
    extra,
  };
}

function stateOf(text: string, quorate: string | undefined): TextCluster['state'] {
  if (quorate !== undefined) return /^yes$/i.test(quorate) ? 'quorate' : 'not-quorate';
  if (/corosync\.conf' does not exist|not part of a cluster|is this node part of a cluster/i.test(text))
    return 'no-cluster';
  if (/Cannot initialize CMAP/i.test(text)) return 'corosync-down';
  return 'unreadable';
}
