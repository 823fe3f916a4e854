import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Endpoint, Observation } from '../../src/model/index.ts';
import { pveApi, pveInventory } from '../../src/probes/proxmox/proxmox.ts';
import { Rights, readGuests, readNodes, rowsOf } from '../../src/probes/proxmox/proxmox-rows.ts';
import { inOrderOfAccess, wayOf } from '../../src/probes/proxmox/proxmox-source.ts';
import { subject } from '../model/make.ts';
import { contextOf, endpoint } from './context.ts';
import { type Answers, AUDITOR, MadeApis, madeNode, pveshScript } from './proxmox-made.ts';

const folder = mkdtempSync(join(tmpdir(), 'c138-pve-'));
afterAll(() => rmSync(folder, { recursive: true }));
const apis = new MadeApis();
afterEach(() => apis.close());
const serve = (answers: Answers): Promise<Endpoint> => apis.serve(answers);

const pvesh = (answers: Answers, otherwise = 'echo "no such resource" >&2; exit 2'): Endpoint => {
  const script = `env > "$(dirname "$0")/env"\n${pveshScript(folder, answers, otherwise)}`;
  const dir = madeNode(folder, { pvesh: script });
  return endpoint({ url: `local://${dir}/pvesh`, kind: 'proxmox-api', subject: 'host:n1', timeoutMs: 4000 });
};

const documented = (...vmids: number[]) => ({
  subjects: vmids.map((vmid) => ({ ...subject(), id: `vmid:${vmid}` as const, vmid })),
});
const guests = (all: readonly Observation[]) =>
  all
    .filter((one) => one.probe === 'pve-guest')
    .map((one) => [one.subject, one.answer.class, one.answer.facts.run ?? null]);
const status = (online = 1) => [
  { type: 'cluster', id: 'cluster', name: 'made-up', nodes: 2, quorate: 1, version: 2 },
  { type: 'node', id: 'node/n1', name: 'n1', nodeid: 1, online: 1, local: 1, ip: '192.0.2.1', level: '' },
  { type: 'node', id: 'node/n2', name: 'n2', nodeid: 2, online, local: 0, ip: '192.0.2.2', level: '' },
];
const resources = [
  { type: 'lxc', id: 'lxc/100', vmid: 100, node: 'n1', status: 'running', name: 'a' },
  { type: 'qemu', id: 'qemu/101', vmid: 101, node: 'n2', status: 'running', name: 'b', uptime: 5 },
  { type: 'node', id: 'node/n1', node: 'n1', status: 'online' },
  { type: 'node', id: 'node/n2', node: 'n2', status: 'online' },
];

describe('the order of access', () => {
  it('is pvesh here, the API here, the API elsewhere, then SSH', () => {
    const ways = [
      'ssh://root@n4',
      'https://n3.example:8006',
      'https://localhost:8006',
      'local:///usr/bin/pvesh',
    ];
    const all = ways.map((url, index) => endpoint({ id: `e${index}`, url, kind: 'proxmox-api' }));
    expect(inOrderOfAccess(all).map(wayOf)).toEqual(['pvesh', 'api-here', 'api-elsewhere', 'ssh']);
    expect(wayOf(endpoint({ url: 'https://localhost.example:8006', kind: 'proxmox-api' }))).toBe(
      'api-elsewhere',
    );
  });
});

describe('pvesh on the node itself', () => {
  it('is read without an envelope, as root without asking for rights, with an environment of its own', async () => {
    const one = pvesh({
      '/version': { release: '9.1', version: '9.1.7' },
      '/cluster/status': status(),
      '/cluster/resources': resources,
    });
    process.env.C138_TEST_SECRET = 'must-not-pass';
    const { answer, request } = await pveApi(contextOf([]), one);
    delete process.env.C138_TEST_SECRET;
    expect(answer).toMatchObject({ class: 'ok', facts: { version: '9.1.7', way: 'pvesh' } });
    expect(request).toBe('pvesh get /version --output-format json');
    const env = readFileSync(join(new URL(one.url).pathname, '../env'), 'utf8');
    expect(env).not.toContain('must-not-pass');
    const seen = await pveInventory(contextOf([], documented(100, 109)), one);
    expect(seen.listed).toBe(true);
    expect(guests(seen.observations)).toEqual([
      ['vmid:100', 'ok', 'running'],
      ['vmid:101', 'ok', 'running'],
      ['vmid:109', 'ok-null', 'absent'],
    ]);
    expect(seen.observations[0]?.answer.facts).toMatchObject({ quorate: true, name: 'made-up' });
  });

  it.each([
    ['please run as root', 'echo "please run as root" >&2; exit 1', 'not-allowed', 'only as root'],
    [
      'pve-cluster is down',
      'echo "ipcc_send_rec[1] failed: Connection refused" >&2; exit 111',
      'exit',
      'pve-cluster',
    ],
    ['no JSON', 'echo "┌──────┐"', 'not-json', 'not JSON'],
    ['nothing', 'true', 'empty', 'printed nothing'],
    ['a hang', 'sleep 60', 'timeout', 'no end of pvesh'],
    ['an answer without end', 'yes', 'too-large', 'too large'],
  ])('tells apart: %s', async (_name, script, cls, words) => {
    const one = { ...pvesh({}, script), timeoutMs: cls === 'timeout' ? 300 : 20_000 };
    const { answer, level } = await pveApi(contextOf([]), one);
    expect(answer).toMatchObject({ class: cls, detail: expect.stringContaining(words) });
    expect(level).toBe('none');
  });

  it('says that this is no node where there is no pvesh, and ends what it started', async () => {
    const gone = endpoint({
      url: `local://${folder}/nowhere/pvesh`,
      kind: 'proxmox-api',
      subject: 'host:n1',
    });
    if (!existsSync('/usr/bin/pvesh'))
      expect((await pveApi(contextOf([]), gone)).answer).toMatchObject({
        class: 'not-configured',
        detail: expect.stringContaining('no Proxmox node'),
      });
    const mark = join(folder, 'still-running');
    const one = { ...pvesh({}, `(sleep 1; touch ${mark}) & wait`), timeoutMs: 200 };
    expect((await pveApi(contextOf([]), one)).answer.class).toBe('timeout');
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(existsSync(mark)).toBe(false);
  });
});

