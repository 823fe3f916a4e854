import { describe, expect, it } from 'vitest';
import { assessEstate, type Observation, type Runbook } from '../../src/model/index.ts';
import { type GateInput, gateOf } from '../../src/reports/gate.ts';
import { type RunStory, runStory, type StepStory } from '../../src/reports/run-story.ts';
import { bundledRunbooks } from '../../src/runbooks/index.ts';
import { estateOf, observationOf, snapshotOf, subjectOf } from '../state/fixtures.ts';

const runbook = (await bundledRunbooks()).find((one) => one.runbook.id === 'production-gate')
  ?.runbook as Runbook;
const NOW = Date.parse('2026-11-23T03:05:00.000Z');
const verified = (exitCode: 0 | 10 | 11 | 20 | 30) =>
  ({ exitCode, verdict: `code ${exitCode}`, assurance: 'L2', findings: [] }) as const;

/** A run of the bundled runbook in which every step was confirmed, but for what is said. */
function story(more: Partial<RunStory> = {}, step: Partial<StepStory> = {}): RunStory {
  const told = runStory(runbook, [], [], verified(0));
  return {
    ...told,
    sealedAt: '2026-11-22T03:05:00.000Z',
    steps: told.steps.map((one, index) => ({
      ...one,
      verdict: one.number === null ? null : 'confirmed',
      ...(index === 0 ? step : {}),
    })),
    ...more,
  };
}

function seenAt(at: number, verdict: string | null, run = 'running', complete = true): GateInput['seen'] {
  const guest = { probe: 'pve-guest', subject: 'vmid:1000', level: 'presence' } as const;
  const observations: Observation[] = [
    observationOf({ ...guest, answer: { class: 'ok', facts: { run }, checks: [] } }),
    observationOf(),
    ...(verdict === null
      ? []
      : [
          observationOf({
            probe: 'qbft-proof',
            subject: 'chain:138',
            answer: { class: 'ok', facts: { verdict }, checks: [] },
          }),
        ]),
  ];
  const subjects = [
    subjectOf('vmid:1000', { vmid: 1000, expectedRun: 'running', critical: true }),
    subjectOf('chain:138'),
  ];
  const snapshot = snapshotOf({ estate: estateOf({ subjects }), observations, complete });
  return { snapshot, assessment: assessEstate(snapshot, at) };
}

const gate = (more: Partial<GateInput> = {}) =>
  gateOf({
    estate: { id: 'test', simulated: false },
    at: NOW,
    seen: seenAt(NOW, 'proven'),
    run: story(),
    withinDays: 7,
    ...more,
  });
const results = (more: Partial<GateInput>) => {
  const { points, exitCode } = gate(more);
  return [...points.map((one) => one.result), exitCode];
};

describe('the production gate', () => {
  it('opens only where a fresh pass, a proven quorum and a signed gate are there', () => {
    expect(results({})).toEqual(['pass', 'pass', 'pass', 0]);
    expect(gate().points.map((one) => one.next)).toEqual(['', '', '']);
  });

  it('is closed by what failed, whatever else is not known', () => {
    expect(results({ seen: seenAt(NOW, 'proven', 'stopped'), run: null })).toEqual([
      'fail',
      'pass',
      'unknown',
      1,
    ]);
    expect(results({ seen: seenAt(NOW, 'not-proven') })).toEqual(['pass', 'fail', 'pass', 1]);
    expect(results({ run: story({}, { verdict: 'failed', note: 'no' }) })).toEqual([
      'pass',
      'pass',
      'fail',
      1,
    ]);
    expect(results({ run: story({ verification: verified(20) }) })).toEqual(['pass', 'pass', 'fail', 1]);
  });

  it('does not know what nobody saw, what is old, and what nobody signed', () => {
    expect(results({ seen: null })).toEqual(['unknown', 'unknown', 'pass', 3]);
    const hours = NOW + 3 * 3_600_000;
    expect(results({ at: hours, seen: seenAt(hours, 'proven') })).toEqual(['unknown', 'unknown', 'pass', 3]);
    expect(results({ seen: seenAt(NOW, 'proven', 'running', false) })[0]).toBe('unknown');
    expect(results({ seen: seenAt(NOW, 'self-consistent') })).toEqual(['pass', 'unknown', 'pass', 3]);
    expect(results({ seen: seenAt(NOW, null) })).toEqual(['pass', 'unknown', 'pass', 3]);
  });

  it('counts a signed gate only when it is whole, trusted, recent and fully answered', () => {
    for (const code of [10, 11, 30] as const)
      expect(results({ run: story({ verification: verified(code) }) })[2]).toBe('unknown');
    expect(results({ run: story({ verification: null }) })[2]).toBe('unknown');
    expect(results({ run: story({}, { verdict: 'skipped' }) })[2]).toBe('unknown');
    expect(results({ run: story({}, { verdict: null }) })[2]).toBe('unknown');
    expect(results({ run: story({ sealedAt: '2026-11-01T00:00:00.000Z' }) })[2]).toBe('unknown');
    expect(results({ run: story(), withinDays: 1 })[2]).toBe('pass');
  });
});
