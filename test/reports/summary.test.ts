import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assessEstate, hasHostile } from '../../src/model/index.ts';
import { mdText } from '../../src/reports/markdown.ts';
import { discoverySummary } from '../../src/reports/summary.ts';
import { estateOf, observationOf, snapshotOf, subjectOf } from '../state/fixtures.ts';

const at = Date.parse('2026-11-23T03:04:06.000Z');
const HOSTILE = '\u001b[2J\u202e| <img src=x> [x](http://e.example) `y` **z**\r\n# Heading';

function summaryOf(snapshot = snapshotOf()): string {
  return discoverySummary(snapshot, assessEstate(snapshot, at));
}

describe('discovery summary', () => {
  it('puts critical failures first, then what could not be looked at', () => {
    const estate = estateOf({
      subjects: [
        subjectOf('vmid:1000', { vmid: 1000, critical: true }),
        subjectOf('vmid:1001', { vmid: 1001, critical: true }),
      ],
    });
    const snapshot = snapshotOf({
      estate,
      observations: [
        observationOf({
          answer: {
            class: 'ok',
            facts: {},
            checks: [{ id: 'chain-id', result: 'fail', reason: 'chain id is 1, not 138', next: 'check it' }],
          },
        }),
        observationOf({ subject: 'vmid:1001', answer: { class: 'timeout', facts: {}, checks: [] } }),
      ],
    });
    const text = summaryOf(snapshot);
    expect(text).toContain('exit code 1');
    const order = ['## Critical failures', 'chain id is 1', '## Could not look', 'vmid:1001', '## Other'];
    const places = order.map((part) => text.indexOf(part));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it('says what is simulated, what was interrupted and what is our own guess', () => {
    const text = summaryOf(
      snapshotOf({
        complete: false,
        estate: estateOf({ simulated: true, notes: [{ level: 'guess', text: 'tier by category' }] }),
      }),
    );
    expect(text).toContain('Simulated estate.');
    expect(text).toContain('The pass was interrupted');
    expect(text).toContain('exit code 3');
    expect(text).toContain('| guess | tier by category |');
    expect(summaryOf()).not.toContain('Simulated');
  });

  it('shows both sides of a conflict with date and rank', () => {
    const side = (value: string, rank: 1 | 4) => ({
      value,
      source: { document: 'd.md', date: '2026-01-02', rank },
    });
    const conflict = {
      subject: 'vmid:1000' as const,
      field: 'host',
      sides: [side('a', 1), side('b', 4)],
      note: '',
    };
    const text = summaryOf(snapshotOf({ estate: estateOf({ conflicts: [conflict] }) }));
    expect(text).toContain('a says d.md (2026-01-02, rank 1); b says d.md (2026-01-02, rank 4)');
  });

  it('never says more than the assessment: a running container is not shown as deployed', () => {
    const snapshot = snapshotOf({
      observations: [
        observationOf({
          probe: 'pve-guest',
          level: 'runtime',
          answer: { class: 'ok', facts: { run: 'running', node: 'n' }, checks: [] },
        }),
      ],
    });
    const row = summaryOf(snapshot)
      .split('\n')
      .find((line) => line.startsWith('| vmid:1000'));
    expect(row).toContain('| under-validation |');
  });

  it('lets nothing from outside act on a terminal or in Markdown', () => {
    const text = summaryOf(
      snapshotOf({
        vantage: HOSTILE,
        estate: estateOf({
          name: HOSTILE,
          subjects: [subjectOf('vmid:1000', { name: HOSTILE, owner: HOSTILE, critical: true })],
          notes: [{ level: 'kept', text: HOSTILE }],
        }),
        observations: [
          observationOf({ answer: { class: 'timeout', detail: HOSTILE, facts: {}, checks: [] } }),
        ],
      }),
    );
    for (const line of text.split('\n')) expect(hasHostile(line)).toBe(false);
    expect(text).not.toMatch(/(?<!\\)<img|(?<!\\)\]\(|http:|^# Heading/m);
    const columns = text
      .split('\n')
      .filter((line) => line.startsWith('| vmid'))
      .map((line) => line.replaceAll('\\|', '').split('|').length);
    expect(new Set(columns).size).toBe(1);
  });

  it('leaves no unescaped special character, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const out = mdText(text);
        const unescaped = out.replace(/\\[!-/:-@[-`{-~]/g, '').replace(/&#\d+;/g, '');
        expect(unescaped).not.toMatch(/[`*_[\]<>|~&$@\\]|:\/\/|^\s*([-+#=:]|\d+[.)])/);
      }),
    );
  });
});
