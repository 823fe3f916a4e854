import { afterEach, describe, expect, it } from 'vitest';
import type { Observation } from '../../src/model/index.ts';
import { pveInventory } from '../../src/probes/proxmox/proxmox.ts';
import { readBackups, readGuestConfig } from '../../src/probes/proxmox/proxmox-guest.ts';
import {
  readCeph,
  readCertificates,
  readHa,
  readHostStatus,
  readNetwork,
  readReplication,
  readStorages,
  readThinPools,
} from '../../src/probes/proxmox/proxmox-hosts.ts';
import { configRound, hostsRound } from '../../src/probes/proxmox/proxmox-scopes.ts';
import { contextOf } from './context.ts';
import { type Answers, AUDITOR, MadeApis } from './proxmox-made.ts';

const apis = new MadeApis();
afterEach(() => apis.close());
/** Everything here is made up, in the shapes that are known of the releases named. */
const GIB = 1024 ** 3;
const checks = (reading: { readonly checks: readonly { id: string; result: string }[] } | null) =>
  reading?.checks.filter((one) => one.result !== 'pass').map((one) => `${one.id} ${one.result}`);

describe('what a host says of itself', () => {
  it('reads the status of an old and of a new release', () => {
    const old = {
      kversion: 'Linux 5.15.1-pve #1',
      pveversion: 'pve-manager/7.4-16/0f39f621',
      loadavg: ['0.1', '0.2', '0.3'],
      uptime: 7,
      wait: 0.1,
      ksm: {},
      memory: { total: GIB, used: 5, free: 1 },
      rootfs: { total: 100, used: 10 },
      cpuinfo: { cpus: 4, hvm: '1', mhz: '1.5' },
    };
    expect(readHostStatus(old)?.facts).toMatchObject({
      version: '7.4-16',
      kernel: 'Linux 5.15.1-pve #1',
      cpus: 4,
      uptimeS: 7,
      load: ['0.1', '0.2', '0.3'],
    });
    const now = {
      data: {
        ...old,
        pveversion: 'pve-manager/9.1.7/0000',
        'current-kernel': { release: '6.17.4-1-pve' },
        'boot-info': { mode: 'efi' },
        rootfs: { total: 100, used: 96 },
      },
    };
    expect(readHostStatus(now)?.facts).toMatchObject({ version: '9.1.7', kernel: '6.17.4-1-pve' });
    expect(checks(readHostStatus(now))).toEqual(['root-full fail']);
    for (const strange of [null, [], 'x', { data: null }]) expect(readHostStatus(strange)).toBeNull();
    expect(() => readHostStatus({ memory: 5, rootfs: [], loadavg: {}, cpuinfo: null })).not.toThrow();
  });

  it('reads storages: kinds, fill, one that is enabled and not active', () => {
    const reading = readStorages([
      {
        storage: 'local',
        type: 'dir',
        content: 'backup,iso',
        active: '1',
        enabled: 1,
        shared: null,
        total: 100,
        used: 86,
      },
      { storage: 'pool', type: 'zfspool', active: 1, total: '200', used: '50' },
      { storage: 'nfs', type: 'nfs', active: 0, enabled: 1, shared: 1 },
      { storage: 'off', type: 'rbd', active: 0, enabled: 0 },
      { storage: 'full', type: 'lvmthin', active: 1, total: 100, used: 95 },
    ]);
    expect(reading.facts.kinds).toEqual(['dir', 'lvmthin', 'nfs', 'rbd', 'zfspool']);
    expect(checks(reading)).toEqual(['storage-full warn', 'storage-inactive warn', 'storage-full fail']);
  });

  it('reads thin pools by data and by metadata', () => {
    const pool = { lv: 'data', vg: 'pve', lv_size: 100, used: 10, metadata_size: 100, metadata_used: 99 };
    expect(checks(readThinPools([pool]))).toEqual(['thin-metadata-full fail']);
    expect(checks(readThinPools([{ ...pool, used: 90, metadata_used: 0 }]))).toEqual(['thin-pool-full warn']);
    expect(checks(readThinPools([{ lv: 'x' }]))).toEqual([]);
  });

  it('reads the network, whatever kind of mask and flag it has', () => {
    const reading = readNetwork([
      {
        iface: 'vmbr0',
        type: 'bridge',
        active: '1',
        exists: null,
        address: '192.0.2.2',
        netmask: '24',
        bridge_ports: 'eno1',
        bridge_vlan_aware: 1,
      },
      { iface: 'vmbr0.11', type: 'vlan', active: 1, 'vlan-id': '11', cidr: '192.0.2.130/25' },
      { iface: 'ovs', type: 'OVSBridge', active: 0 },
      { type: 'eth' },
    ]);
    expect(reading.facts).toMatchObject({ bridges: ['vmbr0', 'ovs'], vlans: ['vmbr0.11'] });
    expect(reading.facts.interfaces).toMatchObject([
      { cidr: '192.0.2.2/24', active: true, vlanAware: true },
      { cidr: '192.0.2.130/25', vlan: 11 },
      { active: false },
    ]);
  });

  it('reads certificates, HA and replication', () => {
    const at = 1_700_000_000_000;
    const end = (days: number) => ({ filename: 'pve-ssl.pem', notafter: at / 1000 + days * 86_400 });
    expect(checks(readCertificates([end(300), end(5), end(-2), { filename: 'x' }], at))).toEqual([
      'certificate-ends warn',
      'certificate-expired fail',
    ]);
    expect(
      checks(
        readHa([
          { type: 'quorum', status: 'OK' },
          { type: 'fencing', status: 'standby' },
        ]),
      ),
    ).toEqual([]);
    expect(checks(readHa([{ type: 'service', sid: 'ct:100', state: 'error', node: 'n1' }]))).toEqual([
      'ha-service fail',
    ]);
    expect(
      checks(readReplication([{ id: '100-0', guest: 100, target: 'n2', fail_count: 3 }, { id: '101-0' }])),
    ).toEqual(['replication fail']);
  });

  it('takes only monitors in quorum for a Ceph cluster', () => {
    const real = {
      health: { status: 'HEALTH_OK' },
      quorum_names: ['a', 'b'],
      osdmap: { num_osds: 4, num_up_osds: 4 },
    };
    expect(readCeph(real)?.facts).toMatchObject({ health: 'HEALTH_OK', osdsUp: 4 });
    expect(readCeph({ ...real, osdmap: { osdmap: { num_osds: 4, num_up_osds: 3 } } })?.facts).toMatchObject({
      osdsUp: 3,
    });
    expect(checks(readCeph({ ...real, health: { status: 'HEALTH_ERR' } }))).toEqual(['ceph fail']);
    for (const none of [
      {},
      { health: {} },
      { health: { status: 'HEALTH_OK' } },
      { ...real, quorum_names: [] },
      [],
    ])
      expect(readCeph(none)).toBeNull();
  });
});

