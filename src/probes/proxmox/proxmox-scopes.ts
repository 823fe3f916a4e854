import type { Endpoint, Json, JsonObject, Observation, SubjectId } from '../../model/index.ts';
import { fitsPlace } from '../allow-list.ts';
import { makeAnswer } from '../besu/rpc-session.ts';
import { observe, type ProbeContext } from '../context.ts';
import { failedGet, type JsonGet } from '../http-get.ts';
import { pooled } from '../pool.ts';
import { readBackups, readGuestConfig } from './proxmox-guest.ts';
import {
  type HostReading,
  readCeph,
  readCertificates,
  readHa,
  readHostStatus,
  readNetwork,
  readReplication,
  readStorages,
  readThinPools,
} from './proxmox-hosts.ts';
import { type Row, rowsOf } from './proxmox-rows.ts';
import { type PveSource, pveSource } from './proxmox-source.ts';

/** Nodes asked at a time; every question goes through one host, which hands it on. */
const NODES_AT_ONCE = 2;
/** Guests whose configuration is asked at a time, and in all. */
const GUESTS_AT_ONCE = 4;
const MAX_GUESTS = 500;

const API = '/api2/json';
const inRows =
  (read: (rows: readonly Row[]) => HostReading) =>
  (json: unknown): HostReading | null => {
    const rows = rowsOf(json);
    return rows === null ? null : read(rows);
  };

/** What is asked of each node: probe, resource below the node, and how it is read. */
const NODE_QUESTIONS: readonly (readonly [
  probe: string,
  resource: string,
  read: (json: unknown) => HostReading | null,
])[] = [
  ['pve-host', 'status', readHostStatus],
  ['pve-storage', 'storage', inRows(readStorages)],
  ['pve-thin', 'disks/lvmthin', inRows(readThinPools)],
  ['pve-network', 'network', inRows(readNetwork)],
  ['pve-certificate', 'certificates/info', inRows((rows) => readCertificates(rows, Date.now()))],
  ['pve-replication', 'replication', inRows(readReplication)],
];

/** Through which endpoint the cluster was seen last, and its nodes that were online then. */
function lastView(
  endpoints: readonly Endpoint[],
  gathered: readonly Observation[],
): { readonly endpoint: Endpoint; readonly nodes: readonly string[] } | null {
  const views = gathered.filter(
    (one) => one.probe === 'pve-cluster' && Array.isArray(one.answer.facts.nodes),
  );
  const last = views.sort((a, b) => (a.ended < b.ended ? 1 : -1))[0];
  const endpoint = endpoints.find((one) => one.id === last?.endpoint);
  if (last === undefined || endpoint === undefined) return null;
  const nodes = (last.answer.facts.nodes as readonly Json[]).flatMap((node) => {
    const { name, online } = node as { readonly name?: unknown; readonly online?: unknown };
    // A name that is none, from whoever gave it, is asked about nowhere.
    return typeof name === 'string' && online === true && fitsPlace('node', name) ? [name] : [];
  });
  return { endpoint, nodes };
}

/**
 * Probes `pve-host`, `pve-storage`, `pve-thin`, `pve-network`, `pve-certificate`, `pve-replication` (subject: each host that is online),
 * `pve-ha` (the cluster), `pve-ceph` (the programme item) and `pve-backup` (each guest that has one): health and stock of the hosts, through the
 * host by which the cluster was seen.
 */
