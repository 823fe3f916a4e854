import type { Assessment, DocumentedSubject, JsonObject, SubjectId } from '../model/index.ts';
import type { ScopeInput } from './scopes.ts';
import { bytesText, cell, objects, type SeenIndex, whole } from './seen.ts';

/** Storage: kinds, fill, thin pools, Ceph only as evidenced, backups by category, replication. Pure. */
export function storageFacts({ snapshot, assessment, seen }: ScopeInput): readonly string[] {
  const lines: string[] = [];
  const kinds = new Map<string, number>();
  for (const one of seen.all('pve-storage')) {
    const storages = objects(one.answer.facts.storages);
    for (const storage of storages) kinds.set(cell(storage.type), (kinds.get(cell(storage.type)) ?? 0) + 1);
    const full = storages
      .filter((storage) => whole(storage.percent) !== null)
      .map((storage) => `${cell(storage.name)} ${bytesText(storage.totalB)} ${cell(storage.percent)} %`);
    lines.push(`${one.subject}: ${full.join(', ') || 'no size told'}`);
  }
  if (kinds.size > 0)
    lines.unshift(`kinds: ${[...kinds].map(([kind, count]) => `${kind} on ${count}`).join(', ')}`);
  for (const one of seen.all('pve-thin'))
    for (const pool of objects(one.answer.facts.pools))
      lines.push(
        `${one.subject} thin pool ${cell(pool.name)}: data ${cell(pool.percent)} %, metadata ${cell(pool.metadataPercent)} %`,
      );
  lines.push(cephLine(seen));
  lines.push(...backupLines(assessment.subjects, seen, assessment.at, snapshot.estate.rpoHours));
  const jobs = seen.all('pve-replication').flatMap((one) => objects(one.answer.facts.jobs));
  if (seen.all('pve-replication').length > 0) lines.push(`replication: ${jobs.length} jobs`);
  return lines;
}

/** A storage entry of a Ceph kind is configuration, not a cluster; only monitors in quorum are evidence (master plan, section 8). */
function cephLine(seen: SeenIndex): string {
  const facts = seen.facts('pve-ceph', 'program:ceph');
  const entries = seen
    .all('pve-storage')
    .some((one) => objects(one.answer.facts.storages).some((row) => /^(rbd|cephfs)$/.test(cell(row.type))));
  const note = entries
    ? '; a storage entry of a Ceph kind exists, which is configuration and no evidence'
    : '';
  if (facts.present === true)
    return `Ceph: ${cell(facts.health)}, ${cell(facts.osdsUp)} of ${cell(facts.osds)} OSDs up`;
  if (facts.present === false) return `Ceph: none is set up on the host that was asked; roadmap${note}`;
  return `Ceph: not looked at${note}`;
}

function backupLines(
  subjects: readonly Assessment[],
  seen: SeenIndex,
  at: number,
  rpo: Readonly<Record<string, number>> | undefined,
): readonly string[] {
  if (seen.all('pve-backup').length === 0 && seen.all('pve-storage').length === 0)
    return ['backups: not looked at'];
  const groups = Map.groupBy(
    subjects.filter((one) => one.subject.kind === 'vmid' && one.subject.sources.length > 0),
    (one) => one.subject.category ?? 'other',
  );
  return [...groups].map(([category, list]) => {
    const ages = list.flatMap((one) => {
      const when = seen.facts('pve-backup', one.subject.id).newest;
      return typeof when === 'string' ? [Math.floor((at - Date.parse(when)) / 3_600_000)] : [];
    });
    const allowed = rpo?.[category];
    const oldest = ages.length === 0 ? '' : `, the oldest newest one ${Math.max(...ages)} h`;
    return `backups of ${category}: ${ages.length} of ${list.length} guests${oldest}; RPO ${allowed === undefined ? 'not decided (rpo_hours)' : `${allowed} h`}`;
  });
}

/** The six target layers of the master plan's section 5, and the guests that belong to each by category. */
const LAYERS: readonly (readonly [name: string, categories: RegExp | null])[] = [
  ['Management', null],
  ['Storage replication', null],
  ['Validator / P2P', /^besu_/],
  ['Identity / workflow DLT', /^(dlt|firefly)$/],
  ['Public access / DMZ', /^(rpc_public|npmplus|explorer)$/],
  ['Validator-only restricted paths', /^besu_validator$/],
];

/**
 * Network: bridges and VLANs of the hosts, and for each target layer the segments (bridge, VLAN, network) that its guests lie in. A layer whose
 * segments hold nobody else has a segment of its own; whether anything is filtered between them is not seen. Pure.
 */
export function networkFacts({ snapshot, seen }: ScopeInput): readonly string[] {
  const lines: string[] = [];
  const management = new Set<string>();
  for (const one of seen.all('pve-network')) {
    const rows = objects(one.answer.facts.interfaces);
    const addressed = rows.filter((row) => cell(row.cidr) !== '');
    for (const row of addressed) {
      const network = networkOf(cell(row.cidr));
      if (network !== null) management.add(segment(cell(row.name), whole(row.vlan), network));
    }
    lines.push(
      `${one.subject}: bridges ${cell(one.answer.facts.bridges) || 'none'}, VLANs ${cell(one.answer.facts.vlans) || 'none'}, addresses ${addressed.map((row) => `${cell(row.name)} ${cell(row.cidr)}`).join(', ') || 'none'}`,
    );
  }
  const guests = guestSegments(snapshot.estate.subjects, seen);
  if (guests.size === 0 && management.size === 0) return [...lines, 'the six target layers: not looked at'];
  for (const [name, categories] of LAYERS)
    lines.push(`${name}: ${layerLine(name, categories, guests, management)}`);
  return lines;
}

