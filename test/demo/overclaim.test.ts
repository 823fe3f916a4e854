import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { chainRules } from '../../src/chain/index.ts';
import { loadEstate } from '../../src/estate/index.ts';
import { type Assessment, assessEstate } from '../../src/model/index.ts';
import { observeEstate } from '../../src/probes/index.ts';
import { assessmentDocument, discoverySummary } from '../../src/reports/index.ts';
import { Loopback } from '../loopback.ts';
import { snapshotOf } from '../model/make.ts';
import { contextOf } from '../probes/context.ts';

/** Inputs that lie, made by hand. Each says more than is there; none may be believed. */
const folder = mkdtempSync(join(tmpdir(), 'c138-overclaim-'));
const loopback = new Loopback();

const http = (answer: RequestListener): Promise<number> => loopback.listen(createHttp(answer));
const json = (value: unknown): Promise<number> =>
  http((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  });
const greeting = (text: string): Promise<number> =>
  loopback.listen(
    createTcp((socket) => {
      socket.write(text);
    }),
  );
const gone = (): Promise<number> => loopback.gone();

interface Lie {
  readonly vmid: number;
  readonly what: string;
  readonly category: string;
  /** Kind of endpoint, and what stands there; without it, only the inventory speaks of the guest. */
  readonly kind?: string;
  readonly port?: () => Promise<number>;
  /** The word of the template. */
  readonly word?: string;
}

const OPERATIONS_OK = { status: 'OK', time: '2026-01-01T00:00:00Z' };
const LIES: readonly Lie[] = [
  {
    vmid: 6000,
    what: 'Fabric called active, and something on 7051 that says nothing',
    category: 'dlt',
    kind: 'fabric-peer',
    port: () => loopback.listen(createTcp(() => undefined)),
  },
  {
    vmid: 6001,
    what: 'Fabric called active, and a web server that says OK to everything',
    category: 'dlt',
    kind: 'fabric-peer',
    port: () => http((_request, response) => void response.end('OK')),
  },
  {
    vmid: 6002,
    what: 'Fabric called active, and an operations port that is healthy without a channel',
    category: 'dlt',
    kind: 'fabric-peer',
    port: () => json(OPERATIONS_OK),
  },
  {
    vmid: 6003,
    what: 'Fabric called active, and an SSH server on its port',
    category: 'dlt',
    kind: 'fabric-peer',
    port: () => greeting('SSH-2.0-x\r\n'),
  },
  {
    vmid: 6004,
    what: 'Fabric called active, and a bare listener',
    category: 'dlt',
    kind: 'tcp',
    port: () => loopback.listen(createTcp(() => undefined)),
  },
  {
    vmid: 6005,
    what: 'Fabric called active, and a Besu node on its port',
    category: 'dlt',
    kind: 'fabric-orderer',
    port: () => json({ jsonrpc: '2.0', id: 1, result: '0x8a' }),
  },
  {
    vmid: 6006,
    what: 'Fabric called active under another category, and a bare listener',
    category: 'fabric_peer',
    kind: 'tcp',
    port: () => loopback.listen(createTcp(() => undefined)),
  },
  {
    vmid: 6007,
    what: 'Fabric called active, the container runs, and its port refuses',
    category: 'hyperledger',
    kind: 'fabric-peer',
    port: gone,
  },
  {
    vmid: 6400,
    what: 'Indy called active, and a web server',
    category: 'dlt',
    kind: 'indy',
    port: () => json({}),
  },
  {
    vmid: 6401,
    what: 'Indy called active, and a listener that hangs up',
    category: 'dlt',
    kind: 'indy',
    port: () => loopback.listen(createTcp((socket) => socket.end())),
  },
  { vmid: 6402, what: 'Indy called active, and nothing but a container that runs', category: 'dlt' },
  {
    vmid: 1500,
    what: 'a node called active whose container runs and of which nothing is asked',
    category: 'besu_sentry',
  },
  {
    vmid: 1501,
    what: 'a node called active behind a web server that says OK',
    category: 'besu_sentry',
    kind: 'json-rpc',
    port: () => http((_request, response) => void response.end('OK')),
  },
  {
    vmid: 6100,
    what: 'a placeholder whose container runs, and something listens',
    category: 'dlt',
    word: 'placeholder CT only',
    kind: 'tcp',
    port: () => loopback.listen(createTcp(() => undefined)),
  },
  {
    vmid: 6101,
    what: 'a guest with a state word that nobody knows, and a bare listener',
    category: 'dlt',
    word: 'fully operational',
    kind: 'tcp',
    port: () => loopback.listen(createTcp(() => undefined)),
  },
];

let subjects: ReadonlyMap<string, Assessment>;
let texts = '';
let results: readonly string[] = [];

