import { describe, expect, it } from 'vitest';
import type { Observation, SubjectId } from '../../src/model/index.ts';
import type { SourceState } from '../../src/state/backend.ts';
import { afterEvent, type ConsoleState, EMPTY_STATE } from '../../src/state/store.ts';
import { hintLines } from '../../src/ui/components/chrome.tsx';
import { exportTable } from '../../src/ui/export.ts';
import { arrange, flat } from '../../src/ui/list.ts';
import { makeTheme } from '../../src/ui/theme.ts';
import { headerLine, refreshWords } from '../../src/ui/views/header-view.ts';
import { overviewView } from '../../src/ui/views/overview-view.ts';
import type { Line, View } from '../../src/ui/views/types.ts';
import { AT, guest, observation, snapshotOf, subject } from '../model/make.ts';

const { glyphs } = makeTheme({ ascii: true, colour: false });
const asked = (more: Partial<SourceState> = {}): SourceState => ({
  asking: false,
  lastAsked: AT,
  lastGood: null,
  lastError: null,
  nextAt: null,
  ...more,
});

const validators = [1, 2, 3, 4, 5].map((index) =>
  subject({ id: `vmid:${1000 + index}`, vmid: 1000 + index, category: 'besu_validator' }),
);
const chain = subject({ id: 'chain:138', kind: 'chain', name: 'Chain 138' });
const refused = (id: SubjectId): Observation =>
  observation({ subject: id, endpoint: `rpc ${id}`, answer: { class: 'timeout', facts: {}, checks: [] } });

function stateOf(
  observations: readonly Observation[],
  complete = true,
  sources: ConsoleState['sources'] = {},
): ConsoleState {
  const base = snapshotOf([chain, ...validators], observations, { complete });
  const endpoints = ['e1', 'e2', 'e3'].map((id) => ({
    id,
    subject: 'vmid:1001' as const,
    kind: 'json-rpc' as const,
    url: 'http://127.0.0.1:1',
    via: 'direct' as const,
  }));
  const snapshot = { ...base, estate: { ...base.estate, endpoints } };
  const origin = { mode: 'live', config: 'x' } as const;
  return { ...afterEvent(EMPTY_STATE, { type: 'snapshot', snapshot, origin }, AT, []), sources };
}

const viewOf = (state: ConsoleState, room = 80): View => overviewView({ state, now: AT, glyphs }, room);
const words = (line: Line | undefined): string => (line ?? []).map((one) => one.text).join('');
const top = (state: ConsoleState): string => viewOf(state).top.map(words).join('\n');

describe('the overview', () => {
  const dead = stateOf(validators.map((one) => refused(one.id)));

  it('folds findings of one kind into a row that unfolds; a filter, a sort and a file see each of them', () => {
    const { rows } = viewOf(dead);
    const group = rows.find((row) => row.members !== undefined);
    expect(group?.cells[1]?.text).toBe('> 5 subjects');
    expect(group?.members).toHaveLength(5);
    const nothing = { filter: '', sort: undefined, unfolded: [] };
    expect(arrange(rows, nothing)).toHaveLength(rows.length);
    const open = arrange(rows, { ...nothing, unfolded: [group?.id ?? ''] });
    expect(open).toHaveLength(rows.length + 5);
    expect(arrange(rows, { ...nothing, filter: 'vmid:1003' }).map((row) => row.cells[1]?.text)).toEqual([
      'vmid:1003',
    ]);
    expect(flat(rows)).toHaveLength(rows.length + 4);
    const facts = { estate: 'x', simulated: false, at: '', filter: '' };
    expect(exportTable(viewOf(dead), rows, 'csv', facts)).toContain('vmid:1005');
  });

  it('calls a margin that nobody could see what it is', () => {
    expect(top(dead)).toMatch(/0 of 5 validators seen up, 5 not seen; 0 to 1 of 1 failures left/);
    const one = stateOf([
      ...validators.slice(1).map((each) => observation({ subject: each.id })),
      refused('vmid:1001'),
    ]);
    expect(top(one)).toMatch(/4 of 5 validators seen up, 1 not seen; 0 to 1 of 1/);
  });

  it('gives no verdict before every source was asked, and does not send anybody to the estate file', () => {
    const early = stateOf([guest('running', { subject: 'vmid:1001' })], false, {
      e1: asked({ lastGood: AT }),
      e2: asked({ lastError: 'refused' }),
    });
    expect(top(early)).toMatch(/FIRST LOOK {2}2 of 3 sources asked/);
    const reasons = flat(viewOf(early).rows).map((row) => `${row.why} ${row.hint}`);
    expect(reasons.some((text) => /not looked at yet/.test(text))).toBe(true);
    expect(reasons.filter((text) => /estate file|no endpoint/.test(text))).toEqual([]);
    expect(flat(viewOf(stateOf([])).rows).some((row) => /estate file/.test(row.hint ?? ''))).toBe(true);
  });

  it('fits its lines on top into 80 columns in every verdict', () => {
    for (const state of [dead, stateOf([]), stateOf([], false)])
      for (const line of viewOf(state).top) expect(words(line).trimEnd().length).toBeLessThanOrEqual(80);
  });

  it('says why the row under the cursor is as it is, and what to do; nothing where there is nothing', () => {
    const shown = hintLines(viewOf(dead).rows[0], 200, 6).map(words);
    expect(shown[0]).toMatch(/^why: {2}\w/);
    expect(shown[1]).toMatch(/^next: \w/);
    expect(hintLines(undefined, 80, 6).map(words)).toEqual(['', '']);
  });

  it('wraps what to do next instead of cutting it, as far as there is room', () => {
    const why = 'no block for a while on any of the nodes '.repeat(9).trim();
    const hint =
      'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen last';
    const row = { id: 'row', cells: [], why, hint };
    const wide = hintLines(row, 60, 6).map(words);
    expect(wide).toHaveLength(5);
    expect(wide.slice(3).join(' ')).toMatch(/^next: one .* last$/);
    expect(wide.slice(3).every((one) => one.length <= 60)).toBe(true);
    const low = hintLines(row, 60, 3).map(words);
    expect(low).toHaveLength(3);
    expect(low[0]).toMatch(/^why: /);
    expect(low[2]).toMatch(/ last$/);
    expect(hintLines(row, 60, 2)).toHaveLength(2);
  });
});

describe('the first line', () => {
  it('tells the newest answer; a refusal is none', () => {
    const none = stateOf([], true, { e1: asked({ lastError: 'refused' }) });
    expect(words(headerLine(none, AT))).toContain('no answer yet');
    const some = stateOf([], true, { e1: asked({ lastGood: AT - 120_000 }) });
    expect(words(headerLine(some, AT))).toMatch(/newest answer 2m/);
  });

  it('a snapshot is not said to be asked again', () => {
    const live = stateOf([]);
    expect(refreshWords(live)).toBe('Asking every source again.');
    expect(refreshWords({ ...live, origin: { mode: 'offline', path: 'x' } })).toMatch(
      /^This is a snapshot of \d{4}-\d\d-\d\d \d\d:\d\d UTC: nothing can be asked again\.$/,
    );
  });
});