describe('what the configuration of a guest says', () => {
  it('reads addresses of containers and of machines by cloud-init, gaps and all', () => {
    expect(
      readGuestConfig({
        hostname: 'ct',
        memory: '512',
        net0: 'name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,ip=192.0.2.9/24,gw=192.0.2.1,tag=11',
        net20: 'name=eth1,bridge=vmbr1,ip=dhcp',
      }),
    ).toMatchObject({
      hostname: 'ct',
      addresses: ['192.0.2.9/24'],
      memoryMib: 512,
      nets: [{ name: 'eth0', bridge: 'vmbr0', vlan: 11, mac: 'BC:24:11:00:00:01' }, { address: 'dhcp' }],
    });
    expect(
      readGuestConfig({
        name: 'vm',
        net0: 'virtio=BC:24:11:00:00:02,bridge=vmbr0',
        ipconfig0: 'gw=192.0.2.1,ip=192.0.2.8/24',
      }),
    ).toMatchObject({
      hostname: 'vm',
      addresses: ['192.0.2.8/24'],
      nets: [{ mac: 'BC:24:11:00:00:02' }],
    });
    expect(readGuestConfig({ net0: 'name=eth0,ip=192.0.2.9' })?.addresses).toEqual([]);
    expect(readGuestConfig([])).toBeNull();
  });

  it('reads the backups of each guest', () => {
    expect([...readBackups([{ vmid: '100', ctime: 5 }, { vmid: 100, ctime: 9 }, { volid: 'x' }])]).toEqual([
      [100, { count: 2, newest: 9 }],
    ]);
    expect(readBackups('x').size).toBe(0);
  });
});

describe('the round over the hosts', () => {
  const cluster = [
    { type: 'cluster', name: 'made-up', quorate: 1, nodes: 2 },
    { type: 'node', name: 'n1', online: 1 },
    { type: 'node', name: 'n2', online: 0 },
  ];
  const answers: Answers = {
    '/cluster/status': cluster,
    '/cluster/resources': [
      { type: 'lxc', vmid: 100, node: 'n1', status: 'running' },
      { type: 'lxc', vmid: 101, node: 'n2', status: 'running' },
      { type: 'storage', storage: 'rbd', plugintype: 'rbd', node: 'n1', status: 'available' },
    ],
    '/access/permissions': AUDITOR,
    '/nodes/n1/status': { pveversion: 'pve-manager/8.4.1/0' },
    '/nodes/n1/storage': [
      { storage: 'nas', type: 'nfs', content: 'backup', active: 1, shared: 1 },
      { storage: 'rbd', type: 'rbd', content: 'images', active: 1, shared: 1 },
    ],
    '/nodes/n1/storage/nas/content?content=backup': [
      { vmid: 100, ctime: 1_700_000_000 },
      { vmid: 555, ctime: 1 },
    ],
    '/nodes/n1/lxc/100/config': { hostname: 'a', net0: 'name=eth0,ip=192.0.2.9/24' },
    '/nodes/n1/network': 'nonsense',
  };

  it('asks the nodes that are online, tells what is there, and leaves out what a release does not have', async () => {
    const one = await apis.serve(answers, { id: 'pve' });
    const context = contextOf([one]);
    const seen: Observation[] = [...(await pveInventory(context, one)).observations];
    const keep = (found: readonly Observation[]): number => seen.push(...found);
    await Promise.all([
      hostsRound(context, [one], [...seen], keep),
      configRound(context, [one], [...seen], keep),
    ]);
    const told = seen.map((each) => `${each.probe} ${each.subject} ${each.answer.class}`);
    expect(told).toEqual(
      expect.arrayContaining([
        'pve-host host:n1 ok',
        'pve-storage host:n1 ok',
        'pve-network host:n1 not-json',
        'pve-backup vmid:100 ok',
        'pve-guest-config vmid:100 ok',
      ]),
    );
    // A node that is off, a guest of which only a backup is left, a resource that this release does not have.
    expect(
      told.filter((line) => /host:n2 .*pve-host|vmid:555|pve-guest-config vmid:101|pve-thin/.test(line)),
    ).toEqual([]);
    expect(seen.find((each) => each.probe === 'pve-backup')?.answer.facts).toEqual({
      count: 1,
      newest: '2023-11-14T22:13:20.000Z',
      storages: ['nas'],
    });
    // A storage of type rbd is no Ceph cluster.
    expect(seen.find((each) => each.probe === 'pve-ceph')).toMatchObject({
      subject: 'program:ceph',
      level: 'none',
      answer: { class: 'ok-null', facts: { present: false } },
    });
  });
});
