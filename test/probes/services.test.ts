import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Endpoint, EndpointKind, Observation } from '../../src/model/index.ts';
import { observeEndpoint } from '../../src/probes/index.ts';
import { readZmtp, zmtpGreeting } from '../../src/probes/zmtp.ts';
import { Loopback } from '../loopback.ts';
import { contextOf, endpoint } from './context.ts';

const loopback = new Loopback();
afterEach(() => loopback.close());

/** What comes of asking `kind` where every path answers as `routes` say: a status and a body. */
async function ask(
  kind: EndpointKind,
  routes: Readonly<Record<string, readonly [status: number, body: unknown]>>,
  path = '',
): Promise<Observation> {
  const answer: RequestListener = (request, response) => {
    const [status, body] = routes[request.url ?? ''] ?? [404, { error: 'not here' }];
    response.statusCode = status;
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const url = `http://127.0.0.1:${await loopback.listen(createHttp(answer))}${path}`;
  return one(endpoint({ kind, url }));
}

async function one(of: Endpoint): Promise<Observation> {
  const [first] = await observeEndpoint(contextOf([of]), of);
  if (first === undefined) throw new Error('no observation');
  return first;
}
const brief = ({ answer, level }: Observation): string =>
  [answer.class, level, ...answer.checks.map((check) => `${check.id} ${check.result}`)].join(' ');

describe('Fabric', () => {
  const ok = { status: 'OK', time: '2026-01-01T00:00:00Z' };
  const version = [200, { CommitSHA: '0c423ac', Version: 'v3.1.5' }] as const;
  const metrics = (channel: string): readonly [number, string] => [
    200,
    `ledger_blockchain_height{channel="${channel}"} 7\n`,
  ];

  it('peer: OK with a channel is more than OK with none', async () => {
    const routes = { '/healthz': [200, ok], '/version': version } as const;
    const joined = await ask('fabric-peer', { ...routes, '/metrics': metrics('rtgs') });
    expect(brief(joined)).toBe('ok app fabric-health pass');
    expect(joined.answer.facts).toEqual({ healthy: true, failed: [], version: 'v3.1.5', channels: ['rtgs'] });
    expect(brief(await ask('fabric-peer', { ...routes, '/metrics': [200, 'go_goroutines 7\n'] }))).toBe(
      'ok runtime fabric-no-channel warn',
    );
    // Metrics switched off: nobody knows the channels, so this is no proof of one either.
    expect(brief(await ask('fabric-peer', routes))).toBe('ok runtime fabric-health pass');
  });

  it('peer: failed checks are named', async () => {
    const failed = await ask('fabric-peer', {
      '/healthz': [
        503,
        { status: 'Service Unavailable', failed_checks: [{ component: 'docker', reason: 'gone' }] },
      ],
    });
    expect(brief(failed)).toBe('ok runtime fabric-health fail');
    expect(failed.answer.checks[0]?.reason).toContain('docker: gone');
  });

  it('something else on the port is not Fabric', async () => {
    expect(brief(await ask('fabric-peer', { '/healthz': [200, { status: 'UP' }] }))).toBe('not-json none');
    expect(brief(await ask('fabric-orderer', {}))).toBe('http-error none');
  });

  it('orderer: channels or none, by participation or by health', async () => {
    const path = '/participation/v1/channels';
    const channels = { systemChannel: null, channels: [{ name: 'rtgs', url: `${path}/rtgs` }] };
    expect(brief(await ask('fabric-orderer', { [path]: [200, channels] }))).toBe('ok app fabric-health pass');
    expect(
      brief(await ask('fabric-orderer', { [path]: [200, { systemChannel: null, channels: null }] })),
    ).toBe('ok runtime fabric-no-channel warn');
    expect(brief(await ask('fabric-orderer', { '/healthz': [200, ok] }))).toBe(
      'ok runtime fabric-health pass',
    );
  });
});

describe('FireFly', () => {
  const plugins = { blockchain: [{}], database: [{}], dataExchange: [{}], sharedStorage: [{}] };
  const gateway = { namespace: { name: 'default' }, plugins, multiparty: { enabled: false } };
  const party = { ...gateway, multiparty: { enabled: true, contract: { active: { index: 0 } } } };
  const spaces = '/api/v1/namespaces?includeinitializing=true';
  const operations = '/api/v1/operations?limit=1';
  const good = { [spaces]: [200, [{ name: 'default' }]], [operations]: [200, []] } as const;
  const registered = { org: { status: 'registered' }, node: { status: 'registered' } };

  it('a gateway is no multiparty node, and says so', async () => {
    const one = await ask('firefly', { '/api/v1/status': [200, gateway], ...good });
    expect(brief(one)).toBe('ok app firefly-api pass');
    expect(one.answer.facts).toMatchObject({ multiparty: false, org: null, operations: true });
  });

  it('a multiparty node needs registration, a contract and its plugins', async () => {
    const ask1 = (status: unknown, parties: unknown): Promise<Observation> =>
      ask('firefly', {
        '/api/v1/status': [200, status],
        '/api/v1/status/multiparty': [200, parties],
        ...good,
      });
    expect(brief(await ask1(party, registered))).toBe('ok app firefly-api pass');
    expect(brief(await ask1(party, { ...registered, node: { status: 'registering' } }))).toBe(
      'ok app firefly-api pass firefly-unregistered warn',
    );
    expect(brief(await ask1({ ...party, multiparty: { enabled: true } }, registered))).toContain(
      'firefly-contract warn',
    );
    expect(brief(await ask1({ ...party, plugins: { ...plugins, dataExchange: [] } }, registered))).toContain(
      'firefly-plugins warn',
    );
  });

  it('a namespace that does not initialise, one not started, and a database that is gone are three things', async () => {
    const broken = [{ name: 'default' }, { name: 'rtgs', initializationError: 'FF10158: \u001b[31mgone' }];
    const first = await ask('firefly', {
      '/api/v1/status': [200, gateway],
      [spaces]: [200, broken],
      [operations]: [200, []],
    });
    expect(brief(first)).toBe('ok app firefly-namespace fail');
    expect(first.answer.facts).toMatchObject({ broken: ['rtgs'] });
    expect(first.answer.checks[0]?.reason).not.toContain('\u001b');
    const starting = await ask('firefly', {
      '/api/v1/status': [412, { error: 'FF10446: Namespace not started' }],
    });
    expect(brief(starting)).toBe('ok runtime firefly-not-started fail');
    expect(starting.answer.checks[0]?.reason).toContain('FF10446');
    const noData = await ask('firefly', {
      '/api/v1/status': [200, gateway],
      [spaces]: [200, []],
      [operations]: [500, {}],
    });
    expect(brief(noData)).toBe('ok app firefly-api pass firefly-database warn');
  });
});

describe('Blockscout of several releases', () => {
  const health = (db: string, node: string, healthy = true): object => ({
    healthy,
    metadata: { blocks: { latest_block: { db: { number: db }, node: { number: node } } } },
  });

  it('is asked at the path of its release', async () => {
    const newest = await ask('blockscout', { '/api/health': [200, health('90', '100')] });
    expect(newest.answer.facts).toMatchObject({
      healthy: true,
      dbBlock: '90',
      nodeBlock: '100',
      by: '/api/health',
    });
    const older = await ask('blockscout', {
      '/api/v1/health': [200, { healthy: true, data: { latest_block_number: 77 } }],
    });
    expect(older.answer.facts).toMatchObject({
      healthy: true,
      dbBlock: '77',
      nodeBlock: null,
      by: '/api/v1/health',
    });
    const oldest = await ask('blockscout', { '/api/v2/blocks': [200, { items: [{ height: 55 }] }] });
    expect(oldest.answer.facts).toMatchObject({ healthy: null, dbBlock: '55', by: '/api/v2/blocks' });
    expect(brief(await ask('blockscout', {}))).toBe('http-error none');
    expect(brief(await ask('blockscout', { '/api/health': [200, '<html>'] }))).toBe('edge-error none');
  });

  it('may be unhealthy with status 500, far behind though healthy, or still indexing', async () => {
    expect(brief(await ask('blockscout', { '/api/health': [500, health('90', '100', false)] }))).toBe(
      'ok app blockscout fail',
    );
    expect(brief(await ask('blockscout', { '/api/health': [200, health('90', '490')] }))).toBe(
      'ok app blockscout pass explorer-lag warn',
    );
    const indexing = await ask('blockscout', {
      '/api/health': [200, health('9', '9')],
      '/api/v2/main-page/indexing-status': [200, { finished_indexing: false, indexed_blocks_ratio: '0.93' }],
    });
    expect(brief(indexing)).toBe('ok app blockscout pass explorer-indexing warn');
    expect(indexing.answer.checks[1]?.reason).toContain('0.93');
  });
});

describe('agents, gateways and sidecars', () => {
  it.each<[EndpointKind, Parameters<typeof ask>[1], string]>([
    [
      'acapy',
      { '/status/live': [200, { alive: true }], '/status/ready': [200, { ready: true }] },
      'ok app acapy pass',
    ],
    [
      'acapy',
      { '/status/live': [200, { alive: true }], '/status/ready': [503, {}] },
      'ok runtime acapy fail',
    ],
    ['acapy', { '/status/live': [200, {}] }, 'not-json none'],
    ['cacti', { '/api/v1/api-server/healthcheck': [200, { success: true }] }, 'ok app cacti pass'],
    ['cacti', { '/api/v1/api-server/healthcheck': [403, {}] }, 'not-allowed none'],
    ['fineract', { '/actuator/health': [200, { status: 'UP' }] }, 'ok app fineract pass'],
    ['fineract', { '/actuator/health': [503, { status: 'DOWN' }] }, 'ok runtime fineract fail'],
    ['fineract', { '/actuator/health': [401, {}] }, 'auth none'],
    ['firefly-connector', { '/readyz': [200, 'ok'] }, 'ok app firefly-connector pass'],
    ['firefly-connector', { '/readyz': [500, 'no'] }, 'ok runtime firefly-connector fail'],
    ['firefly-connector', { '/status/ready': [200, '{}'] }, 'ok app firefly-connector pass'],
    ['firefly-connector', {}, 'http-error none'],
  ])('%s %#', async (kind, routes, expected) => {
    expect(brief(await ask(kind, routes))).toBe(expected);
  });

  it('a sidecar is asked at the path that the operator wrote', async () => {
    const health = (body: unknown, status = 200): Promise<Observation> =>
      ask('http-health', { '/v1/health': [status, body] }, '/v1/health');
    expect(brief(await health({ status: 'ok' }))).toBe('ok app http-health pass');
    expect(brief(await health({ status: 'DOWN' }))).toBe('ok runtime http-health fail');
    expect(brief(await health({ healthy: false }))).toBe('ok runtime http-health fail');
    expect(brief(await health('fine', 500))).toBe('ok runtime http-health fail');
  });

  it('a route through the edge: an answer is an answer, a gateway error is none', async () => {
    const route = (status: number): Promise<Observation> =>
      ask('http-route', { '/': [status, '<html>x</html>'] }, '/');
    expect(brief(await route(200))).toBe('ok app edge-route pass');
    expect(brief(await route(401))).toBe('ok app edge-route pass');
    for (const status of [502, 504, 521])
      expect(brief(await route(status))).toBe('ok runtime edge-route fail');
  });
});

/** A greeting as a libzmq listener sends it: ten bytes at once, the rest when it was greeted. */
function libzmq(mechanism: string): Server {
  return createServer((socket) => {
    socket.write(Buffer.from('ff00000000000000017f', 'hex'));
    socket.once('data', () => {
      const rest = Buffer.alloc(54);
      rest[0] = 3;
      rest[1] = 1;
      rest.write(mechanism, 2, 'latin1');
      socket.write(rest);
    });
  });
}

describe('Indy by its ZMTP greeting', () => {
  async function greet(server: Server): Promise<string> {
    const url = `tcp://127.0.0.1:${await loopback.listen(server)}`;
    return brief(await one(endpoint({ kind: 'indy', url, timeoutMs: 300 })));
  }

  it('tells CURVE, NULL, a broken-off greeting, silence, HTTP, something else and nothing apart', async () => {
    expect(await greet(libzmq('CURVE'))).toBe('ok runtime indy-zmtp pass');
    expect(await greet(libzmq('NULL'))).toBe('ok runtime indy-mechanism warn');
    expect(
      await greet(createServer((socket) => socket.write(Buffer.from('ff00000000000000017f', 'hex')))),
    ).toBe('ok runtime indy-half-greeting warn');
    expect(await greet(createServer())).toBe('ok runtime indy-silent warn');
    expect(await greet(createHttp() as Server)).toBe('ok runtime indy-http warn');
    expect(await greet(createServer((socket) => socket.write('220 mail\r\n')))).toBe(
      'ok runtime indy-other warn',
    );
    const port = await loopback.gone();
    expect(brief(await one(endpoint({ kind: 'indy', url: `tcp://127.0.0.1:${port}` })))).toBe('refused none');
  });

  it('sends a greeting that it would read itself, and takes any filler', () => {
    const own = zmtpGreeting();
    expect(own).toHaveLength(64);
    expect(readZmtp(own)).toEqual({ kind: 'zmtp', mechanism: 'CURVE', version: 3 });
    const filled = Uint8Array.from(own);
    filled.fill(0x7e, 1, 9);
    filled[32] = 1;
    expect(readZmtp(filled).kind).toBe('zmtp');
    expect(readZmtp(own.subarray(0, 10)).kind).toBe('zmtp-signature');
    expect(readZmtp(own.subarray(0, 9)).kind).toBe('other');
    const old = Uint8Array.from(own);
    old[10] = 1;
    expect(readZmtp(old).kind).toBe('other');
  });
});
