import { describe, expect, it } from 'vitest';
import { filterOf, type Move, navigate, type Place, START } from '../../src/ui/commands/navigation.ts';

const go = (moves: readonly Move[], from: Place = START): Place => moves.reduce(navigate, from);

describe('moving about', () => {
  it('goes to a row of a list, whole and in its own order, past an open run', () => {
    const there = go([
      { to: 'run', session: '0x1' },
      { to: 'back' },
      { to: 'filter-text', text: 'besu', done: true },
      { to: 'sort', sort: { column: 1, descending: true } },
      { to: 'run', session: '0x1' },
      { to: 'screen', screen: 'guests' },
      { to: 'row', screen: 'runbooks', index: 4 },
    ]);
    expect(there).toMatchObject({ screen: 'runbooks', run: null, filters: {}, sorts: {} });
    expect(there.cursors.runbooks).toBe(4);
    expect(navigate(there, { to: 'past' })).toMatchObject({ screen: 'guests' });
  });

  it('unfolds a row and folds it again', () => {
    const open = go([{ to: 'fold', row: 'a' }]);
    expect(open.unfolded).toEqual(['a']);
    expect(navigate(open, { to: 'fold', row: 'a' }).unfolded).toEqual([]);
  });

  it('goes from story to story and out again the same way', () => {
    const deep = go([
      { to: 'screen', screen: 'guests' },
      { to: 'detail', subject: 'vmid:6200' },
      { to: 'detail', subject: 'vmid:1000' },
    ]);
    expect(deep).toMatchObject({ screen: 'guests', detail: 'vmid:1000', trail: ['vmid:6200'] });
    const once = navigate(deep, { to: 'back' });
    expect(once).toMatchObject({ detail: 'vmid:6200', trail: [] });
    expect(navigate(once, { to: 'back' })).toMatchObject({ screen: 'guests', detail: null });
  });

  it('goes back through where one was, and forward again, until one goes elsewhere', () => {
    const there = go([
      { to: 'screen', screen: 'hosts' },
      { to: 'screen', screen: 'guests' },
      { to: 'detail', subject: 'vmid:1' },
    ]);
    const back = go([{ to: 'past' }, { to: 'past' }], there);
    expect(back).toMatchObject({ screen: 'hosts', detail: null });
    expect(go([{ to: 'future' }, { to: 'future' }], back)).toMatchObject({
      screen: 'guests',
      detail: 'vmid:1',
    });
    const elsewhere = navigate(back, { to: 'screen', screen: 'log' });
    expect(navigate(elsewhere, { to: 'future' })).toMatchObject({ screen: 'log' });
    expect(go([{ to: 'past' }, { to: 'past' }, { to: 'past' }, { to: 'past' }], there).screen).toBe(
      'overview',
    );
  });

  it('takes away one thing at a time on the way out', () => {
    const place = go([
      { to: 'screen', screen: 'guests' },
      { to: 'filter-text', text: 'x', done: true },
      { to: 'palette', state: { text: 'he', at: -1 } },
    ]);
    const closed = navigate(place, { to: 'back' });
    expect(closed.palette).toBeNull();
    expect(filterOf(closed)).toBe('x');
    const clear = navigate(closed, { to: 'back' });
    expect(filterOf(clear)).toBe('');
    expect(navigate(clear, { to: 'back' }).screen).toBe('overview');
  });

  it('keeps filter, order and cursor of each list for itself', () => {
    const place = go([
      { to: 'screen', screen: 'guests' },
      { to: 'filter-text', text: 'x', done: true },
      { to: 'sort', sort: { column: 1, descending: true } },
      { to: 'cursor', index: 3, rows: 10 },
      { to: 'screen', screen: 'hosts' },
    ]);
    expect(filterOf(place)).toBe('');
    const again = navigate(place, { to: 'past' });
    expect(filterOf(again)).toBe('x');
    expect(again.sorts.guests).toEqual({ column: 1, descending: true });
    expect(again.cursors.guests).toBe(3);
  });

  it('keeps the cursor inside the list', () => {
    expect(navigate(START, { to: 'cursor', index: 99, rows: 3 }).cursors.overview).toBe(2);
    expect(navigate(START, { to: 'cursor', index: -5, rows: 3 }).cursors.overview).toBe(0);
    expect(navigate(START, { to: 'cursor', index: 1, rows: 0 }).cursors.overview).toBe(0);
  });

  it('is disarmed by anything but a second q', () => {
    const armed = navigate(START, { to: 'quit-armed' });
    expect(armed.quitArmed).toBe(true);
    expect(navigate(armed, { to: 'cursor', index: 1, rows: 3 }).quitArmed).toBe(false);
  });

  it('brings every line of the palette back once, newest first', () => {
    const place = go([
      { to: 'palette', state: null, said: 'a' },
      { to: 'palette', state: null, said: 'b' },
      { to: 'palette', state: null, said: 'a' },
    ]);
    expect(place.said).toEqual(['a', 'b']);
  });
});
