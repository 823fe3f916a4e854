import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Endpoint, Observation, Relay } from '../../src/model/index.ts';
import { observeEndpoint, relayRound } from '../../src/probes/index.ts';
import { contextOf, endpoint } from './context.ts';

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((one) => new Promise((done) => one.close(done))));
});

const ROUTER = `0x${'a1'.repeat(20)}`;
const BRIDGE = `0x${'b2'.repeat(20)}`;
const SENT = `0x${'01'.repeat(32)}`;
const RECEIVED = `0x${'02'.repeat(32)}`;
const id = (n: number): string => `0x${n.toString(16).padStart(64, '0')}`;

interface Filter {
  readonly fromBlock: string;
  readonly toBlock: string;
  readonly address: string;
  readonly topics: readonly string[];
}

/** A chain of 9000 blocks with events of one contract: message id to block. */
async function chain(
  name: string,
  contract: string,
  topic: string,
  events: Readonly<Record<number, number>>,
): Promise<Endpoint> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      const { method, params } = JSON.parse(body) as { method: string; params: [Filter] };
      const logs = (): unknown[] => {
        const [filter] = params;
        const span = Number(filter.toBlock) - Number(filter.fromBlock);
        if (span > 5000 || filter.address !== contract || filter.topics[0] !== topic) return [];
        return Object.entries(events)
          .filter(([, block]) => block >= Number(filter.fromBlock) && block <= Number(filter.toBlock))
          .map(([n, block]) => ({
            topics: [topic, id(Number(n))],
            blockNumber: `0x${block.toString(16)}`,
            removed: false,
          }));
      };
      const results: Record<string, unknown> = { eth_chainId: '0x1', eth_blockNumber: '0x2328' };
      response.end(
        JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          result: method === 'eth_getLogs' ? logs() : results[method],
        }),
      );
    });
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return endpoint({ id: name, kind: 'evm-rpc', url });
}

async function look(
  emitted: Readonly<Record<number, number>>,
  delivered: Readonly<Record<number, number>> | null,
): Promise<Observation> {
  const source = await chain('source', ROUTER, SENT, emitted);
  const destination =
    delivered === null
      ? endpoint({ id: 'destination', kind: 'evm-rpc', url: 'http://127.0.0.1:9' })
      : await chain('destination', BRIDGE, RECEIVED, delivered);
  const relay: Relay = {
    id: 'to-one',
    subject: 'program:ccip',
    source: { endpoint: 'source', contract: ROUTER, topic: SENT },
    destination: { endpoint: 'destination', contract: BRIDGE, topic: RECEIVED },
    idTopic: 1,
    windowBlocks: 5000,
    graceBlocks: 30,
  };
  const seen: Observation[] = [];
  const endpoints = [source, destination];
  await relayRound(contextOf(endpoints, { relays: [relay] }), endpoints, (found) => seen.push(...found));
  const [first] = seen;
  if (first === undefined) throw new Error('no observation');
  return first;
}
const brief = ({ answer, level }: Observation): string =>
  [answer.class, level, ...answer.checks.map((check) => `${check.id} ${check.result}`)].join(' ');

describe('a relay: emitted is not delivered', () => {
  it('passes when every message arrived, or is too young to have', async () => {
    const one = await look({ 1: 8000, 2: 8500, 3: 8990 }, { 1: 4200, 2: 8999 });
    expect(brief(one)).toBe('ok app relay pass');
    expect(one.subject).toBe('program:ccip');
    expect(one.answer.facts).toMatchObject({ emitted: 3, delivered: 2, waiting: 1, undeliveredCount: 0 });
  });

  it('names what was emitted and did not arrive', async () => {
    const one = await look({ 1: 8000, 2: 8500, 7: 8400 }, { 1: 8001 });
    expect(brief(one)).toBe('ok app relay-undelivered warn');
    expect(one.answer.facts).toMatchObject({ undelivered: [id(7), id(2)], oldest: '8400' });
  });

  it('fails when nothing arrives at all: no worker for this destination', async () => {
    const one = await look({ 1: 8000, 2: 8500 }, { 9: 8600 });
    expect(brief(one)).toBe('ok app relay-no-worker fail');
    expect(one.answer.checks[0]?.reason).toContain('2 of 2');
  });

  it('knows nothing of a relay that had nothing to do, nor of one it can not see', async () => {
    expect(brief(await look({}, {}))).toBe('ok app relay-idle unknown');
    const blind = await look({ 1: 8000 }, null);
    expect(brief(blind)).toBe('refused none');
    expect(blind.answer.detail).toContain('destination');
  });

  it('asks a node of another chain only for its chain id and height', async () => {
    const node = await chain('other', BRIDGE, RECEIVED, {});
    const [head] = await observeEndpoint(contextOf([node]), node);
    expect(head?.answer.facts).toEqual({ chainId: '1', number: '9000' });
    expect(head?.probe).toBe('evm-head');
  });
});
