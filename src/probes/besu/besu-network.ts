import { createHash } from 'node:crypto';
import {
  canonicalJson,
  type Endpoint,
  type JsonObject,
  type Observation,
  sanitiseLine,
} from '../../model/index.ts';
import type { ProbeContext } from '../context.ts';
import type { RpcAnswer } from '../transports/json-rpc.ts';
import { makeAnswer, observeRpc, quantity } from './rpc-session.ts';

/** The capability of peers that speak QBFT. */
const QBFT_CAP = /^istanbul\/\d+$/;
const ENODE_ID = /^[0-9a-f]{128}$/;

/**
 * Probe `besu-network`: the node's own id, its peers and which of them speak QBFT, its genesis configuration, its pool and its price floor.
 * Each part is null where the node does not serve it; comparing nodes is for the chain rules.
 * Facts: `id` and `peerIds` (first 16 digits of enode ids), `qbftPeers`, `peerClients`, `configSha256`, `config` (its keys and scalar values),
 * `pool` (`{max, local, remote}`), `gasPrice` (wei, decimal string).
 */
export function besuNetwork(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  const request = 'admin_nodeInfo; admin_peers; txpool_besuStatistics; eth_gasPrice';
  return observeRpc(context, { probe: 'besu-network', endpoint, request }, async (session) => {
    const info = await session.call('admin_nodeInfo');
    const peers = await session.call('admin_peers');
    const pool = await session.call('txpool_besuStatistics');
    const price = await session.call('eth_gasPrice');
    const facts: JsonObject = {
      ...nodeFacts(info),
      ...peerFacts(peers),
      pool: poolFacts(pool.result),
      gasPrice: quantity(price.result)?.toString() ?? null,
    };
    return { answer: makeAnswer('ok', facts), level: 'app' };
  });
}

function nodeFacts(answer: RpcAnswer): JsonObject {
  const node = answer.result as {
    readonly id?: unknown;
    readonly protocols?: { readonly eth?: { readonly config?: unknown } };
  } | null;
  const config = answer.class === 'ok' ? node?.protocols?.eth?.config : null;
  const plain = config !== null && typeof config === 'object' && !Array.isArray(config);
  return {
    id: answer.class === 'ok' ? shortId(node?.id) : null,
    configSha256: plain ? digestOf(config) : null,
    config: plain ? scalars(config as Record<string, unknown>) : null,
  };
}

/** Genesis configurations hold integers, texts and lists; what canonical JSON cannot hold is written as text. */
function digestOf(config: object): string {
  const text = JSON.stringify(config, (_key, value: unknown) =>
    typeof value === 'number' && !Number.isSafeInteger(value) ? String(value) : value,
  );
  return createHash('sha256')
    .update(canonicalJson(JSON.parse(text)))
    .digest('hex');
}

/** The keys of a configuration with their values as one line each, at most 64 of them. */
function scalars(config: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(
    Object.entries(config)
      .slice(0, 64)
      .map(([key, value]) => [sanitiseLine(key, 60), sanitiseLine(JSON.stringify(value) ?? '', 200)]),
  );
}

function peerFacts(answer: RpcAnswer): JsonObject {
  if (answer.class !== 'ok' || !Array.isArray(answer.result))
    return { peerIds: null, qbftPeers: null, peerClients: null };
  const rows = (answer.result as unknown[])
    .slice(0, 256)
    .map((one) => (one ?? {}) as Record<string, unknown>);
  const qbft = rows.filter(
    ({ caps }) => Array.isArray(caps) && caps.some((cap) => typeof cap === 'string' && QBFT_CAP.test(cap)),
  );
  const clients = rows.map(({ name }) => sanitiseLine(typeof name === 'string' ? name : '?', 80));
  return {
    peerIds: rows.flatMap(({ id }) => shortId(id) ?? []),
    qbftPeers: qbft.length,
    peerClients: [...new Set(clients)].sort().slice(0, 20),
  };
}

function shortId(id: unknown): string | null {
  const bare = typeof id === 'string' ? id.toLowerCase().replace(/^0x/, '') : '';
  return ENODE_ID.test(bare) ? bare.slice(0, 16) : null;
}

function poolFacts(value: unknown): JsonObject | null {
  if (value === null || typeof value !== 'object') return null;
  const { maxSize, localCount, remoteCount } = value as Record<string, unknown>;
  const whole = (one: unknown): number | null =>
    typeof one === 'number' && Number.isSafeInteger(one) && one >= 0 ? one : null;
  const [max, local, remote] = [whole(maxSize), whole(localCount), whole(remoteCount)];
  return local === null || remote === null ? null : { max, local, remote };
}
