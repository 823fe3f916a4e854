import type { MessagePort, Worker } from 'node:worker_threads';
import { sanitiseLine } from '../model/index.ts';
import type { Backend, BackendEvent } from './backend.ts';

/** The methods that cross the port; everything of a backend but `subscribe`. */
const METHODS = [
  'refresh',
  'runbooks',
  'sessions',
  'locked',
  'unlock',
  'openRun',
  'resumeRun',
  'gateStep',
  'prepare',
  'confirm',
  'cancel',
  'askWitness',
  'takeWitness',
  'checkpoint',
  'askHandover',
  'attach',
  'timeline',
  'verify',
  'close',
] as const satisfies (keyof Backend)[];
type Method = (typeof METHODS)[number];

interface Call {
  readonly type: 'call';
  readonly id: number;
  readonly method: Method;
  readonly args: readonly unknown[];
}
/** The port's messages from worker to screen. */
type Message =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly name: string; readonly message: string }
  | { readonly type: 'result'; readonly id: number; readonly value: unknown }
  | { readonly type: 'error'; readonly id: number; readonly name: string; readonly message: string }
  | { readonly type: 'events'; readonly events: readonly BackendEvent[] };

type Port = Pick<MessagePort | Worker, 'postMessage'> & {
  on(event: 'message', listener: (value: unknown) => void): unknown;
  off(event: 'message', listener: (value: unknown) => void): unknown;
};

/** An error that came over the port: name and message of the original, never its stack. */
export class RemoteError extends Error {
  /** Name of the original error. */
  readonly kind: string;

  constructor(kind: string, message: string) {
    super(message);
    this.name = 'RemoteError';
    this.kind = kind;
  }
}

function plain(error: unknown): { readonly name: string; readonly message: string } {
  if (!(error instanceof Error)) return { name: 'Error', message: sanitiseLine(String(error), 500) };
  const described =
    'describe' in error && typeof error.describe === 'function' ? String(error.describe()) : error.message;
  return { name: error.name, message: sanitiseLine(described, 500) };
}

/** Tells the other side that the worker can not start, and why. */
export function reportFailure(port: Pick<Port, 'postMessage'>, error: unknown): void {
  port.postMessage({ type: 'failed', ...plain(error) } satisfies Message);
}

/**
 * Serves a backend over a port. Events are sent in batches, at most one each `batchMs` milliseconds; results wait for
 * the events that came before them.
 */
export function serveBackend(port: Port, backend: Backend, batchMs = 150): void {
  let waiting: BackendEvent[] = [];
  let timer: NodeJS.Timeout | null = null;
  let lastSent = 0;
  const flush = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (waiting.length === 0) return;
    lastSent = performance.now();
    const events = coalesce(waiting);
    waiting = [];
    port.postMessage({ type: 'events', events } satisfies Message);
  };
  const stop = backend.subscribe((event) => {
    waiting.push(event);
    // Parts of an assessment come at a pace of their own, each as little as a screen takes in without a pause.
    if (event.type === 'assessed') return flush();
    if (timer !== null) return;
    timer = setTimeout(flush, Math.max(0, batchMs - (performance.now() - lastSent)));
  });
  const answer = async (call: Call): Promise<void> => {
    try {
      if (!METHODS.includes(call.method)) throw new Error(`there is no method ${call.method}`);
      const method = backend[call.method] as (...args: readonly unknown[]) => Promise<unknown>;
      const value = await method.apply(backend, [...call.args]);
      if (call.method === 'close') stop();
      flush();
      port.postMessage({ type: 'result', id: call.id, value } satisfies Message);
    } catch (error) {
      flush();
      port.postMessage({ type: 'error', id: call.id, ...plain(error) } satisfies Message);
    }
  };
  port.on('message', (value) => {
    if ((value as Call).type === 'call') void answer(value as Call);
  });
  port.postMessage({ type: 'ready' } satisfies Message);
}

