import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Consensus } from './consensus.ts';

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** A FireFly core in its gateway profile: the API answers, no multiparty workflow behind it. */
export function answerFirefly(
  faults: { readonly initializationError?: string },
  request: IncomingMessage,
  response: ServerResponse,
): void {
  request.resume();
  const path = (request.url ?? '').split('?')[0];
  const plugins = {
    blockchain: [{ name: 'sim-besu', pluginType: 'ethereum' }],
    database: [{ name: 'sim-db', pluginType: 'postgres' }],
    dataExchange: [],
    events: [{ pluginType: 'websockets' }],
    identity: [],
    sharedStorage: [],
    tokens: [],
  };
  if (path === '/api/v1/status' || path === '/api/v1/namespaces/default/status')
    return send(response, 200, {
      namespace: { name: 'default', networkName: 'default' },
      plugins,
      multiparty: { enabled: false },
    });
  if (path === '/api/v1/namespaces')
    return send(response, 200, [
      {
        name: 'default',
        networkName: 'default',
        ...(faults.initializationError === undefined
          ? {}
          : { initializing: true, initializationError: faults.initializationError }),
      },
    ]);
  if (path === '/api/v1/operations') return send(response, 200, []);
  return send(response, 404, { error: 'FF10109: Not found' });
}

/** A Blockscout whose own view of the chain follows the simulated one. */
export function answerBlockscout(
  options: { readonly chain: () => Consensus; readonly lag: () => number },
  request: IncomingMessage,
  response: ServerResponse,
): void {
  request.resume();
  const path = (request.url ?? '').split('?')[0];
  const number = Math.max(0, options.chain().height - options.lag());
  const timestamp = new Date(
    Number(BigInt(options.chain().block(number)?.timestamp ?? '0x0')) * 1000,
  ).toISOString();
  switch (path) {
    case '/api/health':
      return send(response, 200, {
        healthy: true,
        metadata: {
          blocks: {
            healthy: true,
            latest_block: {
              db: { number: String(number), timestamp },
              cache: { number: String(number), timestamp },
              node: { number: String(options.chain().height), timestamp },
            },
          },
        },
      });
    case '/api/v2/stats':
      return send(response, 200, {
        total_blocks: String(number),
        total_transactions: '0',
        average_block_time: 2000,
      });
    case '/api/v2/main-page/indexing-status':
      return send(response, 200, {
        finished_indexing: true,
        finished_indexing_blocks: true,
        indexed_blocks_ratio: '1.00',
        indexed_internal_transactions_ratio: '1.00',
      });
    default:
      return send(response, 404, { message: 'Not found' });
  }
}

/** The operations port of a Fabric peer: healthy whenever the process runs, with or without a channel. */
export function answerFabricPeer(
  options: { readonly channels: readonly string[] },
  request: IncomingMessage,
  response: ServerResponse,
): void {
  request.resume();
  switch ((request.url ?? '').split('?')[0]) {
    case '/healthz':
      return send(response, 200, { status: 'OK', time: new Date().toISOString() });
    case '/version':
      return send(response, 200, { CommitSHA: '0c423ac', Version: 'v3.1.5' });
    case '/metrics':
      return send(
        response,
        200,
        [
          '# TYPE ledger_blockchain_height gauge',
          ...options.channels.map((channel) => `ledger_blockchain_height{channel="${channel}"} 7`),
          'go_goroutines 40',
          '',
        ].join('\n'),
      );
    default:
      return send(response, 404, { error: 'not found' });
  }
}
