import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Endpoint, Observation } from '../../src/model/index.ts';
import {
  assertCommand,
  BELOW,
  fillCommand,
  INSIDE,
  NotAllowedError,
  PAYLOAD,
} from '../../src/probes/allow-list.ts';
import {
  readListeners,
  readPayload,
  readProcesses,
  readUnits,
  readUsed,
} from '../../src/probes/proxmox/inside-text.ts';
import { insideRound } from '../../src/probes/proxmox/proxmox-inside.ts';
import { guest, observation, subject } from '../model/make.ts';
import { contextOf, endpoint } from './context.ts';
import { madeNode } from './proxmox-made.ts';

const folder = mkdtempSync(join(tmpdir(), 'c138-inside-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SS = `tcp   LISTEN 0 128          0.0.0.0:22        0.0.0.0:*    users:(("sshd",pid=160,fd=3))
tcp   LISTEN 0 4096   127.0.0.53%lo:53        0.0.0.0:*    users:(("systemd-resolve",pid=90,fd=15))
udp   UNCONN 0 0               [::]:7051         [::]:*    users:(("peer",pid=301,fd=6),("peer",pid=302,fd=6))
tcp   LISTEN 0 5          127.0.0.1:5000            *:*
tcp   LISTEN 0 4096               *:9701            *:*    users:(("systemd",pid=1,fd=50))
nonsense
`;

describe('what commands inside a container print', () => {
  it('tells the listeners of the distribution from all others, loopback and without a name too', () => {
    expect(readListeners(SS)).toEqual({
      all: 5,
      others: [
        { protocol: 'udp', port: 7051, process: 'peer', local: false },
        { protocol: 'tcp', port: 5000, process: null, local: true },
        // systemd holds sockets for others: on the port of SSH only is it the distribution's own.
        { protocol: 'tcp', port: 9701, process: 'systemd', local: false },
      ],
    });
    expect(readListeners('')).toEqual({ all: 0, others: [] });
  });

  it('reads processes, units, payload and use', () => {
    expect(readProcesses('systemd\nsshd\npeer\npeer\n\u001b[31mx\n').others).toEqual([
      '\\u{1b}[31mx',
      'peer',
    ]);
    expect(readUnits('ssh.service loaded active running x\n● y\n')).toEqual(['ssh.service']);
    const found = '/etc/hyperledger\n/etc/hyperledger/fabric\n/var/lib/indy\n/usr/local/bin/peer\n';
    // An empty folder is no payload.
    expect(readPayload(found, '')).toEqual(['/etc/hyperledger (1 entries)', '/usr/local/bin/peer']);
    const below = found.replace(/^/gm, '/rpool/data/subvol-6000-disk-0');
    expect(readPayload(below, '/rpool/data/subvol-6000-disk-0')).toHaveLength(2);
    expect(readUsed('Filesystem 1024-blocks Used Available Capacity Mounted on\nx 10 7 3 70% /\n')).toBe(7);
    for (const strange of ['', 'x', 'a b c d e f', 'x 1 -2 3 4% /y z'])
      expect(readUsed(strange)).not.toBe(-2);
  });
});

describe('what may be asked inside', () => {
  it('is exactly listed, with a VMID or a ZFS volume in its place', () => {
    const exec = ['pct', 'exec', '{vmid}', '--', ...INSIDE.listeners];
    expect(fillCommand(exec, { vmid: '6000' })[2]).toBe('6000');
    const root = '/rpool/data/subvol-6000-disk-0';
    expect(fillCommand(BELOW.payload, { mounted: root })).toContain(`${root}${PAYLOAD.folders[0]}`);
    for (const vmid of ['6000;reboot', '12', '', '-1', '6000 --', '$(x)'])
      expect(() => fillCommand(exec, { vmid })).toThrow(NotAllowedError);
    for (const mounted of [
      '/etc',
      '/rpool/../etc/subvol-6000-disk-0',
      '/rpool/data/subvol-6000-disk-0/../..',
      '/rpool/da ta/subvol-6000-disk-0',
      '/rpool/;x/subvol-6000-disk-0',
      'rpool/subvol-6000-disk-0',
    ])
      expect(() => fillCommand(BELOW.disk, { mounted })).toThrow(NotAllowedError);
    for (const volume of ['local-lvm:vm-6000-disk-0', 'x:subvol-6000-disk-0;x', '--help'])
      expect(() => fillCommand(BELOW.path, { volume })).toThrow(NotAllowedError);
    for (const argv of [
      ['pct', 'start', '6000'],
      ['pct', 'mount', '6000'],
      ['pct', 'exec', '6000', '--', 'sh'],
      ['pct', 'exec', '6000', '--', ...INSIDE.listeners, '-K'],
      ['find', '-P', '/', '-delete'],
      [...fillCommand(BELOW.payload, { mounted: root }), '-delete'],
    ])
      expect(() => assertCommand(argv)).toThrow(NotAllowedError);
  });
});

/** A made-up node: what each program does, and every command line that it was given. */
function node(programs: Readonly<Record<string, string>>): {
  readonly endpoint: Endpoint;
  readonly asked: () => readonly string[];
} {
  const log = join(mkdtempSync(join(folder, 'log-')), 'asked');
  writeFileSync(log, '');
  const noted = Object.fromEntries(
    Object.entries(programs).map(([name, script]) => [name, `echo "${name} $*" >> ${log}\n${script}`]),
  );
  const dir = madeNode(folder, { pvesh: 'exit 1', ...noted });
  return {
    endpoint: endpoint({
      id: 'pve',
      url: `local://${dir}/pvesh`,
      kind: 'proxmox-api',
      subject: 'host:n1',
      timeoutMs: 5000,
    }),
    asked: () => readFileSync(log, 'utf8').trim().split('\n'),
  };
}

