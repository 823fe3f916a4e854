import { cleanup, render } from 'ink-testing-library';
import { afterEach, describe, expect, it } from 'vitest';
import { answerLines } from '../../src/ui/components/answer-box.tsx';
import { LineText, wrapLine } from '../../src/ui/components/lines.tsx';
import { smallTableHeight } from '../../src/ui/components/small-table.tsx';
import { ViewPane } from '../../src/ui/components/view-pane.tsx';
import { cutStart, widthOf } from '../../src/ui/text.ts';
import { makeTheme } from '../../src/ui/theme.ts';
import { line, type Row, span, type View } from '../../src/ui/views/types.ts';

afterEach(() => cleanup());

const theme = makeTheme({ ascii: false, colour: false });
const ascii = makeTheme({ ascii: true, colour: false });

const row = (id: string, ...cells: string[]): Row => ({ id, cells: cells.map((text) => span(text)) });
const viewOfRows = (rows: readonly Row[], more: Partial<View> = {}): View => ({
  title: 'Test',
  top: [],
  columns: [
    { label: 'id', width: 6 },
    { label: 'name', width: 10, grow: true },
  ],
  rows,
  empty: 'Nothing here.',
  framed: false,
  ...more,
});

function drawn(view: View, cursor: number, height: number, columns = 40, look = theme): readonly string[] {
  const { lastFrame } = render(
    <ViewPane view={view} rows={view.rows} cursor={cursor} columns={columns} height={height} theme={look} />,
  );
  return (lastFrame() ?? '').split('\n').map((one) => one.trimEnd());
}

describe('a long list', () => {
  const rows = Array.from({ length: 1000 }, (_, index) => row(`r${index}`, `${index}`, `name-${index}`));

  it('draws only the rows around the cursor, and never more lines than it has', () => {
    for (const cursor of [0, 1, 500, 998, 999]) {
      const lines = drawn(viewOfRows(rows), cursor, 10);
      expect(lines.length).toBeLessThanOrEqual(10);
      expect(lines.some((one) => one.includes(`name-${cursor}`))).toBe(true);
    }
  });

  it('says so when there is nothing', () => {
    expect(drawn(viewOfRows([]), 0, 5).join('\n')).toContain('Nothing here.');
  });
});

describe('a small framed table', () => {
  const rows = [row('a', '1', '漢字の名前が長い'), row('b', '2', 'plain')];

  it('keeps its frame straight with wide characters', () => {
    const lines = drawn(viewOfRows(rows, { framed: true }), 0, smallTableHeight(rows.length)).filter(
      (one) => one !== '',
    );
    expect(lines).toHaveLength(smallTableHeight(rows.length));
    expect(new Set(lines.map(widthOf)).size).toBe(1);
    expect(lines[0]?.startsWith('┌')).toBe(true);
    expect(lines.join('\n')).toContain('漢字');
  });

  it('draws its frame with ASCII alone where that is asked for', () => {
    const plain = [row('a', '1', 'one'), row('b', '2', 'plain')];
    const text = drawn(viewOfRows(plain, { framed: true }), 0, 20, 40, ascii).join('');
    expect(text).toMatch(/\+-+/);
    expect([...text].every((char) => char >= ' ' && char <= '~')).toBe(true);
  });

  it('becomes a plain list where the frame does not fit', () => {
    const lines = drawn(viewOfRows(rows, { framed: true }), 1, 4);
    expect(lines.join('')).not.toContain('┌');
    expect(lines.length).toBeLessThanOrEqual(4);
  });
});

describe('a line', () => {
  it('is cut to its columns, with a mark', () => {
    const { lastFrame } = render(
      <LineText line={line(span('a long line of text'), span(' and more'))} columns={10} theme={ascii} />,
    );
    expect(widthOf(lastFrame() ?? '')).toBeLessThanOrEqual(10);
    expect(lastFrame()).toContain('~');
  });

  const texts = (lines: ReturnType<typeof wrapLine>): readonly string[] =>
    lines.map((one) => one.map(({ text }) => text).join(''));

  it('that is wrapped fits, without the space at its end, and breaks a word that is longer than a line', () => {
    expect(texts(wrapLine(line(span('1234 '), span('56789 W', 'accent'), span(' takes in')), 12))).toEqual([
      '1234 56789 W',
      'takes in',
    ]);
    expect(texts(wrapLine(line(span('kept in /var/lib/c138/evidence today')), 10))).toEqual([
      'kept in',
      '/var/lib/c',
      '138/eviden',
      'ce today',
    ]);
    expect(texts(wrapLine(line(span('漢字の')), 3)).every((one) => widthOf(one) <= 3)).toBe(true);
    expect(wrapLine(line(span('two words')), 0).length).toBeGreaterThan(1);
  });

  it('that is typed shows its end, however long it is', () => {
    const reason = `${'because of this '.repeat(40)}end`;
    const note = {
      phase: 'note',
      session: 's',
      about: 'failed',
      text: reason,
      message: '',
    } as const;
    const lines = texts(answerLines(note, 80)).slice(1);
    expect(lines).toHaveLength(6);
    expect(lines.at(-1)).toMatch(/end_$/);
    expect(lines.every((one) => widthOf(one) <= 80)).toBe(true);
    expect(texts(answerLines({ ...note, text: 'short' }, 80)).at(-1)).toBe('> short_');
    expect(cutStart(':show vmid:1001_', 10)).toBe('~mid:1001_');
    expect(cutStart(':show_', 10)).toBe(':show_');
  });
});
