import { proveBlock, roundOf } from '../../chain/index.ts';
import {
  type Check,
  type Endpoint,
  type JsonObject,
  type Observation,
  type SubjectId,
  sanitiseLine,
} from '../../model/index.ts';
import { observe, type ProbeContext } from '../context.ts';
import type { RpcAnswer } from '../transports/json-rpc.ts';
import { doubt, fail, makeAnswer, pass, quantity, RpcSession, tokenAnswer, warn } from './rpc-session.ts';

/** Which fields of a block are kept as facts: those that its hash is made of, and the hash. */
const HEADER_FIELDS = [
  'hash',
  'parentHash',
  'sha3Uncles',
  'miner',
  'stateRoot',
  'transactionsRoot',
  'receiptsRoot',
  'logsBloom',
  'difficulty',
  'number',
  'gasLimit',
  'gasUsed',
  'timestamp',
  'extraData',
  'mixHash',
  'nonce',
  'baseFeePerGas',
  'withdrawalsRoot',
  'blobGasUsed',
  'excessBlobGas',
  'parentBeaconBlockRoot',
  'requestsHash',
] as const;

/** The header of a block as received, hexadecimal strings only, or null when it is no block. */
export function headerFacts(block: unknown): JsonObject | null {
  if (block === null || typeof block !== 'object') return null;
  const source = block as Record<string, unknown>;
  const out: Record<string, string> = {};
  for (const name of HEADER_FIELDS) {
    const value = source[name];
    if (typeof value === 'string' && /^0x[0-9a-fA-F]{0,20000}$/.test(value)) out[name] = value;
  }
  return /^0x[0-9a-f]{64}$/i.test(out.hash ?? '') && quantity(out.number) !== null ? out : null;
}

/**
 * Probe `besu-identity`: chain id, genesis hash, network id and client of one node, against the inventory.
 * Facts: `chainId`, `genesisHash`, `networkId`, `client`.
 */
export function besuIdentity(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  let session: RpcSession | null = null;
  const request = 'eth_chainId; eth_getBlockByNumber ["0x0",false]; net_version; web3_clientVersion';
  return observe(context, { probe: 'besu-identity', endpoint, request }, async () => {
    try {
      session = await RpcSession.open(context, endpoint);
    } catch (error) {
      return { answer: tokenAnswer(error), level: 'none', raw: null };
    }
    const chainId = await session.call('eth_chainId');
    const genesis = await session.call('eth_getBlockByNumber', ['0x0', false]);
    const network = await session.call('net_version');
    const client = await session.call('web3_clientVersion');
    const raw = session.raw();
    if (session.broken !== null)
      return { answer: makeAnswer(session.broken.class, {}, [], session.broken), level: 'none', raw };
    if (chainId.class !== 'ok')
      return { answer: makeAnswer(chainId.class, {}, [], chainId), level: 'runtime', raw };
    const genesisHash = headerFacts(genesis.result)?.hash;
    const facts: JsonObject = {
      chainId: quantity(chainId.result)?.toString() ?? sanitiseLine(String(chainId.result), 40),
      genesisHash: typeof genesisHash === 'string' ? genesisHash.toLowerCase() : null,
      networkId: typeof network.result === 'string' ? sanitiseLine(network.result, 40) : null,
      client: typeof client.result === 'string' ? sanitiseLine(client.result, 120) : null,
    };
    return { answer: makeAnswer('ok', facts, identityChecks(context, facts)), level: 'app', raw };
  });
}

