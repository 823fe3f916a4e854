import type { Check, Endpoint, JsonObject, Observation, Relay, RelaySide } from '../model/index.ts';
import {
  doubt,
  fail,
  makeAnswer,
  observeRpc,
  pass,
  quantity,
  RpcSession,
  tokenAnswer,
  warn,
} from './besu/rpc-session.ts';
import { observe, type ProbeContext } from './context.ts';
import { TokenError } from './token.ts';
import type { RpcAnswer } from './transports/json-rpc.ts';

/**
 * Probe `evm-head`: chain id and height of a node of another chain, for example the destination of a relay. Facts: `chainId`, `number`.
 */
export function evmHead(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  const request = 'eth_chainId; eth_blockNumber';
  return observeRpc(context, { probe: 'evm-head', endpoint, request }, async (session) => {
    const chainId = quantity((await session.call('eth_chainId')).result);
    const height = await session.call('eth_blockNumber');
    const number = quantity(height.result);
    if (chainId === null || number === null)
      return {
        answer: makeAnswer(height.class === 'ok' ? 'not-json' : height.class, {}, [], height),
        level: 'none',
      };
    const facts: JsonObject = { chainId: chainId.toString(), number: number.toString() };
    return { answer: makeAnswer('ok', facts), level: 'app' };
  });
}

/** Asks for every relay of the estate file whose endpoints both may be asked. */
export async function relayRound(
  context: ProbeContext,
  endpoints: readonly Endpoint[],
  keep: (observations: readonly Observation[]) => void,
): Promise<void> {
  await Promise.all(
    (context.estate.relays ?? []).map(async (relay) => {
      const find = (id: string): Endpoint | undefined => endpoints.find((one) => one.id === id);
      const [source, destination] = [find(relay.source.endpoint), find(relay.destination.endpoint)];
      if (source === undefined || destination === undefined || context.signal.aborted) return;
      keep([await relayDeliveries(context, relay, source, destination)]);
    }),
  );
}

/** Messages seen on one side: id to block. */
type Messages = ReadonlyMap<string, bigint>;

/** Why one side could not be read. */
class SideError extends Error {
  readonly answer: RpcAnswer;

  constructor(side: string, answer: RpcAnswer) {
    super(`${side}: ${answer.detail || answer.class}`);
    this.answer = answer;
  }
}

/**
 * Probe `relay-deliveries`: messages emitted on the source against messages delivered on the destination, by their ids. Emitted is not
 * delivered: a message without a worker for its destination stays emitted for ever. Proves what the two contracts logged in the window;
 * not what became of the value, nor that the bridge holds enough of it.
 * Facts: `relay`, `emitted`, `delivered`, `waiting` (younger than the grace), `undelivered` (ids, at most 10), `undeliveredCount`, `oldest` (block).
 */
function relayDeliveries(
  context: ProbeContext,
  relay: Relay,
  source: Endpoint,
  destination: Endpoint,
): Promise<Observation> {
  const what = {
    probe: 'relay-deliveries',
    // One node may be the source of several relays; each is a question of its own.
    endpoint: { ...source, id: `relay:${relay.id}` },
    request: `eth_getLogs of ${relay.source.contract} on ${source.id} and of ${relay.destination.contract} on ${destination.id}, last ${relay.windowBlocks} blocks`,
    subject: relay.subject,
  };
  return observe(context, what, async () => {
    try {
      const [left, right] = await Promise.all([
        RpcSession.open(context, source),
        RpcSession.open(context, destination),
      ]);
      // The destination is read last, so that a delivery in between is not missed.
      const emitted = await messages(left, relay.source, relay, 'source');
      const arrived = await messages(right, relay.destination, relay, 'destination');
      const facts = compare(relay, emitted.found, arrived.found, emitted.head);
      return { answer: makeAnswer('ok', facts, [judge(relay, facts)]), level: 'app', raw: left.raw() };
    } catch (error) {
      if (error instanceof TokenError) return { answer: tokenAnswer(error), level: 'none', raw: null };
      if (!(error instanceof SideError)) throw error;
      const { answer } = error;
      return {
        answer: makeAnswer(answer.class === 'ok' ? 'not-json' : answer.class, {}, [], {
          code: answer.code,
          detail: error.message,
        }),
        level: 'none',
        raw: null,
      };
    }
  });
}

async function messages(
  session: RpcSession,
  side: RelaySide,
  relay: Relay,
  name: string,
): Promise<{ readonly found: Messages; readonly head: bigint }> {
  const height = await session.call('eth_blockNumber');
  const head = quantity(height.result);
  if (head === null) throw new SideError(name, height);
  const first = head - BigInt(relay.windowBlocks) + 1n;
  const from = first < 0n ? 0n : first;
  const hex = (value: bigint): string => `0x${value.toString(16)}`;
  const logs = await session.call('eth_getLogs', [
    { fromBlock: hex(from), toBlock: hex(head), address: side.contract, topics: [side.topic] },
  ]);
  if (logs.class !== 'ok' || !Array.isArray(logs.result)) throw new SideError(name, logs);
  const found = new Map<string, bigint>();
  for (const one of logs.result as readonly unknown[]) {
    const { topics, blockNumber, removed } = (one ?? {}) as Record<string, unknown>;
    const id: unknown = Array.isArray(topics) ? topics[relay.idTopic] : undefined;
    const block = quantity(blockNumber);
    if (typeof id === 'string' && /^0x[0-9a-fA-F]{64}$/.test(id) && block !== null && removed !== true)
      found.set(id.toLowerCase(), block);
  }
  return { found, head };
}

function compare(relay: Relay, emitted: Messages, arrived: Messages, head: bigint): JsonObject {
  const open = [...emitted].filter(([id]) => !arrived.has(id));
  const late = open
    .filter(([, block]) => head - block > BigInt(relay.graceBlocks))
    .sort((a, b) => (a[1] < b[1] ? -1 : 1));
  return {
    relay: relay.id,
    emitted: emitted.size,
    delivered: emitted.size - open.length,
    waiting: open.length - late.length,
    undeliveredCount: late.length,
    undelivered: late.slice(0, 10).map(([id]) => id),
    oldest: late[0]?.[1].toString() ?? null,
  };
}

function judge(relay: Relay, facts: JsonObject): Check {
  const { emitted, delivered, undeliveredCount, oldest } = facts;
  if (emitted === 0)
    return doubt(
      'relay-idle',
      `no message was emitted in the last ${relay.windowBlocks} blocks: nothing is known of the relay ${relay.id}`,
      'see its worker on the host; send a test message if the runbook has one',
    );
  const late = `${String(undeliveredCount)} of ${String(emitted)} messages of relay ${relay.id} were emitted and not delivered (oldest in block ${String(oldest)})`;
  if (undeliveredCount === 0)
    return pass(
      'relay',
      `${String(delivered)} of ${String(emitted)} messages of relay ${relay.id} delivered, none overdue`,
    );
  if (delivered === 0)
    return fail(
      'relay-no-worker',
      `${late}; not one arrived`,
      'see whether a worker runs for this destination, its last processed block, and the balance of the bridge',
    );
  return warn(
    'relay-undelivered',
    late,
    'see the log of the worker for these ids; the newest may still be on their way',
  );
}
