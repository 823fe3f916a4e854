import { type AnswerClass, type Endpoint, sanitiseLine } from '../../model/index.ts';
import { assertRpcCall, type RpcMethod } from '../allow-list.ts';
import { timeoutOf } from '../context.ts';
import { type HttpAnswer, httpRequest } from './http.ts';

/** What one JSON-RPC call came to. */
export interface RpcAnswer {
  readonly class: AnswerClass;
  readonly code: number | null;
  readonly detail: string;
  /** Present when class is `ok`. */
  readonly result: unknown;
  readonly body: Uint8Array;
}

/**
 * Makes one call. An id is always sent (Besu answers a notification with an empty body), and the HTTP status alone never
 * decides: Besu gives most errors with status 200.
 * @throws NotAllowedError for a method that no probe may call
 */
export async function rpcCall(
  endpoint: Endpoint,
  method: RpcMethod,
  params: readonly unknown[],
  signal: AbortSignal,
  authorization: string | null,
): Promise<RpcAnswer> {
  assertRpcCall(method, params);
  return readRpc(
    await post(endpoint, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), signal, authorization),
  );
}

/** One call of a batch. */
export interface BatchCall {
  readonly id: number;
  readonly method: RpcMethod;
  readonly params: readonly unknown[];
}

/**
 * Makes several calls in one request. The class is that of the whole; `result` is the array as it came when it is `ok`.
 * @throws NotAllowedError for a call that no probe may make
 */
export async function rpcBatch(
  endpoint: Endpoint,
  calls: readonly BatchCall[],
  signal: AbortSignal,
  authorization: string | null,
): Promise<RpcAnswer> {
  for (const { method, params } of calls) assertRpcCall(method, params);
  const body = JSON.stringify(calls.map((call) => ({ jsonrpc: '2.0', ...call })));
  const answer = await post(endpoint, body, signal, authorization);
  const single = readRpc(answer);
  if (answer.class !== 'ok' || answer.status !== 200 || single.class !== 'not-json') return single;
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(answer.body).toString('utf8'));
  } catch {
    return single;
  }
  return Array.isArray(json) ? { ...single, class: 'ok', code: 200, detail: '', result: json } : single;
}

function post(
  endpoint: Endpoint,
  body: string,
  signal: AbortSignal,
  authorization: string | null,
): Promise<HttpAnswer> {
  return httpRequest({
    base: endpoint.url,
    path: '',
    jsonRpcBody: body,
    ...(authorization === null ? {} : { authorization: `Bearer ${authorization}` }),
    ...(endpoint.hostHeader === undefined ? {} : { hostHeader: endpoint.hostHeader }),
    ...(endpoint.tls === undefined ? {} : { tls: endpoint.tls }),
    timeoutMs: timeoutOf(endpoint),
    signal,
  });
}

/** Names a JSON-RPC answer by its class. Pure. (Besu's rules of the wire.) */
export function readRpc(answer: HttpAnswer): RpcAnswer {
  const give = (
    cls: AnswerClass,
    detail: string,
    code: number | null = answer.status,
    result: unknown = null,
  ): RpcAnswer => ({
    class: cls,
    code,
    detail: sanitiseLine(detail, 160),
    result,
    body: answer.body,
  });
  if (answer.class !== 'ok') return give(answer.class, answer.detail);
  const text = Buffer.from(answer.body).toString('utf8');
  if (text.trim() === '') return give('empty', 'the body is empty');
  if (answer.contentType.includes('html') || /^\s*<(!doctype|html)/i.test(text))
    return give(
      'edge-error',
      `an HTML page with status ${answer.status}: from an edge or tunnel, not from the node`,
    );
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return give(answer.status === 200 ? 'not-json' : 'http-error', 'the body is not JSON');
  }
  if (answer.status === 403)
    return give('host-refused', 'the node does not accept this Host name (host-allowlist)');
  const object = json as {
    readonly result?: unknown;
    readonly error?: { readonly code?: unknown; readonly message?: unknown };
  };
  if (json === null || typeof json !== 'object' || Array.isArray(json))
    return give('not-json', 'the body is not a JSON-RPC response');
  if (object.error !== undefined && object.error !== null) {
    const code =
      typeof object.error.code === 'number' && Number.isSafeInteger(object.error.code)
        ? object.error.code
        : null;
    const message = String(object.error.message ?? '');
    if (answer.status === 401) return give('auth', message || 'a token is needed', code);
    return give('rpc-error', message, code);
  }
  if (answer.status === 401) return give('auth', 'a token is needed');
  if (answer.status !== 200) return give('http-error', `status ${answer.status}`);
  if (!('result' in object)) return give('not-json', 'the response has neither result nor error');
  if (object.result === null) return give('ok-null', 'the result is null');
  return give('ok', '', 200, object.result);
}