export async function hostsRound(
  context: ProbeContext,
  endpoints: readonly Endpoint[],
  gathered: readonly Observation[],
  keep: (observations: readonly Observation[]) => void,
): Promise<void> {
  const view = lastView(endpoints, gathered);
  if (view === null) return;
  const { endpoint, nodes } = view;
  const source = pveSource(context, endpoint);
  const cluster = context.estate.subjects.find((one) => one.kind === 'cluster')?.id ?? 'cluster:unnamed';
  const ask = (
    probe: string,
    subject: SubjectId,
    path: string,
    read: (json: unknown) => HostReading | null,
  ) => askOne(context, endpoint, source, { probe, subject, path, read });
  const [ha, ceph] = await Promise.all([
    ask('pve-ha', cluster, `${API}/cluster/ha/status/current`, inRows(readHa)),
    cephStatus(context, endpoint, source),
  ]);
  keep([...ha, ...ceph]);
  const askedForBackups = new Set<string>();
  const backups = new Map<number, { count: number; newest: number; storages: string[] }>();
  await pooled(nodes, NODES_AT_ONCE, async (node) => {
    for (const [probe, resource, read] of NODE_QUESTIONS) {
      if (context.signal.aborted) return;
      const seen = await ask(probe, `host:${node}`, `${API}/nodes/${node}/${resource}`, read);
      keep(seen);
      if (probe !== 'pve-storage') continue;
      for (const storage of backupStorages(seen, node, askedForBackups)) {
        const path = `${API}/nodes/${node}/storage/${storage}/content?content=backup`;
        for (const [vmid, { count, newest }] of readBackups((await source.get(path)).json)) {
          const known = backups.get(vmid) ?? { count: 0, newest: 0, storages: [] };
          backups.set(vmid, {
            count: known.count + count,
            newest: Math.max(known.newest, newest),
            storages: [...known.storages, storage],
          });
        }
      }
    }
  });
  const known = new Set(
    [...context.estate.subjects, ...gathered.map((one) => ({ id: one.subject }))].map((one) => one.id),
  );
  // Backups of guests that are gone are no guests.
  for (const vmid of backups.keys()) if (!known.has(`vmid:${vmid}`)) backups.delete(vmid);
  keep(await backupObservations(context, endpoint, backups));
}

interface Question {
  readonly probe: string;
  readonly subject: SubjectId;
  readonly path: string;
  readonly read: (json: unknown) => HostReading | null;
}

/** One question; nothing where this release of Proxmox has no such resource. */
async function askOne(
  context: ProbeContext,
  endpoint: Endpoint,
  source: PveSource,
  { probe, subject, path, read }: Question,
): Promise<readonly Observation[]> {
  let absent = false;
  const seen = await observe(
    context,
    { probe, endpoint, request: source.request(path), subject },
    async () => {
      const get = await source.get(path);
      absent = isAbsent(get);
      const reading = get.class === 'ok' ? read(get.json) : null;
      if (reading === null) return { answer: unreadable(get), level: 'none', raw: get.raw };
      return { answer: makeAnswer('ok', reading.facts, reading.checks), level: 'runtime', raw: get.raw };
    },
  );
  return absent ? [] : [seen];
}

/** The API says 501 for what it does not know, `pvesh` that there is no handler. */
function isAbsent(get: JsonGet): boolean {
  return (
    get.status === 501 || (get.class === 'exit' && /no '?get'? handler|not implemented/i.test(get.detail))
  );
}

function unreadable(get: JsonGet): Observation['answer'] {
  if (get.class !== 'ok') return failedGet(get);
  return makeAnswer('not-json', {}, [], {
    detail: 'the answer is JSON, but not of the shape that Proxmox gives',
  });
}

/** How Proxmox says that Ceph is not there: not installed, or never set up. */
const NO_CEPH = /not installed|not initialized|ceph\.conf|rados_connect|no such file/i;

/**
 * Probe `pve-ceph`: whether there is a Ceph cluster. Only monitors in quorum show one: a storage of type rbd or cephfs in the
 * configuration does not, and neither do disks that were prepared for it.
 */
async function cephStatus(
  context: ProbeContext,
  endpoint: Endpoint,
  source: PveSource,
): Promise<readonly Observation[]> {
  const path = `${API}/cluster/ceph/status`;
  const subject: SubjectId = 'program:ceph';
  const seen = await observe(
    context,
    { probe: 'pve-ceph', endpoint, request: source.request(path), subject },
    async () => {
      const get = await source.get(path);
      const { raw } = get;
      if (isAbsent(get) || ((get.class === 'http-error' || get.class === 'exit') && NO_CEPH.test(get.detail)))
        return {
          answer: makeAnswer('ok-null', { present: false }, [], {
            detail: 'no Ceph is set up on the host that was asked',
          }),
          level: 'none',
          raw,
        };
      const reading = get.class === 'ok' ? readCeph(get.json) : null;
      if (reading === null) return { answer: unreadable(get), level: 'none', raw };
      const serving = Number(reading.facts.osdsUp ?? 0) > 0;
      return {
        answer: makeAnswer('ok', reading.facts, reading.checks),
        level: serving ? 'app' : 'runtime',
        raw,
      };
    },
  );
  return [seen];
}

