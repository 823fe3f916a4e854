import { Text } from 'ink';
import type { ReactElement } from 'react';
import { cut, fitTo, widthOf } from '../text.ts';
import type { Theme } from '../theme.ts';
import type { Line, Row, Span } from '../views/types.ts';

/** A line that is too long as several, broken at spaces; each word keeps its tone. */
export function wrapLine(whole: Line, columns: number): readonly Line[] {
  if (whole.reduce((sum, one) => sum + widthOf(one.text), 0) <= columns) return [whole];
  const out: Span[][] = [[]];
  let used = 0;
  for (const { text, tone } of whole)
    for (const word of text.split(/(?<= )(?! )/)) {
      const width = widthOf(word.trimEnd());
      if (used > 0 && used + width > columns) {
        out.push([]);
        used = 0;
      }
      out.at(-1)?.push({ text: word, tone });
      used += widthOf(word);
    }
  return out;
}

/** One line of text of exactly `columns`, whatever it holds. */
export function LineText(props: {
  readonly line: Line;
  readonly columns: number;
  readonly theme: Theme;
}): ReactElement {
  const { theme } = props;
  let left = props.columns;
  const parts = props.line.map((one, index) => {
    const text = cut(one.text, left, theme.glyphs.cut);
    left -= widthOf(text);
    return (
      // The spans of a line have no identity but their place.
      <Text key={`${index}-${one.tone}`} {...theme.look(one.tone)}>
        {text}
      </Text>
    );
  });
  return (
    <Text wrap="truncate">
      {parts}
      {' '.repeat(Math.max(0, left))}
    </Text>
  );
}

/** One row of a list, its cells cut and padded to their columns. */
export function RowText(props: {
  readonly row: Row;
  readonly widths: readonly number[];
  readonly columns: number;
  readonly selected: boolean;
  readonly theme: Theme;
}): ReactElement {
  const { row, widths, selected, theme } = props;
  const used = widths.reduce((sum, width) => sum + width, 0) + Math.max(0, widths.length - 1);
  return (
    <Text wrap="truncate" inverse={selected}>
      {widths.map((width, index) => {
        const cell = row.cells[index];
        const text = fitTo(cell?.text ?? '', width, theme.glyphs.cut);
        return (
          // Cells keep their column, so the column is their identity.
          <Text key={`${index}-${row.id}`} {...(selected ? {} : theme.look(cell?.tone ?? 'plain'))}>
            {index === 0 ? text : ` ${text}`}
          </Text>
        );
      })}
      {' '.repeat(Math.max(0, props.columns - used))}
    </Text>
  );
}
