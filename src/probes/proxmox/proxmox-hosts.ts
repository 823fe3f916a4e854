import { type Check, counted, type JsonObject, sanitiseLine } from '../../model/index.ts';
import { fail, pass, warn } from '../besu/rpc-session.ts';
import { dataOf, isRow, type Row, textOf, truthy, wholeOf } from './proxmox-rows.ts';

/** What one answer about a host says: facts, and the judgements that it allows by itself. Null: not of the expected shape. */
export interface HostReading {
  readonly facts: JsonObject;
  readonly checks: readonly Check[];
}

/** Fill in percent from which a file system or pool is worth a warning, and from which it is a failure. */
const FULL = { warn: 85, fail: 95 } as const;
/** Proxmox renews its own certificates two weeks before their end; later than that nobody did. */
const CERTIFICATE_WARN_DAYS = 10;
const DAY_S = 86_400;

function percent(used: number | null, total: number | null): number | null {
  return used === null || total === null || total === 0 ? null : Math.floor((used / total) * 100);
}

/** A check on how full something is; nothing when that is not known. */
function fillCheck(id: string, what: string, share: number | null, next: string): readonly Check[] {
  if (share === null || share < FULL.warn) return [];
  const reason = `${what} is ${share} percent full`;
  return [share >= FULL.fail ? fail(id, reason, next) : warn(id, reason, next)];
}

/** `/nodes/{node}/status`: version, kernel, processors, memory and root file system. Older releases lack some of it. */
export function readHostStatus(json: unknown): HostReading | null {
  const data = dataOf(json);
  if (!isRow(data)) return null;
  const part = (name: string): Row => (isRow(data[name]) ? (data[name] as Row) : {});
  const [cpu, memory, root, kernel] = [
    part('cpuinfo'),
    part('memory'),
    part('rootfs'),
    part('current-kernel'),
  ];
  const rootShare = percent(wholeOf(root.used), wholeOf(root.total));
  // "pve-manager/8.4.1/2a2fa54b8503f96c" names package, version and build.
  const version = textOf(data.pveversion, 80)?.split('/')[1] ?? null;
  const loads = Array.isArray(data.loadavg) ? data.loadavg.map((one) => textOf(one, 10)) : [];
  return {
    facts: {
      version,
      kernel: textOf(kernel.release ?? data.kversion, 80),
      cpus: wholeOf(cpu.cpus),
      sockets: wholeOf(cpu.sockets),
      cpuModel: textOf(cpu.model),
      memoryB: wholeOf(memory.total),
      memoryUsedB: wholeOf(memory.used),
      rootB: wholeOf(root.total),
      rootUsedB: wholeOf(root.used),
      uptimeS: wholeOf(data.uptime),
      load: loads,
    },
    checks: [
      ...fillCheck(
        'root-full',
        'its root file system',
        rootShare,
        'make room before anything else; logs and old kernels first',
      ),
      pass('pve-version', `Proxmox VE ${version ?? 'of unknown version'}`),
    ],
  };
}

/** `/nodes/{node}/storage`, or the rows of `pvesm status`: which storages there are, of what kind and how full. */
export function readStorages(rows: readonly Row[]): HostReading {
  const checks: Check[] = [];
  const storages = rows.flatMap((row) => {
    const name = textOf(row.storage, 64);
    if (name === null) return [];
    const [total, used] = [wholeOf(row.total), wholeOf(row.used)];
    const active = truthy(row.active);
    // Without the field it is enabled; only a storage that should work can fail.
    const enabled = row.enabled === undefined || row.enabled === null || truthy(row.enabled);
    const share = active ? percent(used, total) : null;
    if (enabled && !active)
      checks.push(
        warn(
          'storage-inactive',
          `the storage ${name} is enabled, but not active`,
          'see pvesm status on the host, and whether its server or pool is there',
        ),
      );
    checks.push(
      ...fillCheck(
        'storage-full',
        `the storage ${name}`,
        share,
        'remove old backups and images, or enlarge it',
      ),
    );
    return [
      {
        name,
        type: textOf(row.type, 20),
        content: textOf(row.content, 80),
        active,
        enabled,
        shared: truthy(row.shared),
        totalB: total,
        usedB: used,
        percent: share,
      },
    ];
  });
  const kinds = [...new Set(storages.map((one) => one.type ?? 'unknown'))].sort();
  const active = storages.filter((one) => one.active).length;
  checks.push(
    pass('storages', `${active} of ${storages.length} storages active (${kinds.join(', ') || 'none'})`),
  );
  return { facts: { storages, kinds }, checks };
}