function identityChecks(context: ProbeContext, facts: JsonObject): Check[] {
  const { estate } = context;
  const checks: Check[] = [];
  if (facts.chainId === String(estate.chainId)) checks.push(pass('chain-id', `chain id ${estate.chainId}`));
  else
    checks.push(
      fail(
        'chain-id',
        `chain id ${String(facts.chainId)} instead of ${estate.chainId}: this is another chain`,
        'correct the endpoint in the estate file, or the node',
      ),
    );
  if (estate.pin === undefined) return checks;
  if (facts.genesisHash === null)
    checks.push(
      doubt('genesis', 'the node did not give its genesis block', 'ask again, or look at its data folder'),
    );
  else if (facts.genesisHash === estate.pin.genesisHash)
    checks.push(pass('genesis', 'the pinned genesis block'));
  else
    checks.push(
      fail(
        'genesis',
        'another genesis block: this is another network, not a fork',
        'compare the genesis file of this node with the fleet',
      ),
    );
  if (
    estate.networkId !== undefined &&
    facts.networkId !== null &&
    facts.networkId !== String(estate.networkId)
  )
    checks.push(
      warn(
        'network-id',
        `network id ${String(facts.networkId)} instead of ${estate.networkId}`,
        'compare network-id in the configuration',
      ),
    );
  return checks;
}

/**
 * Probe `besu-head`: where the node is. Facts: `number`, `hash`, `timestamp` (s), `round`, `latestNumber` (decimal strings),
 * `peers`, `syncing`, `behind`, `block` (the header as received).
 */
export function besuHead(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  const request =
    'eth_blockNumber; eth_getBlockByNumber [head,false]; eth_getBlockByNumber ["latest",false]; eth_syncing; net_peerCount';
  return observe(context, { probe: 'besu-head', endpoint, request }, async () => {
    let session: RpcSession;
    try {
      session = await RpcSession.open(context, endpoint);
    } catch (error) {
      return { answer: tokenAnswer(error), level: 'none', raw: null };
    }
    const height = await session.call('eth_blockNumber');
    const number = quantity(height.result);
    const block =
      number === null
        ? null
        : await session.call('eth_getBlockByNumber', [`0x${number.toString(16)}`, false]);
    const latest = await session.call('eth_getBlockByNumber', ['latest', false]);
    const syncing = await session.call('eth_syncing');
    const peers = await session.call('net_peerCount');
    const raw = session.raw();
    if (session.broken !== null)
      return { answer: makeAnswer(session.broken.class, {}, [], session.broken), level: 'none', raw };
    if (height.class !== 'ok' || number === null)
      return {
        answer: makeAnswer(height.class === 'ok' ? 'not-json' : height.class, {}, [], height),
        level: 'none',
        raw,
      };
    const header = headerFacts(block?.result);
    const latestNumber = quantity(headerFacts(latest.result)?.number);
    const facts: JsonObject = {
      number: number.toString(),
      hash: header === null ? null : String(header.hash).toLowerCase(),
      timestamp: header === null ? null : (quantity(header.timestamp)?.toString() ?? null),
      round: header === null ? null : roundOf(header),
      latestNumber: latestNumber?.toString() ?? null,
      peers: peers.class === 'ok' ? Number(quantity(peers.result) ?? -1n) : null,
      syncing: syncing.result !== false && syncing.class === 'ok',
      behind: behindOf(syncing.result),
      block: header,
    };
    return { answer: makeAnswer('ok', facts, headChecks(context, facts)), level: 'app', raw };
  });
}

function behindOf(syncing: unknown): number | null {
  if (syncing === null || typeof syncing !== 'object') return null;
  const { currentBlock, highestBlock } = syncing as Record<string, unknown>;
  const [current, highest] = [quantity(currentBlock), quantity(highestBlock)];
  return current === null || highest === null ? null : Number(highest - current);
}

function headChecks(context: ProbeContext, facts: JsonObject): Check[] {
  const { thresholds } = context.estate;
  const checks: Check[] = [];
  if (facts.number !== '0' && facts.latestNumber === '0')
    checks.push(
      fail(
        'world-state-lost',
        `height ${String(facts.number)}, but latest is the genesis block: the world state of the head is missing`,
        'do not restart in a loop; restore the data folder or resync this node',
      ),
    );
  if (typeof facts.peers === 'number') {
    if (facts.peers < thresholds.minPeers)
      checks.push(
        warn(
          'peers',
          `${facts.peers} peers; at least ${thresholds.minPeers} expected`,
          'check P2P port 30303 and the node lists',
        ),
      );
    else checks.push(pass('peers', `${facts.peers} peers`));
  }
  if (typeof facts.behind === 'number' && facts.behind > thresholds.headSpreadBlocks)
    checks.push(
      warn('syncing', `syncing, ${facts.behind} blocks behind`, 'wait, and see that the distance shrinks'),
    );
  if (facts.hash === null)
    checks.push(
      doubt(
        'head-block',
        'the node did not give the block at its own height',
        'ask again; the world state may be lost',
      ),
    );
  return checks;
}