/** Names of storages of a node that hold backups and were not asked yet; a shared one is asked once. */
function backupStorages(seen: readonly Observation[], node: string, asked: Set<string>): readonly string[] {
  const storages = seen[0]?.answer.facts.storages;
  if (!Array.isArray(storages)) return [];
  return storages.flatMap((one) => {
    const { name, content, active, shared } = one as JsonObject;
    if (typeof name !== 'string' || active !== true || !String(content).split(',').includes('backup'))
      return [];
    const key = shared === true ? name : `${node} ${name}`;
    if (asked.has(key) || !/^[A-Za-z][A-Za-z0-9._-]{0,62}$/.test(name)) return [];
    asked.add(key);
    return [name];
  });
}

async function backupObservations(
  context: ProbeContext,
  endpoint: Endpoint,
  backups: ReadonlyMap<
    number,
    { readonly count: number; readonly newest: number; readonly storages: readonly string[] }
  >,
): Promise<readonly Observation[]> {
  return Promise.all(
    [...backups].map(([vmid, { count, newest, storages }]) =>
      observe(
        context,
        { probe: 'pve-backup', endpoint, request: 'content=backup of each storage', subject: `vmid:${vmid}` },
        async () => ({
          answer: makeAnswer('ok', {
            count,
            newest: new Date(newest * 1000).toISOString(),
            storages: [...storages],
          }),
          level: 'none',
          raw: null,
        }),
      ),
    ),
  );
}

/**
 * Probe `pve-guest-config`: what the configuration of each listed guest says of its network. Facts: `hostname`, `nets`, `addresses` (CIDR),
 * `onboot`, `memoryMib`, `cores`. An address by DHCP is not in it.
 */
export async function configRound(
  context: ProbeContext,
  endpoints: readonly Endpoint[],
  gathered: readonly Observation[],
  keep: (observations: readonly Observation[]) => void,
): Promise<void> {
  const guests = gathered.filter(
    (one) => one.probe === 'pve-guest' && typeof one.answer.facts.node === 'string',
  );
  await pooled(guests.slice(0, MAX_GUESTS), GUESTS_AT_ONCE, async (guest) =>
    keep(await guestConfig(context, endpoints, guest)),
  );
}

/** The configuration of one guest that the cluster listed; nothing where it can not be asked. */
export async function guestConfig(
  context: ProbeContext,
  endpoints: readonly Endpoint[],
  guest: Observation,
): Promise<readonly Observation[]> {
  const endpoint = endpoints.find((one) => one.id === guest.endpoint);
  const { node, type, nodeState } = guest.answer.facts;
  // What a node that is gone has in its configuration, its cluster still knows; but who asks for it waits for the node.
  if (endpoint === undefined || context.signal.aborted || nodeState !== undefined) return [];
  if ((type !== 'lxc' && type !== 'qemu') || !guest.request.includes('/cluster/resources')) return [];
  const vmid = guest.subject.slice('vmid:'.length);
  if (!fitsPlace('node', String(node)) || !fitsPlace('vmid', vmid)) return [];
  const path = `${API}/nodes/${node}/${type}/${vmid}/config`;
  const read = (json: unknown): HostReading | null => {
    const facts = readGuestConfig(json);
    return facts === null ? null : { facts, checks: [] };
  };
  const source = pveSource(context, endpoint);
  return askOne(context, endpoint, source, {
    probe: 'pve-guest-config',
    subject: guest.subject,
    path,
    read,
  });
}
