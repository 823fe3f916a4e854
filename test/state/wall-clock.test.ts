import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BackendEvent } from '../../src/state/backend.ts';
import { Depth } from '../../src/state/live/depth.ts';
import { LiveEstate } from '../../src/state/live/live.ts';
import { endpointOf, estateOf, observationOf } from './fixtures.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-11-26T12:00:00Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

const HOUR_MS = 3_600_000;

describe.each([
  ['back', -HOUR_MS],
  ['forward', HOUR_MS],
])('the clock on the wall is set %s by an hour', (_way, by) => {
  it('and sources and rounds are asked as often as before', async () => {
    let asked = 0;
    let rounds = 0;
    const sources: Extract<BackendEvent, { type: 'source' }>[] = [];
    const live = new LiveEstate(
      {
        estate: estateOf({ endpoints: [endpointOf('a')] }),
        configPath: '/e',
        vantage: 'here',
        ask: async (endpoint) => {
          asked += 1;
          return [observationOf({ endpoint: endpoint.id })];
        },
        rounds: [
          {
            name: 'chain',
            cadenceMs: 5_000,
            ask: async () => {
              rounds += 1;
              return [];
            },
          },
        ],
      },
      (event) => {
        if (event.type === 'source') sources.push(event);
      },
    );
    live.start();
    await vi.advanceTimersByTimeAsync(60_000);
    const before = { asked, rounds };
    expect(before.asked).toBeGreaterThan(10);
    expect(before.rounds).toBeGreaterThan(10);
    vi.setSystemTime(Date.now() + by);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(Math.abs(asked - 2 * before.asked)).toBeLessThanOrEqual(1);
    expect(Math.abs(rounds - 2 * before.rounds)).toBeLessThanOrEqual(1);
    const { nextAt, lastGood } = sources.at(-1)?.state ?? {};
    expect(Math.abs((nextAt ?? 0) - Date.now())).toBeLessThanOrEqual(5_000);
    expect(Math.abs((lastGood ?? 0) - Date.now())).toBeLessThanOrEqual(5_000);
    await live.close();
  });

  it('and a node is asked for everything once a minute as before', async () => {
    const depth = new Depth();
    expect(depth.next('a')).toBe('full');
    vi.setSystemTime(Date.now() + by);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(depth.next('a')).toBe('heads');
    await vi.advanceTimersByTimeAsync(31_000);
    expect(depth.next('a')).toBe('full');
  });
});
