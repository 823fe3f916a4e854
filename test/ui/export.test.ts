import { describe, expect, it } from 'vitest';
import { CLIPBOARD_LIMIT, clipboardSequence } from '../../src/ui/clipboard.ts';
import { exportTable } from '../../src/ui/export.ts';
import { line, type Row, span, type View } from '../../src/ui/views/types.ts';

const rows: readonly Row[] = [
  { id: 'vmid:1', cells: [span('1'), span('=HYPERLINK("x")'), span('a, "b"')] },
  { id: 'vmid:2', cells: [span('-5'), span('plain | pipe'), span('[link](http://x)')] },
];
const view: View = {
  title: 'Guests',
  top: [line(span('Counts '), span('2'))],
  columns: [
    { label: 'VMID', width: 5 },
    { label: '', width: 2 },
    { label: 'what', width: 5, grow: true },
  ],
  rows,
  empty: '',
  framed: false,
};
const facts = { estate: 'Test', simulated: true, at: '2026-01-02T03:04:05.000Z', filter: '' };

describe('a table taken out', () => {
  it('is JSON with what it shows, of what and as of when', () => {
    const all = JSON.parse(exportTable(view, rows, 'json', facts));
    expect(all).toMatchObject({ format: 'c138-table', v: 1, title: 'Guests', simulated: true, at: facts.at });
    expect(all.rows[0]).toEqual({
      id: 'vmid:1',
      cells: { VMID: '1', 'column 2': '=HYPERLINK("x")', what: 'a, "b"' },
    });
  });

  it('is CSV that no spreadsheet runs', () => {
    expect(exportTable(view, rows, 'csv', facts).split('\r\n')).toEqual([
      'VMID,column 2,what',
      `1,"'=HYPERLINK(""x"")","a, ""b"""`,
      '-5,plain | pipe,[link](http://x)',
      '',
    ]);
  });

  it('is Markdown in which no cell is markup', () => {
    const text = exportTable(view, rows, 'md', facts);
    expect(text).toContain('Test (SIMULATED), as of 2026');
    expect(text).toContain('plain \\| pipe');
    expect(text).toContain('\\[link\\](http://x)');
  });
});

describe('the clipboard of the terminal', () => {
  const plain = `\u001b]52;c;${Buffer.from('text ü').toString('base64')}\u0007`;
  it('is asked by OSC 52, wrapped for tmux and GNU Screen', () => {
    expect(clipboardSequence('text ü', { TERM: 'xterm' })).toBe(plain);
    const tmux = clipboardSequence('text ü', { TERM: 'tmux-256color', TMUX: '/x' }) ?? '';
    expect(tmux).toBe(`${plain}\u001bPtmux;\u001b${plain}\u001b\\`);
    const screen = clipboardSequence('x'.repeat(2_000), { TERM: 'screen', STY: '1' }) ?? '';
    for (const piece of screen.split('\u001b\\')) expect(piece.length).toBeLessThan(768);
    expect(screen.replaceAll(/\u001bP|\u001b\\/g, '')).toBe(
      clipboardSequence('x'.repeat(2_000), { TERM: 'xterm' }),
    );
  });

  it('is left alone where a text is too long or there is none', () => {
    expect(clipboardSequence('x'.repeat(CLIPBOARD_LIMIT + 1), { TERM: 'xterm' })).toBeNull();
    expect(clipboardSequence('x', { TERM: 'linux' })).toBeNull();
    expect(clipboardSequence('x', {})).toBeNull();
  });
});
