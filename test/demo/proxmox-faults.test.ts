import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { chainRules } from '../../src/chain/index.ts';
import { makeClusterCa, type ServerCertificate } from '../../src/demo/certificates.ts';
import { loadEstate } from '../../src/estate/index.ts';
import { type AnswerClass, assessEstate, type Observation, type Snapshot } from '../../src/model/index.ts';
import { observeEstate } from '../../src/probes/index.ts';
import { classOfError } from '../../src/probes/transports/http.ts';
import { assessmentDocument, discoverySummary } from '../../src/reports/index.ts';
import { type ConsoleState, EMPTY_STATE } from '../../src/state/store.ts';
import { makeTheme } from '../../src/ui/theme.ts';
import { hostsView } from '../../src/ui/views/estate-views.ts';
import { Loopback } from '../loopback.ts';
import { snapshotOf } from '../model/make.ts';
import { contextOf } from '../probes/context.ts';

const folder = mkdtempSync(join(tmpdir(), 'c138-faults-'));
const loopback = new Loopback();
/** Authorization headers that reached a server, by fault. */
const heard: string[] = [];

interface Fault {
  readonly name: string;
  readonly class: AnswerClass;
  /** What is told of it, in panes, JSON and report. */
  readonly words: RegExp;
  readonly port: () => Promise<number>;
  readonly more?: Readonly<Record<string, unknown>>;
  /** The token must not reach the server. */
  readonly silent?: boolean;
}

const ca = await makeClusterCa();
const good = await ca.issue(['localhost', '127.0.0.1']);
const pinOf = (pem: string): string => new X509Certificate(pem).fingerprint256;

const https =
  (name: string, answer: RequestListener, certificate: ServerCertificate = good) =>
  (): Promise<number> =>
    loopback.listen(
      createHttps(certificate, (request, response) => {
        heard.push(name);
        answer(request, response);
      }).on('tlsClientError', () => undefined),
    );
const say =
  (status: number, body: string, reason?: string): RequestListener =>
  (_request, response) => {
    response.writeHead(
      status,
      ...([reason ?? undefined, { 'content-type': 'application/json' }].filter(
        (one) => one !== undefined,
      ) as [{ 'content-type': string }]),
    );
    response.end(body);
  };
const gone = (): Promise<number> => loopback.gone();

