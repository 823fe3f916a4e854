import type { IncomingMessage, ServerResponse } from 'node:http';
import { CLUSTER, HOSTS, type HostName, type SimGuest } from './estate-data.ts';
import { rootVolume, ZFS_HOST } from './inside.ts';

/** What the simulated cluster knows when it is asked. */
export interface ClusterState {
  readonly guests: () => readonly SimGuest[];
  readonly hostOnline: (host: HostName) => boolean;
  /** The whole Authorization header that is accepted. */
  readonly authorization: string;
  readonly fault: ProxmoxFault;
}

/** How the simulated Proxmox differs from a healthy one. */
export interface ProxmoxFault {
  /** The token sees empty lists; without it, it sees what an auditor sees. */
  readonly rights?: 'none';
  /** Every token is refused. */
  readonly refuses?: boolean;
  readonly certificate?: 'expired' | 'foreign';
  readonly down?: boolean;
  /** Answers as of release 7.4. */
  readonly old?: boolean;
  /** The thin pools are almost full. */
  readonly full?: boolean;
}

/** Proxmox holds a refusal back, against guessing. */
const REFUSAL_DELAY_MS = 3000;

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
  if (state.fault.refuses === true || request.headers.authorization !== state.authorization) {
    setTimeout(() => send(401, { data: null, message: 'invalid token value!' }), REFUSAL_DELAY_MS);
    return;
  }
  if (request.method !== 'GET')
    return send(501, { data: null, message: `Method '${request.method} ${request.url}' not implemented` });
  const path = (request.url ?? '').split('?')[0]?.replace(/^\/api2\/json/, '') ?? '';
  if (path === '/cluster/ceph/status')
    return send(500, { data: null, message: 'binary not installed: /usr/bin/ceph-mon' });
  const data = resource(state, self, path);
  if (data === undefined) return send(501, { data: null, message: `Method 'GET ${path}' not implemented` });
  send(200, { data });
}

function resource(state: ClusterState, self: HostName, path: string): unknown {
  const visible = state.fault.rights === undefined;
  switch (path) {
    case '/version':
      return state.fault.old === true
        ? { release: '7.4', version: '7.4-16', repoid: '00000000' }
        : { release: '9.1', version: '9.1.7', repoid: '0000000000000000' };
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
      return nodeResource(state, path);
  }
}

/** What a node says of itself; a node that is off says nothing, and a token without rights sees nothing. */
function nodeResource(state: ClusterState, path: string): unknown {
  const [, root, name, ...rest] = path.split('/');
  const host = HOSTS.find((one) => one === name);
  if (root !== 'nodes' || host === undefined || !state.hostOnline(host) || state.fault.rights !== undefined)
    return undefined;
  const guest = state.guests().find((one) => String(one.vmid) === rest[1]);
  if (rest[0] === 'lxc' && rest[2] === 'config' && guest !== undefined) return guestConfig(guest);
  const answers = nodeAnswers(host, state.fault.full === true ? 96 : 25);
  return (state.fault.old === true ? asOld(answers) : answers)[rest.join('/')];
}

/** Release 7.4 has no kernel in its status and no list of thin pools. */
function asOld(answers: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { 'current-kernel': _kernel, ...status } = answers.status as Record<string, unknown>;
  const { 'disks/lvmthin': _pools, ...rest } = answers;
  return {
    ...rest,
    status: { ...status, pveversion: 'pve-manager/7.4-16/00000000', kversion: 'Linux 5.15.102-1-pve' },
  };
}

const ZFS = {
  storage: 'local-zfs',
  type: 'zfspool',
  content: 'rootdir,images',
  active: 1,
  enabled: 1,
  shared: 0,
  total: 900 * GIB,
  used: 90 * GIB,
  avail: 810 * GIB,
};

/** @param poolPercent how full the thin pool is */
function nodeAnswers(host: HostName, poolPercent: number): Readonly<Record<string, unknown>> {
  const now = Math.floor(Date.now() / 1000);
  return {
    status: {
      pveversion: 'pve-manager/9.1.7/0000000000000000',
      'current-kernel': { release: '6.17.4-1-pve', machine: 'x86_64', sysname: 'Linux', version: '#1 SMP' },
      cpuinfo: { cpus: 32, cores: 16, sockets: 2, model: 'Simulated processor', mhz: '2400.000' },
      memory: { total: 503 * GIB, used: 64 * GIB, free: 439 * GIB, available: 430 * GIB },
      rootfs: { total: 94 * GIB, used: 20 * GIB, free: 74 * GIB, avail: 69 * GIB },
      loadavg: ['1.10', '1.05', '0.98'],
      uptime: 864_000,
    },
    storage: [
      {
        storage: 'local',
        type: 'dir',
        content: 'iso,vztmpl',
        active: 1,
        enabled: 1,
        shared: 0,
        total: 94 * GIB,
        used: 20 * GIB,
        avail: 69 * GIB,
      },
      {
        storage: 'local-lvm',
        type: 'lvmthin',
        content: 'rootdir,images',
        active: 1,
        enabled: 1,
        shared: 0,
        total: 467 * GIB,
        used: 120 * GIB,
        avail: 347 * GIB,
      },
      ...(host === ZFS_HOST ? [ZFS] : []),
    ],
    'disks/lvmthin': [
      {
        lv: 'data',
        vg: 'pve',
        lv_size: 467 * GIB,
        used: Math.round(467 * GIB * (poolPercent / 100)),
        metadata_size: 4 * GIB,
        metadata_used: GIB,
      },
    ],
    network: [
      { iface: 'eno1', type: 'eth', method: 'manual', active: 1, exists: 1 },
      {
        iface: 'vmbr0',
        type: 'bridge',
        method: 'static',
        active: 1,
        autostart: 1,
        bridge_ports: 'eno1',
        bridge_vlan_aware: 1,
      },
    ],
    'certificates/info': [
      {
        filename: 'pve-ssl.pem',
        subject: `/OU=PVE Cluster Node/O=Simulated/CN=${host}`,
        notbefore: now - 86_400,
        notafter: now + 600 * 86_400,
      },
    ],
    replication: [],
  };
}

function guestConfig(guest: SimGuest): Record<string, unknown> {
  return {
    hostname: guest.name,
    arch: 'amd64',
    cores: 4,
    memory: 16_384,
    swap: 512,
    ostype: 'debian',
    onboot: guest.state === 'active' ? 1 : 0,
    net0: 'name=eth0,bridge=vmbr0,ip=dhcp,type=veth',
    rootfs: `${rootVolume(guest)},size=100G`,
  };
}

function guestRow(state: ClusterState, guest: SimGuest): Record<string, unknown> {
  // pmxcfs repeats the last state of a dead node's guests for up to five minutes.
  const running = guest.running;
  return {
    id: `lxc/${guest.vmid}`,
    type: 'lxc',
    // The list of containers gave its VMID as text until 2024.
    vmid: state.fault.old === true ? String(guest.vmid) : guest.vmid,
    name: guest.name,
    node: guest.host,
    status: running ? 'running' : 'stopped',
    template: state.fault.old === true ? '' : 0,
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