/**
 * The hashes of blocks on one node, for comparing nodes at common heights.
 * Probe `besu-common`; facts: `number`, `hash`, and `also`, a list of the same for further heights. A node that gives no block
 * for a height gives no fact for it.
 */
export function besuCommon(
  context: ProbeContext,
  endpoint: Endpoint,
  heights: readonly bigint[],
): Promise<Observation> {
  const tags = heights.map((number) => `0x${number.toString(16)}`);
  const request = tags.map((tag) => `eth_getBlockByNumber ["${tag}",false]`).join('; ');
  return observe(context, { probe: 'besu-common', endpoint, request }, async () => {
    let session: RpcSession;
    try {
      session = await RpcSession.open(context, endpoint);
    } catch (error) {
      return { answer: tokenAnswer(error), level: 'none', raw: null };
    }
    const found: JsonObject[] = [];
    let last: RpcAnswer | null = null;
    for (const tag of tags) {
      last = await session.call('eth_getBlockByNumber', [tag, false]);
      const header = headerFacts(last.result);
      const number = quantity(tag);
      if (last.class === 'ok' && header !== null && quantity(header.number) === number && number !== null)
        found.push({ number: number.toString(), hash: String(header.hash).toLowerCase() });
    }
    const raw = session.raw();
    const [first, ...also] = found;
    if (first === undefined)
      return {
        answer: last === null ? makeAnswer('not-configured', {}) : makeAnswer(last.class, {}, [], last),
        level: 'none',
        raw,
      };
    return { answer: makeAnswer('ok', { ...first, also }), level: 'app', raw };
  });
}

/**
 * Probe `qbft-proof`: proves quorum from the head block that a node gave, against the pinned validator set.
 * Facts: `verdict`, `number`, `blockHash`, `timestamp`, `round`, `quorum`, `committers`, `missing`, `skipped`, `validators`.
 * The proof is pure; the observation says which head observation it was made from.
 */
export function qbftProof(context: ProbeContext, head: Observation): Observation | null {
  const block = head.answer.facts.block;
  if (block === null || block === undefined) return null;
  const { pin, chainId } = context.estate;
  const result = proveBlock(block, pin ?? null);
  const facts: JsonObject = {
    verdict: result.verdict,
    number: result.number,
    blockHash: result.blockHash,
    timestamp: result.timestamp,
    round: result.round,
    quorum: result.quorum,
    proposer: result.proposer,
    committers: result.committers,
    missing: result.missing,
    skipped: result.skipped,
    validators: result.validators,
    block,
  };
  const checks: Check[] = [];
  if (result.verdict === 'proven')
    checks.push(
      pass(
        'qbft-quorum',
        `block ${result.number} sealed by ${result.committers.length} of ${result.validators.length} pinned validators, quorum ${result.quorum}`,
      ),
    );
  else if (result.verdict === 'self-consistent')
    checks.push(
      warn(
        'qbft-quorum',
        'sealed by the set the block names itself; no set is pinned, so nothing is proven',
        'pin genesis hash and validators in the estate file',
      ),
    );
  else
    checks.push(
      fail(
        'qbft-quorum',
        `quorum of block ${result.number} not proven: ${result.reasons.join('; ')}`,
        'compare with another node; if the set was changed on purpose, re-pin it by a trust update',
      ),
    );
  const subject: SubjectId = `chain:${chainId}`;
  return {
    ...head,
    probe: 'qbft-proof',
    subject,
    level: result.verdict === 'proven' ? 'app' : 'presence',
    request: `proof of ${head.request}`,
    answer: makeAnswer('ok', facts, checks),
  };
}
