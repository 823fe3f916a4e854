import { memo, type ReactElement, useMemo } from 'react';
import { cut, cutHard, fitTo, widthOf } from '../text.ts';
import type { Theme } from '../theme.ts';
import type { Line, Row, Span } from '../views/types.ts';
import { type Looked, Strip } from './strip.tsx';

/** A line that is too long as several, broken at spaces, and within a word that is longer than a line; each word keeps its tone. */
export function wrapLine(whole: Line, columns: number): readonly Line[] {
  if (whole.reduce((sum, one) => sum + widthOf(one.text), 0) <= columns) return [whole];
  const limit = Math.max(columns, 1);
  const out: Span[][] = [[]];
  let used = 0;
  const begin = (): void => {
    out.push([]);
    used = 0;
  };
  for (const { text, tone } of whole)
    for (const word of text.split(/(?<= )(?! )/)) {
      let rest = word;
      if (used > 0 && used + widthOf(rest.trimEnd()) > limit) begin();
      while (widthOf(rest.trimEnd()) > limit) {
        const head = cutHard(rest, limit);
        out.at(-1)?.push({ text: head, tone });
        rest = rest.slice(head.length);
        begin();
      }
      out.at(-1)?.push({ text: rest, tone });
      used += widthOf(rest);
    }
  return out.map(withoutEnd);
}

/** Without the space at the end: a line that just fits would be one column too wide, and lose its last letter. */
function withoutEnd(spans: readonly Span[]): Line {
  const last = spans.findLastIndex((one) => one.text.trimEnd() !== '');
  return spans
    .slice(0, last + 1)
    .map((one, index) => (index === last ? { ...one, text: one.text.trimEnd() } : one));
}

/** One line of text of exactly `columns`, whatever it holds. Drawn again only when it reads otherwise. */
export const LineText = memo(function LineText(props: {
  readonly line: Line;
  readonly columns: number;
  readonly theme: Theme;
}): ReactElement {
  const { line, columns, theme } = props;
  const pieces = useMemo(() => {
    let left = columns;
    return line.map((one) => {
      const text = cut(one.text, left, theme.glyphs.cut);
      left -= widthOf(text);
      return { text, look: theme.look(one.tone) };
    });
  }, [line, columns, theme]);
  return <Strip pieces={pieces} columns={columns} />;
}, sameLine);

function sameLine(
  before: { readonly line: Line; readonly columns: number; readonly theme: Theme },
  after: { readonly line: Line; readonly columns: number; readonly theme: Theme },
): boolean {
  return (
    before.columns === after.columns &&
    before.theme === after.theme &&
    before.line.length === after.line.length &&
    before.line.every(({ text, tone }, at) => text === after.line[at]?.text && tone === after.line[at]?.tone)
  );
}

/** One row of a list, its cells cut and padded to their columns. */
export const RowText = memo(function RowText(props: {
  readonly row: Row;
  readonly widths: readonly number[];
  readonly columns: number;
  readonly selected: boolean;
  readonly theme: Theme;
}): ReactElement {
  const { row, widths, columns, selected, theme } = props;
  const pieces = useMemo(() => {
    const cells = widths.map((width, index): Looked => {
      const cell = row.cells[index];
      const text = fitTo(cell?.text ?? '', width, theme.glyphs.cut);
      return {
        text: index === 0 ? text : ` ${text}`,
        look: theme.look(selected ? 'plain' : (cell?.tone ?? 'plain')),
        inverse: selected,
      };
    });
    const used = widths.reduce((sum, width) => sum + width, 0) + Math.max(0, widths.length - 1);
    const rest = ' '.repeat(Math.max(0, columns - used));
    return [...cells, { text: rest, look: theme.look('plain'), inverse: selected }];
  }, [row, widths, columns, selected, theme]);
  return <Strip pieces={pieces} columns={columns} />;
});