beforeAll(async () => {
  const ports = await Promise.all(LIES.map((one) => one.port?.() ?? Promise.resolve(0)));
  writeFileSync(
    join(folder, 'template.json'),
    JSON.stringify({
      services: LIES.map((one) => ({
        vmid: one.vmid,
        hostname: `made-up-${one.vmid}`,
        category: one.category,
        runtime_state: one.word ?? 'active',
      })),
    }),
  );
  const inventory: Readonly<Record<string, unknown>> = {
    '/version': { version: '9.1' },
    '/cluster/status': [
      { type: 'cluster', name: 'h', quorate: 1 },
      { type: 'node', name: 'n1', online: 1 },
    ],
    // Every container runs, and a storage calls itself Ceph.
    '/cluster/resources': [
      ...LIES.map((one) => ({
        type: 'lxc',
        vmid: one.vmid,
        node: 'n1',
        status: 'running',
        name: `made-up-${one.vmid}`,
      })),
      { type: 'storage', storage: 'ceph', plugintype: 'rbd', node: 'n1', status: 'available', shared: 1 },
    ],
    '/nodes/n1/storage': [
      {
        storage: 'ceph',
        type: 'rbd',
        content: 'images',
        active: 1,
        enabled: 1,
        shared: 1,
        total: 100,
        used: 1,
      },
    ],
    // An answer in the shape of Ceph's, from a cluster without monitors.
    '/cluster/ceph/status': {
      health: { status: 'HEALTH_OK' },
      quorum_names: [],
      osdmap: { num_osds: 4, num_up_osds: 4 },
    },
  };
  const pve = await http((request, response) => {
    const data = inventory[(request.url ?? '').replace('/api2/json', '')];
    response.writeHead(data === undefined ? 501 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ data: data ?? null }));
  });
  const file = join(folder, 'estate.yaml');
  writeFileSync(
    file,
    stringify({
      v: 1,
      id: 'lies',
      name: 'Lies',
      chain: { id: 138 },
      template: 'template.json',
      cluster: 'h',
      hosts: [{ name: 'n1' }],
      // The estate file itself overclaims.
      programs: [
        { id: 'ceph', name: 'Ceph', status_word: 'Deployed now', section: 8 },
        { id: 'cacti', name: 'Cacti', status_word: 'Deployed now', section: 12 },
        { id: 'caliper', name: 'Caliper', status_word: 'Complete', section: 14 },
        { id: 'end-to-end-flow', name: 'Flow', status_word: 'Complete', section: 18 },
      ],
      endpoints: [
        {
          id: 'pve',
          subject: 'host:n1',
          kind: 'proxmox-api',
          url: `http://127.0.0.1:${pve}`,
          timeout_ms: 4500,
        },
        ...LIES.flatMap((one, index) => {
          if (one.kind === undefined) return [];
          const scheme = one.kind === 'tcp' || one.kind === 'indy' ? 'tcp' : 'http';
          return [
            {
              id: `e-${one.vmid}`,
              subject: `vmid:${one.vmid}`,
              kind: one.kind,
              url: `${scheme}://127.0.0.1:${ports[index]}`,
              timeout_ms: 800,
            },
          ];
        }),
      ],
    }),
  );
  const estate = await loadEstate(file);
  const observations = await observeEstate(estate, {
    vantage: 'test',
    signal: new AbortController().signal,
    storeRaw: contextOf([]).storeRaw,
  });
  const snapshot = { ...snapshotOf([], observations), estate };
  const assessment = assessEstate(snapshot, Date.now(), chainRules);
  subjects = new Map(assessment.subjects.map((one) => [one.subject.id, one]));
  const document = assessmentDocument(snapshot, assessment);
  results = document.subjects.filter((one) => one.status === 'deployed').map((one) => one.id);
  texts = discoverySummary(snapshot, assessment);
}, 120_000);
afterAll(async () => {
  await loopback.close();
  rmSync(folder, { recursive: true });
});

describe('overclaims are never believed', () => {
  it.each(LIES)('$what', ({ vmid }) => {
    const one = subjects.get(`vmid:${vmid}`);
    expect(one).toBeDefined();
    // A node that the documents call deployed, and that is seen not to work, is deployed and failed; nothing else is deployed here.
    if (one?.health !== 'failed') expect(one?.status).not.toBe('deployed');
    if (one?.subject.category?.startsWith('besu') !== true) expect(one?.status).not.toBe('deployed');
    // Where the documents say nothing that can be read, there is nothing to be unwell by.
    if (one?.subject.status !== 'unknown') expect(one?.health).not.toBe('ok');
    // Nothing here identified itself, so nothing is proven to run, and nothing that runs is called empty.
    if (one?.absence !== null) expect(['listening-unidentified', 'unknown']).toContain(one?.absence.verdict);
  });

  it.each(['ceph', 'cacti', 'caliper', 'end-to-end-flow'])(
    'a programme item that calls itself done: %s',
    (id) => {
      const one = subjects.get(`program:${id}`);
      expect(one).toBeDefined();
      expect(one?.status).not.toBe('deployed');
    },
  );

  it('a Ceph storage entry, and an answer without monitors, are no Ceph', () => {
    const seen = subjects.get('program:ceph')?.observations ?? [];
    expect(seen.map((one) => `${one.probe} ${one.level}`)).toEqual(['pve-ceph none']);
  });

  it('what is really there is believed: the host and its cluster answer', () => {
    expect(subjects.get('host:n1')?.status).toBe('deployed');
    expect(subjects.get('cluster:h')?.status).toBe('deployed');
    expect(results.filter((id) => id.startsWith('program:'))).toEqual([]);
    expect(texts).not.toContain('| deployed | ok | made-up');
  });
});
