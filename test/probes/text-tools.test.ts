import { describe, expect, it } from 'vitest';
import { readGuests } from '../../src/probes/proxmox/proxmox-rows.ts';
import {
  readPctList,
  readPvecmStatus,
  readPvesmStatus,
  readQmList,
} from '../../src/probes/proxmox/text-tools.ts';

/** The formats are those of Proxmox's own print code; the values are made up. */
const pct = (...cells: string[]): string =>
  `${cells[0]?.padEnd(10)} ${cells[1]?.padEnd(10)} ${cells[2]?.padEnd(12)} ${cells[3]?.padEnd(20)}\n`;
const qm = (...cells: string[]): string =>
  `${cells[0]?.padStart(10)} ${cells[1]?.padEnd(20)} ${cells[2]?.padEnd(10)} ${cells[3]?.padEnd(10)} ${cells[4]?.padStart(12)} ${cells[5]?.padEnd(10)}\n`;
const PCT_HEADER = pct('VMID', 'Status', 'Lock', 'Name');
const QM_HEADER = qm('VMID', 'NAME', 'STATUS', 'MEM(MB)', 'BOOTDISK(GB)', 'PID');

describe('pct list', () => {
  it('reads rows with and without a lock, and one that pushes the name', () => {
    const text = `${PCT_HEADER}${pct('100', 'running', '', 'plain')}${pct('101', 'stopped', 'backup', 'locked')}${pct('102', 'stopped', 'snapshot-delete', 'pushed')}${pct('103', 'stopped', 'mounted', '')}`;
    expect(readPctList(text, 'n1').rows).toEqual([
      { type: 'lxc', node: 'n1', vmid: '100', status: 'running', name: 'plain' },
      { type: 'lxc', node: 'n1', vmid: '101', status: 'stopped', lock: 'backup', name: 'locked' },
      { type: 'lxc', node: 'n1', vmid: '102', status: 'stopped', lock: 'snapshot-delete', name: 'pushed' },
      { type: 'lxc', node: 'n1', vmid: '103', status: 'stopped', lock: 'mounted' },
    ]);
  });

  it('takes nothing at all for no containers, and what is no row for no row', () => {
    expect(readPctList('', 'n1')).toEqual({ rows: [], unread: [] });
    const pasted = `root@n1:~# pct list\n${PCT_HEADER}${pct('100', 'running', '', 'a')}root@n1:~#\n\u001b[31mFAKE 1\n`;
    const { rows, unread } = readPctList(pasted.replaceAll('\n', '\r\n'), 'n1');
    expect(rows).toHaveLength(1);
    expect(unread.join('\n')).not.toContain('\u001b');
    expect(unread).toHaveLength(3);
  });

  it('keeps a column that nobody knows yet', () => {
    const text =
      'VMID       Status     Lock         Name                 Tags\n100        running    backup       a                    x;y\n101        running                 b                    z\n';
    expect(readPctList(text, 'n1').rows).toMatchObject([
      { lock: 'backup', name: 'a', Tags: 'x;y' },
      { name: 'b', Tags: 'z' },
    ]);
    expect(readGuests(readPctList(text, 'n1').rows).get(100)?.facts.extra).toEqual({ Tags: 'x;y' });
  });
});

describe('qm list', () => {
  it('reads rows that long names push, and states beyond running and stopped', () => {
    const text = `${QM_HEADER}${qm('200', 'short', 'running', '2048', '32.00', '4242')}${qm('201', 'a-name-much-longer-than-its-column', 'paused', '512', '0.00', '0')}${qm('202', 'x', 'prelaunch', '1', '1', '1')}`;
    const { rows } = readQmList(text, 'n1');
    expect(rows[0]).toEqual({
      type: 'qemu',
      node: 'n1',
      vmid: '200',
      name: 'short',
      status: 'running',
      pid: '4242',
      maxmem: 2048 * 1024 ** 2,
      maxdisk: 32 * 1024 ** 3,
    });
    const guests = readGuests(rows);
    expect([...guests.values()].map((one) => [one.run, one.facts.statusWord ?? null])).toEqual([
      ['running', null],
      ['unknown', 'paused'],
      ['unknown', 'prelaunch'],
    ]);
    expect(readQmList('', 'n1').rows).toEqual([]);
  });
});

