import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type {
  DocumentedEstate,
  DocumentedSubject,
  Endpoint,
  EndpointKind,
  ImportNote,
  Relay,
  RelaySide,
  SubjectId,
  Thresholds,
  Tier,
} from '../model/index.ts';
import { sanitiseLine, TIERS, unsaidSubject } from '../model/index.ts';
import { bandConflicts, duplicateAddresses } from './conflicts.ts';
import { applyDocuments } from './documents/apply.ts';
import type { DocumentImport, DocumentKind } from './documents/fact.ts';
import { IMPORTERS } from './documents/importers.ts';
import { checkEndpoints } from './endpoint-check.ts';
import { EstateFileError } from './errors.ts';
import { planPrograms, program } from './programs.ts';
import { importTemplate, type Mapping, type TemplateImport } from './template.ts';
import {
  type EndpointDocument,
  type EstateDocument,
  parseEstateFile,
  type SecretDocument,
} from './validate.ts';
import { statusOfWord } from './vocabulary.ts';

/** Ours, not the operators': used where the estate file says nothing, and noted as such. */
export const DEFAULT_THRESHOLDS: Thresholds = {
  blockPeriodS: 2,
  emptyBlockPeriodS: 2,
  requestTimeoutS: 4,
  headSpreadBlocks: 3,
  minPeers: 1,
  evidenceTtlS: 900,
  explorerLagBlocks: 20,
};

const MAX_FILE_BYTES = 16 * 1024 * 1024;

/**
 * Reads an estate file and the documents that it names.
 * @param path of the YAML file; paths inside it are relative to its folder
 * @throws EstateFileError saying what is wrong, where and how to mend it
 */
export async function loadEstate(path: string): Promise<DocumentedEstate> {
  const file = resolve(path);
  const document = parseEstateFile(
    await readText(file, 'Give the path of an estate file with --config.'),
    file,
  );
  const folder = dirname(file);
  let imported: TemplateImport = { subjects: [], notes: [] };
  if (document.template !== undefined) {
    const mappingFile = document.mapping === undefined ? null : resolve(folder, document.mapping);
    const mapping = mappingFile === null ? {} : ((await readJson(mappingFile)) as Mapping);
    const templateFile = resolve(folder, document.template);
    const changed = (await stat(templateFile).catch(() => null))?.mtime.toISOString().slice(0, 10);
    imported = importTemplate(await readJson(templateFile), document.template, mapping, changed);
  }
  const documents: DocumentImport[] = [];
  for (const one of document.documents ?? [])
    documents.push(
      IMPORTERS[one.kind as DocumentKind](
        await readText(resolve(folder, one.path), 'Correct the path under documents in the estate file.'),
        one.path,
        one.date ?? null,
      ),
    );
  return estateFromDocument(document, { folder, file, imported, documents });
}

