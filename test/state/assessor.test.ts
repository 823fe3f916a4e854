import { afterEach, describe, expect, it, vi } from 'vitest';
import { assessEstate, type Observation, type Snapshot } from '../../src/model/index.ts';
import type { Backend, BackendEvent } from '../../src/state/backend.ts';
import { type AssessedPart, joinParts, partsBetween, withChanges } from '../../src/state/live/assessed.ts';
import { Assessor } from '../../src/state/live/assessor.ts';
import { followBackend } from '../../src/state/store.ts';
import { AT, guest, observation, snapshotOf, subject } from '../model/make.ts';

const ORIGIN = { mode: 'live', config: 'estate.yaml' } as const;
const GUESTS = 700;
const subjects = Array.from({ length: GUESTS }, (_, at) =>
  subject({ id: `vmid:${1000 + at}`, vmid: 1000 + at, critical: at % 3 === 0 }),
);
const seen = subjects.map((one) => guest('running', { subject: one.id }));
const estate = snapshotOf(subjects, []).estate;
const snapshot = (observations: readonly Observation[]): Snapshot => ({
  ...snapshotOf(subjects, observations),
  estate,
});
const first = snapshot(seen);
// One guest is stopped now, and one is there that no document names.
const second = snapshot([
  ...seen.slice(1),
  guest('stopped', { subject: 'vmid:1000' }),
  guest('running', { subject: 'vmid:9999' }),
]);

afterEach(() => vi.useRealTimers());

describe('changes of an assessment', () => {
  it('add up to the assessment itself, and are few where little changed', () => {
    const before = { snapshot: first, assessment: assessEstate(first, AT) };
    const all = partsBetween(null, first, before.assessment, ORIGIN);
    expect(all.length).toBeGreaterThan(2);
    expect(all.map((one) => one.last)).toEqual([...all.slice(1).map(() => false), true]);
    const whole = joinParts(all.slice(0, -1), all.at(-1) as AssessedPart);
    const shown = withChanges({ snapshot: null, assessment: null }, structuredClone(whole));
    expect(shown?.assessment).toEqual(before.assessment);
    expect(shown?.snapshot).toEqual({ ...first, observations: [] });

    const after = assessEstate(second, AT);
    const [part, ...more] = partsBetween(before, second, after, ORIGIN);
    expect(more).toEqual([]);
    expect(part?.estate).toBeNull();
    expect(part?.subjects.map((one) => one.id)).toEqual(['vmid:1000', 'vmid:9999']);
    const then = withChanges(
      shown ?? { snapshot: null, assessment: null },
      structuredClone(part as AssessedPart),
    );
    expect(then?.assessment).toEqual(after);
    // What did not change is the same object, so that nothing is drawn anew for it.
    expect(then?.assessment.subjects[5]).toBe(shown?.assessment.subjects[5]);
    expect(partsBetween({ snapshot: second, assessment: after }, second, after, ORIGIN)[0]?.subjects).toEqual(
      [],
    );
  });
});

describe('the assessor', () => {
  it('tells parts with pauses, then only the newest of what came meanwhile; evidence grows stale by itself', () => {
    vi.useFakeTimers();
    let now = AT;
    const told: AssessedPart[] = [];
    const assessor = new Assessor(
      [],
      (part) => told.push(part),
      () => now,
    );
    const listeners = new Set<(event: BackendEvent) => void>();
    const backend = {
      subscribe: (one: (event: BackendEvent) => void) => {
        listeners.add(one);
        return () => listeners.delete(one);
      },
    } as unknown as Backend;
    const { store } = followBackend(backend, []);
    assessor.take(first, ORIGIN);
    expect(told).toHaveLength(1);
    assessor.take(snapshot([]), ORIGIN);
    assessor.take(second, ORIGIN);
    vi.advanceTimersByTime(1_000);
    for (const part of told) for (const listener of listeners) listener({ type: 'assessed', part });
    expect(told.filter((one) => one.last)).toHaveLength(2);
    const { assessment } = store.getState();
    expect(assessment?.subjects).toHaveLength(GUESTS + 1);
    expect(assessment?.subjects[0]).toMatchObject({ health: 'failed', stale: false });
    told.length = 0;
    now = AT + 1_000_000;
    vi.advanceTimersByTime(10_000);
    for (const part of told) for (const listener of listeners) listener({ type: 'assessed', part });
    expect(store.getState().assessment?.subjects.every((one) => one.stale)).toBe(true);
    assessor.stop();
    told.length = 0;
    vi.advanceTimersByTime(60_000);
    expect(told).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps what the observation said, whoever looks at it', () => {
    const one = observation({ subject: 'vmid:1001' });
    const only = snapshot([one]);
    const [part] = partsBetween(null, only, assessEstate(only, AT), ORIGIN);
    expect(part?.subjects.find((each) => each.id === 'vmid:1001')?.observations).toEqual([one]);
  });
});