const listed = (run: string, vmid: number): Observation =>
  guest(run, {
    subject: `vmid:${vmid}`,
    answer: { class: 'ok', facts: { run, node: 'n1', type: 'lxc' }, checks: [] },
  });
const api = observation({ probe: 'pve-api', endpoint: 'pve', subject: 'host:n1' });
const config = (vmid: number, rootVolume: string): Observation =>
  observation({
    probe: 'pve-guest-config',
    subject: `vmid:${vmid}`,
    answer: { class: 'ok', facts: { rootVolume, onboot: false }, checks: [] },
  });

async function round(one: Endpoint, gathered: readonly Observation[]): Promise<readonly Observation[]> {
  const subjects = gathered
    .filter((seen) => seen.probe === 'pve-guest')
    .map((seen) => subject({ id: seen.subject, status: 'placeholder', expectedRun: 'stopped' }));
  const kept: Observation[] = [];
  await insideRound(contextOf([one], { subjects }), [one], gathered, (seen) => kept.push(...seen));
  return kept;
}

describe('looking inside', () => {
  it('asks a container that runs each layer once, and keeps command, exit code and raw answer', async () => {
    const made = node({
      pct: `shift 3
case "$1" in
ss) printf '%s' '${SS.split('\n')[0]}';;
ps) printf 'systemd\\nsshd\\n';;
systemctl) exit 1;;
find) echo /etc/hyperledger; exit 1;;
df) printf 'x\\nd 9 5 4 5%% /\\n';;
esac`,
    });
    const seen = await round(made.endpoint, [api, listed('running', 6000)]);
    expect(seen.map((one) => [one.probe, one.answer.class, one.answer.code ?? null])).toEqual([
      ['pve-ct-listeners', 'ok', 0],
      ['pve-ct-processes', 'ok', 0],
      ['pve-ct-units', 'not-configured', 1],
      ['pve-ct-payload', 'ok', 1],
      ['pve-ct-disk', 'ok', 0],
    ]);
    expect(seen[0]).toMatchObject({
      request: 'pct exec 6000 -- ss -H -ltnup',
      level: 'runtime',
      answer: { facts: { listeners: 1, others: [] } },
    });
    expect(seen[0]?.raw?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(seen[3]?.answer.facts).toEqual({ payload: [] });
  });

  it('reads the disk of one that is stopped only where ZFS has it mounted, and starts and mounts nothing', async () => {
    const made = node({
      pct: 'exit 99',
      pvesm: 'echo "/rpool/data/$(echo "$2" | cut -d: -f2)"',
      mountpoint: 'case "$2" in */subvol-6400-*) exit 0;; *) exit 1;; esac',
      find: 'echo "$2/fabric"; exit 1',
      df: "printf 'x\\nd 9 5 4 5%% /\\n'",
    });
    const seen = await round(made.endpoint, [
      api,
      listed('stopped', 6400),
      config(6400, 'local-zfs:subvol-6400-disk-0'),
      listed('stopped', 6401),
      config(6401, 'local-zfs:subvol-6401-disk-0'),
      listed('stopped', 6402),
      config(6402, 'local-lvm:vm-6402-disk-0'),
    ]);
    expect(seen.map((one) => [one.subject, one.probe, one.level])).toEqual([
      ['vmid:6400', 'pve-ct-payload', 'presence'],
      ['vmid:6400', 'pve-ct-disk', 'presence'],
    ]);
    expect(seen[0]?.answer.facts).toEqual({ payload: ['/etc/hyperledger (1 entries)'] });
    const asked = made.asked();
    expect(asked.filter((line) => line.startsWith('pct'))).toEqual([]);
    expect(asked.some((line) => line.includes('6402'))).toBe(false);
    expect(asked.filter((line) => line.startsWith('mountpoint'))).toHaveLength(2);
  });

  it('believes no strange path of a volume', async () => {
    const made = node({ pvesm: 'echo /etc/../subvol-1', mountpoint: 'exit 0', find: 'exit 0' });
    const gathered = [api, listed('stopped', 6400), config(6400, 'z:subvol-6400-disk-0')];
    expect(await round(made.endpoint, gathered)).toEqual([]);
    const foreign = node({
      pvesm: 'echo /rpool/data/subvol-100-disk-0',
      mountpoint: 'exit 0',
      find: 'exit 0',
    });
    expect(await round(foreign.endpoint, gathered)).toEqual([]);
    const upwards = node({
      pvesm: 'echo /rpool/../etc/subvol-6400-disk-0',
      mountpoint: 'exit 0',
      find: 'exit 0',
    });
    expect(await round(upwards.endpoint, gathered)).toEqual([]);
  });

  it('asks nothing where its node is gone, where nobody lets us in, and of machines', async () => {
    const made = node({ pct: 'exit 0' });
    const facts = { run: 'running', node: 'n1', type: 'lxc' };
    for (const gathered of [
      [listed('running', 6000)],
      [
        api,
        {
          ...listed('running', 6000),
          answer: { class: 'ok', facts: { ...facts, type: 'qemu' }, checks: [] },
        },
      ],
      [
        api,
        { ...listed('running', 6000), answer: { class: 'ok', facts: { ...facts, node: 'n2' }, checks: [] } },
      ],
      [
        api,
        {
          ...listed('running', 6000),
          answer: { class: 'ok', facts: { ...facts, nodeState: 'offline' }, checks: [] },
        },
      ],
    ] as const)
      expect(await round(made.endpoint, gathered)).toEqual([]);
    expect(made.asked()).toEqual(['']);
  });
});