/** Puts the estate file and the imported template together. Pure. */
export function estateFromDocument(
  document: EstateDocument,
  context: {
    readonly folder: string;
    readonly file: string;
    readonly imported: TemplateImport;
    /** What the other documents that the estate file names say. */
    readonly documents?: readonly DocumentImport[];
  },
): DocumentedEstate {
  const notes: ImportNote[] = [...context.imported.notes];
  if (document.template === undefined)
    notes.push({ level: 'missing', text: 'the estate file names no template, so no guest is documented' });
  const thresholds = thresholdsOf(document, notes);
  const endpoints = (document.endpoints ?? []).map((one) => toEndpoint(one, context.folder));
  checkEndpoints(endpoints, context.file);
  const subjects = new Map<SubjectId, DocumentedSubject>();
  const add = (subject: DocumentedSubject): void => {
    if (!subjects.has(subject.id)) subjects.set(subject.id, subject);
  };
  add(
    plain(`chain:${document.chain.id}`, `Chain ${document.chain.id} (QBFT)`, {
      critical: true,
      status: 'deployed',
      statusWord: 'Deployed now',
    }),
  );
  if (document.cluster !== undefined)
    add(
      plain(`cluster:${document.cluster}`, `Proxmox VE cluster ${document.cluster}`, {
        critical: true,
        status: 'deployed',
      }),
    );
  for (const host of document.hosts ?? [])
    add(
      plain(`host:${host.name}`, host.name, {
        critical: host.critical ?? !(host.absence_tolerated ?? false),
        absenceTolerated: host.absence_tolerated ?? false,
        status: 'deployed',
        expectedRun: 'running',
        ...(host.role === undefined ? {} : { role: host.role }),
      }),
    );
  for (const subject of context.imported.subjects) add(subject);
  for (const one of document.programs ?? [])
    add({
      ...program(one.id, one.name, one.status_word, one.section ?? null),
      dependsOn: (one.depends_on ?? []) as SubjectId[],
    });
  for (const subject of planPrograms()) add(subject);
  const applied = applyDocuments([...subjects.values()], context.documents ?? []);
  notes.push(...applied.notes);
  for (const subject of applied.subjects) subjects.set(subject.id, subject);
  applyOverrides(subjects, document, context.file);
  addTiers(subjects);
  for (const endpoint of endpoints)
    if (!subjects.has(endpoint.subject)) {
      notes.push({
        level: 'guess',
        text: `${endpoint.subject} is named by an endpoint only; no document describes it`,
      });
      add(plain(endpoint.subject, endpoint.subject.slice(endpoint.subject.indexOf(':') + 1), {}));
    }
  const pin = document.chain.pin;
  if (pin === undefined)
    notes.push({
      level: 'missing',
      text: 'no validator set is pinned, so a quorum can only be called self-consistent, never proven',
    });
  return {
    id: document.id,
    name: document.name,
    simulated: document.simulated ?? false,
    chainId: document.chain.id,
    ...(document.chain.network_id === undefined ? {} : { networkId: document.chain.network_id }),
    ...(pin === undefined
      ? {}
      : {
          pin: {
            genesisHash: pin.genesis_hash.toLowerCase(),
            validators: pin.validators.map((one) => one.toLowerCase()).sort(),
            fromBlock: pin.from_block ?? 0,
          },
        }),
    thresholds,
    subjects: [...subjects.values()],
    endpoints,
    ...(document.relays === undefined ? {} : { relays: relaysOf(document, endpoints, context.file) }),
    ...(document.rpo_hours === undefined ? {} : { rpoHours: document.rpo_hours }),
    ...(document.tier_policy === undefined ? {} : { tierPolicy: document.tier_policy }),
    conflicts: [
      ...duplicateAddresses([...subjects.values()]),
      ...bandConflicts([...subjects.values()]),
      ...applied.conflicts,
    ],
    notes,
    mirror: document.mirror === undefined ? null : resolve(context.folder, document.mirror),
    ...(document.repository === undefined
      ? {}
      : { repository: resolve(context.folder, document.repository) }),
  };
}

/** A subject that only the estate file names. */
function plain(id: SubjectId, name: string, more: Partial<DocumentedSubject>): DocumentedSubject {
  return { ...unsaidSubject(id, name), sources: [{ document: 'estate file', rank: 1 }], ...more };
}

function applyOverrides(
  subjects: Map<SubjectId, DocumentedSubject>,
  document: EstateDocument,
  file: string,
): void {
  for (const one of document.subjects ?? []) {
    const id = one.id as SubjectId;
    const known = subjects.get(id);
    if (known === undefined)
      throw new EstateFileError({
        file,
        key: `subjects ${one.id}`,
        message: `no document describes ${one.id}`,
        mend: 'Correct the id, or add it to the template.',
      });
    subjects.set(id, {
      ...known,
      ...(one.critical === undefined ? {} : { critical: one.critical }),
      ...(one.absence_tolerated === undefined ? {} : { absenceTolerated: one.absence_tolerated }),
      ...(one.tier === undefined ? {} : { tier: one.tier as Tier }),
      ...(one.status_word === undefined
        ? {}
        : { statusWord: one.status_word, status: statusOfWord(one.status_word).status }),
      ...(one.depends_on === undefined ? {} : { dependsOn: one.depends_on as SubjectId[] }),
    });
  }
}

function addTiers(subjects: Map<SubjectId, DocumentedSubject>): void {
  const members = [...subjects.values()];
  for (const tier of TIERS) {
    const own = members.filter((subject) => subject.tier === tier);
    if (own.length === 0) continue;
    const id: SubjectId = `tier:${tier}`;
    subjects.set(
      id,
      plain(id, `RPC tier ${tier}`, {
        status: 'deployed',
        tier,
        dependsOn: own.map((subject) => subject.id),
      }),
    );
  }
}

