import type { IncomingMessage, ServerResponse } from 'node:http';
import { CLUSTER, HOSTS, type HostName, type SimGuest } from './estate-data.ts';

/** What the simulated cluster knows when it is asked. */
export interface ClusterState {
  readonly guests: () => readonly SimGuest[];
  readonly hostOnline: (host: HostName) => boolean;
  /** The whole Authorization header that is accepted. */
  readonly authorization: string;
  /** What the token may see; an auditor sees all, a token without rights sees empty lists. */
  readonly rights: 'auditor' | 'none';
}

const GIB = 1024 ** 3;
const AUDITOR = {
  '/': {
    'Sys.Audit': 1,
    'VM.Audit': 1,
    'Datastore.Audit': 1,
    'SDN.Audit': 1,
    'Pool.Audit': 1,
    'Mapping.Audit': 1,
  },
};

/** Answers as pveproxy does: `data` envelope, 401 for a bad token, errors in the body's message. */
export function answerProxmox(
  state: ClusterState,
  self: HostName,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const send = (status: number, body: unknown): void => {
    const text = JSON.stringify(body);
    response.writeHead(status, {
      'content-type': 'application/json;charset=UTF-8',
      'content-length': Buffer.byteLength(text),
    });
    response.end(text);
  };
  request.resume();
  if (request.headers.authorization !== state.authorization)
    return send(401, { data: null, message: 'invalid token value!' });
  if (request.method !== 'GET')
    return send(501, { data: null, message: `Method '${request.method} ${request.url}' not implemented` });
  const path = (request.url ?? '').split('?')[0]?.replace(/^\/api2\/json/, '') ?? '';
  const data = resource(state, self, path);
  if (data === undefined) return send(501, { data: null, message: `Method 'GET ${path}' not implemented` });
  send(200, { data });
}

function resource(state: ClusterState, self: HostName, path: string): unknown {
  const visible = state.rights === 'auditor';
  switch (path) {
    case '/version':
      return { release: '9.1', version: '9.1.7', repoid: '0000000000000000' };
    case '/access/permissions':
      return visible ? AUDITOR : {};
    case '/cluster/resources':
      return visible
        ? [
            ...state.guests().map((guest) => guestRow(state, guest)),
            ...HOSTS.map((host) => nodeRow(state, host)),
          ]
        : [];
    case '/cluster/status':
      return visible ? clusterStatus(state, self) : [];
    case '/cluster/ha/status/current':
      return [{ id: 'quorum', type: 'quorum', node: self, status: 'OK', quorate: 1 }];
    case '/nodes':
      return HOSTS.map((host) => nodeRow(state, host));
    default:
      return undefined;
  }
}

function guestRow(state: ClusterState, guest: SimGuest): Record<string, unknown> {
  // pmxcfs repeats the last state of a dead node's guests for up to five minutes.
  const running = guest.running;
  return {
    id: `lxc/${guest.vmid}`,
    type: 'lxc',
    vmid: guest.vmid,
    name: guest.name,
    node: guest.host,
    status: running ? 'running' : 'stopped',
    template: 0,
    maxcpu: 4,
    maxmem: 16 * GIB,
    maxdisk: 100 * GIB,
    cpu: running && state.hostOnline(guest.host) ? 0.05 : 0,
    mem: running ? 4 * GIB : 0,
    disk: 0,
    uptime: running ? 86_400 : 0,
    netin: 0,
    netout: 0,
    diskread: 0,
    diskwrite: 0,
  };
}

function nodeRow(state: ClusterState, host: HostName): Record<string, unknown> {
  const online = state.hostOnline(host);
  return {
    id: `node/${host}`,
    type: 'node',
    node: host,
    status: online ? 'online' : 'offline',
    ...(online
      ? {
          cpu: 0.08,
          maxcpu: 32,
          mem: 64 * GIB,
          maxmem: 503 * GIB,
          disk: 20 * GIB,
          maxdisk: 94 * GIB,
          uptime: 864_000,
        }
      : {}),
    level: '',
  };
}

function clusterStatus(state: ClusterState, self: HostName): unknown {
  const online = HOSTS.filter((host) => state.hostOnline(host)).length;
  return [
    {
      type: 'cluster',
      id: 'cluster',
      name: CLUSTER,
      nodes: HOSTS.length,
      quorate: online * 2 > HOSTS.length ? 1 : 0,
      version: 5,
    },
    ...HOSTS.map((host, index) => ({
      type: 'node',
      id: `node/${host}`,
      name: host,
      nodeid: index + 1,
      online: state.hostOnline(host) ? 1 : 0,
      local: host === self ? 1 : 0,
      ip: '127.0.0.1',
      level: '',
    })),
  ];
}