interface Placed {
  readonly category: string;
  readonly segments: ReadonlySet<string>;
}

function guestSegments(
  subjects: readonly DocumentedSubject[],
  seen: SeenIndex,
): ReadonlyMap<SubjectId, Placed> {
  const out = new Map<SubjectId, Placed>();
  for (const subject of subjects) {
    const nets = objects(seen.facts('pve-guest-config', subject.id).nets);
    if (nets.length === 0 || subject.category === undefined) continue;
    out.set(subject.id, {
      category: subject.category,
      segments: new Set(nets.map((net) => netSegment(net))),
    });
  }
  return out;
}

function netSegment(net: JsonObject): string {
  return segment(cell(net.bridge), whole(net.vlan), networkOf(cell(net.address)) ?? '');
}

function segment(bridge: string, vlan: number | null, network: string): string {
  return `${bridge}${vlan === null ? '' : `.${vlan}`}${network === '' ? '' : ` ${network}`}`;
}

/** The IPv4 network of an address with a prefix, or null. */
export function networkOf(cidr: string): string | null {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(cidr);
  if (match === null) return null;
  const bits = Number(match[5]);
  if (bits > 32) return null;
  const address = match.slice(1, 5).reduce((sum, part) => sum * 256 + Number(part), 0);
  const base = Math.floor(address / 2 ** (32 - bits)) * 2 ** (32 - bits);
  const parts = [24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256);
  return `${parts.join('.')}/${bits}`;
}

function layerLine(
  name: string,
  categories: RegExp | null,
  guests: ReadonlyMap<SubjectId, Placed>,
  management: ReadonlySet<string>,
): string {
  if (name === 'Management')
    return management.size === 0
      ? 'not seen'
      : `hosts have addresses on ${[...management].join(', ')}${[...guests.values()].some((one) => [...one.segments].some((seg) => [...management].some((own) => sameNetwork(own, seg)))) ? '; shared with guests' : '; no guest seen there'}`;
  if (categories === null) return 'nothing that was asked tells a network of its own; roadmap until shown';
  const own = [...guests.values()].filter((one) => categories.test(one.category));
  if (own.length === 0) return 'no guest with a seen configuration';
  const segments = new Set(own.flatMap((one) => [...one.segments]));
  const others = [...guests.values()].filter((one) => !categories.test(one.category));
  const shared = [...segments].filter((seg) => others.some((one) => one.segments.has(seg)));
  const where = [...segments].slice(0, 6).join(', ');
  return shared.length === 0
    ? `a segment of its own (${where}); filtering between segments is not seen`
    : `shared with other guests (${where}); roadmap`;
}

/** True when two segments lie in the same IPv4 network. */
function sameNetwork(a: string, b: string): boolean {
  const network = (text: string): string => text.slice(text.indexOf(' ') + 1);
  return a.includes(' ') && network(a) === network(b);
}

/** ml110: what the documents call it, and what was seen of it. Not reaching it is a normal state. Pure. */
export function ml110Facts({ snapshot, seen }: ScopeInput): readonly string[] {
  const host = snapshot.estate.subjects.find((one) => one.id === 'host:ml110');
  if (host === undefined) return ['no document that the estate file names speaks of ml110'];
  const { online } = seen.facts('pve-node', 'host:ml110');
  const reached = seen.of('pve-api', 'host:ml110') ?? seen.of('ssh-host', 'host:ml110');
  const guests = seen.all('pve-guest').filter((one) => one.answer.facts.node === 'ml110');
  const running = guests.filter((one) => one.answer.facts.run === 'running').length;
  const planned = snapshot.estate.subjects.filter((one) => one.preferredHost === 'ml110').length;
  const couldCount = seen.all('pve-guest').length > 0;
  return [
    `documented role: ${host.role ?? 'none'}; the preferred host of ${planned} guests; ${host.absenceTolerated ? 'may be absent' : 'must be there'}`,
    `member of the cluster: ${online === true ? 'yes, online' : online === false ? 'yes, offline' : seen.all('pve-node').length > 0 ? 'not listed' : 'not seen'}`,
    `reached by itself: ${reached === undefined ? 'no' : `yes, ${reached.probe}`}`,
    `guests seen there: ${couldCount ? `${guests.length}, ${running} running` : 'not seen'}`,
    conclusion(online, reached !== undefined, couldCount ? running : null),
  ];
}

function conclusion(online: unknown, reached: boolean, running: number | null): string {
  if (online !== true && !reached)
    return 'real role: not seen; that is a normal state under the migration plan';
  if (running === null) return 'real role: it is there; its guests were not seen';
  return running > 0
    ? `real role: still a working member with ${running} running guests; as far as these stay, the migration is not done`
    : 'real role: there, with no running guest';
}
