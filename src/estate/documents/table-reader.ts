import type { ImportNote, SourceRef, SubjectId } from '../../model/index.ts';
import type { DocumentFact, FactField } from './fact.ts';
import { documentDate, type MarkdownTable } from './markdown-tables.ts';

/** Logical columns and the header texts that they go by, in lower case without punctuation. The first ones were seen upstream. */
export const HEADERS = {
  vmid: ['vmid', 'vm id', 'ctid', 'ct', 'ct id', 'vmid ct', 'node vmid', 'id'],
  host: ['hostname', 'host name', 'host', 'node', 'server', 'name', 'proxmox host'],
  guest: ['hostname', 'host name', 'name', 'guest', 'container', 'workload', 'service', 'node'],
  address: ['ip', 'ipv4', 'ip address', 'ipv4 address', 'address', 'mgmt ip', 'management ip'],
  preferredHost: ['preferred host', 'preferred node', 'target host', 'proxmox host', 'host'],
  runtime: ['runtime state', 'runtime', 'ct state', 'state'],
  status: [
    'current status',
    'current state',
    'status',
    'verified status',
    'runtime status',
    'app level status',
    'classification',
    'state',
  ],
  owner: ['entity owner', 'owner'],
  region: ['region'],
  nodeType: ['node type', 'type', 'role', 'workload type'],
  cluster: ['cluster'],
  role: ['role summary', 'role', 'role text', 'purpose'],
  component: ['component', 'row', 'item', 'layer', 'system'],
  family: ['family', 'transaction family'],
} as const;
export type Column = keyof typeof HEADERS;

/** The index of a logical column in a table, or -1; the synonyms are tried in order. Pure. */
export function columnOf(table: MarkdownTable, column: Column): number {
  const names = table.columns.map(normalised);
  for (const header of HEADERS[column]) {
    const found = names.indexOf(header);
    if (found >= 0) return found;
  }
  return -1;
}

/** A header as it is compared: lower case, letters and digits only. */
export function normalised(header: string): string {
  return header
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, ' ')
    .trim();
}

/** Cells that say nothing. `TBD` is kept: it says that nobody has decided. */
export function isBlank(cell: string): boolean {
  return /^(|-+|–|—|n\/?a|none|\?)$/i.test(cell.trim());
}

/** The VMIDs that a text names: `6200`, `6000–6002`, `6000, 6001 / 6002`. Ranges are followed up to 200 wide. Pure. */
export function vmidsOf(text: string): readonly number[] {
  const out = new Set<number>();
  for (const match of text.matchAll(
    /(?<![\d.:/])(\d{3,6})(?:\s*(?:-|–|—|to)\s*(\d{3,6}))?(?![\d.:]\d)(?!\d)/g,
  )) {
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    if (first < 100 || last < first || last - first > 200) continue;
    for (let vmid = first; vmid <= last; vmid += 1) out.add(vmid);
  }
  return [...out];
}

/** The first IPv4 address of a text without its prefix length, or null. */
export function addressOf(text: string): string | null {
  const match = /(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?![\d.])/.exec(text)?.[1];
  return match?.split('.').every((part) => Number(part) <= 255) === true ? match : null;
}

/** A name as a subject id: lower case, digits and hyphens. */
export function slug(name: string): string {
  return name
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64);
}

/** Collects the facts and notes of one document. */
export class Collector {
  readonly facts: DocumentFact[] = [];
  readonly notes: ImportNote[] = [];
  readonly date: string | null;
  readonly #document: string;
  readonly #rank: SourceRef['rank'];

  constructor(document: string, text: string, rank: SourceRef['rank'], date: string | null) {
    this.#document = document;
    this.#rank = rank;
    this.date = documentDate(text) ?? date;
  }

  source(line: number): SourceRef {
    return {
      document: this.#document,
      locator: `line ${line}`,
      rank: this.#rank,
      ...(this.date === null ? {} : { date: this.date }),
    };
  }

  fact(
    of: { readonly subject: SubjectId; readonly name: string },
    field: FactField,
    value: string | null,
    line: number,
    vocabulary?: string | null,
  ): void {
    if (value === null || isBlank(value)) return;
    this.facts.push({
      subject: of.subject,
      name: of.name,
      field,
      value,
      ...(vocabulary === undefined ? {} : { vocabulary }),
      source: this.source(line),
    });
  }

  note(level: ImportNote['level'], text: string, line = 1): void {
    this.notes.push({ level, text, source: this.source(line) });
  }
}
