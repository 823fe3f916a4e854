import { describe, expect, it } from 'vitest';
import { assessEstate, type Snapshot } from '../../src/model/index.ts';
import { snapshotDiff } from '../../src/reports/snapshot-diff.ts';
import { estateOf, observationOf, snapshotOf, subjectOf } from '../state/fixtures.ts';

const side = (snapshot: Snapshot) => ({
  snapshot,
  assessment: assessEstate(snapshot, Date.parse(snapshot.ended)),
});
const diff = (before: Snapshot, after: Snapshot) => snapshotDiff(side(before), side(after));
const guest = (vmid: number, facts: Record<string, string>, ended = '2026-11-23T03:04:05.100Z') =>
  observationOf({
    probe: 'pve-guest',
    subject: `vmid:${vmid}`,
    level: 'runtime',
    ended,
    answer: { class: 'ok', facts, checks: [] },
  });
const running = { run: 'running', node: 'a' };

describe('the difference of two snapshots', () => {
  const estate = estateOf({ subjects: [subjectOf('vmid:1', { vmid: 1 }), subjectOf('vmid:2', { vmid: 2 })] });
  const base = snapshotOf({ estate, observations: [guest(1, running), guest(2, running)] });

  it('is nothing between a snapshot and itself', () => {
    expect(diff(base, base)).toMatchObject({ changes: [], caution: null });
  });

  it('tells what appeared, vanished, moved, stopped, and changed health or status', () => {
    const after = snapshotOf({
      estate: estateOf({ subjects: [subjectOf('vmid:1', { vmid: 1, expectedRun: 'running' })] }),
      observations: [guest(1, { run: 'stopped', node: 'b' }), guest(3, running)],
    });
    expect(
      diff(base, after).changes.map((one) => `${one.change} ${one.subject} ${one.before}>${one.after}`),
    ).toEqual([
      'appeared vmid:3 >under-validation, ok',
      'vanished vmid:2 under-validation, unknown>',
      'moved vmid:1 a>b',
      'run vmid:1 running>stopped',
      'status vmid:1 under-validation>deployed',
      'health vmid:1 unknown>failed',
    ]);
  });

  it('does not call vanished what nobody looked at, and tells what aged', () => {
    const blind = snapshotOf({ estate, observations: [guest(1, running)] });
    const changes = diff(base, blind).changes.filter((one) => one.subject === 'vmid:2');
    expect(changes.map((one) => one.change)).toEqual(['status', 'not-looked']);
    const old = snapshotOf({
      estate,
      ended: '2026-11-23T09:00:00.000Z',
      observations: [guest(1, running), guest(2, running)],
    });
    expect(
      diff(base, old)
        .changes.filter((one) => one.change === 'aged')
        .map((one) => one.subject),
    ).toEqual(['vmid:1', 'vmid:2']);
  });

  it('says when the comparison means less than it seems', () => {
    expect(diff(base, { ...base, vantage: 'elsewhere' }).caution).toMatch(/two places/);
    expect(diff(base, { ...base, complete: false }).caution).toMatch(/interrupted/);
    expect(diff(base, { ...base, estate: estateOf({ id: 'other' }) }).caution).toMatch(/two estates/);
    expect(diff({ ...base, ended: '2026-11-24T00:00:00.000Z' }, base).caution).toMatch(/newer/);
  });

  it('tells conflicts that came and went', () => {
    const conflict = {
      subject: 'vmid:1' as const,
      field: 'address',
      sides: [{ value: 'x', source: { document: 'd', rank: 1 as const } }],
      note: '',
    };
    const after = { ...base, estate: { ...estate, conflicts: [conflict] } };
    expect(diff(base, after).changes).toMatchObject([
      { change: 'conflict', before: '', after: 'address: x' },
    ]);
    expect(diff(after, base).changes).toMatchObject([
      { change: 'conflict', before: 'address: x', after: '' },
    ]);
  });
});
