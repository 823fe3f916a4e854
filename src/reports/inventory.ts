import type { ArtefactState } from '../estate/artefacts.ts';
import { allConflicts } from '../estate/conflicts.ts';
import type { Assessment, EstateAssessment, JsonObject, Snapshot } from '../model/index.ts';
import { conflictTable } from './conflicts.ts';
import { mdTable, mdText } from './markdown.ts';
import { bytesText, cell, objects, SeenIndex } from './seen.ts';

/** One host as documented and as seen. Sizes in bytes. */
export interface InventoryHost {
  readonly id: string;
  readonly name: string;
  readonly address: string | null;
  readonly role: string | null;
  readonly absence_tolerated: boolean;
  readonly online: boolean | null;
  readonly health: string;
  readonly version: string | null;
  readonly kernel: string | null;
  readonly cpus: number | null;
  readonly memory_b: number | null;
  readonly running: number;
  readonly stopped: number;
  readonly unknown: number;
  readonly storages: readonly JsonObject[];
  readonly interfaces: readonly JsonObject[];
}

/** One guest as documented and as seen. */
export interface InventoryGuest {
  readonly id: string;
  readonly vmid: number | null;
  readonly name: string;
  /** The template's category; `other` where there is none. Never inferred. */
  readonly category: string;
  readonly documented: boolean;
  readonly type: string | null;
  readonly run: string;
  readonly host: string | null;
  readonly preferred_host: string | null;
  readonly moved: boolean;
  readonly address: string | null;
  readonly addresses_seen: readonly string[];
  readonly cpus: number | null;
  readonly memory_b: number | null;
  readonly status: string;
  readonly health: string;
  readonly owner: string;
  readonly region: string;
}

/** The infrastructure inventory, version 1. */
export interface InventoryDocument {
  readonly format: 'c138-inventory';
  readonly v: 1;
  readonly estate: string;
  readonly at: string;
  readonly hosts: readonly InventoryHost[];
  readonly guests: readonly InventoryGuest[];
  readonly artefacts: readonly ArtefactState[];
}

/** Hosts and guests, documented beside seen. Pure. */
export function inventoryDocument(
  snapshot: Snapshot,
  assessment: EstateAssessment,
  artefacts: readonly ArtefactState[] = [],
): InventoryDocument {
  const seen = new SeenIndex(snapshot.observations);
  const guests = assessment.subjects
    .filter((one) => one.subject.kind === 'vmid')
    .map((one) => guestOf(one, seen))
    .sort((a, b) => (a.vmid ?? 0) - (b.vmid ?? 0));
  const onHost = Map.groupBy(guests, (one) => one.host ?? '');
  return {
    format: 'c138-inventory',
    v: 1,
    estate: snapshot.estate.id,
    at: snapshot.ended,
    hosts: assessment.subjects
      .filter((one) => one.subject.kind === 'host')
      .map((one) => hostOf(one, seen, onHost.get(one.subject.id.slice('host:'.length)) ?? [])),
    guests,
    artefacts,
  };
}

function hostOf(one: Assessment, seen: SeenIndex, guests: readonly InventoryGuest[]): InventoryHost {
  const { subject } = one;
  const facts = seen.facts('pve-host', subject.id);
  const { online } = seen.facts('pve-node', subject.id);
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);
  const count = (run: string): number => guests.filter((guest) => guest.run === run).length;
  return {
    id: subject.id,
    name: subject.name,
    address: subject.address ?? null,
    role: subject.role ?? null,
    absence_tolerated: subject.absenceTolerated,
    online: typeof online === 'boolean' ? online : null,
    health: one.health,
    version: text(facts.version) ?? text(seen.facts('pve-api', subject.id).version),
    kernel: text(facts.kernel),
    cpus: number(facts.cpus),
    memory_b: number(facts.memoryB),
    running: count('running'),
    stopped: count('stopped'),
    unknown: guests.length - count('running') - count('stopped'),
    storages: objects(seen.facts('pve-storage', subject.id).storages),
    interfaces: objects(seen.facts('pve-network', subject.id).interfaces),
  };
}

function guestOf(one: Assessment, seen: SeenIndex): InventoryGuest {
  const { subject } = one;
  const facts = seen.facts('pve-guest', subject.id);
  const config = seen.facts('pve-guest-config', subject.id);
  const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
  const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);
  const host = text(facts.node);
  const preferred = subject.preferredHost ?? null;
  return {
    id: subject.id,
    vmid: subject.vmid ?? null,
    name: subject.name,
    category: subject.category ?? 'other',
    documented: subject.sources.length > 0,
    type: text(facts.type),
    run: text(facts.run) ?? 'not seen',
    host,
    preferred_host: preferred,
    moved: host !== null && preferred !== null && preferred !== 'any' && preferred !== host,
    address: subject.address ?? null,
    addresses_seen: Array.isArray(config.addresses) ? config.addresses.map(cell) : [],
    cpus: number(facts.cpus),
    memory_b: number(facts.maxMemB),
    status: one.status,
    health: one.health,
    owner: subject.owner,
    region: subject.region,
  };
}