/** `/nodes/{node}/disks/lvmthin`: a thin pool that is full, in data or in metadata, stops every guest on it. */
export function readThinPools(rows: readonly Row[]): HostReading {
  const checks: Check[] = [];
  const pools = rows.flatMap((row) => {
    const name = textOf(row.lv, 64);
    if (name === null) return [];
    const group = textOf(row.vg, 64);
    const label = group === null ? name : `${group}/${name}`;
    const data = percent(wholeOf(row.used), wholeOf(row.lv_size));
    const meta = percent(wholeOf(row.metadata_used), wholeOf(row.metadata_size));
    const next = 'free or add space now: when it is full, writes of every guest on it fail';
    checks.push(...fillCheck('thin-pool-full', `the thin pool ${label}`, data, next));
    checks.push(...fillCheck('thin-metadata-full', `the metadata of the thin pool ${label}`, meta, next));
    return [
      {
        name: label,
        sizeB: wholeOf(row.lv_size),
        usedB: wholeOf(row.used),
        percent: data,
        metadataPercent: meta,
      },
    ];
  });
  return { facts: { pools }, checks };
}

const MAX_INTERFACES = 64;

/** `/nodes/{node}/network`: bridges, VLANs and addresses. */
export function readNetwork(rows: readonly Row[]): HostReading {
  const interfaces = rows.slice(0, MAX_INTERFACES).flatMap((row) => {
    const name = textOf(row.iface, 32);
    if (name === null) return [];
    const address = textOf(row.address, 64);
    const mask = textOf(row.netmask, 16);
    return [
      {
        name,
        type: textOf(row.type, 20),
        active: truthy(row.active),
        // The mask of recorded answers is a prefix length, whatever the schema says.
        cidr:
          textOf(row.cidr, 64) ?? (address === null ? null : mask === null ? address : `${address}/${mask}`),
        gateway: textOf(row.gateway, 64),
        ports: textOf(row.bridge_ports, 120),
        vlanAware: truthy(row.bridge_vlan_aware),
        vlan: wholeOf(row['vlan-id']),
      },
    ];
  });
  const bridges = interfaces.filter((one) => /bridge/i.test(one.type ?? ''));
  const vlans = interfaces.filter((one) => one.vlan !== null || /vlan/i.test(one.type ?? ''));
  return {
    facts: { interfaces, bridges: bridges.map((one) => one.name), vlans: vlans.map((one) => one.name) },
    checks: [
      pass('network', `${counted(bridges.length, 'bridge')}, ${counted(vlans.length, 'VLAN interface')}`),
    ],
  };
}

/**
 * `/nodes/{node}/certificates/info`.
 * @param at milliseconds
 */
export function readCertificates(rows: readonly Row[], at: number): HostReading {
  const checks: Check[] = [];
  const certificates = rows.flatMap((row) => {
    const name = textOf(row.filename, 64);
    const end = wholeOf(row.notafter);
    if (name === null) return [];
    const days = end === null ? null : Math.floor((end - at / 1000) / DAY_S);
    if (days !== null && days < 0)
      checks.push(
        fail(
          'certificate-expired',
          `its certificate ${name} expired ${-days} days ago`,
          'run pvecm updatecerts on it, or renew the custom certificate',
        ),
      );
    else if (days !== null && days < CERTIFICATE_WARN_DAYS)
      checks.push(
        warn(
          'certificate-ends',
          `its certificate ${name} ends in ${days} days, and nothing renewed it`,
          'run pvecm updatecerts on it, or renew the custom certificate',
        ),
      );
    return [
      { name, daysLeft: days, fingerprint: textOf(row.fingerprint, 100), subject: textOf(row.subject, 120) },
    ];
  });
  return { facts: { certificates }, checks };
}

