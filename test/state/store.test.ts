import { describe, expect, it } from 'vitest';
import type { Backend, BackendEvent } from '../../src/state/backend.ts';
import { addLog, type ConsoleState, followBackend, type LogLine } from '../../src/state/store.ts';
import { headerLine } from '../../src/ui/views/header-view.ts';
import { snapshotOf } from './fixtures.ts';

function fakeBackend(): { backend: Backend; tell: (event: BackendEvent) => void } {
  const listeners = new Set<(event: BackendEvent) => void>();
  const backend = {
    subscribe(listener: (event: BackendEvent) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  } as unknown as Backend;
  return { backend, tell: (event) => listeners.forEach((listener) => void listener(event)) };
}

const headerText = (state: ConsoleState): string =>
  headerLine(state, captured)
    .map((one) => one.text)
    .join('');
const captured = Date.parse('2026-11-23T03:04:06.000Z');
const dayLater = captured + 86_400_000;

describe('store', () => {
  it('assesses a live snapshot by the clock, and an old one as of its capture', () => {
    const { backend, tell } = fakeBackend();
    const { store } = followBackend(backend, [], () => dayLater);
    tell({ type: 'snapshot', snapshot: snapshotOf(), origin: { mode: 'offline', path: '/s' } });
    expect(store.getState().assessment?.at).toBe(captured);
    expect(store.getState().assessment?.subjects[0]?.health).toBe('ok');
    tell({ type: 'snapshot', snapshot: snapshotOf(), origin: { mode: 'live', config: '/e' } });
    expect(store.getState().assessment?.at).toBe(dayLater);
    expect(store.getState().assessment?.subjects[0]?.stale).toBe(true);
  });

  it('shows nothing as healthy once whoever looked is gone, and says why', () => {
    const { backend, tell } = fakeBackend();
    const { store } = followBackend(backend, [], () => captured);
    tell({ type: 'snapshot', snapshot: snapshotOf(), origin: { mode: 'live', config: '/e' } });
    const before = store.getState().assessment?.subjects ?? [];
    expect(before[0]?.health).toBe('ok');
    expect(headerText(store.getState())).toMatch(/\[LIVE\]/);
    tell({ type: 'ended', at: captured, reason: 'EACCES: permission denied' });
    const { assessment, log } = store.getState();
    expect(assessment?.subjects.map((one) => one.subject.id)).toEqual(before.map((one) => one.subject.id));
    expect(assessment?.subjects.filter((one) => one.health === 'ok')).toEqual([]);
    expect(assessment?.verdict.result).not.toBe('pass');
    expect(log.at(-1)?.text).toMatch(/worker has ended: EACCES.*start c138 again/);
    expect(headerText(store.getState())).toMatch(/NOT WATCHING/);
    expect(headerText(store.getState())).not.toMatch(/LIVE/);
  });

  it('keeps sources apart, hears nothing after stop, and counts repeated lines', () => {
    const { backend, tell } = fakeBackend();
    const { store, stop } = followBackend(backend, []);
    const state = { asking: true, lastAsked: 1, lastGood: null, lastError: null, nextAt: null };
    tell({ type: 'source', endpoint: 'a', state });
    tell({ type: 'source', endpoint: 'b', state: { ...state, asking: false } });
    expect(Object.keys(store.getState().sources)).toEqual(['a', 'b']);
    tell({ type: 'log', at: 1, level: 'warn', text: 'refused', count: 1 });
    tell({ type: 'log', at: 2, level: 'warn', text: 'refused', count: 2 });
    stop();
    tell({ type: 'log', at: 3, level: 'warn', text: 'refused', count: 3 });
    expect(store.getState().log).toEqual([{ at: 2, level: 'warn', text: 'refused', count: 2 }]);
  });

  it('keeps the log short', () => {
    let log: readonly LogLine[] = [];
    for (let at = 0; at < 1_500; at += 1) log = addLog(log, { at, level: 'info', text: `${at}`, count: 1 });
    expect(log.length).toBe(1_000);
    expect(log[0]?.text).toBe('500');
  });
});
