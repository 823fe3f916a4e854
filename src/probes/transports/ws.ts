import { type AnswerClass, sanitiseLine } from '../../model/index.ts';
import { assertRpcCall } from '../allow-list.ts';

/** What to watch, and for how long. */
export interface WatchRequest {
  /** `ws://` or `wss://`, from the estate file. */
  readonly url: string;
  /** Heads after which we have seen enough. */
  readonly heads: number;
  /** Milliseconds for everything. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly authorization?: string;
  readonly onHead: (head: WsHead) => void;
}

/** One head as it was pushed. */
export interface WsHead {
  /** Decimal string. */
  readonly number: string;
  /** Seconds since the Unix epoch, by the proposer's clock. */
  readonly timestamp: number;
  /** Milliseconds since the Unix epoch, by ours. */
  readonly arrivedAt: number;
}

/** How it ended. */
export interface WatchResult {
  /** `ok`: the subscription stood. */
  readonly class: AnswerClass;
  readonly detail: string;
  readonly heads: number;
  /** The other side answered our close frame: nothing is left open there. */
  readonly closedCleanly: boolean;
}

const NORMAL = 1000;
/** Milliseconds that the other side gets for its close frame. */
const CLOSE_MS = 3_000;
const QUANTITY = /^0x(?:0|[1-9a-f][0-9a-f]{0,15})$/i;
const SUBSCRIBE = { jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newHeads'] } as const;

/**
 * Subscribes to new heads on one WebSocket and ends it with a close frame, whatever happens: a node that is left with unclean ends can
 * lose count of its connections until it refuses everybody. Never throws for what the other side does.
 */
export function watchHeads(request: WatchRequest): Promise<WatchResult> {
  assertRpcCall(SUBSCRIBE.method, SUBSCRIBE.params);
  const { signal } = request;
  if (signal.aborted)
    return Promise.resolve({
      class: 'aborted',
      detail: 'stopped before asking',
      heads: 0,
      closedCleanly: true,
    });
  return new Promise((resolve) => {
    const headers = request.authorization === undefined ? {} : { authorization: request.authorization };
    // Node's own WebSocket takes headers; the type in lib.dom does not know them.
    const socket = new WebSocket(request.url, { headers } as unknown as string[]);
    let heads = 0;
    let subscribed = false;
    let opened = false;
    let outcome: { readonly class: AnswerClass; readonly detail: string } | null = null;
    let forced: NodeJS.Timeout | undefined;
    const finish = (closedCleanly: boolean): void => {
      clearTimeout(timer);
      clearTimeout(forced);
      signal.removeEventListener('abort', onAbort);
      const end = outcome ?? { class: opened ? 'half-answer' : 'refused', detail: 'the connection ended' };
      resolve({ class: end.class, detail: sanitiseLine(end.detail, 160), heads, closedCleanly });
    };
    const end = (cls: AnswerClass, detail: string): void => {
      if (outcome !== null) return;
      outcome = { class: cls, detail };
      socket.close(NORMAL);
      forced = setTimeout(() => finish(false), CLOSE_MS);
    };
    const onAbort = (): void => end('aborted', 'stopped');
    const timer = setTimeout(
      () =>
        subscribed
          ? end('ok', `${heads} heads within ${request.timeoutMs} ms`)
          : end('timeout', `no subscription within ${request.timeoutMs} ms`),
      request.timeoutMs,
    );
    signal.addEventListener('abort', onAbort, { once: true });
    socket.addEventListener('open', () => {
      opened = true;
      if (outcome === null) socket.send(JSON.stringify(SUBSCRIBE));
    });
    socket.addEventListener('message', (event) => {
      if (outcome !== null) return;
      const message = read(event.data);
      if (message === null) return end('not-json', 'a message that is no JSON-RPC');
      if (message.kind === 'error') return end('rpc-error', message.text);
      if (message.kind === 'subscribed') subscribed = true;
      if (message.kind !== 'head') return;
      heads += 1;
      request.onHead({ ...message.head, arrivedAt: Date.now() });
      if (heads >= request.heads) end('ok', `${heads} heads`);
    });
    socket.addEventListener('error', () => {
      if (!opened) outcome ??= { class: 'refused', detail: 'no WebSocket could be opened there' };
    });
    socket.addEventListener('close', (event) => finish(event.wasClean));
  });
}

type Message =
  | { readonly kind: 'subscribed' | 'other' }
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'head'; readonly head: Omit<WsHead, 'arrivedAt'> };

function read(data: unknown): Message | null {
  let json: unknown;
  try {
    json = JSON.parse(String(data));
  } catch {
    return null;
  }
  if (json === null || typeof json !== 'object') return null;
  const { id, error, result, params } = json as Record<string, unknown>;
  if (error !== undefined && error !== null)
    return { kind: 'error', text: String((error as { readonly message?: unknown }).message ?? 'an error') };
  if (id === SUBSCRIBE.id) return { kind: typeof result === 'string' ? 'subscribed' : 'other' };
  const block = (params as { readonly result?: unknown } | null | undefined)?.result;
  const { number, timestamp } = (block ?? {}) as Record<string, unknown>;
  if (typeof number !== 'string' || typeof timestamp !== 'string') return { kind: 'other' };
  if (!QUANTITY.test(number) || !QUANTITY.test(timestamp)) return { kind: 'other' };
  return { kind: 'head', head: { number: BigInt(number).toString(), timestamp: Number(BigInt(timestamp)) } };
}
