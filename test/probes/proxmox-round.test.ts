import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Endpoint, Observation } from '../../src/model/index.ts';
import { observeEstate } from '../../src/probes/observe.ts';
import { pveApi } from '../../src/probes/proxmox/proxmox.ts';
import { clusterRound, clusterWays } from '../../src/probes/proxmox/proxmox-round.ts';
import { closeSsh } from '../../src/probes/transports/ssh.ts';
import { subject } from '../model/make.ts';
import { contextOf, endpoint } from './context.ts';
import { AUDITOR, MadeApis, madeNode, pveshScript } from './proxmox-made.ts';
import { LOGIN, SSHD, SshdFolder } from './sshd.ts';

const folder = mkdtempSync(join(tmpdir(), 'c138-round-'));
const apis = new MadeApis();
afterEach(async () => {
  await closeSsh();
  await apis.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

const node = execFileSync('hostname', { encoding: 'utf8' }).trim().split('.')[0];
const documented = (...vmids: number[]) => ({
  subjects: vmids.map((vmid) => ({ ...subject(), id: `vmid:${vmid}` as const, vmid })),
});
const resources = [
  { type: 'lxc', id: 'lxc/100', vmid: 100, node: 'n1', status: 'running', name: 'a' },
  { type: 'node', id: 'node/n1', node: 'n1', status: 'online' },
];
const LISTED = {
  '/version': { version: '9' },
  '/cluster/resources': resources,
  '/access/permissions': AUDITOR,
};
const PCT =
  'printf "%-10s %-10s %-12s %-20s\\n" VMID Status Lock Name 100 running "" by-text 102 stopped backup locked';
const QM =
  'printf "%10s %-20s %-10s %-10s %12s %-10s\\n" VMID NAME STATUS "MEM(MB)" "BOOTDISK(GB)" PID 201 vm running 2048 32.00 7';
const TEXT_NODE = {
  pct: PCT,
  qm: QM,
  pvecm:
    'printf "Quorum information\\nNodes: 1\\nQuorate: No\\nTotal votes: 1\\nExpected votes: 3\\n"; exit 2',
};

const round = async (
  endpoints: readonly Endpoint[],
  gathered: readonly Observation[],
  vmids: number[] = [],
) => {
  const seen: Observation[] = [];
  await clusterRound(contextOf(endpoints, documented(...vmids)), endpoints, gathered, (found) =>
    seen.push(...found),
  );
  return seen;
};
const answered = (probe: string, one: Endpoint): Observation =>
  ({
    probe,
    endpoint: one.id,
    subject: one.subject,
    answer: { class: 'ok', facts: {}, checks: [] },
  }) as unknown as Observation;
const told = (seen: readonly Observation[]) =>
  seen.map(
    (one) =>
      `${one.probe} ${one.subject} ${one.answer.class} ${String(one.answer.facts.run ?? one.answer.facts.quorate ?? '')} by ${one.request}`,
  );

describe('who is asked about the cluster', () => {
  it('is the best way that answered; hosts over SSH only where they let us in', () => {
    const urls = { ssh: 'ssh://n1', far: 'https://n2.example:8006', here: 'https://localhost:8006' };
    const [ssh, far, here] = Object.entries(urls).map(([id, url]) =>
      endpoint({ id, url, kind: 'proxmox-api' }),
    );
    const login = endpoint({ id: 'login', url: 'ssh://n2', kind: 'ssh', subject: 'host:n2' });
    const guest = endpoint({ id: 'guest', url: 'ssh://g', kind: 'ssh', subject: 'vmid:100' });
    if (ssh === undefined || far === undefined || here === undefined) throw new Error('no endpoints');
    const all = [ssh, far, login, guest, here];
    const ids = (seen: readonly Observation[]) => {
      const ways = clusterWays(all, seen);
      return [ways.proxmox.map((one) => one.id), ways.ssh.map((one) => one.id)];
    };
    expect(ids([])).toEqual([[], []]);
    expect(ids([answered('pve-api', ssh), answered('pve-api', far)])).toEqual([['far', 'ssh'], []]);
    expect(ids([answered('ssh-host', login), answered('ssh-host', guest)])).toEqual([[], ['login']]);
  });

  it('is the next host when the list of the first does not come', async () => {
    const first = await apis.serve({ '/version': {} }, { id: 'first' });
    const second = await apis.serve(LISTED, { id: 'second' });
    const seen = await round([first, second], [answered('pve-api', first), answered('pve-api', second)]);
    expect(seen.find((one) => one.probe === 'pve-guest')).toMatchObject({
      endpoint: 'second',
      subject: 'vmid:100',
    });
  });
});

describe('a node on which only the text tools work', () => {
  it('tells its own guests and quorum by them, and nothing of guests elsewhere', async () => {
    const dir = madeNode(folder, { pvesh: 'echo "ipcc_send_rec[1] failed" >&2; exit 111', ...TEXT_NODE });
    const one = endpoint({
      url: `local://${dir}/pvesh`,
      kind: 'proxmox-api',
      subject: 'host:n1',
      timeoutMs: 4000,
    });
    const seen = await round([one], [await pveApi(contextOf([]), one)], [100, 300]);
    expect(told(seen).filter((line) => !line.includes('by pvesh'))).toEqual([
      'pve-guest vmid:100 ok running by pct list',
      'pve-guest vmid:102 ok stopped by pct list',
      'pve-guest vmid:201 ok running by qm list',
      'pve-cluster cluster:unnamed ok false by pvecm status',
    ]);
    expect(seen.find((guest) => guest.subject === 'vmid:102')?.answer.facts).toMatchObject({
      lock: 'backup',
      name: 'locked',
      node,
      type: 'lxc',
    });
    expect(seen.find((cluster) => cluster.probe === 'pve-cluster')?.answer.checks[0]).toMatchObject({
      result: 'fail',
      reason: expect.stringContaining('1 of 3 votes'),
    });
    // Not in the list of one node is not missing.
    expect(seen.filter((guest) => guest.subject === 'vmid:300').map((guest) => guest.answer.class)).toEqual([
      'exit',
    ]);
  });

  it('tells nothing where there are no such tools either', async () => {
    const one = endpoint({ url: `local://${folder}/nowhere/pvesh`, kind: 'proxmox-api', subject: 'host:n1' });
    if (existsSync('/usr/bin/pvesh') || existsSync('/usr/sbin/pct')) return;
    expect(
      (await round([one], [await pveApi(contextOf([]), one)], [100])).map((seen) => seen.answer.class),
    ).toEqual(['not-configured']);
  });
});

describe.skipIf(SSHD === undefined)('a node over a real OpenSSH server', () => {
  const dir = new SshdFolder();
  afterAll(() => dir.close());
  const node1 = async (name: string, programs: Readonly<Record<string, string>>, kind: Endpoint['kind']) => {
    const hostKey = dir.key(`${name}-host`);
    dir.key(`${name}-client`);
    const path = `${madeNode(folder, programs)}:/usr/bin:/bin`;
    const { port } = await dir.start(`${name}-host`, [`${name}-client`], [`SetEnv PATH=${path}`]);
    const known = dir.write(`${name}-known`, `[127.0.0.1]:${port} ${hostKey}\n`);
    return endpoint({
      id: name,
      url: `ssh://${LOGIN}@127.0.0.1:${port}`,
      kind,
      subject: 'host:n1',
      timeoutMs: 8000,
      ssh: { configFile: null, knownHostsFile: known, identityFile: dir.file(`${name}-client`) },
    });
  };

  it('is asked by pvesh', async () => {
    const pvesh = pveshScript(folder, LISTED, 'exit 2');
    const one = await node1('api', { pvesh }, 'proxmox-api');
    const estate = { ...contextOf([one]).estate, subjects: [] };
    const seen = await observeEstate(estate, {
      vantage: 'test',
      signal: new AbortController().signal,
      storeRaw: contextOf([]).storeRaw,
    });
    expect(told(seen)).toContain(
      'pve-guest vmid:100 ok running by pvesh get /cluster/resources --output-format json',
    );
    expect(seen.find((version) => version.probe === 'pve-api')?.answer.facts).toMatchObject({ way: 'ssh' });
  });

  it('is asked by its text tools when the API of no host answers', async () => {
    const login = await node1('text', TEXT_NODE, 'ssh');
    const dead = endpoint({
      id: 'dead',
      url: 'http://127.0.0.1:9',
      kind: 'proxmox-api',
      subject: 'host:n1',
      timeoutMs: 500,
    });
    const estate = { ...contextOf([dead, login]).estate, ...documented(100) };
    const seen = await observeEstate(estate, {
      vantage: 'test',
      signal: new AbortController().signal,
      storeRaw: contextOf([]).storeRaw,
    });
    expect(told(seen)).toContain('pve-guest vmid:100 ok running by pct list');
    expect(seen.filter((one) => one.subject === 'vmid:100')).toHaveLength(1);
  });
});

describe('one pass', () => {
  const pass = (endpoints: readonly Endpoint[], onObservation: (one: Observation) => void) =>
    observeEstate(
      { ...contextOf(endpoints).estate, subjects: [] },
      {
        vantage: 'test',
        signal: new AbortController().signal,
        storeRaw: contextOf([]).storeRaw,
        onObservation,
      },
    );

  it('waits for no target that is silent: the cluster and everybody else are told before it is given up', async () => {
    const held: ServerResponse[] = [];
    let released = false;
    const silent = await apis.listen((_request, response) => {
      if (released) response.end('{}');
      else held.push(response);
    });
    const hung = (id: string, kind: Endpoint['kind']): Endpoint =>
      endpoint({ id, kind, url: `http://127.0.0.1:${silent}`, subject: 'host:n9', timeoutMs: 60_000 });
    const good = await apis.serve(LISTED, { id: 'good' });
    const seen: string[] = [];
    const running = pass([hung('a', 'proxmox-api'), hung('b', 'blockscout'), good], (one) =>
      seen.push(`${one.probe} ${one.endpoint}`),
    );
    await expect.poll(() => seen).toContain('pve-guest good');
    expect(seen).toContain('pve-api good');
    expect(seen.some((one) => one.endsWith(' a') || one.endsWith(' b'))).toBe(false);
    released = true;
    for (const response of held) response.end('{}');
    await running;
    expect(seen).toContain('pve-api a');
  });

  it('asks nothing about a node whose name is none, and goes on', async () => {
    const strange = ['n1;reboot', '../n1', 'n 1', '$(x)', ''];
    const one = await apis.serve({
      ...LISTED,
      '/cluster/status': [
        { type: 'cluster', name: 'h', quorate: 1 },
        ...['n1', ...strange].map((name) => ({ type: 'node', name, online: 1 })),
      ],
      '/cluster/resources': [
        ...resources,
        ...strange.map((name, at) => ({ type: 'lxc', vmid: 110 + at, node: name, status: 'stopped' })),
        { type: 'lxc', vmid: 1, node: 'n1', status: 'running' },
      ],
      '/nodes/n1/status': { pveversion: 'pve-manager/9.1.7/0', uptime: 1 },
    });
    const seen = await observeEstate(contextOf([one], documented(100, 110)).estate, {
      vantage: 'test',
      signal: new AbortController().signal,
      storeRaw: contextOf([]).storeRaw,
    });
    expect(seen.find((found) => found.probe === 'pve-host')?.subject).toBe('host:n1');
    expect(seen.filter((found) => found.probe === 'pve-guest').map((found) => found.subject)).toContain(
      'vmid:100',
    );
  });

  it('asks one target only so much at a time', async () => {
    let open = 0;
    let most = 0;
    const port = await apis.listen((_request, response) => {
      open += 1;
      most = Math.max(most, open);
      setTimeout(() => {
        open -= 1;
        response.end('{}');
      }, 20);
    });
    const many = Array.from({ length: 30 }, (_, index) =>
      endpoint({
        id: `e${index}`,
        url: `http://127.0.0.1:${port}`,
        kind: 'http-health',
        subject: 'host:n1',
        timeoutMs: 5000,
      }),
    );
    await pass(many, () => undefined);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
  });
});
