import { describe, expect, it } from 'vitest';
import { discover } from '../../src/state/snapshots/discover.ts';
import { faultOfSnapshot } from '../../src/state/snapshots/snapshot-shape.ts';
import { estateOf, observationOf } from './fixtures.ts';

describe('discover', () => {
  it('makes a complete snapshot of strict form with the raw answers it refers to', async () => {
    const { snapshot, raws } = await discover(estateOf(), {
      vantage: 'here',
      signal: new AbortController().signal,
      observe: async (_estate, options) => {
        const raw = options.storeRaw(Buffer.from('answer'), [], false);
        options.storeRaw(Buffer.from('of nobody'), [], false);
        const one = observationOf({ raw });
        options.onObservation?.(one);
        return [one];
      },
    });
    expect(faultOfSnapshot(JSON.parse(JSON.stringify(snapshot)))).toBeNull();
    expect(snapshot.complete).toBe(true);
    expect([...raws.values()].map((bytes) => Buffer.from(bytes).toString())).toEqual(['answer']);
  });

  it('keeps what was gathered when it is stopped, and does not call it complete', async () => {
    const abort = new AbortController();
    const { snapshot } = await discover(estateOf(), {
      vantage: 'here',
      signal: abort.signal,
      observe: async (_estate, options) => {
        options.onObservation?.(observationOf());
        abort.abort();
        return [];
      },
    });
    expect(snapshot.observations.length).toBe(1);
    expect(snapshot.complete).toBe(false);
  });
});
