import type { SubjectId } from '../../model/index.ts';
import { leadingWord } from '../vocabulary.ts';
import type { DocumentImport, DocumentKind } from './fact.ts';
import { type MarkdownTable, markdownTables } from './markdown-tables.ts';
import { addressOf, Collector, columnOf, isBlank, slug, vmidsOf } from './table-reader.ts';

/** Reads one document: its text, the path that stands in sources, and a date for a document that gives none. Pure. */
export type Importer = (text: string, document: string, date: string | null) => DocumentImport;

const RUNTIME = ['runtime state'];
/** A document whose words are not public: each cell is read by the one vocabulary that has its word. */
const ANY = ['RTGS matrix', 'runtime state', 'plan'];
const HYPERVISORS = /hypervisor|proxmox node|physical|hardware|server/i;

/** Reads hosts from a table with a host name and no VMID. Returns whether it was such a table. */
function readHosts(table: MarkdownTable, into: Collector): boolean {
  const host = columnOf(table, 'host');
  const address = columnOf(table, 'address');
  if (host < 0 || address < 0 || columnOf(table, 'vmid') >= 0) return false;
  const cluster = columnOf(table, 'cluster');
  const role = columnOf(table, 'role');
  for (const { cells, line } of table.rows) {
    const name = (cells[host] ?? '').trim();
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) {
      if (!isBlank(name)) into.note('missing', `"${name}" is no host name; the row was left out`, line);
      continue;
    }
    const of = { subject: `host:${name}` as SubjectId, name };
    into.fact(of, 'name', name, line);
    into.fact(of, 'address', addressOf(cells[address] ?? ''), line);
    if (cluster >= 0) into.fact(of, 'cluster', cells[cluster] ?? '', line);
    if (role >= 0) into.fact(of, 'role', cells[role] ?? '', line);
  }
  return true;
}

/** Reads guests from a table with a VMID column. The category is never taken from a node type, a band or a name. */
function readGuests(table: MarkdownTable, into: Collector, vocabularies: readonly string[]): boolean {
  const vmid = columnOf(table, 'vmid');
  if (vmid < 0) return false;
  const columns = {
    name: columnOf(table, 'guest'),
    address: columnOf(table, 'address'),
    preferredHost: columnOf(table, 'preferredHost'),
    owner: columnOf(table, 'owner'),
    region: columnOf(table, 'region'),
    role: columnOf(table, 'nodeType'),
  };
  // "Host" can only be one of the two columns; where the guest has a name of its own, it is the hypervisor.
  if (columns.name === columns.preferredHost) columns.preferredHost = -1;
  const state = vocabularies[0] === 'runtime state' ? columnOf(table, 'runtime') : columnOf(table, 'status');
  for (const { cells, line } of table.rows) {
    const ids = vmidsOf(cells[vmid] ?? '');
    if (ids.length === 0 && !isBlank(cells[vmid] ?? ''))
      into.note('missing', `"${cells[vmid]}" names no VMID; the row was left out`, line);
    const cell = (index: number): string => (index < 0 ? '' : (cells[index] ?? ''));
    for (const one of ids) {
      const of = { subject: `vmid:${one}` as SubjectId, name: cell(columns.name) || `VMID ${one}` };
      if (ids.length === 1) into.fact(of, 'name', cell(columns.name), line);
      if (ids.length === 1) into.fact(of, 'address', addressOf(cell(columns.address)), line);
      into.fact(of, 'preferredHost', cell(columns.preferredHost), line);
      into.fact(of, 'owner', cell(columns.owner), line);
      into.fact(of, 'region', cell(columns.region), line);
      into.fact(of, 'role', cell(columns.role), line);
      readState(into, of, cell(state), line, vocabularies);
    }
  }
  return true;
}

function readState(
  into: Collector,
  of: { readonly subject: SubjectId; readonly name: string },
  cell: string,
  line: number,
  vocabularies: readonly string[],
): void {
  if (isBlank(cell)) return;
  const vocabulary = vocabularies.find((one) => leadingWord(cell, one) !== null) ?? null;
  const word = vocabulary === null ? null : leadingWord(cell, vocabulary);
  if (word === null)
    into.note(
      'guess',
      `${of.subject}: "${cell.slice(0, 80)}" begins with no word of ${vocabularies.join(' or ')}, so it says nothing of the status`,
      line,
    );
  into.fact(of, 'state', word ?? cell, line, vocabulary);
}

