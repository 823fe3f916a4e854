import {
  type DocumentedSubject,
  type ImportNote,
  type Json,
  type JsonObject,
  type SourceRef,
  type SubjectId,
  sanitiseJson,
  sanitiseLine,
  type Tier,
} from '../model/index.ts';
import { statusOfWord } from './vocabulary.ts';

/** Logical fields of a service record and the keys they are known or guessed to have. The first two were seen upstream. */
export const SYNONYMS = {
  category: ['category'],
  hostname: ['hostname', 'host_name', 'name'],
  vmid: ['vmid', 'id', 'ctid', 'vm_id'],
  address: ['ipv4', 'ip', 'address', 'ip_address'],
  preferredHost: ['preferred_node', 'preferredHost', 'preferred_host', 'host', 'node'],
  state: ['runtime_state', 'runtimeState', 'state', 'status'],
  owner: ['entity_owner', 'owner'],
  region: ['region'],
} as const;
export type LogicalField = keyof typeof SYNONYMS;
/** A mapping file: logical field to the key that carries it. */
export type Mapping = Partial<Record<LogicalField, string>>;

const TIER_OF_CATEGORY: Readonly<Record<string, Tier>> = {
  rpc_core: 'core',
  rpc_public: 'public',
  rpc_private: 'private',
  rpc_named: 'named',
  rpc_thirdweb: 'thirdweb',
  rpc_alltra_hybx: 'alltra-hybx',
};
const KNOWN_CATEGORIES = new Set([
  'besu_validator',
  'besu_sentry',
  ...Object.keys(TIER_OF_CATEGORY),
  'dlt',
  'firefly',
  'explorer',
  'npmplus',
  'infra',
  'monitoring',
]);
const CRITICAL_CATEGORIES = new Set(['besu_validator', 'rpc_core', 'rpc_public', 'explorer']);

export interface TemplateImport {
  readonly subjects: readonly DocumentedSubject[];
  readonly notes: readonly ImportNote[];
}

type Record_ = { readonly [key: string]: Json };

/**
 * Reads the operators' template JSON in a tolerant way: the records are found by content (objects with a `category` and a
 * host name), keys by synonyms or the mapping, unknown keys are kept, and every guess is reported.
 * A tier comes from `category` alone, never from a VMID band or a host name.
 * @param json the parsed file
 * @param document its path, for the sources
 */
export function importTemplate(
  json: unknown,
  document: string,
  mapping: Mapping = {},
  date?: string,
): TemplateImport {
  const clean = sanitiseJson(json) as Json;
  const source = (locator: string): SourceRef => ({
    document,
    locator,
    rank: 1,
    ...(date === undefined ? {} : { date }),
  });
  const notes: ImportNote[] = [];
  const subjects: DocumentedSubject[] = [];
  const usedKeys = new Map<LogicalField, Set<string>>();
  const found = findRecords(clean, mapping);
  if (found.length === 0)
    notes.push({
      level: 'missing',
      text: 'no record with a category and a host name was found',
      source: source('/'),
    });
  for (const { record, path } of found) {
    const subject = toSubject(record, source(path), mapping, usedKeys, notes);
    if (subject !== null) subjects.push(subject);
  }
  for (const [field, keys] of usedKeys)
    for (const key of keys)
      if (field !== 'category' && !(field === 'hostname' && key === 'hostname'))
        notes.push({ level: 'guess', text: `took the key "${key}" as ${field}`, source: source('/') });
  return { subjects: dropRepeats(subjects, notes), notes };
}

function keyOf(record: Record_, field: LogicalField, mapping: Mapping): string | null {
  const mapped = mapping[field];
  if (mapped !== undefined) return Object.hasOwn(record, mapped) ? mapped : null;
  return SYNONYMS[field].find((key) => Object.hasOwn(record, key) && record[key] !== null) ?? null;
}

function findRecords(json: Json, mapping: Mapping): { record: Record_; path: string }[] {
  const out: { record: Record_; path: string }[] = [];
  const visit = (value: Json, path: string, depth: number): void => {
    if (depth > 10 || value === null || typeof value !== 'object') return;
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) visit(item, `${path}/${index}`, depth + 1);
      return;
    }
    const record = value as Record_;
    if (keyOf(record, 'category', mapping) !== null && keyOf(record, 'hostname', mapping) !== null) {
      out.push({ record, path });
      return;
    }
    for (const [key, item] of Object.entries(record)) visit(item, `${path}/${key}`, depth + 1);
  };
  visit(json, '', 0);
  return out;
}

function toSubject(
  record: Record_,
  source: SourceRef,
  mapping: Mapping,
  usedKeys: Map<LogicalField, Set<string>>,
  notes: ImportNote[],
): DocumentedSubject | null {
  const taken = new Set<string>();
  const text = (field: LogicalField): string | undefined => {
    const key = keyOf(record, field, mapping);
    if (key === null) return undefined;
    taken.add(key);
    const keys = usedKeys.get(field) ?? new Set();
    usedKeys.set(field, keys.add(key));
    const value = record[key];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  };
  const name = text('hostname') ?? '';
  const category = text('category') ?? '';
  const vmid = Number(text('vmid'));
  if (!Number.isInteger(vmid) || vmid < 100 || vmid > 999_999_999) {
    notes.push({
      level: 'missing',
      text: `${sanitiseLine(name, 60)} has no usable VMID and was left out`,
      source,
    });
    return null;
  }
  if (!KNOWN_CATEGORIES.has(category))
    notes.push({
      level: 'guess',
      text: `VMID ${vmid}: unknown category "${category}", shown under other`,
      source,
    });
  const word = text('state');
  const { status, vocabulary } =
    word === undefined ? { status: 'unknown' as const, vocabulary: null } : statusOfWord(word);
  if (word !== undefined && vocabulary === null)
    notes.push({
      level: 'guess',
      text: `VMID ${vmid}: the state word "${word}" is in no known vocabulary, so its status is unknown`,
      source,
    });
  const address = text('address');
  const preferredHost = text('preferredHost');
  const tier = TIER_OF_CATEGORY[category];
  const owner = text('owner') ?? 'TBD';
  const region = text('region') ?? 'TBD';
  return {
    id: `vmid:${vmid}`,
    kind: 'vmid',
    name,
    vmid,
    category,
    ...(tier === undefined ? {} : { tier }),
    ...(address === undefined ? {} : { address }),
    ...(preferredHost === undefined ? {} : { preferredHost }),
    ...(word === undefined ? {} : { statusWord: word }),
    status,
    expectedRun:
      status === 'placeholder' || status === 'retired'
        ? 'stopped'
        : status === 'unknown' || status === 'planned'
          ? 'any'
          : 'running',
    owner,
    region,
    critical: status === 'deployed' && CRITICAL_CATEGORIES.has(category),
    absenceTolerated: false,
    dependsOn: [],
    sources: [source],
    extra: Object.fromEntries(Object.entries(record).filter(([key]) => !taken.has(key))) as JsonObject,
  };
}

function dropRepeats(subjects: readonly DocumentedSubject[], notes: ImportNote[]): DocumentedSubject[] {
  const seen = new Set<SubjectId>();
  return subjects.filter((subject) => {
    if (!seen.has(subject.id)) {
      seen.add(subject.id);
      return true;
    }
    notes.push({ level: 'kept', text: `${subject.id} appears more than once; the first record was used` });
    return false;
  });
}