/** `infrastructure-inventory.md`. Pure. */
export function inventoryMarkdown(
  snapshot: Snapshot,
  assessment: EstateAssessment,
  artefacts: readonly ArtefactState[] = [],
): string {
  const document = inventoryDocument(snapshot, assessment, artefacts);
  const { guests, hosts } = document;
  const list = (title: string, ids: readonly string[]): readonly string[] =>
    ids.length === 0 ? [] : [`* ${title}: ${mdText(ids.join(', '), 2000)}`];
  return [
    `# Infrastructure inventory of ${mdText(snapshot.estate.name)}`,
    '',
    ...(snapshot.estate.simulated ? ['**Simulated estate.**', ''] : []),
    `As of ${snapshot.ended}, seen from ${mdText(snapshot.vantage)}. "Not seen" is neither there nor gone. A preferred host is a plan; "seen on" is`,
    'what the cluster said.',
    '',
    '## Hosts',
    '',
    ...mdTable(
      [
        'host',
        'address',
        'role',
        'online',
        'version',
        'kernel',
        'CPUs',
        'memory',
        'running',
        'stopped',
        'unknown',
        'health',
      ],
      hosts.map((one) => [
        one.name,
        one.address ?? '',
        one.role ?? '',
        one.online === null ? 'not seen' : one.online ? 'yes' : 'no',
        one.version ?? '',
        one.kernel ?? '',
        one.cpus === null ? '' : String(one.cpus),
        bytesText(one.memory_b ?? undefined),
        String(one.running),
        String(one.stopped),
        String(one.unknown),
        one.absence_tolerated ? `${one.health}, may be absent` : one.health,
      ]),
    ),
    '',
    '## Guests',
    '',
    ...list(
      'documented, not in the cluster',
      guests.filter((one) => one.run === 'absent').map((one) => one.id),
    ),
    ...list(
      'in the cluster, not documented',
      guests.filter((one) => !one.documented).map((one) => one.id),
    ),
    ...list(
      'not on the preferred host',
      guests.filter((one) => one.moved).map((one) => `${one.id} ${one.preferred_host} → ${one.host}`),
    ),
    '',
    ...mdTable(
      [
        'VMID',
        'name',
        'category',
        'type',
        'state',
        'seen on',
        'preferred host',
        'address',
        'addresses seen',
        'CPUs',
        'memory',
        'status',
        'health',
        'owner',
      ],
      guests.map((one) => [
        one.vmid === null ? one.id : String(one.vmid),
        one.name,
        one.category,
        one.type ?? '',
        one.run,
        one.host ?? '',
        one.preferred_host ?? '',
        one.address ?? '',
        one.addresses_seen.join(', '),
        one.cpus === null ? '' : String(one.cpus),
        bytesText(one.memory_b ?? undefined),
        one.status,
        one.health,
        one.owner,
      ]),
    ),
    '',
    ...storages(hosts),
    ...networks(hosts),
    '## Sources that disagree',
    '',
    ...(conflictTable(allConflicts(snapshot)).length === 0
      ? ['None found.']
      : conflictTable(allConflicts(snapshot))),
    '',
    ...artefactSection(artefacts, snapshot.estate.repository),
  ].join('\n');
}

function storages(hosts: readonly InventoryHost[]): readonly string[] {
  const rows = hosts.flatMap((host) =>
    host.storages.map((one) => [
      host.name,
      cell(one.name),
      cell(one.type),
      cell(one.content),
      cell(one.active),
      cell(one.shared),
      bytesText(one.totalB),
      one.percent === undefined || one.percent === null ? '' : `${cell(one.percent)} %`,
    ]),
  );
  return [
    '## Storage',
    '',
    ...(rows.length === 0
      ? ['No storage was seen.']
      : mdTable(['host', 'storage', 'type', 'content', 'active', 'shared', 'size', 'full'], rows)),
    '',
  ];
}

function networks(hosts: readonly InventoryHost[]): readonly string[] {
  const rows = hosts.flatMap((host) =>
    host.interfaces.map((one) => [
      host.name,
      cell(one.name),
      cell(one.type),
      cell(one.cidr),
      cell(one.gateway),
      cell(one.ports),
      cell(one.vlanAware),
      cell(one.vlan),
    ]),
  );
  return [
    '## Network',
    '',
    ...(rows.length === 0
      ? ['No network configuration was seen.']
      : mdTable(['host', 'interface', 'type', 'address', 'gateway', 'ports', 'VLAN-aware', 'VLAN'], rows)),
    '',
  ];
}

/** The index of artefacts of section 22 as a table. */
export function artefactSection(
  artefacts: readonly ArtefactState[],
  repository: string | undefined,
): readonly string[] {
  return [
    '## Artefacts of the master plan (section 22)',
    '',
    ...(artefacts.length === 0
      ? [
          repository === undefined
            ? 'The estate file names no checkout (key `repository`), so they were not checked.'
            : 'They were not checked in this run.',
        ]
      : mdTable(
          ['deliverable', 'path', 'present', 'last commit', 'SHA-256', 'remark'],
          artefacts.map((one) => [
            one.deliverable,
            one.path,
            one.present ? 'yes' : 'no',
            one.changed ?? 'not known',
            one.sha256 ?? (one.files === null ? '' : `${one.files} files`),
            [one.uncommitted === true ? 'differs from the last commit' : '', one.note]
              .filter((text) => text !== '')
              .join('; '),
          ]),
        )),
    '',
  ];
}