/** `/cluster/ha/status/current`: services under HA and the state of its managers. */
export function readHa(rows: readonly Row[]): HostReading {
  const services = rows
    .filter((row) => row.type === 'service')
    .map((row) => ({
      sid: textOf(row.sid ?? row.id, 40),
      state: textOf(row.state, 20),
      node: textOf(row.node, 64),
    }));
  const broken = services.filter((one) => one.state === 'error' || one.state === 'fence');
  const checks: Check[] = broken.map((one) =>
    fail(
      'ha-service',
      `the HA service ${one.sid} on ${one.node ?? 'no node'} is in state ${one.state}`,
      'see ha-manager status; clear the cause before the state',
    ),
  );
  const managers = rows
    .filter((row) => row.type === 'lrm' || row.type === 'master')
    .map((row) => sanitiseLine(String(row.status ?? ''), 120));
  if (services.length === 0) checks.push(pass('ha', 'nothing is under HA'));
  else if (broken.length === 0) checks.push(pass('ha', `${services.length} services under HA`));
  return { facts: { haServices: services, haManagers: managers }, checks };
}

/** `/cluster/ceph/status`: Ceph's own words, as far as they show that a cluster is there. */
export function readCeph(json: unknown): HostReading | null {
  const data = dataOf(json);
  if (!isRow(data) || !isRow(data.health)) return null;
  const health = textOf(data.health.status, 20);
  const monitors = Array.isArray(data.quorum_names) ? data.quorum_names.map((one) => textOf(one, 64)) : [];
  const outer = isRow(data.osdmap) ? data.osdmap : {};
  // Releases before Ceph 15 have the numbers one level deeper.
  const osds = isRow(outer.osdmap) ? outer.osdmap : outer;
  const storage = isRow(data.pgmap) ? data.pgmap : {};
  const up = wholeOf(osds.num_up_osds);
  if (health === null || monitors.length === 0) return null;
  const words = `${monitors.length} monitors in quorum, ${up ?? '?'} of ${wholeOf(osds.num_osds) ?? '?'} OSDs up, ${health}`;
  const next = 'see ceph health detail on a node';
  return {
    facts: {
      present: true,
      health,
      monitors,
      osds: wholeOf(osds.num_osds),
      osdsUp: up,
      osdsIn: wholeOf(osds.num_in_osds),
      totalB: wholeOf(storage.bytes_total),
      usedB: wholeOf(storage.bytes_used),
    },
    checks: [
      health === 'HEALTH_OK'
        ? pass('ceph', words)
        : health === 'HEALTH_ERR'
          ? fail('ceph', words, next)
          : warn('ceph', words, next),
    ],
  };
}

/** `/nodes/{node}/replication`: jobs and whether the last run of each worked. */
export function readReplication(rows: readonly Row[]): HostReading {
  const jobs = rows.map((row) => ({
    id: textOf(row.id, 40),
    vmid: wholeOf(row.guest ?? row.vmid),
    target: textOf(row.target, 64),
    failures: wholeOf(row.fail_count) ?? 0,
    lastSync: wholeOf(row.last_sync),
  }));
  return {
    facts: { jobs },
    checks: jobs
      .filter((one) => one.failures > 0)
      .map((one) =>
        fail(
          'replication',
          `replication job ${one.id} to ${one.target} failed ${one.failures} times in a row`,
          'see pvesr status on the host',
        ),
      ),
  };
}
