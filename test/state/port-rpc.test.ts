import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { Backend, BackendEvent } from '../../src/state/backend.ts';
import { connectBackend, reportFailure, serveBackend } from '../../src/state/port-rpc.ts';
import { eventually } from '../eventually.ts';
import { snapshotOf } from './fixtures.ts';

class PlaceError extends Error {
  override readonly name = 'PlaceError';
  describe(): string {
    return 'file:1:2: wrong. Mend it.';
  }
}

function pair(more: Partial<Backend>): {
  client: Backend;
  tell: (event: BackendEvent) => void;
  end: (reason: string) => void;
  stop: () => void;
} {
  const { port1, port2 } = new MessageChannel();
  const listeners = new Set<(event: BackendEvent) => void>();
  const backend = {
    subscribe(listener: (event: BackendEvent) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ...more,
  } as Backend;
  const ended = Promise.withResolvers<string>();
  const { backend: client } = connectBackend(port1, ended.promise);
  serveBackend(port2, backend, 10);
  return {
    client,
    tell: (event) => listeners.forEach((listener) => void listener(event)),
    end: ended.resolve,
    stop: () => port1.close(),
  };
}

const log = (text: string): BackendEvent => ({ type: 'log', at: 1, level: 'info', text, count: 1 });

describe('backend over a port', () => {
  it('carries calls, results and errors as plain messages without a stack', async () => {
    const { client, stop } = pair({
      runbooks: async () => [],
      openRun: async (id) => {
        throw new Error(`there is no runbook ${id}\u001b[2J`);
      },
      verify: async () => {
        throw new PlaceError('wrong');
      },
    });
    const backend = client;
    expect(await backend.runbooks()).toEqual([]);
    await expect(backend.openRun('x')).rejects.toMatchObject({
      name: 'RemoteError',
      kind: 'Error',
      message: 'there is no runbook x\\u{1b}[2J',
    });
    await expect(backend.verify('p')).rejects.toThrow('file:1:2: wrong. Mend it.');
    stop();
  });

  it('keeps events for the first listener, in order, and sends only the newest snapshot of a batch', async () => {
    const { client, tell, stop } = pair({});
    const snapshot = (vantage: string): BackendEvent => ({
      type: 'snapshot',
      snapshot: snapshotOf({ vantage }),
      origin: { mode: 'live', config: '/e' },
    });
    for (const event of [log('one'), snapshot('old'), log('two'), snapshot('new')]) tell(event);
    const backend = client;
    await new Promise((resolve) => setTimeout(resolve, 50));
    const heard: string[] = [];
    backend.subscribe((event) =>
      heard.push(event.type === 'snapshot' ? event.snapshot.vantage : event.type === 'log' ? event.text : ''),
    );
    expect(heard).toEqual(['one', 'two', 'new']);
    tell(log('three'));
    await eventually(() => expect(heard.at(-1)).toBe('three'));
    stop();
  });

  it('delivers the events of a call before its result', async () => {
    const heard: string[] = [];
    const made = pair({
      refresh: async () => {
        made.tell(log('asked'));
      },
    });
    const backend = await made.client;
    backend.subscribe((event) => heard.push(event.type));
    await backend.refresh();
    expect(heard).toEqual(['log']);
    made.stop();
  });

  it('fails every open and later call when the worker is gone, and says so', async () => {
    const { client, end, stop } = pair({ runbooks: () => new Promise(() => undefined) });
    const backend = client;
    const heard: BackendEvent[] = [];
    backend.subscribe((event) => heard.push(event));
    const open = expect(backend.runbooks()).rejects.toThrow('the worker has ended: out of memory');
    end('out of memory');
    await open;
    await expect(backend.sessions()).rejects.toThrow('out of memory');
    await backend.close();
    expect(heard).toMatchObject([{ type: 'ended', reason: 'out of memory' }]);
    stop();
  });

  it('does not connect when the other side can not start', async () => {
    const { port1, port2 } = new MessageChannel();
    const { ready } = connectBackend(port1, new Promise(() => undefined));
    reportFailure(port2, new PlaceError('wrong'));
    await expect(ready).rejects.toMatchObject({
      kind: 'PlaceError',
      message: 'file:1:2: wrong. Mend it.',
    });
    port1.close();
  });
});
