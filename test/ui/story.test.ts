import { describe, expect, it } from 'vitest';
import { assessEstate, type Observation } from '../../src/model/index.ts';
import { afterEvent, type ConsoleState, changesBetween, EMPTY_STATE } from '../../src/state/store.ts';
import { wrap } from '../../src/ui/text.ts';
import { makeTheme } from '../../src/ui/theme.ts';
import { detailView } from '../../src/ui/views/detail-view.ts';
import { doubtOf } from '../../src/ui/views/subject-cells.ts';
import { AT, guest, observation, snapshotOf, subject } from '../model/make.ts';

const { glyphs } = makeTheme({ ascii: true, colour: false });

function stateOf(
  observations: readonly Observation[],
  more: Parameters<typeof snapshotOf>[2] = {},
  at = AT,
): ConsoleState {
  const snapshot = snapshotOf(
    [subject({ dependsOn: ['vmid:2000', 'vmid:9'] }), subject({ id: 'vmid:2000', vmid: 2000, name: 'two' })],
    observations,
    more,
  );
  return afterEvent(
    EMPTY_STATE,
    { type: 'snapshot', snapshot, origin: { mode: 'live', config: 'x' } },
    at,
    [],
  );
}

const story = (state: ConsoleState, id: 'vmid:1000' | 'vmid:2000' = 'vmid:1000') =>
  detailView({ state, now: AT, glyphs }, id, 100);
const textOf = (state: ConsoleState) =>
  story(state)
    .rows.map((row) => row.cells[0]?.text ?? '')
    .join('\n');

describe('the tree of dependencies in a story', () => {
  it('comes from documents, from what was seen and from rules, tells what a failure takes down, and leads on', () => {
    const host = (name: string) => subject({ id: `host:${name}`, kind: 'host', name });
    const node = (vmid: number, category: string) =>
      subject({ id: `vmid:${vmid}`, vmid, name: `g${vmid}`, category });
    const chain = subject({ id: 'chain:138', kind: 'chain', name: 'Chain' });
    const refused = { class: 'refused', facts: {}, checks: [] } as const;
    const snapshot = snapshotOf(
      [
        host('n1'),
        chain,
        ...[1000, 1001, 1002, 1003].map((vmid) => node(vmid, 'besu_validator')),
        node(2101, 'rpc_core'),
      ],
      [
        ...[1000, 1001].flatMap((vmid) => [
          guest('running', { subject: `vmid:${vmid}` }),
          observation({ subject: `vmid:${vmid}`, level: 'none', answer: refused }),
        ]),
        guest('running', { subject: 'vmid:1002' }),
      ],
    );
    const state = afterEvent(
      EMPTY_STATE,
      { type: 'snapshot', snapshot, origin: { mode: 'live', config: 'x' } },
      AT,
      [],
    );
    const lines = (id: 'host:n1' | 'vmid:1000' | 'chain:138'): readonly string[] =>
      detailView({ state, now: AT, glyphs }, id, 100).rows.map((row) => row.cells[0]?.text ?? '');
    // Host, guest on it, the chain that needs three of four, and what serves the chain: each one step to the right.
    const tree = lines('host:n1').filter((text) => text.includes('needed by'));
    expect(tree.map((text) => text.replace(/ {2}(g|Chain).*/, ''))).toEqual([
      '  needed by vmid:1000',
      '    needed by chain:138',
      '      needed by vmid:2101',
      '  needed by vmid:1001',
      '  needed by vmid:1002',
    ]);
    expect(lines('vmid:1000').join('\n')).toMatch(/its failure takes down chain:138 \(with other failures\)/);
    expect(lines('vmid:1000').join('\n')).toMatch(/depends on host:n1 .*\(seen on this host\)/);
    expect(lines('chain:138').join('\n')).toMatch(/QBFT needs 3 of 4 validators:[\s\S]*counts vmid:1003/);
    const row = detailView({ state, now: AT, glyphs }, 'host:n1', 100).rows.find((one) =>
      one.cells[0]?.text.includes('needed by chain:138'),
    );
    expect(row?.opens).toEqual({ kind: 'subject', subject: 'chain:138' });
  });
});