const FAULTS: readonly Fault[] = [
  { name: 'refused', class: 'refused', words: /refused: .*ECONNREFUSED/, port: gone },
  {
    name: 'silent',
    class: 'timeout',
    words: /timeout: it takes the connection, but no TLS handshake within 1500 ms/,
    port: () => loopback.listen(createTcp(() => undefined)),
  },
  {
    name: 'reset',
    class: 'reset',
    words: /reset: .*ECONNRESET/,
    port: () => loopback.listen(createTcp((socket) => socket.once('data', () => socket.resetAndDestroy()))),
  },
  {
    name: 'half',
    class: 'half-answer',
    words: /half-answer: the connection ended in the middle/,
    port: https('half', (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 500 });
      response.write('{"data":', () => response.socket?.destroy());
    }),
  },
  {
    name: 'drip',
    class: 'slow-answer',
    words: /slow-answer: the answer began, but was not complete within 1500 ms/,
    port: https('drip', (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 500 });
      const drip = setInterval(() => response.write(' '), 100);
      response.on('close', () => clearInterval(drip));
    }),
  },
  {
    name: 'not-json',
    class: 'not-json',
    words: /not-json: the body is not JSON/,
    port: https('not-json', say(200, 'hello')),
  },
  {
    name: 'html',
    class: 'edge-error',
    words: /edge-error: an HTML page with status 502/,
    port: https('html', say(502, '<html>bad gateway</html>')),
  },
  {
    name: 'foreign-cert',
    class: 'tls',
    words: /tls: .*(signature|self-signed|issuer|verify)/,
    port: async () =>
      https('foreign-cert', say(200, '{}'), await (await makeClusterCa()).issue(['localhost']))(),
    silent: true,
  },
  {
    name: 'other-name',
    class: 'tls',
    words: /tls: .*(altnames|does not match)/,
    port: async () => https('other-name', say(200, '{}'), await ca.issue(['other.example']))(),
    silent: true,
  },
  {
    name: 'expired',
    class: 'tls-expired',
    words: /tls-expired: .*expired/,
    port: async () => https('expired', say(200, '{}'), await ca.issue(['localhost'], 3_600_000))(),
    silent: true,
  },
  {
    name: 'pin',
    class: 'tls-pin',
    words: /tls-pin: .*not the pinned one/,
    port: https('pin', say(200, '{}')),
    more: { pin_sha256: pinOf((await ca.issue(['localhost'])).cert) },
    silent: true,
  },
  {
    name: 'bad-token',
    class: 'auth',
    words: /auth: invalid token value!/,
    // Proxmox holds every 401 back for three seconds.
    port: https('bad-token', (request, response) => {
      setTimeout(() => say(401, '{"data":null,"message":"invalid token value!"}')(request, response), 3000);
    }),
    more: { timeout_ms: 5000 },
  },
  {
    name: 'bad-token-impatient',
    class: 'timeout',
    words: /timeout: .*Proxmox holds a refused token back for 3 s/,
    port: https('bad-token-impatient', (request, response) => {
      setTimeout(() => say(401, '{}')(request, response), 3000);
    }),
  },
  {
    name: 'forbidden',
    class: 'not-allowed',
    words: /not-allowed: Permission check failed/,
    port: https('forbidden', say(403, '{"data":null,"message":"Permission check failed (/, Sys.Audit)"}')),
  },
  {
    name: 'error-500',
    class: 'http-error',
    words: /http-error 500: made-up failure/,
    port: https('error-500', say(500, '{"data":null}', 'made-up failure')),
  },
  {
    name: 'error-596',
    class: 'http-error',
    words: /http-error 596: Connection timed out/,
    port: https('error-596', say(596, '', 'Connection timed out')),
  },
  {
    name: 'other-shape',
    class: 'not-json',
    words: /not of the shape that Proxmox gives/,
    port: https('other-shape', say(200, '[[]]')),
  },
];

let snapshot: Snapshot;
const order: string[] = [];

beforeAll(async () => {
  writeFileSync(join(folder, 'ca.pem'), ca.pem);
  writeFileSync(join(folder, 'token'), 'made@up!one=0\n', { mode: 0o600 });
  const ports = await Promise.all(FAULTS.map((one) => one.port()));
  // It answers, with empty lists for want of rights.
  const blind = await https('blind', (request, response) => {
    const { url = '' } = request;
    const data = url.endsWith('/version') ? { version: '9.1' } : url.endsWith('/permissions') ? {} : [];
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ data }));
  })();
  const file = join(folder, 'estate.yaml');
  writeFileSync(
    join(folder, 'template.json'),
    JSON.stringify([{ vmid: 100, hostname: 'a', category: 'besu_validator' }]),
  );
  const endpointOf = (name: string, port: number, more: Readonly<Record<string, unknown>> = {}) => ({
    id: name,
    subject: `host:${name}`,
    kind: 'proxmox-api',
    url: `https://localhost:${port}`,
    timeout_ms: 1500,
    ...('pin_sha256' in more ? {} : { ca_file: 'ca.pem' }),
    token: { file: 'token' },
    ...more,
  });
  writeFileSync(
    file,
    stringify({
      v: 1,
      id: 'faults',
      name: 'Faults',
      chain: { id: 138 },
      template: 'template.json',
      hosts: [...FAULTS.map(({ name }) => ({ name })), { name: 'blind' }],
      endpoints: [
        ...FAULTS.map((one, index) => endpointOf(one.name, ports[index] ?? 0, one.more)),
        endpointOf('blind', blind),
      ],
    }),
  );
  const estate = await loadEstate(file);
  const observations = await observeEstate(estate, {
    vantage: 'test',
    signal: new AbortController().signal,
    storeRaw: contextOf([]).storeRaw,
    onObservation: (one) => order.push(`${one.probe} ${one.endpoint}`),
  });
  snapshot = { ...snapshotOf([], observations), estate };
}, 120_000);
afterAll(async () => {
  await loopback.close();
  rmSync(folder, { recursive: true });
});