/** `DBIS_NODE_ROLE_MATRIX.md`: hypervisors and workloads; the state words are those of the runtime vocabulary. */
export const importNodeRoleMatrix: Importer = (text, document, date) => {
  const into = new Collector(document, text, 3, date);
  let read = 0;
  for (const table of markdownTables(text))
    if (readGuests(table, into, RUNTIME) || readHosts(table, into)) read += 1;
  return finish('node-role-matrix', document, into, read);
};

/** `DBIS_HYPERLEDGER_RUNTIME_STATUS.md`, whose columns are not public: VMID and status are found by their headers. */
export const importHyperledgerStatus: Importer = (text, document, date) => {
  const into = new Collector(document, text, 3, date);
  let read = 0;
  for (const table of markdownTables(text)) {
    const status = columnOf(table, 'status');
    if (readGuests(table, into, ANY)) read += 1;
    else if (status >= 0 && readComponents(table, into, status, ANY)) read += 1;
  }
  return finish('hyperledger-status', document, into, read);
};

/** Rows by the name of a component; VMIDs in the name make it a fact of those guests. */
function readComponents(
  table: MarkdownTable,
  into: Collector,
  status: number,
  vocabularies: readonly string[],
  column: 'component' | 'family' = 'component',
): boolean {
  const component = columnOf(table, column);
  if (component < 0) return false;
  const owner = columnOf(table, 'owner');
  for (const { cells, line } of table.rows) {
    const name = cells[component] ?? '';
    if (isBlank(name)) continue;
    const ids = vmidsOf(name);
    const subjects: readonly SubjectId[] =
      ids.length > 0 ? ids.map((one) => `vmid:${one}` as const) : [`program:${slug(name)}`];
    for (const subject of subjects) {
      const of = { subject, name };
      readState(into, of, cells[status] ?? '', line, vocabularies);
      if (owner >= 0) into.fact(of, 'owner', cells[owner] ?? '', line);
    }
  }
  return true;
}

/**
 * The RTGS matrix in both of its shapes: "Core matrix" (Component, Current status, …, the bare word) and "Canonical checklist"
 * (Component, Current state, …, the word and a sentence). The status column is found by either name; the leading word counts.
 */
export const importRtgsMatrix: Importer = (text, document, date) => {
  const into = new Collector(document, text, 3, date);
  let read = 0;
  for (const table of markdownTables(text)) {
    const status = columnOf(table, 'status');
    if (status >= 0 && readComponents(table, into, status, ['RTGS matrix'])) read += 1;
  }
  return finish('rtgs-matrix', document, into, read);
};

/** The FX transaction catalogue: Family, Description, Current status, Primary systems. */
export const importFxCatalog: Importer = (text, document, date) => {
  const into = new Collector(document, text, 3, date);
  let read = 0;
  for (const table of markdownTables(text)) {
    const status = columnOf(table, 'status');
    if (status >= 0 && readComponents(table, into, status, ['FX catalog'], 'family')) read += 1;
  }
  return finish('fx-catalog', document, into, read);
};

/** The physical hardware inventory, whose columns are not public: tables with a host name and an address. */
export const importHardware: Importer = (text, document, date) => {
  const into = new Collector(document, text, 3, date);
  let read = 0;
  for (const table of markdownTables(text))
    if (readHosts(table, into)) {
      read += 1;
      if (!HYPERVISORS.test(table.heading))
        into.note('guess', `took the table under "${table.heading}" as a list of hosts`, table.line);
    }
  return finish('hardware-inventory', document, into, read);
};

function finish(kind: DocumentKind, document: string, into: Collector, read: number): DocumentImport {
  if (read === 0) into.note('missing', 'no table with the columns that are looked for was found');
  else if (into.facts.length === 0) into.note('missing', 'the tables hold no row that could be read');
  return { kind, document, date: into.date, facts: into.facts, notes: into.notes };
}

/** The importer of each kind of document. */
export const IMPORTERS: Readonly<Record<DocumentKind, Importer>> = {
  'node-role-matrix': importNodeRoleMatrix,
  'hyperledger-status': importHyperledgerStatus,
  'rtgs-matrix': importRtgsMatrix,
  'fx-catalog': importFxCatalog,
  'hardware-inventory': importHardware,
};
