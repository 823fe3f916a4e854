import { afterEach, describe, expect, it } from 'vitest';
import type { Observation } from '../../src/model/index.ts';
import type { BackendEvent } from '../../src/state/backend.ts';
import { LiveEstate, type LiveOptions } from '../../src/state/live/live.ts';
import { DEFAULT_PLAN, type PollPlan } from '../../src/state/live/poller.ts';
import { eventually } from '../eventually.ts';
import { endpointOf, estateOf, observationOf } from './fixtures.ts';

const fast: PollPlan = {
  ...DEFAULT_PLAN,
  cadence: { ...DEFAULT_PLAN.cadence, 'json-rpc': 20 },
  maxBackoff: 40,
};
const estate = estateOf({ endpoints: [endpointOf('a'), endpointOf('b', { url: 'http://127.0.0.1:2' })] });
const good = (endpoint: string): Observation => observationOf({ endpoint });
const bad = (endpoint: string): Observation =>
  observationOf({ endpoint, answer: { class: 'refused', facts: {}, checks: [] } });

let live: LiveEstate | null = null;
afterEach(async () => {
  await live?.close();
  live = null;
});

function begin(ask: LiveOptions['ask'], more: Partial<LiveOptions> = {}): BackendEvent[] {
  const events: BackendEvent[] = [];
  live = new LiveEstate(
    { estate, configPath: '/e', vantage: 'here', ask, plan: fast, throttleMs: 1, ...more },
    (event) => events.push(event),
  );
  live.start();
  return events;
}

const latest = (events: readonly BackendEvent[]) =>
  events.filter((one) => one.type === 'snapshot').at(-1)?.snapshot;

describe('live estate', () => {
  it('has something to paint before it asks anything', () => {
    let askedBefore = -1;
    const events: BackendEvent[] = [];
    let asked = 0;
    live = new LiveEstate(
      {
        estate,
        configPath: '/e',
        vantage: 'here',
        plan: fast,
        ask: async (endpoint) => {
          asked += 1;
          return [good(endpoint.id)];
        },
      },
      (event) => {
        if (askedBefore < 0) askedBefore = asked;
        events.push(event);
      },
    );
    live.start();
    expect(askedBefore).toBe(0);
    expect(events[0]).toMatchObject({
      type: 'snapshot',
      snapshot: { complete: false, observations: [] },
      origin: { mode: 'live', config: '/e' },
    });
  });

  it('planned outages go into its snapshots, and leave them when they are gone', () => {
    begin(async (endpoint) => [good(endpoint.id)]);
    const outage = {
      subject: 'vmid:1000' as const,
      reason: 'work',
      by: 'anna',
      from: '2026-11-23T00:00:00.000Z',
      until: '2026-11-24T00:00:00.000Z',
    };
    live?.attest([], [outage]);
    expect(live?.snapshot().outages).toEqual([outage]);
    live?.attest([]);
    expect(live?.snapshot().outages).toEqual([]);
  });

  it('is complete only after every source and every round was asked', async () => {
    const slow = Promise.withResolvers<void>();
    const events = begin(
      async (endpoint) => {
        if (endpoint.id === 'b') await slow.promise;
        return [good(endpoint.id)];
      },
      { rounds: [{ name: 'r', cadenceMs: 10, ask: async () => [observationOf({ probe: 'besu-common' })] }] },
    );
    await eventually(() => expect(latest(events)?.observations.length).toBeGreaterThan(0));
    expect(latest(events)?.complete).toBe(false);
    slow.resolve();
    await eventually(() => expect(latest(events)?.complete).toBe(true));
    expect(
      latest(events)
        ?.observations.map((one) => one.probe)
        .sort(),
    ).toEqual(['besu-common', 'besu-head', 'besu-head']);
  });

  it('goes on when a target dies or its probe breaks, keeps the last good value, and says when it is back', async () => {
    let turn: 'good' | 'bad' | 'broken' = 'good';
    const events = begin(async (endpoint) => {
      if (endpoint.id === 'a' && turn === 'broken') throw new Error('bug \u001b[2J');
      return [endpoint.id === 'a' && turn === 'bad' ? bad('a') : good(endpoint.id)];
    });
    const ofA = () => latest(events)?.observations.filter((one) => one.endpoint === 'a') ?? [];
    const logged = (text: string) =>
      eventually(() =>
        expect(events.flatMap((one) => (one.type === 'log' ? [one.text] : []))).toContain(text),
      );
    await eventually(() => expect(ofA().length).toBe(1));
    turn = 'bad';
    await eventually(() => expect(ofA().map((one) => one.answer.class)).toEqual(['refused', 'ok']));
    await logged('a: refused');
    turn = 'good';
    await logged('a: answers again');
    turn = 'broken';
    await logged('a: the probe failed: bug \\u{1b}[2J');
    expect(ofA().some((one) => one.answer.class === 'ok')).toBe(true);
  });

  it('counts repeated lines instead of repeating them', async () => {
    const events = begin(async (endpoint) => [bad(endpoint.id)]);
    await eventually(() =>
      expect(events.some((one) => one.type === 'log' && one.text === 'a: refused' && one.count >= 3)).toBe(
        true,
      ),
    );
  });

  it('ends all asking on close and tells nothing afterwards', async () => {
    let aborted = 0;
    const events = begin(
      (endpoint, signal) =>
        new Promise((resolve) =>
          signal.addEventListener('abort', () => {
            aborted += 1;
            resolve([bad(endpoint.id)]);
          }),
        ),
    );
    await eventually(() =>
      expect(events.filter((one) => one.type === 'source' && one.state.asking).length).toBe(2),
    );
    await live?.close();
    const told = events.length;
    expect(aborted).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(events.length).toBe(told);
  });
});