const seenOf = (name: string): Observation | undefined =>
  snapshot.observations.find((one) => one.probe === 'pve-api' && one.endpoint === name);

describe('every fault of a Proxmox API is told apart', () => {
  it.each(FAULTS)('$name in the observation, with nothing proven by it', (fault) => {
    const seen = seenOf(fault.name);
    expect(seen?.answer.class).toBe(fault.class);
    expect(seen?.level).toBe('none');
    expect(seen?.answer.facts).toEqual({});
    if (fault.silent === true) expect(heard).not.toContain(fault.name);
  });

  it('in panes, JSON and report, each in its own words', () => {
    const now = Date.now();
    const assessment = assessEstate(snapshot, now, chainRules);
    const document = assessmentDocument(snapshot, assessment);
    const summary = discoverySummary(snapshot, assessment).replaceAll('\\', '');
    const state: ConsoleState = {
      ...EMPTY_STATE,
      snapshot,
      origin: { mode: 'live', config: 'estate.yaml' },
      assessment,
    };
    const { glyphs } = makeTheme({ ascii: true, colour: false });
    const pane = hostsView({ state, now, glyphs });
    const told = new Map<string, string>();
    for (const { name, words } of FAULTS) {
      const own = document.subjects.find((one) => one.id === `host:${name}`);
      const reason = own?.findings.map((one) => one.reason).join(' | ') ?? '';
      expect(reason).toMatch(words);
      const row = pane.rows.find((one) => one.id === `host:${name}`);
      expect(row?.cells.map((cell) => cell.text).join(' ')).toMatch(words);
      expect(summary).toMatch(new RegExp(words.source.replace(/ms\b/, 'ms')));
      told.set(name, reason.replaceAll(name, ''));
      // Nobody could look, or what was seen is broken: never a host that is well.
      expect(['unknown', 'failed']).toContain(own?.health);
    }
    const repeated = [...told].filter(([name, text]) =>
      [...told].some(([other, same]) => other !== name && same === text),
    );
    expect(repeated).toEqual([]);
  });

  it('an empty list for want of rights is no empty cluster', () => {
    const guest = snapshot.observations.find((one) => one.subject === 'vmid:100' && one.endpoint === 'blind');
    expect(guest?.answer).toMatchObject({
      class: 'not-allowed',
      detail: expect.stringContaining('VM.Audit on /vms'),
    });
    const assessed = assessEstate(snapshot, Date.now(), chainRules).subjects.find(
      (one) => one.subject.id === 'vmid:100',
    );
    expect(assessed?.health).toBe('unknown');
    expect(assessed?.findings.map((one) => one.next).join()).toContain('PVEAuditor');
  });

  it('delays nobody else: who answers is told before those who keep us waiting', () => {
    for (const slow of ['silent', 'drip', 'bad-token', 'bad-token-impatient'])
      for (const other of ['pve-api blind', 'pve-guest blind', 'pve-api refused', 'pve-api forbidden'])
        expect(order.indexOf(other)).toBeLessThan(order.indexOf(`pve-api ${slow}`));
  });

  it('no route and an unknown name have their own words too', () => {
    const classes = ['EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT'].map((code) =>
      classOfError(Object.assign(new Error(code), { code })),
    );
    expect(classes).toEqual(['no-route', 'no-route', 'dns', 'dns', 'timeout']);
  });
});
