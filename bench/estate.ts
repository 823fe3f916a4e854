/**
 * How long one discovery takes over 5 hosts, 1,000 guests and 37 RPC nodes whose answers take 50 to 400 ms each, beside its slowest part alone (the
 * slowest node, asked by itself in the same run) and beside the same questions to the RPC nodes asked one after the other with curl. Then time and
 * memory of assessing and writing everything for 2,500 to 10,000 guests: twice the guests should take twice as much.
 *
 * NODE_OPTIONS=--expose-gc tsx bench/estate.ts [rounds]
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttp, request as httpRequest, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { chainRules } from '../src/chain/index.ts';
import { makeClusterCa } from '../src/demo/certificates.ts';
import { HOSTS, type SimGuest, simGuests } from '../src/demo/estate-data.ts';
import { answerProxmox } from '../src/demo/proxmox-api.ts';
import { startDemo } from '../src/demo/start.ts';
import { loadEstate } from '../src/estate/index.ts';
import { assessEstate, type DocumentedEstate, type RawRef, type Snapshot } from '../src/model/index.ts';
import { observeEstate } from '../src/probes/index.ts';
import { discoveryOutputs } from '../src/reports/outputs.ts';

const rounds = Number(process.argv[2] ?? 3);
const GUESTS = 1000;
const run = promisify(execFile);

interface Question {
  readonly url: string;
  readonly method: string;
  readonly body: string;
}
const asked: Question[] = [];
let recording = false;
const servers: Server[] = [];

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return (server.address() as AddressInfo).port;
}

/** A node behind a line that takes so many milliseconds for each answer. */
async function delayed(to: string, delayMs: number): Promise<string> {
  let self = '';
  const server = createHttp((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      const { method = 'GET', url = '/', headers } = request;
      if (recording) asked.push({ url: `${self}${url}`, method, body: body.toString() });
      setTimeout(() => {
        const forward = httpRequest(new URL(url, to), { method, headers }, (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        });
        forward.on('error', () => response.destroy());
        forward.end(body);
      }, delayMs);
    });
  });
  self = `http://127.0.0.1:${await listening(server)}`;
  return self;
}

/** The guests of the simulated estate and so many more that the count is reached, spread over the hosts. */
function manyGuests(count: number): readonly SimGuest[] {
  const own = simGuests();
  const more = Array.from(
    { length: Math.max(0, count - own.length) },
    (_, index): SimGuest => ({
      vmid: 20_000 + index,
      name: `bench-${index}`,
      category: 'infra',
      host: HOSTS[index % HOSTS.length] ?? 'r630-01',
      state: 'active',
      running: true,
    }),
  );
  return [...own, ...more];
}

function template(guests: readonly SimGuest[]): string {
  return JSON.stringify({
    services: guests.map((guest) => ({
      vmid: guest.vmid,
      hostname: guest.name,
      category: guest.category,
      preferred_node: guest.host,
      runtime_state: guest.state,
    })),
  });
}

interface EndpointEntry {
  readonly id: string;
  readonly kind: string;
  readonly subject: string;
  readonly url: string;
  readonly [key: string]: unknown;
}

/** The simulated estate with delays before its RPC nodes and a cluster of a thousand guests. Returns the path of its file. */
async function writeBenchEstate(demoConfig: string, folder: string): Promise<string> {
  const guests = manyGuests(GUESTS);
  const ca = await makeClusterCa();
  const token = 'bench@pve!c138=00000000-0000-4000-8000-000000000000';
  const certificate = await ca.issue(['localhost', '127.0.0.1']);
  const ports = new Map<string, number>();
  for (const host of HOSTS) {
    const state = {
      guests: () => guests,
      hostOnline: () => true,
      authorization: `PVEAPIToken=${token}`,
      fault: {},
    };
    const server = createHttps({ ...certificate }, (request, response) =>
      answerProxmox(state, host, request, response),
    );
    ports.set(`host:${host}`, await listening(server as unknown as Server));
  }
  await writeFile(join(folder, 'ca.pem'), ca.pem);
  await writeFile(join(folder, 'token'), `${token}\n`, { mode: 0o600 });
  await writeFile(join(folder, 'template.json'), template(guests));
  const document = parse(await readFile(demoConfig, 'utf8')) as { endpoints: EndpointEntry[] };
  const endpoints: EndpointEntry[] = [];
  let node = 0;
  for (const one of document.endpoints) {
    if (one.kind === 'proxmox-api')
      endpoints.push({
        ...one,
        url: `https://localhost:${ports.get(one.subject)}`,
        ca_file: 'ca.pem',
        token: { file: 'token' },
      });
    else if (one.kind === 'json-rpc' && one.via !== 'edge') {
      const delayMs = 50 + Math.round((350 * (node % 37)) / 36);
      node += 1;
      endpoints.push({ ...one, url: await delayed(one.url, delayMs), timeout_ms: 5000 });
    }
  }
  const path = join(folder, 'estate.yaml');
  await writeFile(path, stringify({ ...document, template: 'template.json', endpoints }));
  return path;
}

const storeRaw = (bytes: Uint8Array): RawRef => ({
  sha256: '0'.repeat(64),
  bytes: bytes.length,
  truncated: false,
  redactions: [],
});

