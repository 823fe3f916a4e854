import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlockJson } from '../chain/index.ts';
import type { Consensus } from './consensus.ts';
import { RefusedTransaction, type Transactions } from './transactions.ts';

/** How one simulated Besu node differs from a healthy one. */
export interface NodeBehaviour {
  /** Blocks that it is behind the head. */
  readonly lag?: number;
  readonly peers?: number;
  readonly client?: string;
  readonly syncing?: boolean;
  /** `latest` gives the genesis block: the world state of the head is lost. */
  readonly stateLost?: boolean;
  /** Milliseconds before each answer. */
  readonly delayMs?: number;
  /** A height that it does not go beyond. */
  readonly stuckAt?: number;
  /** Readiness says 503. */
  readonly notReady?: boolean;
  /** API groups instead of those of its kind. */
  readonly groups?: ReadonlySet<string>;
  /** API groups that a proxy in front answers as unknown methods (-32601). */
  readonly filtered?: ReadonlySet<string>;
  /** Its clock minus the real time, in milliseconds. */
  readonly clockMs?: number;
  /** A proxy in front gives the answers of a batch in reverse order. */
  readonly reorderBatch?: boolean;
  /** It keeps other seals than most nodes for the same blocks. */
  readonly otherSeals?: boolean;
  /** Genesis configuration keys that differ from the fleet's. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Transactions waiting in its pool. */
  readonly pooled?: number;
  /** Other nodes it has as peers, by VMID; all when it is not given. */
  readonly peerVmids?: readonly number[];
  readonly wire?:
    | 'hang'
    | 'reset'
    | 'accept-close'
    | 'html-502'
    | 'html-502-half'
    | 'truncated'
    | 'forbidden-host'
    | 'unauthorised'
    | 'only-201'
    | 'empty';
}

export interface BesuNode {
  readonly vmid: number;
  /** Every Besu node of the network, by VMID. */
  readonly fleet: readonly number[];
  readonly chain: () => Consensus;
  readonly transactions: Transactions;
  readonly chainId: number;
  readonly groups: ReadonlySet<string>;
  readonly behaviour: () => NodeBehaviour;
}

interface RpcRequest {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: unknown;
}
interface RpcFault {
  readonly code: number;
  readonly message: string;
}

const hex = (value: number | bigint): string => `0x${value.toString(16)}`;
const MAX_BODY = 1_000_000;
const MAX_BATCH = 1024;

/** Answers one HTTP request as Besu's JSON-RPC port does. */
export function answerBesu(node: BesuNode, request: IncomingMessage, response: ServerResponse): void {
  const { wire, delayMs = 0, clockMs = 0 } = node.behaviour();
  response.setHeader('date', new Date(Date.now() + clockMs).toUTCString());
  if (wire === 'hang') return;
  if (wire === 'reset') {
    request.socket.resetAndDestroy();
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_BODY) request.destroy();
    else chunks.push(chunk);
  });
  request.on('error', () => undefined);
  request.on('end', () => {
    setTimeout(() => reply(node, request, response, Buffer.concat(chunks).toString('utf8')), delayMs).unref();
  });
}

const turns = new WeakMap<BesuNode, number>();

/** True for every second request of a node. */
function everySecond(node: BesuNode): boolean {
  const turn = (turns.get(node) ?? 0) + 1;
  turns.set(node, turn);
  return turn % 2 === 0;
}

function send(response: ServerResponse, status: number, body: string, type = 'application/json'): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

function reply(node: BesuNode, request: IncomingMessage, response: ServerResponse, body: string): void {
  const { wire } = node.behaviour();
  if (wire === 'html-502' || (wire === 'html-502-half' && everySecond(node)))
    return send(response, 502, '<html><body><h1>502 Bad Gateway</h1></body></html>', 'text/html');
  if (wire === 'forbidden-host') return send(response, 403, '{"message":"Host not authorized."}');
  if (wire === 'unauthorised')
    return send(
      response,
      401,
      '{"jsonrpc":"2.0","id":null,"error":{"code":-40100,"message":"Unauthorized"}}',
    );
  if (wire === 'only-201') return send(response, 201, '');
  if (wire === 'empty') return send(response, 200, '');
  if (request.method === 'GET') return answerGet(node, request, response);
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return send(response, 400, rpcError(null, { code: -32700, message: 'Parse error' }));
  }
  const text = Array.isArray(parsed) ? answerBatch(node, parsed) : answerOne(node, parsed);
  if (text.status === 200 && wire === 'truncated') {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(text.body.slice(0, Math.floor(text.body.length / 2)));
    return;
  }
  send(response, text.status, text.body);
}

