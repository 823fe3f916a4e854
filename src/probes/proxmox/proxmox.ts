import type { Endpoint, JsonObject, Observation, SubjectId } from '../../model/index.ts';
import { sanitiseLine } from '../../model/index.ts';
import { fail, makeAnswer, pass } from '../besu/rpc-session.ts';
import { observe, type ProbeContext } from '../context.ts';
import { failedGet, type JsonGet } from '../http-get.ts';
import {
  dataOf,
  type GuestRow,
  isRow,
  type NodeRow,
  Rights,
  readGuests,
  readNodes,
  rowsOf,
  textOf,
  truthy,
} from './proxmox-rows.ts';
import { type PveSource, pveSource } from './proxmox-source.ts';

const VERSION = '/api2/json/version';
const STATUS = '/api2/json/cluster/status';
const RESOURCES = '/api2/json/cluster/resources';
const PERMISSIONS = '/api2/json/access/permissions';

/** Probe `pve-api`: whether the Proxmox of one host answers. Facts: `version`, `way`. */
export function pveApi(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  const source = pveSource(context, endpoint);
  return observe(context, { probe: 'pve-api', endpoint, request: source.request(VERSION) }, async () => {
    const get = await source.get(VERSION);
    const data = dataOf(get.json);
    if (get.class !== 'ok' || !isRow(data)) return { answer: unread(get), level: 'none', raw: get.raw };
    const version = textOf(data.version, 40);
    return {
      answer: makeAnswer('ok', { version, way: source.way }, [
        pass('pve-api', `Proxmox VE ${version ?? 'of unknown version'} answers`),
      ]),
      level: 'app',
      raw: get.raw,
    };
  });
}

/** What one host says of its cluster. */
export interface PveInventory {
  readonly observations: readonly Observation[];
  /** True when the list of guests came. */
  readonly listed: boolean;
}

/**
 * Probes `pve-cluster` (subject: the cluster), `pve-node` (each host) and `pve-guest` (each guest that is listed or documented), as one
 * host sees them. Facts: `quorate`, `nodes`; `online`; `run` (running, stopped, unknown, absent), `name`, `node`, `type`, `template`.
 *
 * Proxmox repeats the last state of a dead node's guests for up to five minutes, so a guest runs only while its node is online.
 */
export async function pveInventory(context: ProbeContext, endpoint: Endpoint): Promise<PveInventory> {
  const source = pveSource(context, endpoint);
  const [cluster, listing] = await Promise.all([
    clusterStatus(context, endpoint, source),
    guestListing(context, endpoint, source),
  ]);
  const nodes = new Map<string, NodeRow['state']>();
  // Two answers, moments apart: offline in either counts.
  for (const node of [...listing.nodes, ...cluster.nodes])
    if (nodes.get(node.name) !== 'offline') nodes.set(node.name, node.state);
  return {
    observations: [
      cluster.seen,
      ...cluster.nodes.map((node) => nodeObservation(cluster.seen, node)),
      ...guestObservations(context, listing, nodes),
    ],
    listed: listing.guests !== null,
  };
}

async function clusterStatus(
  context: ProbeContext,
  endpoint: Endpoint,
  source: PveSource,
): Promise<{ readonly seen: Observation; readonly nodes: readonly NodeRow[] }> {
  const documented = context.estate.subjects.find((one) => one.kind === 'cluster');
  const subject: SubjectId = documented?.id ?? 'cluster:unnamed';
  let nodes: readonly NodeRow[] = [];
  const what = { probe: 'pve-cluster', endpoint, request: source.request(STATUS), subject };
  const seen = await observe(context, what, async () => {
    const get = await source.get(STATUS);
    const rows = rowsOf(get.json);
    if (get.class !== 'ok' || rows === null) return { answer: unread(get), level: 'none', raw: get.raw };
    if (rows.length === 0)
      return { answer: notAllowed('the cluster', 'Sys.Audit on /'), level: 'none', raw: get.raw };
    nodes = readNodes(rows);
    const own = rows.find((row) => row.type === 'cluster');
    // A standalone node has no cluster row, and is its own quorum.
    const quorate = own === undefined ? true : truthy(own.quorate);
    const up = nodes.filter((node) => node.state === 'online').length;
    const facts: JsonObject = {
      quorate,
      name: textOf(own?.name, 64),
      standalone: own === undefined,
      nodes: nodes.map(({ name, state }) => ({ name, online: state === 'online' })),
    };
    const check = quorate
      ? pass('pve-quorum', `quorate, ${up} of ${nodes.length} nodes online`)
      : fail(
          'pve-quorum',
          `not quorate: ${up} of ${nodes.length} nodes online; the cluster is read-only`,
          'bring nodes back before changing anything',
        );
    return { answer: makeAnswer('ok', facts, [check]), level: 'app', raw: get.raw };
  });
  return { seen, nodes };
}