describe('pvesm status', () => {
  it('reads both headers, disabled and inactive storages', () => {
    const old =
      'Name             Type     Status           Total            Used       Available        %\nlocal             dir     active        98497780         5234120        88213131    5.31%\nnfs               nfs   inactive               0               0               0    0.00%\noff               dir   disabled             N/A             N/A             N/A      N/A\n';
    const now = old
      .replace('Total   ', 'Total (KiB)')
      .replace('Used   ', 'Used (KiB)')
      .replace('Available   ', 'Available (KiB)');
    const want = [
      {
        storage: 'local',
        type: 'dir',
        status: 'active',
        total: 98497780 * 1024,
        used: 5234120 * 1024,
        avail: 88213131 * 1024,
        active: 1,
        enabled: 1,
      },
      { storage: 'nfs', type: 'nfs', status: 'inactive', total: 0, used: 0, avail: 0, active: 0, enabled: 1 },
      { storage: 'off', type: 'dir', status: 'disabled', active: 0, enabled: 0 },
    ];
    expect(readPvesmStatus(old).rows).toEqual(want);
    expect(now).toContain('(KiB)');
    expect(readPvesmStatus(now).rows).toEqual(want);
  });
});

describe('pvecm status', () => {
  const full = (quorate: string, quorum: string, flags: string, members: string): string =>
    `Cluster information\n-------------------\nName:             made-up\nConfig Version:   5\nTransport:        knet\nSecure auth:      on\n\nQuorum information\n------------------\nDate:             Mon Jan  1 00:00:00 2024\nQuorum provider:  corosync_votequorum\nNodes:            2\nNode ID:          0x00000001\nRing ID:          1.5\nQuorate:          ${quorate}\n\nVotequorum information\n----------------------\nExpected votes:   3\nHighest expected: 3\nTotal votes:      2\nQuorum:           ${quorum}\nFlags:            ${flags}\n\nMembership information\n----------------------\n    Nodeid      Votes Name\n${members}`;

  it('reads a quorate cluster with its members', () => {
    const text = full(
      'Yes',
      '2  ',
      'Quorate ',
      '0x00000001          1 192.0.2.1 (local)\n0x00000002          1 192.0.2.2\n',
    );
    expect(readPvecmStatus(text)).toMatchObject({
      state: 'quorate',
      name: 'made-up',
      nodes: 2,
      expectedVotes: 3,
      totalVotes: 2,
      quorum: 2,
      members: [
        { id: '0x00000001', votes: 1, address: '192.0.2.1', local: true },
        { id: '0x00000002', votes: 1, address: '192.0.2.2', local: false },
      ],
      extra: { 'Config Version': '5', Transport: 'knet', 'Highest expected': '3' },
    });
    const qdevice = full(
      'Yes',
      '2',
      'Quorate Qdevice',
      '0x00000001          1    A,V,NMW 192.0.2.1 (local)\n',
    );
    expect(readPvecmStatus(qdevice).members).toEqual([
      { id: '0x00000001', votes: 1, address: '192.0.2.1', local: true },
    ]);
  });

  it('tells apart: no quorum, corosync down, no cluster, something else', () => {
    expect(
      readPvecmStatus(full('No', '2 Activity blocked', '   ', '0x00000001          1 192.0.2.1 (local)\n')),
    ).toMatchObject({
      state: 'not-quorate',
      quorum: 2,
    });
    expect(readPvecmStatus('Cannot initialize CMAP service\n').state).toBe('corosync-down');
    expect(
      readPvecmStatus(
        "Error: Corosync config '/etc/pve/corosync.conf' does not exist - is this node part of a cluster?\n",
      ).state,
    ).toBe('no-cluster');
    expect(readPvecmStatus('').state).toBe('unreadable');
    expect(readPvecmStatus('\u0000\n::\nA: \n').state).toBe('unreadable');
  });
});
