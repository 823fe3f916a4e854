import { Text } from 'ink';
import { createContext, type ReactElement, type ReactNode, useContext } from 'react';
import { Table } from '#ink-table';
import { fitTo } from '../text.ts';
import type { Theme } from '../theme.ts';
import type { Row, Span, View } from '../views/types.ts';

/** ink-table measures with `String.length`, so each cell is given to it as one token character and padding of the right length. */
const FIRST_TOKEN = 0xe000;
const LAST_TOKEN = 0xf8ff;

interface Drawing {
  readonly cells: readonly (Span & { readonly selected: boolean })[];
  readonly theme: Theme;
}
const DrawingContext = createContext<Drawing | null>(null);

function textOf(children: ReactNode): string {
  return typeof children === 'string' ? children : Array.isArray(children) ? children.join('') : '';
}

/** Draws the real text in the place of its token, in the token's columns. */
function Cell(props: { readonly column: number; readonly children?: ReactNode }): ReactElement {
  const drawing = useContext(DrawingContext);
  const text = textOf(props.children);
  const token = [...text].find((char) => {
    const point = char.codePointAt(0) ?? 0;
    return point >= FIRST_TOKEN && point <= LAST_TOKEN;
  });
  const cell = token === undefined ? undefined : drawing?.cells[(token.codePointAt(0) ?? 0) - FIRST_TOKEN];
  if (drawing === null || cell === undefined) return <Text>{text}</Text>;
  return (
    <Text inverse={cell.selected} {...(cell.selected ? {} : drawing.theme.look(cell.tone))}>
      {` ${fitTo(cell.text, text.length - 2, drawing.theme.glyphs.cut)} `}
    </Text>
  );
}

function Header(props: { readonly children?: ReactNode }): ReactElement {
  return <Text bold>{props.children}</Text>;
}

const FRAME_ASCII: Readonly<Record<string, string>> = { '─': '-', '│': '|' };

function Skeleton(props: { readonly children?: ReactNode }): ReactElement {
  const drawing = useContext(DrawingContext);
  const text = textOf(props.children);
  const shown =
    drawing?.theme.ascii === true
      ? [...text].map((char) => FRAME_ASCII[char] ?? (char === ' ' ? ' ' : '+')).join('')
      : text;
  return <Text dimColor={drawing?.theme.colour === true}>{shown}</Text>;
}

/** Lines that a framed table of this many rows takes. */
export function smallTableHeight(rows: number): number {
  return 2 * rows + 3;
}

/** A small framed table, for up to about twenty rows. */
export function SmallTable(props: {
  readonly view: View;
  readonly rows: readonly Row[];
  readonly selected: number;
  readonly theme: Theme;
}): ReactElement {
  const { view, rows, theme } = props;
  const cells: (Span & { selected: boolean })[] = [];
  const labels = view.columns.map((column) => fitTo(column.label, column.width, theme.glyphs.cut));
  const data = rows.map((row, rowIndex) =>
    Object.fromEntries(
      view.columns.map((column, index) => {
        const token = String.fromCodePoint(FIRST_TOKEN + cells.length);
        cells.push({
          ...(row.cells[index] ?? { text: '', tone: 'plain' }),
          selected: rowIndex === props.selected,
        });
        return [labels[index] ?? '', token.padEnd(column.width)];
      }),
    ),
  );
  return (
    <DrawingContext value={{ cells, theme }}>
      <Table data={data} columns={labels} cell={Cell} header={Header} skeleton={Skeleton} />
    </DrawingContext>
  );
}

/** Columns that the framed table takes. */
export function smallTableWidth(view: View): number {
  return view.columns.reduce((sum, column) => sum + column.width + 3, 1);
}