describe('freshness', () => {
  it("does not call a dead node's guests running, whichever answer says that it is dead", async () => {
    const offline = resources.map((row) => (row.id === 'node/n2' ? { ...row, status: 'offline' } : row));
    const unknown = resources.map((row) => (row.id === 'node/n2' ? { ...row, status: 'unknown' } : row));
    for (const [answers, state] of [
      [{ '/cluster/status': status(0), '/cluster/resources': resources }, 'offline'],
      [{ '/cluster/status': status(), '/cluster/resources': offline }, 'offline'],
      [{ '/cluster/resources': offline }, 'offline'],
      [{ '/cluster/resources': unknown }, 'unknown'],
    ] as const) {
      const { observations } = await pveInventory(
        contextOf([]),
        await serve({ ...answers, '/access/permissions': AUDITOR }),
      );
      const dead = observations.find((one) => one.subject === 'vmid:101');
      expect(dead).toMatchObject({
        level: 'presence',
        answer: { facts: { run: 'unknown', lastRun: 'running', nodeState: state, node: 'n2' } },
      });
      expect(observations.find((one) => one.subject === 'vmid:100')).toMatchObject({
        level: 'runtime',
        answer: { facts: { run: 'running' } },
      });
    }
  });

  it('takes a standalone node, which has no cluster row, for its own quorum', async () => {
    const own = [{ type: 'node', id: 'node/n1', name: 'n1', nodeid: 0, online: 1, local: 1 }];
    const { observations } = await pveInventory(contextOf([]), await serve({ '/cluster/status': own }));
    expect(observations[0]?.answer.facts).toMatchObject({ quorate: true, standalone: true });
  });
});

describe('rights', () => {
  const ask = async (permissions: unknown, rows: unknown = resources) => {
    const answers = {
      '/cluster/status': status(),
      '/cluster/resources': rows,
      '/access/permissions': permissions,
    };
    const { observations } = await pveInventory(contextOf([], documented(100, 109)), await serve(answers));
    return observations;
  };

  it('calls a guest missing only where it could have been seen', async () => {
    expect(guests(await ask(AUDITOR)).at(-1)).toEqual(['vmid:109', 'ok-null', 'absent']);
    for (const partial of [
      {},
      { '/vms/100': { 'VM.Audit': 1 } },
      { '/vms': { 'VM.Audit': 0 } },
      { '/': { 'VM.Audit': 1 }, '/vms': {} },
      undefined,
      'nonsense',
    ]) {
      const hidden = (await ask(partial)).find((one) => one.subject === 'vmid:109');
      expect(hidden?.answer).toMatchObject({
        class: 'not-allowed',
        detail: expect.stringContaining('PVEAuditor'),
      });
      expect(hidden?.level).toBe('none');
    }
    expect(guests(await ask({ '/vms/109': { 'VM.Audit': 0 } })).at(-1)).toEqual([
      'vmid:109',
      'ok-null',
      'absent',
    ]);
  });

  it('takes an empty list with the right for no guests, and without it for not allowed', async () => {
    expect(guests(await ask(AUDITOR, []))).toEqual([
      ['vmid:100', 'ok-null', 'absent'],
      ['vmid:109', 'ok-null', 'absent'],
    ]);
    expect(guests(await ask({}, [])).map(([, cls]) => cls)).toEqual(['not-allowed', 'not-allowed']);
  });

  it('reads the propagation of privileges', () => {
    const rights = Rights.read({ data: { '/': { a: 1, b: 0 }, '/vms': { a: 1 }, '/vms/5': { c: 0 } } });
    expect(rights?.holds('a', '/vms/7')).toBe(true);
    expect(rights?.holds('b', '/')).toBe(true);
    expect(rights?.holds('b', '/storage')).toBe(false);
    expect(rights?.holds('c', '/vms/5')).toBe(true);
    expect(rights?.holds('a', '/vms/5')).toBe(false);
    expect(Rights.read('x')).toBeNull();
  });
});