function nodeObservation(status: Observation, node: NodeRow): Observation {
  const online = node.state === 'online';
  const check = online
    ? pass('pve-node-online', 'a member of the cluster, online')
    : fail(
        'pve-node-offline',
        'the cluster calls this host offline',
        'look at its console or iDRAC/iLO; its guests are down with it',
      );
  return {
    ...status,
    probe: 'pve-node',
    subject: `host:${node.name}`,
    level: online ? 'runtime' : 'presence',
    answer: makeAnswer('ok', { online, name: node.name }, [check]),
  };
}

interface Listing {
  readonly seen: Observation;
  /** Null when no list came. */
  readonly guests: ReadonlyMap<number, GuestRow> | null;
  readonly nodes: readonly NodeRow[];
  /** What the token may see, where that was asked; root sees everything. */
  readonly rights: Rights | null | 'everything';
}

async function guestListing(context: ProbeContext, endpoint: Endpoint, source: PveSource): Promise<Listing> {
  let guests: Listing['guests'] = null;
  let nodes: readonly NodeRow[] = [];
  let rights: Listing['rights'] = 'everything';
  const what = { probe: 'pve-guest', endpoint, request: source.request(RESOURCES) };
  const seen = await observe(context, what, async () => {
    const get = await source.get(RESOURCES);
    const rows = get.class === 'ok' ? rowsOf(get.json) : null;
    if (rows === null) return { answer: unread(get), level: 'none', raw: get.raw };
    const found = readGuests(rows);
    nodes = readNodes(rows.filter((row) => row.type === 'node'));
    // Missing rights give shorter lists, not refusals; so whoever finds something missing asks what it may see.
    if (source.way !== 'pvesh' && isMissing(context, found))
      rights = Rights.read((await source.get(PERMISSIONS)).json);
    if (found.size === 0 && rights !== 'everything' && rights?.holds('VM.Audit', '/vms') !== true)
      return { answer: notAllowed('guests', 'VM.Audit on /vms'), level: 'none', raw: get.raw };
    guests = found;
    return { answer: makeAnswer('ok', {}), level: 'presence', raw: get.raw };
  });
  return { seen, guests, nodes, rights };
}

/** True when the list is empty, or does not hold every documented guest. */
function isMissing(context: ProbeContext, found: ReadonlyMap<number, GuestRow>): boolean {
  return (
    found.size === 0 ||
    context.estate.subjects.some(
      (one) => one.kind === 'vmid' && !found.has(Number(one.id.slice('vmid:'.length))),
    )
  );
}

function guestObservations(
  context: ProbeContext,
  listing: Listing,
  nodes: ReadonlyMap<string, NodeRow['state']>,
): readonly Observation[] {
  const { seen, guests, rights } = listing;
  const documented = context.estate.subjects.filter((one) => one.kind === 'vmid');
  // Where no list came, that is told of every guest that should be in it, or else of the host that was asked.
  if (guests === null)
    return documented.length === 0 ? [seen] : documented.map((one) => ({ ...seen, subject: one.id }));
  const listed = [...guests.values()].map(
    (guest): Observation => ({ ...seen, subject: `vmid:${guest.vmid}`, ...guestAnswer(guest, nodes) }),
  );
  const missing = documented
    .filter((one) => !guests.has(Number(one.id.slice('vmid:'.length))))
    .map((one): Observation => {
      const path = `/vms/${one.id.slice('vmid:'.length)}`;
      if (rights !== 'everything' && rights?.holds('VM.Audit', path) !== true)
        return {
          ...seen,
          subject: one.id,
          level: 'none',
          answer: notAllowed('this guest', `VM.Audit on ${path}`),
        };
      return {
        ...seen,
        subject: one.id,
        level: 'none',
        answer: makeAnswer('ok-null', { run: 'absent' }, [
          fail(
            'guest-missing',
            'documented, but the cluster has no such guest',
            'correct the template, or find out where the guest went',
          ),
        ]),
      };
    });
  return [...listed, ...missing];
}

function guestAnswer(
  guest: GuestRow,
  nodes: ReadonlyMap<string, NodeRow['state']>,
): Pick<Observation, 'level' | 'answer'> {
  const state = guest.node === null ? undefined : nodes.get(guest.node);
  // A node that nobody lists is not known to be dead; one that is listed and not online says nothing about its guests.
  if (state !== undefined && state !== 'online' && guest.run !== 'unknown') {
    return {
      level: 'presence',
      answer: makeAnswer('ok', { run: 'unknown', lastRun: guest.run, nodeState: state, ...guest.facts }),
    };
  }
  return {
    level: guest.run === 'running' ? 'runtime' : 'presence',
    answer: makeAnswer('ok', { run: guest.run, ...guest.facts }),
  };
}

/** The answer for a question that brought nothing that can be read. */
function unread(get: JsonGet): Observation['answer'] {
  if (get.class !== 'ok') return failedGet(get);
  return makeAnswer('not-json', {}, [], {
    detail: 'the answer is JSON, but not of the shape that Proxmox gives',
  });
}

function notAllowed(what: string, right: string): Observation['answer'] {
  return makeAnswer('not-allowed', {}, [], {
    detail: sanitiseLine(
      `not allowed to see ${what}: ${right} is missing; the role PVEAuditor has it, and user and token both need it`,
      200,
    ),
  });
}