/** Only the newest snapshot, and the newest state of each source and run, are worth sending. */
function coalesce(events: readonly BackendEvent[]): readonly BackendEvent[] {
  const seen = new Set<string>();
  const out: BackendEvent[] = [];
  for (const event of [...events].reverse()) {
    const key = keyOf(event);
    if (key !== null && seen.has(key)) continue;
    if (key !== null) seen.add(key);
    out.push(event);
  }
  return out.reverse();
}

function keyOf(event: BackendEvent): string | null {
  if (event.type === 'snapshot' || event.type === 'history') return event.type;
  if (event.type === 'source') return `source ${event.endpoint}`;
  if (event.type === 'run') return `run ${event.run.session}`;
  return null;
}

/** A backend on the other side of a port. What it is asked before it is ready waits for it. */
export interface Connected {
  readonly backend: Backend;
  /** Rejects with a RemoteError when the other side can not start. */
  readonly ready: Promise<void>;
}

/**
 * The screen's side of the port.
 * @param ended resolves when the other side is gone, with the reason
 */
export function connectBackend(port: Port, ended: Promise<string>): Connected {
  const listeners = new Set<(event: BackendEvent) => void>();
  const pending = new Map<
    number,
    { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }
  >();
  /** What came before anybody listened; the first listener gets it. */
  let early: BackendEvent[] = [];
  let gone: string | null = null;
  let closing = false;
  let next = 1;
  const ready = Promise.withResolvers<void>();
  port.on('message', (value) => {
    const message = value as Message;
    switch (message.type) {
      case 'ready':
        ready.resolve();
        break;
      case 'failed':
        ready.reject(new RemoteError(message.name, message.message));
        break;
      case 'events':
        if (listeners.size === 0) early.push(...message.events);
        else for (const event of message.events) for (const listener of listeners) listener(event);
        break;
      case 'result':
        pending.get(message.id)?.resolve(message.value);
        pending.delete(message.id);
        break;
      case 'error':
        pending.get(message.id)?.reject(new RemoteError(message.name, message.message));
        pending.delete(message.id);
        break;
    }
  });
  void ended.then((reason) => {
    gone = reason;
    const error = new RemoteError('WorkerError', `the worker has ended: ${reason}`);
    ready.reject(error);
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
    if (closing) return;
    const event: BackendEvent = { type: 'ended', at: Date.now(), reason: sanitiseLine(reason, 300) };
    for (const listener of listeners) listener(event);
  });
  const call = <M extends Method>(method: M, ...args: Parameters<Backend[M]>): ReturnType<Backend[M]> => {
    if (gone !== null)
      return Promise.reject(new RemoteError('WorkerError', `the worker has ended: ${gone}`)) as ReturnType<
        Backend[M]
      >;
    const id = next++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    pending.set(id, { resolve, reject });
    port.postMessage({ type: 'call', id, method, args } satisfies Call);
    return promise as ReturnType<Backend[M]>;
  };
  // Whoever does not wait for it is told by what it asks.
  ready.promise.catch(() => undefined);
  const backend: Backend = {
    subscribe(listener) {
      listeners.add(listener);
      const first = early;
      early = [];
      for (const event of first) listener(event);
      return () => listeners.delete(listener);
    },
    refresh: () => call('refresh'),
    runbooks: () => call('runbooks'),
    sessions: () => call('sessions'),
    locked: () => call('locked'),
    unlock: () => call('unlock'),
    openRun: (runbookId, values) => call('openRun', runbookId, values),
    resumeRun: (session, oneCopy) => call('resumeRun', session, oneCopy),
    gateStep: (session, stepId) => call('gateStep', session, stepId),
    prepare: (request) => call('prepare', request),
    confirm: (promptId, typedCode) => call('confirm', promptId, typedCode),
    cancel: (promptId) => call('cancel', promptId),
    askWitness: (session) => call('askWitness', session),
    takeWitness: (session, answer) => call('takeWitness', session, answer),
    checkpoint: (session) => call('checkpoint', session),
    askHandover: (session, person) => call('askHandover', session, person),
    attach: (session, request) => call('attach', session, request),
    timeline: (session) => call('timeline', session),
    verify: (path) => call('verify', path),
    close: async () => {
      closing = true;
      if (gone === null) await call('close').catch(() => undefined);
    },
  };
  return { backend, ready: ready.promise };
}
