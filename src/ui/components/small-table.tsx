import { Box } from 'ink';
import { createContext, type ReactElement, type ReactNode, useContext, useMemo } from 'react';
import { Table } from '#ink-table';
import { fitTo, widthOf } from '../text.ts';
import type { Look, Theme } from '../theme.ts';
import type { Row, Span, View } from '../views/types.ts';
import { type Looked, Strip } from './strip.tsx';

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
  if (drawing === null || cell === undefined) return <Piece text={text} look={PLAIN} />;
  return (
    <Piece
      text={` ${fitTo(cell.text, text.length - 2, drawing.theme.glyphs.cut)} `}
      look={cell.selected ? PLAIN : drawing.theme.look(cell.tone)}
      inverse={cell.selected}
    />
  );
}

const PLAIN: Look = {};
const BOLD: Look = { bold: true };
const DIM: Look = { dimColor: true };

/** A piece of the table in its own columns. */
function Piece({ text, look, inverse = false }: Looked): ReactElement {
  const columns = widthOf(text);
  const pieces = useMemo(() => [{ text, look, inverse }], [text, look, inverse]);
  return (
    <Box width={columns}>
      <Strip pieces={pieces} columns={columns} />
    </Box>
  );
}

function Header(props: { readonly children?: ReactNode }): ReactElement {
  return <Piece text={textOf(props.children)} look={BOLD} />;
}

const FRAME_ASCII: Readonly<Record<string, string>> = { '─': '-', '│': '|' };

function Skeleton(props: { readonly children?: ReactNode }): ReactElement {
  const drawing = useContext(DrawingContext);
  const text = textOf(props.children);
  const shown =
    drawing?.theme.ascii === true
      ? [...text].map((char) => FRAME_ASCII[char] ?? (char === ' ' ? ' ' : '+')).join('')
      : text;
  return <Piece text={shown} look={drawing?.theme.colour === true ? DIM : PLAIN} />;
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
