import type { Endpoint } from '../../model/index.ts';
import { timeoutOf } from '../../probes/context.ts';
import { readToken } from '../../probes/token.ts';
import { httpRequest } from '../../probes/transports/http.ts';
import { readRpc } from '../../probes/transports/json-rpc.ts';

/**
 * What an anchor asks of a node. Only here, and only by `c138 evidence anchor`, is anything ever sent that changes the other side:
 * probes go through the allow-list of their own, which does not have the last of these.
 */
export const ANCHOR_METHODS = [
  'eth_chainId',
  'eth_gasPrice',
  'eth_getTransactionCount',
  'eth_getTransactionReceipt',
  'eth_getBlockByNumber',
  'eth_sendRawTransaction',
] as const;

/** A node that did not answer as it must; the message says what it answered. */
export class NodeError extends Error {
  override readonly name = 'NodeError';
}

export type AnchorCall = (
  method: (typeof ANCHOR_METHODS)[number],
  params: readonly unknown[],
) => Promise<unknown>;

/**
 * Calls one node that the estate file names.
 * @returns the result, null where the node answers null
 */
export function anchorCalls(endpoint: Endpoint): AnchorCall {
  return async (method, params) => {
    const token = await readToken(endpoint);
    const answer = readRpc(
      await httpRequest({
        base: endpoint.url,
        path: '',
        jsonRpcBody: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
        listedBy: 'anchor',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(endpoint.hostHeader === undefined ? {} : { hostHeader: endpoint.hostHeader }),
        ...(endpoint.tls === undefined ? {} : { tls: endpoint.tls }),
        timeoutMs: timeoutOf(endpoint),
        signal: new AbortController().signal,
      }),
    );
    if (answer.class === 'ok' || answer.class === 'ok-null') return answer.result;
    throw new NodeError(`${endpoint.id} answered ${method} with ${answer.class}: ${answer.detail}`);
  };
}