describe('the story of a subject', () => {
  it('tells what is documented, observed and attested, and leads to what it depends on', () => {
    const state = stateOf([observation()], {
      attestations: [
        {
          subject: 'vmid:1000',
          claim: 'deployed',
          at: new Date(AT - 60_000).toISOString(),
          performer: 'Anna',
          witness: 'Ben',
          session: 'abc',
          seq: 3,
        },
      ],
    });
    const text = textOf(state);
    expect(text).toMatch(
      /Documented[\s\S]*Findings[\s\S]*Dependencies[\s\S]*Observed[\s\S]*Attested[\s\S]*History/,
    );
    expect(text).toContain('deployed, 1m ago, by Anna, witnessed by Ben; record 3');
    expect(text).toContain('depends on vmid:9, of which nothing is known');
    const row = story(state).rows.find((one) => one.cells[0]?.text.includes('depends on vmid:2000'));
    expect(row?.opens).toEqual({ kind: 'subject', subject: 'vmid:2000' });
    const back = story(state, 'vmid:2000').rows.find((one) => one.cells[0]?.text.includes('needed by'));
    expect(back?.opens).toEqual({ kind: 'subject', subject: 'vmid:1000' });
  });

  it('tells a source that fails with its last good answer and its error', () => {
    const state = stateOf([observation()]);
    const snapshot = state.snapshot;
    if (snapshot === null) throw new Error('no snapshot');
    const endpoints = [
      {
        id: 'e1',
        subject: 'vmid:1000' as const,
        kind: 'json-rpc' as const,
        url: 'http://x',
        via: 'direct' as const,
      },
    ];
    const text = textOf({
      ...state,
      snapshot: { ...snapshot, estate: { ...snapshot.estate, endpoints } },
      sources: {
        e1: {
          asking: false,
          lastAsked: AT,
          lastGood: AT - 65_000,
          lastError: 'refused',
          nextAt: AT + 12_000,
        },
      },
    });
    expect(text).toContain('source e1: answered 1m ago, asked again in 15s; refused');
  });

  it('remembers what changed, and nothing of what was not known before', () => {
    const before = stateOf([]);
    expect(before.changes).toEqual([]);
    const snapshot = snapshotOf([subject()], [guest('running'), observation()]);
    const after = afterEvent(
      before,
      { type: 'snapshot', snapshot, origin: { mode: 'live', config: 'x' } },
      AT,
      [],
    );
    expect(after.changes).toEqual([
      { at: AT, subject: 'vmid:1000', from: 'unknown, unknown', to: 'deployed, ok' },
    ]);
    expect(textOf(after)).toContain('now: unknown, unknown became deployed, ok');
    expect(changesBetween(null, assessEstate(snapshot, AT, []))).toEqual([]);
  });
});

describe('doubts are kept apart', () => {
  const of = (observations: readonly Observation[], more: Parameters<typeof snapshotOf>[2] = {}, at = AT) => {
    const one = stateOf(observations, more, at).assessment?.subjects[0];
    return one === undefined ? undefined : doubtOf(one);
  };
  const failed = (kind: 'timeout' | 'auth') =>
    observation({ level: 'none', answer: { class: kind, facts: {}, checks: [] } });

  it.each([
    ['an answer', () => of([guest('running'), observation()]), null],
    ['an answer too old', () => of([guest('running', { ageS: 500 }), observation({ ageS: 500 })]), 'stale'],
    ['nobody looked', () => of([]), 'never looked at'],
    ['nobody could look', () => of([failed('timeout')]), 'could not look'],
    ['nobody was allowed to', () => of([failed('auth')]), 'not allowed'],
    [
      'an outage is planned',
      () =>
        of([failed('timeout')], {
          outages: [
            {
              subject: 'vmid:1000',
              reason: 'disk',
              by: 'Anna',
              from: new Date(AT - 1000).toISOString(),
              until: new Date(AT + 1000).toISOString(),
            },
          ],
        }),
      'planned outage',
    ],
  ] as const)('%s', (_name, look, expected) => expect(look()).toBe(expected));
});

it('a wrapped line goes on with the indent it began with', () => {
  expect(wrap('  one two three', 9)).toEqual(['  one two', '  three']);
  expect(wrap('one two', 20)).toEqual(['one two']);
  expect(wrap('          x y', 3)).toEqual(['x y']);
});
