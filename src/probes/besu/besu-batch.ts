import {
  type Check,
  type Endpoint,
  type JsonObject,
  type Observation,
  sanitiseLine,
} from '../../model/index.ts';
import type { ProbeContext } from '../context.ts';
import type { BatchCall } from '../transports/json-rpc.ts';
import { fail, makeAnswer, observeRpc, pass } from './rpc-session.ts';

/** As the SDK sends it: ids from 0, matched by position. */
const CALLS: readonly BatchCall[] = [
  { id: 0, method: 'eth_chainId', params: [] },
  { id: 1, method: 'eth_blockNumber', params: [] },
  { id: 2, method: 'web3_clientVersion', params: [] },
];

/**
 * Probe `thirdweb-batch`: one batch of three with ids 0, 1, 2, as the thirdweb SDK sends every call. The SDK matches answers by position, so
 * one object instead of an array, a missing or a reordered item breaks it, though each single call works.
 * Facts: `ids` (as they came), `client`.
 */
export function thirdwebBatch(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  const request = `batch: ${CALLS.map((call) => `${call.id} ${call.method}`).join(', ')}`;
  return observeRpc(context, { probe: 'thirdweb-batch', endpoint, request }, async (session) => {
    const answer = await session.batch(CALLS);
    if (answer.class !== 'ok' || !Array.isArray(answer.result)) {
      const reason = `a batch is answered with ${answer.class === 'rpc-error' ? `one error (${answer.code ?? '?'}) instead of an array` : answer.class}`;
      return {
        answer: makeAnswer('ok', { ids: [], client: null }, [broken('batch-refused', reason)]),
        level: 'runtime',
      };
    }
    const rows = answer.result as readonly unknown[];
    const ids = rows.map(idOf);
    const client = (rows[2] as { readonly result?: unknown } | undefined)?.result;
    const facts: JsonObject = {
      ids,
      client: typeof client === 'string' ? sanitiseLine(client, 120) : null,
    };
    return { answer: makeAnswer('ok', facts, [judge(ids)]), level: 'app' };
  });
}

function idOf(row: unknown): number | null {
  const id = (row as { readonly id?: unknown } | null)?.id;
  return typeof id === 'number' && Number.isSafeInteger(id) ? id : null;
}

function judge(ids: readonly (number | null)[]): Check {
  if (ids.length !== CALLS.length)
    return broken('batch-short', `a batch of ${CALLS.length} is answered with ${ids.length}`);
  if (CALLS.some((call) => !ids.includes(call.id)))
    return broken('batch-ids', `a batch with ids 0, 1, 2 is answered with ${ids.map(String).join(', ')}`);
  if (ids.some((id, index) => id !== index))
    return broken('batch-order', `a batch with ids 0, 1, 2 is answered in the order ${ids.join(', ')}`);
  return pass('batch', 'a batch keeps its ids and their order');
}

function broken(id: string, reason: string): Check {
  return fail(
    id,
    `${reason}: the thirdweb SDK matches answers by position, so its calls fail or mix up`,
    'look at the proxy in front of the node; ask the node directly to compare',
  );
}
