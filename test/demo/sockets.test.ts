import { afterEach, describe, expect, it } from 'vitest';
import { loadEstate } from '../../src/estate/index.ts';
import type { Observation } from '../../src/model/index.ts';
import { observeEstate } from '../../src/probes/index.ts';
import { contextOf } from '../probes/context.ts';
import { type Demo, startDemo } from './start.ts';

/** Half of them in every test run, all with `npm run suites`. */
const FULL = process.env.C138_SUITES === 'full';
let demo: Demo | null = null;
afterEach(async () => {
  await demo?.stop();
  demo = null;
});

/** One pass, stopped after `abortMs` when that is given; the most connections seen while it ran. */
async function pass(
  scenario: string,
  abortMs: number | null,
): Promise<{ readonly open: Demo; readonly most: number; readonly seen: readonly Observation[] }> {
  const open = await startDemo({ scenario });
  demo = open;
  const estate = await loadEstate(open.configPath);
  const abort = new AbortController();
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, open.connections());
  }, 1);
  const stop = abortMs === null ? undefined : setTimeout(() => abort.abort(), abortMs);
  const { storeRaw } = contextOf([]);
  const seen = await observeEstate(estate, { vantage: 'test', signal: abort.signal, storeRaw });
  clearInterval(watch);
  clearTimeout(stop);
  return { open, most, seen };
}

describe('no probe leaves a connection open', { timeout: 120_000 }, () => {
  const whole = ['healthy', 'edge-502', 'connections-used-up', 'truncated', 'indy-silent', 'stalled'];
  it.each(FULL ? whole : whole.slice(0, 3))('after a whole pass over %s', async (scenario) => {
    const { open, most } = await pass(scenario, null);
    expect(most).toBeGreaterThan(0);
    await expect.poll(() => open.connections()).toBe(0);
  });

  const stopped: readonly (readonly [string, number])[] = [
    ['healthy', 60],
    ['healthy', 400],
    ['silent', 1_000],
    ['indy-silent', 1_500],
    ['node-stuck', 2_500],
  ];
  it.each(FULL ? stopped : stopped.slice(0, 3))(
    'after a pass over %s that is stopped after %i ms',
    async (scenario, abortMs) => {
      const { open, seen } = await pass(scenario, abortMs);
      await expect.poll(() => open.connections()).toBe(0);
      // The answers until then are kept; nobody may have written "failed" where it was us who stopped.
      for (const one of seen)
        if (one.answer.class === 'aborted')
          expect(one.answer.checks.filter((check) => check.result === 'fail')).toEqual([]);
    },
  );
});