function answerGet(node: BesuNode, request: IncomingMessage, response: ServerResponse): void {
  if (request.url === '/liveness') return send(response, 200, '{"status":"UP"}');
  if (request.url?.startsWith('/readiness') === true) {
    const { peers = 1, notReady = false } = node.behaviour();
    const up = !notReady && peers >= 1;
    return send(response, up ? 200 : 503, `{"status":"${up ? 'UP' : 'DOWN'}"}`);
  }
  return send(response, 201, '');
}

function answerBatch(node: BesuNode, batch: readonly unknown[]): { status: number; body: string } {
  if (batch.length === 0)
    return { status: 400, body: rpcError(null, { code: -32600, message: 'Invalid Request' }) };
  if (batch.length > MAX_BATCH)
    return {
      status: 200,
      body: rpcError(null, { code: -32005, message: 'Number of requests in batch exceeds limit' }),
    };
  const answers = batch.map((one) => answerOne(node, one).body).filter((one) => one !== '');
  if (node.behaviour().reorderBatch === true) answers.reverse();
  return { status: 200, body: `[${answers.join(',')}]` };
}

function answerOne(node: BesuNode, request: unknown): { status: number; body: string } {
  if (request === null || typeof request !== 'object' || Array.isArray(request))
    return { status: 400, body: rpcError(null, { code: -32600, message: 'Invalid Request' }) };
  const { id, method, params } = request as RpcRequest;
  if (id === undefined) return { status: 200, body: '' };
  const result = call(node, String(method), Array.isArray(params) ? params : []);
  if (isFault(result)) return { status: 200, body: rpcError(id, result) };
  return { status: 200, body: JSON.stringify({ jsonrpc: '2.0', id, result: result.value }) };
}

function rpcError(id: unknown, error: RpcFault): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error });
}

const fault = (code: number, message: string): RpcFault => ({ code, message });
function isFault(result: RpcFault | { readonly value: unknown }): result is RpcFault {
  return 'code' in result;
}

type Method = (node: BesuNode, params: readonly unknown[]) => RpcFault | { readonly value: unknown };

const METHODS: Readonly<Record<string, Method>> = {
  eth_chainId: (node) => ({ value: hex(node.chainId) }),
  net_version: (node) => ({ value: String(node.chainId) }),
  eth_blockNumber: (node) => ({ value: hex(headOf(node)) }),
  eth_getBlockByNumber: (node, params) => {
    if (params.length < 2) return fault(-32602, 'Invalid block param (block not found)');
    const block = blockAt(node, params[0]);
    if (block === 'bad') return fault(-32602, 'Invalid block param');
    return { value: params[1] === true ? withTransactions(node, block as BlockJson | null) : block };
  },
  eth_getTransactionCount: (node, params) => ({ value: hex(node.transactions.nonceOf(params[0])) }),
  eth_sendRawTransaction: (node, params) => {
    try {
      return { value: node.transactions.send(params[0]) };
    } catch (error) {
      if (error instanceof RefusedTransaction) return fault(error.code, error.message);
      throw error;
    }
  },
  eth_getTransactionReceipt: (node, params) => {
    const place = node.transactions.placeOf(params[0]);
    const block = place === null || place.number > headOf(node) ? null : blockOf(node, place.number);
    if (place === null || block === null) return { value: null };
    return {
      value: {
        blockHash: block.hash,
        blockNumber: hex(place.number),
        transactionHash: params[0],
        transactionIndex: hex(place.index),
        status: '0x1',
      },
    };
  },
  eth_syncing: (node) =>
    node.behaviour().syncing === true
      ? {
          value: {
            startingBlock: '0x0',
            currentBlock: hex(headOf(node)),
            highestBlock: hex(node.chain().height),
          },
        }
      : { value: false },
  net_peerCount: (node) => ({ value: hex(node.behaviour().peers ?? peersOf(node).length) }),
  net_listening: () => ({ value: true }),
  web3_clientVersion: (node) => ({
    value: node.behaviour().client ?? 'besu/v25.12.0/linux-x86_64/openjdk-java-21',
  }),
  rpc_modules: (node) => ({
    value: Object.fromEntries([...groupsOf(node)].map((group) => [group, '1.0'])),
  }),
  qbft_getValidatorsByBlockNumber: (node, params) => {
    const block = params[0] === 'pending' ? node.chain().head : blockAt(node, params[0]);
    if (block === 'bad') return fault(-32602, 'Invalid block param');
    return { value: block === null ? null : node.chain().validators.map((one) => one.address) };
  },
  qbft_getSignerMetrics: (node) => ({ value: signerMetrics(node) }),
  qbft_getPendingVotes: () => ({ value: {} }),
  qbft_getRequestTimeoutSeconds: () => ({ value: 4 }),
  txpool_besuStatistics: (node) => ({
    value: { maxSize: 4096, localCount: 0, remoteCount: node.behaviour().pooled ?? 0 },
  }),
  eth_gasPrice: () => ({ value: '0x3e8' }),
  admin_nodeInfo: (node) => ({
    value: {
      enode: `enode://${nodeId(node.vmid)}@127.0.0.1:30303`,
      id: nodeId(node.vmid),
      protocols: {
        eth: {
          config: {
            chainId: node.chainId,
            berlinBlock: 0,
            londonBlock: 0,
            zeroBaseFee: true,
            qbft: { blockperiodseconds: 2, epochlength: 30000, requesttimeoutseconds: 4 },
            ...node.behaviour().config,
          },
          genesis: node.chain().block(0)?.hash,
          head: node.chain().block(headOf(node))?.hash,
        },
      },
    },
  }),
  admin_peers: (node) => ({
    value: peersOf(node).map((vmid) => ({
      version: '0x5',
      name: 'besu/v25.12.0/linux-x86_64/openjdk-java-21',
      caps: ['eth/68', 'istanbul/100'],
      id: `0x${nodeId(vmid)}`,
    })),
  }),
  perm_getNodesAllowlist: () => fault(-32000, 'Node allowlisting has not been enabled'),
  perm_getAccountsAllowlist: () => fault(-32000, 'Account allowlisting has not been enabled'),
  miner_getMinGasPrice: () => ({ value: '0x3e8' }),
  debug_getRawHeader: () => ({ value: '0x' }),
  trace_block: () => ({ value: [] }),
};