/**
 * Made up by hand, one list for each age of Proxmox, after what is known of their differences. The recorded answers of real hosts
 * have these shapes; none of them is in this project.
 */
const AGES: Readonly<Record<string, readonly Record<string, unknown>[]>> = {
  // VMID of a container as text, booleans as text or null.
  '7.4': [
    {
      id: 'lxc/100',
      type: 'lxc',
      vmid: '100',
      node: 'n1',
      status: 'running',
      name: 'ct',
      template: '',
      maxmem: '536870912',
      uptime: '12',
    },
    {
      id: 'qemu/101',
      type: 'qemu',
      vmid: 101,
      node: 'n1',
      status: 'stopped',
      name: 'vm',
      template: '1',
      maxcpu: '2',
    },
    { id: 'node/n1', type: 'node', node: 'n1', status: 'online', level: '' },
    {
      id: 'storage/n1/local',
      type: 'storage',
      storage: 'local',
      node: 'n1',
      status: 'available',
      shared: null,
    },
  ],
  '8.4': [
    { id: '/pool/p', type: 'pool', pool: 'p' },
    {
      id: 'lxc/100',
      type: 'lxc',
      vmid: 100,
      node: 'n1',
      status: 'running',
      name: 'ct',
      template: 0,
      maxmem: 536870912,
      uptime: 12,
      tags: 'a;b',
      cpu: 0.4643,
      pool: 'p',
    },
    {
      id: 'qemu/101',
      type: 'qemu',
      vmid: 101,
      node: 'n1',
      status: 'stopped',
      name: 'vm',
      template: 1,
      maxcpu: 2,
    },
    { id: 'node/n1', type: 'node', node: 'n1', status: 'online', level: '', 'cgroup-mode': 2 },
    { id: 'sdn/n1/localnetwork', type: 'sdn', sdn: 'localnetwork', node: 'n1', status: 'ok' },
  ],
  // Rows of type network, memory as the host sees it, fields that nobody has described yet.
  '9.x': [
    {
      id: 'lxc/100',
      type: 'lxc',
      vmid: 100,
      node: 'n1',
      status: 'running',
      name: 'ct',
      template: 0,
      maxmem: 536870912,
      uptime: 12,
      memhost: 600000000,
      pressurecpusome: '0.00',
      'ha-group': 'x',
      invented: { deep: [1, 2] },
    },
    {
      id: 'qemu/101',
      type: 'qemu',
      vmid: 101,
      node: 'n1',
      status: 'stopped',
      name: 'vm',
      template: true,
      maxcpu: 2,
    },
    { id: 'node/n1', type: 'node', node: 'n1', status: 'online', 'host-arch': 'x86_64', hastate: 'online' },
    {
      id: 'network/n1/zone/z',
      type: 'network',
      network: 'z',
      'network-type': 'zone',
      node: 'n1',
      status: 'ok',
    },
  ],
};

describe('answers of several ages', () => {
  it.each(Object.entries(AGES))('%s gives the same guests', async (age, rows) => {
    const { observations, listed } = await pveInventory(
      contextOf([], documented(100)),
      await serve({ '/cluster/resources': rows, '/access/permissions': AUDITOR }),
    );
    expect(listed).toBe(true);
    expect(guests(observations)).toEqual([
      ['vmid:100', 'ok', 'running'],
      ['vmid:101', 'ok', 'stopped'],
    ]);
    const [ct, vm] = observations.filter((one) => one.probe === 'pve-guest').map((one) => one.answer.facts);
    expect(ct).toMatchObject({ name: 'ct', type: 'lxc', template: false, maxMemB: 536870912, uptimeS: 12 });
    expect(vm).toMatchObject({ name: 'vm', type: 'qemu', template: true, cpus: 2 });
    expect(ct?.odd).toBeUndefined();
    if (age === '8.4') expect(ct).toMatchObject({ tags: 'a;b', cpuPermille: 464, pool: 'p' });
    if (age === '9.x') expect(ct?.extra).toEqual({ 'ha-group': 'x', invented: '{"deep":[1,2]}' });
  });

  it('names what it cannot take, and never falls over it', () => {
    const guest = readGuests([
      { type: 'lxc', vmid: '100', maxmem: {}, tags: [], uptime: -1, name: { a: 1 }, node: 7 },
    ]).get(100);
    expect(guest?.facts).toMatchObject({
      name: null,
      node: '7',
      odd: ['maxmem is no number', 'tags is no text', 'uptime is no number'],
    });
    for (const value of [null, 1, 'x', [], {}, [[1]], [null], { data: null }, { data: {} }])
      expect(() => readGuests(rowsOf(value) ?? [])).not.toThrow();
    expect(readGuests([{ type: 'lxc', vmid: 1e300 }, { type: 'lxc' }, { vmid: 100 }]).size).toBe(0);
    expect(readNodes([{ node: 'a', status: 'online' }, { name: 'b', online: '1' }, { node: 'c' }])).toEqual([
      { name: 'a', state: 'online' },
      { name: 'b', state: 'online' },
    ]);
  });
});