function thresholdsOf(document: EstateDocument, notes: ImportNote[]): Thresholds {
  const given = document.thresholds ?? {};
  const out: Record<string, number> = {};
  for (const [key, fallback] of Object.entries(DEFAULT_THRESHOLDS)) {
    const yamlKey = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const value = given[yamlKey];
    out[key] = value ?? fallback;
    if (value === undefined)
      notes.push({ level: 'info', text: `threshold ${yamlKey} is our default: ${fallback}` });
  }
  return out as unknown as Thresholds;
}

function relaysOf(document: EstateDocument, endpoints: readonly Endpoint[], file: string): readonly Relay[] {
  return (document.relays ?? []).map((one) => {
    for (const side of [one.source, one.destination])
      if (!endpoints.some((endpoint) => endpoint.id === side.endpoint))
        throw new EstateFileError({
          file,
          key: `relays ${one.id}`,
          message: `there is no endpoint ${side.endpoint}`,
          mend: 'Name an endpoint of this file on each side of the relay.',
        });
    const lower = (side: RelaySide): RelaySide => ({
      endpoint: side.endpoint,
      contract: side.contract.toLowerCase(),
      topic: side.topic.toLowerCase(),
    });
    return {
      id: one.id,
      subject: one.subject as SubjectId,
      source: lower(one.source),
      destination: lower(one.destination),
      idTopic: one.id_topic ?? 1,
      windowBlocks: one.window_blocks ?? 5000,
      graceBlocks: one.grace_blocks ?? 30,
    };
  });
}

function toEndpoint(one: EndpointDocument, folder: string): Endpoint {
  const tls = {
    ...(one.ca_file === undefined ? {} : { caFile: resolve(folder, one.ca_file) }),
    ...(one.pin_sha256 === undefined ? {} : { pinSha256: one.pin_sha256.replaceAll(':', '').toLowerCase() }),
  };
  return {
    id: one.id,
    subject: one.subject as SubjectId,
    kind: one.kind as EndpointKind,
    url: one.url,
    ...(one.ws_url === undefined ? {} : { wsUrl: one.ws_url }),
    ...(one.pool_genesis === undefined ? {} : { poolGenesisFile: resolve(folder, one.pool_genesis) }),
    via: one.via ?? 'direct',
    ...(one.timeout_ms === undefined ? {} : { timeoutMs: one.timeout_ms }),
    ...(one.host_header === undefined ? {} : { hostHeader: one.host_header }),
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
    ...optional('token', secretSource(one.token, folder)),
    ...optional('ssh', sshOf(one.ssh, folder)),
  };
}

function sshOf(given: EndpointDocument['ssh'], folder: string): Endpoint['ssh'] {
  if (given === undefined) return undefined;
  const path = (value: string | undefined): string | undefined =>
    value === undefined ? undefined : resolve(folder, value);
  return {
    ...optional('knownHostsFile', path(given.known_hosts)),
    ...optional('identityFile', path(given.identity_file)),
    ...optional('agent', given.agent),
    ...optional('configFile', given.config === 'none' ? null : path(given.config)),
    ...optional('passphrase', secretSource(given.passphrase, folder)),
  };
}

function secretSource(given: SecretDocument | undefined, folder: string): Endpoint['token'] {
  if (given?.file !== undefined) return { file: resolve(folder, given.file) };
  return given?.command === undefined ? undefined : { command: given.command };
}

/** An object with one key, or with none where there is no value. */
function optional<K extends string, V>(key: K, value: V | undefined): { readonly [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [key in K]?: V });
}

async function readText(file: string, mend: string): Promise<string> {
  try {
    const info = await stat(file);
    if (!info.isFile()) throw new EstateFileError({ file, message: 'this is not a file', mend });
    if (info.size > MAX_FILE_BYTES)
      throw new EstateFileError({ file, message: 'the file is larger than 16 MiB', mend });
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof EstateFileError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    const message = code === 'ENOENT' ? 'there is no such file' : `the file cannot be read (${code})`;
    throw new EstateFileError({ file, message, mend });
  }
}

async function readJson(file: string): Promise<unknown> {
  const text = await readText(file, 'Correct the path in the estate file.');
  try {
    return JSON.parse(text);
  } catch (error) {
    const position = /line (\d+) column (\d+)/.exec((error as Error).message);
    throw new EstateFileError({
      file,
      line: position === null ? null : Number(position[1]),
      column: position === null ? null : Number(position[2]),
      message: sanitiseLine(`not JSON: ${(error as Error).message}`, 160),
      mend: 'Correct the JSON at this place.',
    });
  }
}