function groupsOf(node: BesuNode): ReadonlySet<string> {
  return node.behaviour().groups ?? node.groups;
}

/** A node id made from its VMID: 64 bytes that no real key has. */
function nodeId(vmid: number): string {
  return vmid.toString(16).padStart(8, '0').repeat(16);
}

function peersOf(node: BesuNode): readonly number[] {
  const { peers, peerVmids } = node.behaviour();
  const all = (peerVmids ?? node.fleet).filter((vmid) => vmid !== node.vmid);
  return peers === undefined ? all : all.slice(0, peers);
}

function call(
  node: BesuNode,
  name: string,
  params: readonly unknown[],
): RpcFault | { readonly value: unknown } {
  const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
  const group = name.slice(0, name.indexOf('_'));
  if (method === undefined || node.behaviour().filtered?.has(group) === true)
    return fault(-32601, 'Method not found');
  if (!groupsOf(node).has(group)) return fault(-32604, 'Method not enabled');
  return method(node, params);
}

function headOf(node: BesuNode): number {
  const { lag = 0, stuckAt = Number.POSITIVE_INFINITY } = node.behaviour();
  return Math.min(stuckAt, Math.max(0, node.chain().height - lag));
}

function blockOf(node: BesuNode, number: number): BlockJson | null {
  return node.behaviour().otherSeals === true ? node.chain().resealed(number) : node.chain().block(number);
}

function blockAt(node: BesuNode, tag: unknown): unknown {
  if (tag === 'earliest') return blockOf(node, 0);
  if (tag === 'latest') return blockOf(node, node.behaviour().stateLost === true ? 0 : headOf(node));
  if (typeof tag !== 'string' || !/^0x(0|[1-9a-f][0-9a-f]{0,15})$/.test(tag)) return 'bad';
  const number = Number(BigInt(tag));
  return number > headOf(node) ? null : blockOf(node, number);
}

function withTransactions(node: BesuNode, block: BlockJson | null): unknown {
  if (block === null) return null;
  return { ...block, transactions: node.transactions.inBlock(Number(BigInt(block.number)), block.hash) };
}

function signerMetrics(node: BesuNode): unknown {
  const chain = node.chain();
  const counts = new Map(chain.validators.map((one) => [one.address, { count: 0, last: 0 }]));
  for (let number = Math.max(1, chain.height - 99); number <= chain.height; number += 1) {
    const entry = counts.get(chain.block(number)?.miner ?? '');
    if (entry !== undefined) {
      entry.count += 1;
      entry.last = number;
    }
  }
  // Besu counts the genesis block too while it is among the last hundred: its "proposer" is nobody.
  if (chain.height < 100) counts.set(`0x${'0'.repeat(40)}`, { count: 1, last: 0 });
  return [...counts].map(([address, { count, last }]) => ({
    address,
    proposedBlockCount: hex(count),
    lastProposedBlockNumber: hex(last),
  }));
}
