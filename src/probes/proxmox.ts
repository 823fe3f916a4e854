import type { Endpoint, JsonObject, Observation, RawRef, SubjectId } from '../model/index.ts';
import { sanitiseLine } from '../model/index.ts';
import { observe, type ProbeContext } from './context.ts';
import { failedGet, getJson, type JsonGet } from './http-get.ts';
import { fail, makeAnswer, pass, tokenAnswer } from './rpc-session.ts';
import { readToken } from './token.ts';

type Row = Readonly<Record<string, unknown>>;

/** The rows of a Proxmox answer, with or without its `data` envelope; null when it is no list. */
export function rowsOf(json: unknown): readonly Row[] | null {
  const data =
    json !== null && typeof json === 'object' && 'data' in json ? (json as { data: unknown }).data : json;
  if (!Array.isArray(data)) return null;
  return data.filter((row): row is Row => row !== null && typeof row === 'object' && !Array.isArray(row));
}

/** Proxmox gives booleans as 0/1, "1", true or nothing. */
export function truthy(value: unknown): boolean {
  return value === 1 || value === true || value === '1' || value === 'true';
}

const text = (value: unknown, max = 80): string | null =>
  typeof value === 'string' || typeof value === 'number' ? sanitiseLine(String(value), max) : null;

async function authorise(endpoint: Endpoint): Promise<{ header: string; secret: string } | null> {
  const token = await readToken(endpoint);
  return token === null ? null : { header: `PVEAPIToken=${token}`, secret: token };
}

/** Probe `pve-api`: whether the API of one host answers. Facts: `version`. */
export function pveApi(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  return observe(context, { probe: 'pve-api', endpoint, request: 'GET /api2/json/version' }, async () => {
    let token: Awaited<ReturnType<typeof authorise>>;
    try {
      token = await authorise(endpoint);
    } catch (error) {
      return { answer: tokenAnswer(error), level: 'none', raw: null };
    }
    const get = await getJson(context, endpoint, '/api2/json/version', token);
    if (get.class !== 'ok') return { answer: failedGet(get), level: 'none', raw: get.raw };
    const data = (get.json as { data?: { version?: unknown } }).data;
    const version = text(data?.version, 40);
    return {
      answer: makeAnswer('ok', { version }, [
        pass('pve-api', `Proxmox VE ${version ?? 'of unknown version'} answers`),
      ]),
      level: 'app',
      raw: get.raw,
    };
  });
}

/**
 * Probe `pve-cluster` (subject: the cluster) and `pve-node` (each host): quorum and who is online, as one host sees it.
 * Facts: `quorate`, `nodes`; and `online`.
 */
export async function pveCluster(context: ProbeContext, endpoint: Endpoint): Promise<readonly Observation[]> {
  const cluster = context.estate.subjects.find((subject) => subject.kind === 'cluster');
  const subject: SubjectId = cluster?.id ?? 'cluster:unnamed';
  const request = 'GET /api2/json/cluster/status';
  let nodes: readonly { name: string; online: boolean }[] = [];
  const status = await observe(context, { probe: 'pve-cluster', endpoint, request, subject }, async () => {
    let get: JsonGet;
    try {
      get = await getJson(context, endpoint, '/api2/json/cluster/status', await authorise(endpoint));
    } catch (error) {
      return { answer: tokenAnswer(error), level: 'none', raw: null };
    }
    const rows = rowsOf(get.json);
    if (get.class !== 'ok' || rows === null) return { answer: failedGet(get), level: 'none', raw: get.raw };
    if (rows.length === 0) return { answer: notAllowed('cluster status'), level: 'none', raw: get.raw };
    nodes = rows
      .filter((row) => row.type === 'node')
      .flatMap((row) => {
        const name = text(row.name, 64);
        return name === null ? [] : [{ name, online: truthy(row.online) }];
      });
    const own = rows.find((row) => row.type === 'cluster');
    // A standalone node has no cluster row, and is its own quorum.
    const quorate = own === undefined ? true : truthy(own.quorate);
    const facts: JsonObject = {
      quorate,
      name: text(own?.name, 64),
      nodes: nodes.map((node) => ({ ...node })),
    };
    const up = nodes.filter((node) => node.online).length;
    const check = quorate
      ? pass('pve-quorum', `quorate, ${up} of ${nodes.length} nodes online`)
      : fail(
          'pve-quorum',
          `not quorate: ${up} of ${nodes.length} nodes online; the cluster is read-only`,
          'bring nodes back before changing anything',
        );
    return { answer: makeAnswer('ok', facts, [check]), level: 'app', raw: get.raw };
  });
  const hosts = nodes.map(
    (node): Observation => ({
      ...status,
      probe: 'pve-node',
      subject: `host:${node.name}`,
      level: node.online ? 'runtime' : 'presence',
      answer: makeAnswer('ok', { online: node.online, name: node.name }, [
        node.online
          ? pass('pve-node-online', 'a member of the cluster, online')
          : fail(
              'pve-node-offline',
              'the cluster calls this host offline',
              'look at its console or iDRAC/iLO; its guests are down with it',
            ),
      ]),
    }),
  );
  return [status, ...hosts];
}

