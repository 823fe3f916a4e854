import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { targetOf } from '../../src/probes/target.ts';
import {
  allDue,
  DEFAULT_PLAN,
  due,
  errorOf,
  finished,
  mergeRound,
  newSchedule,
  nextWake,
  type PollPlan,
  sourceState,
  started,
} from '../../src/state/live/poller.ts';
import { endpointOf, observationOf } from './fixtures.ts';

const plan: PollPlan = { ...DEFAULT_PLAN, maxAtOnce: 3, maxPerTarget: 1 };
const a1 = endpointOf('a1', { url: 'http://10.0.0.1:8545' });
const a2 = endpointOf('a2', { url: 'ssh://root@10.0.0.1:22', kind: 'ssh' });
const b = endpointOf('b', { url: 'http://10.0.0.2:8545' });
const failed = observationOf({
  answer: { class: 'timeout', detail: 'no answer in 4 s', facts: {}, checks: [] },
});

describe('schedule of sources', () => {
  it('asks everything at the start, never one target twice at the same time', () => {
    const schedule = newSchedule([a1, a2, b], 1000);
    expect(due(schedule, 999, plan)).toEqual([]);
    expect(due(schedule, 1000, plan).map((one) => one.id)).toEqual(['a1', 'b']);
    const asking = started(schedule, 'a1', 1000);
    expect(due(asking, 1000, plan).map((one) => one.id)).toEqual(['b']);
  });

  it('keeps many roles on loopback apart by port', () => {
    expect(targetOf(endpointOf('x', { url: 'http://127.0.0.1:1' }))).not.toBe(
      targetOf(endpointOf('y', { url: 'http://127.0.0.1:2' })),
    );
    expect(targetOf(a1)).toBe(targetOf(a2));
  });

  it('keeps the cadence of the kind, counted from when it was asked', () => {
    let schedule = started(newSchedule([a1], 0), 'a1', 100);
    schedule = finished(schedule, 'a1', 600, null, plan);
    expect(sourceState(schedule, 'a1', 0)).toEqual({
      asking: false,
      lastAsked: 100,
      lastGood: 600,
      lastError: null,
      nextAt: 5100,
    });
    expect(nextWake(schedule)).toBe(5100);
    expect(sourceState(schedule, 'a1', 1_000_000)).toMatchObject({
      lastAsked: 1_000_100,
      lastGood: 1_000_600,
      nextAt: 1_005_100,
    });
  });

  it('waits longer after each failure, up to a limit, and forgets it after an answer', () => {
    let schedule = newSchedule([a1], 0);
    const waits: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      schedule = finished(started(schedule, 'a1', 0), 'a1', 0, 'timeout', plan);
      waits.push(nextWake(schedule) ?? 0);
    }
    expect(waits).toEqual([10_000, 20_000, 40_000, 80_000, 120_000, 120_000, 120_000, 120_000]);
    expect(sourceState(schedule, 'a1', 0)?.lastError).toBe('timeout');
    schedule = finished(started(schedule, 'a1', 0), 'a1', 0, null, plan);
    expect(nextWake(schedule)).toBe(5_000);
  });

  it('refresh makes all due at once but does not ask twice what is being asked', () => {
    let schedule = finished(started(newSchedule([a1, b], 0), 'a1', 0), 'a1', 0, 'refused', plan);
    schedule = started(schedule, 'b', 1);
    expect(due(allDue(schedule, 2), 2, plan).map((one) => one.id)).toEqual(['a1']);
  });

  it('never exceeds its caps, whatever happens', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(7), fc.boolean(), fc.nat(20_000)), { maxLength: 60 }),
        (happenings) => {
          const endpoints = Array.from({ length: 8 }, (_, index) =>
            endpointOf(`e${index}`, { url: `http://10.0.0.${index % 4}:8545` }),
          );
          let schedule = newSchedule(endpoints, 0);
          let now = 0;
          for (const [index, good, passed] of happenings) {
            now += passed;
            for (const endpoint of due(schedule, now, plan)) schedule = started(schedule, endpoint.id, now);
            const asking = [...schedule.values()].filter((one) => one.asking);
            expect(asking.length).toBeLessThanOrEqual(plan.maxAtOnce);
            const targets = asking.map((one) => targetOf(one.endpoint));
            expect(new Set(targets).size).toBe(targets.length);
            if (schedule.get(`e${index}`)?.asking)
              schedule = finished(schedule, `e${index}`, now, good ? null : 'down', plan);
          }
        },
      ),
    );
  });
});

describe('last good value', () => {
  it('is kept beside the error when nobody could look this time', () => {
    const good = observationOf();
    expect(mergeRound([good], [failed])).toEqual([failed, good]);
    expect(errorOf([failed])).toBe('timeout: no answer in 4 s');
    expect(errorOf([failed, good])).toBeNull();
    expect(errorOf([])).toBe('no answer');
  });

  it('is replaced by a new answer, also when that no longer names the subject', () => {
    const guest = observationOf({ probe: 'pve-guest', subject: 'vmid:5' });
    const other = observationOf({ probe: 'pve-guest', subject: 'vmid:6' });
    expect(mergeRound([guest], [other])).toEqual([other]);
    expect(mergeRound([failed], [failed])).toEqual([failed]);
  });
});
