import { describe, expect, it } from 'vitest';
import {
  columnWidths,
  emptyWords,
  filtered,
  filterRows,
  nextSort,
  sortRows,
  windowOf,
} from '../../src/ui/list.ts';
import { type Row, ranked, span } from '../../src/ui/views/types.ts';

const row = (id: string, ...cells: string[]): Row => ({ id, cells: cells.map((text) => span(text)) });
const rows = [row('a', '10', 'beta'), row('b', '9', 'Alpha'), row('c', '100', 'gamma (x)')];
const ids = (some: readonly Row[]) => some.map((one) => one.id).join('');

describe('lists', () => {
  it('filters by text, expression, and what does not match', () => {
    expect(ids(filterRows(rows, 'alpha'))).toBe('b');
    expect(ids(filterRows(rows, '^1'))).toBe('ac');
    expect(ids(filterRows(rows, '!a$'))).toBe('c');
    expect(ids(filterRows(rows, '(x'))).toBe('c');
    expect(ids(filterRows(rows, '!'))).toBe('abc');
  });

  it('says that a filter left nothing, which is not that there is nothing', () => {
    const view = { title: 'T', top: [], columns: [], rows, empty: 'No failing check.', framed: false };
    expect(emptyWords(view, '')).toBe('No failing check.');
    expect(emptyWords({ ...view, rows: [] }, 'zzz')).toBe('No failing check.');
    expect(emptyWords(view, 'z\u001b[2J')).toMatch(/^No row is like "[ -~\u00a0-\uffff]+" \(0 of 3\)\.$/);
    expect(filtered(view, '!a').view).toMatchObject({
      rows: [],
      empty: 'Every row is like "a" and left out (0 of 3).',
    });
    expect(filtered(view, '9').counted).toEqual(['(1 of 3 match)']);
    expect(filtered(view, '').counted).toEqual([]);
  });

  it('sorts numbers as numbers, by rank where there is one, and keeps equal rows as they are', () => {
    expect(ids(sortRows(rows, { column: 0, descending: false }))).toBe('bac');
    expect(ids(sortRows(rows, { column: 0, descending: true }))).toBe('cab');
    expect(ids(sortRows(rows, { column: 1, descending: false }))).toBe('bac');
    const aged = [5, 1, 3].map((rank, index) => ({ id: String(index), cells: [ranked(span('x'), rank)] }));
    expect(ids(sortRows(aged, { column: 0, descending: false }))).toBe('120');
    expect(ids(sortRows(rows, { column: 7, descending: true }))).toBe('abc');
  });

  it('goes through the columns that have a label, then back to the own order', () => {
    const view = { columns: ['', 'a', 'b'].map((label) => ({ label, width: 5 })) };
    expect(nextSort(view, undefined)).toEqual({ column: 1, descending: false });
    expect(nextSort(view, { column: 1, descending: true })).toEqual({ column: 2, descending: false });
    expect(nextSort(view, { column: 2, descending: false })).toBeNull();
  });

  it('gives the columns of a small table what stands in them, and the room that is left to those that grow', () => {
    const view = {
      columns: [
        { label: 'name', width: 10, upTo: 40 },
        { label: 'word', width: 18, grow: true as const },
        { label: 'status', width: 16, shrink: true as const },
      ],
    };
    const few = [row('a', 'a name of thirty-one characters', 'word', 'planned')];
    expect(columnWidths(view, 80, few)).toEqual([31, 40, 7]);
    expect(columnWidths(view, 60, few)).toEqual([31, 20, 7]);
    const many = Array.from({ length: 100 }, (_, index) => row(`r${index}`, 'a', 'b', 'c'));
    expect(columnWidths(view, 60, many)[2]).toBe(16);
  });

  it('never draws outside the list or the room', () => {
    for (let height = 0; height < 12; height += 1)
      for (let cursor = 0; cursor < 10; cursor += 1) {
        const [from, to] = windowOf(cursor, 10, height);
        expect(to - from).toBe(Math.min(height, 10));
        if (height > 0) expect(cursor >= from && cursor < to).toBe(true);
      }
    for (let room = 0; room < 60; room += 1) {
      const widths = columnWidths(
        {
          columns: [
            { label: 'a', width: 5 },
            { label: 'b', width: 20, grow: true },
          ],
        },
        room,
      );
      expect(widths.reduce((sum, one) => sum + one, 0) + Math.max(0, widths.length - 1)).toBeLessThanOrEqual(
        room,
      );
    }
  });
});