/**
 * Probe `pve-guest`: one observation for each guest that the cluster lists, and one for each documented guest that it does not.
 * Facts: `run` (running, stopped, unknown), `name`, `node`, `type`, `template`.
 */
export async function pveGuests(context: ProbeContext, endpoint: Endpoint): Promise<readonly Observation[]> {
  const request = 'GET /api2/json/cluster/resources';
  let rows: readonly Row[] | null = null;
  let raw: RawRef | null = null;
  const listing = await observe(context, { probe: 'pve-guest', endpoint, request }, async () => {
    try {
      const token = await authorise(endpoint);
      const get = await getJson(context, endpoint, '/api2/json/cluster/resources', token);
      raw = get.raw;
      rows = get.class === 'ok' ? rowsOf(get.json) : null;
      if (rows === null) return { answer: failedGet(get), level: 'none', raw };
      const guests = rows.filter((row) => row.type === 'lxc' || row.type === 'qemu');
      if (guests.length === 0 && !(await mayAudit(context, endpoint, token))) {
        rows = null;
        return { answer: notAllowed('guests'), level: 'none', raw };
      }
      return { answer: makeAnswer('ok', {}), level: 'presence', raw };
    } catch (error) {
      return { answer: tokenAnswer(error), level: 'none', raw };
    }
  });
  const documented = context.estate.subjects.filter((subject) => subject.kind === 'vmid');
  if (rows === null) return documented.map((subject) => ({ ...listing, subject: subject.id }));
  const listed = new Map<SubjectId, Row>();
  for (const row of rows as readonly Row[]) {
    const vmid = Number(row.vmid);
    if ((row.type === 'lxc' || row.type === 'qemu') && Number.isInteger(vmid))
      listed.set(`vmid:${vmid}`, row);
  }
  const seen = [...listed].map(
    ([subject, row]): Observation => ({ ...listing, subject, ...guestAnswer(row) }),
  );
  const missing = documented
    .filter((subject) => !listed.has(subject.id))
    .map(
      (subject): Observation => ({
        ...listing,
        subject: subject.id,
        level: 'none',
        answer: makeAnswer('ok-null', { run: 'absent' }, [
          fail(
            'guest-missing',
            'documented, but the cluster has no such guest',
            'correct the template, or find out where the guest went',
          ),
        ]),
      }),
    );
  return [...seen, ...missing];
}

function guestAnswer(row: Row): Pick<Observation, 'level' | 'answer'> {
  const run = row.status === 'running' || row.status === 'stopped' ? row.status : 'unknown';
  const facts: JsonObject = {
    run,
    name: text(row.name),
    node: text(row.node, 64),
    type: text(row.type, 10),
    template: truthy(row.template),
  };
  return { level: run === 'running' ? 'runtime' : 'presence', answer: makeAnswer('ok', facts) };
}

/** True when the token may see guests at all; an empty list without this right means nothing. */
async function mayAudit(
  context: ProbeContext,
  endpoint: Endpoint,
  token: { header: string; secret: string } | null,
): Promise<boolean> {
  const get = await getJson(context, endpoint, '/api2/json/access/permissions', token);
  const data = (get.json as { data?: unknown } | null)?.data;
  if (get.class !== 'ok' || data === null || typeof data !== 'object') return false;
  return Object.values(data as Record<string, unknown>).some(
    (rights) => rights !== null && typeof rights === 'object' && truthy((rights as Row)['VM.Audit']),
  );
}

function notAllowed(what: string): Observation['answer'] {
  return makeAnswer('not-allowed', {}, [], {
    detail: `not allowed to see ${what}: the answer is empty for want of rights`,
  });
}