async function pass(
  estate: DocumentedEstate,
  only?: ReadonlySet<string>,
): Promise<{ readonly ms: number; readonly seen: Snapshot['observations'] }> {
  const began = performance.now();
  const seen = await observeEstate(estate, {
    vantage: 'bench',
    signal: new AbortController().signal,
    storeRaw,
    ...(only === undefined ? {} : { only }),
  });
  return { ms: performance.now() - began, seen };
}

const median = (list: readonly number[]): number =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
const ms = (value: number): string => `${value.toFixed(0)} ms`.padStart(10);

async function curlAll(questions: readonly Question[]): Promise<number> {
  const began = performance.now();
  for (const { url, method, body } of questions)
    await run('curl', [
      '-s',
      '-o',
      '/dev/null',
      '-X',
      method,
      ...(body === '' ? [] : ['-H', 'content-type: application/json', '--data-binary', body]),
      url,
    ]);
  return performance.now() - began;
}

/** Assesses and writes an estate of so many guests, all seen running. */
function grow(base: Snapshot, count: number): { readonly ms: number; readonly mib: number } {
  const guests = manyGuests(count).slice(-count);
  const [subject] = base.estate.subjects.filter((one) => one.category === 'besu_sentry');
  const [guest] = base.observations.filter((one) => one.probe === 'pve-guest');
  if (subject === undefined || guest === undefined) throw new Error('the pass saw no guest');
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const snapshot: Snapshot = {
    ...base,
    estate: {
      ...base.estate,
      subjects: [
        ...base.estate.subjects.filter((one) => one.kind !== 'vmid'),
        ...guests.map((one) => ({
          ...subject,
          id: `vmid:${one.vmid}` as const,
          vmid: one.vmid,
          name: one.name,
          category: one.category,
          preferredHost: one.host,
        })),
      ],
    },
    observations: guests.map((one) => ({
      ...guest,
      subject: `vmid:${one.vmid}` as const,
      answer: {
        ...guest.answer,
        facts: { run: 'running', node: one.host, name: one.name, type: 'lxc' },
      },
    })),
  };
  const began = performance.now();
  const assessment = assessEstate(snapshot, Date.parse(snapshot.ended), chainRules);
  const outputs = discoveryOutputs(snapshot, assessment, []);
  const took = performance.now() - began;
  globalThis.gc?.();
  const mib = (process.memoryUsage().heapUsed - before) / 1024 ** 2;
  if (outputs.length === 0) throw new Error('nothing was written');
  return { ms: took, mib };
}

const folder = await mkdtemp(join(tmpdir(), 'c138-bench-'));
const demo = await startDemo({ scenario: 'healthy' });
try {
  const estate = await loadEstate(await writeBenchEstate(demo.configPath, folder));
  const nodes = estate.endpoints.filter((one) => one.kind === 'json-rpc');
  const slowest = new Set(nodes.slice(-1).map((one) => one.id));
  await pass(estate);
  const whole: number[] = [];
  const alone: number[] = [];
  let seen: Snapshot['observations'] = [];
  for (let round = 0; round < rounds; round += 1) {
    recording = round === 0;
    const full = await pass(estate);
    recording = false;
    seen = full.seen;
    whole.push(full.ms);
    alone.push((await pass(estate, slowest)).ms);
  }
  const curl = await curlAll(asked);
  const guests = new Set(seen.filter((one) => one.probe === 'pve-guest').map((one) => one.subject)).size;
  console.log(
    `${HOSTS.length} hosts, ${guests} guests seen, ${nodes.length} RPC nodes with 50 to 400 ms an answer; ${seen.length} observations, ${rounds} rounds, median`,
  );
  console.log(`whole pass:                            ${ms(median(whole))}`);
  console.log(`slowest node asked by itself:          ${ms(median(alone))}`);
  console.log(
    `ratio:                                 ${(median(whole) / median(alone)).toFixed(2)} (goal at most 1.3)`,
  );
  console.log(`its ${asked.length} RPC questions with curl in turn: ${ms(curl)}`);
  console.log(`ratio:                                 ${(curl / median(whole)).toFixed(0)}`);
  const now = new Date().toISOString();
  const base: Snapshot = {
    format: 'c138-snapshot',
    v: 1,
    tool: { name: 'c138', version: 'bench' },
    vantage: 'bench',
    started: now,
    ended: now,
    complete: true,
    estate,
    observations: seen.map((one) => ({ ...one, ended: now })),
    attestations: [],
    outages: [],
  };
  console.log('\nguests   assess and write    memory held');
  grow(base, 1000);
  let last: { ms: number; mib: number } | null = null;
  for (const count of [2500, 5000, 10_000]) {
    const times = [grow(base, count), grow(base, count), grow(base, count)];
    const one = { ms: median(times.map((t) => t.ms)), mib: median(times.map((t) => t.mib)) };
    const growth =
      last === null
        ? ''
        : `   ${(one.ms / last.ms).toFixed(2)} and ${(one.mib / last.mib).toFixed(2)} times the line above`;
    console.log(`${String(count).padStart(6)}   ${ms(one.ms)}          ${one.mib.toFixed(0)} MiB${growth}`);
    last = one;
  }
} finally {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  await demo.stop();
  await rm(folder, { recursive: true, force: true });
}
