import { Box } from 'ink';
import { type ReactElement, useMemo } from 'react';
import { columnWidths, type Sort, windowOf } from '../list.ts';
import type { Theme } from '../theme.ts';
import { line, type Row, span, type View } from '../views/types.ts';
import { LineText, RowText, wrapLine } from './lines.tsx';
import { SmallTable, smallTableHeight, smallTableWidth } from './small-table.tsx';

interface PaneProps {
  readonly view: View;
  readonly rows: readonly Row[];
  readonly cursor: number;
  readonly columns: number;
  readonly height: number;
  readonly sort?: Sort | undefined;
  readonly theme: Theme;
}

/** Draws a view in a given room: its lines, then its list, framed where it is small and fits. */
export function ViewPane(props: PaneProps): ReactElement {
  const { view, rows, columns, theme } = props;
  const top = view.top.flatMap((one) => wrapLine(one, columns)).slice(0, Math.max(0, props.height - 2));
  const room = props.height - top.length;
  const framed =
    view.framed &&
    props.sort === undefined &&
    rows.length > 0 &&
    smallTableHeight(rows.length) <= room &&
    smallTableWidth(view) <= columns;
  return (
    <Box flexDirection="column" height={props.height} width={columns} overflow="hidden">
      {top.map((one, index) => (
        // Lines on top have no identity but their place.
        <LineText key={`top-${index}-${view.title}`} line={one} columns={columns} theme={theme} />
      ))}
      {framed ? (
        <SmallTable view={view} rows={rows} selected={props.cursor} theme={theme} />
      ) : (
        <RowList {...props} rows={rows} height={room} />
      )}
    </Box>
  );
}

function RowList(props: PaneProps): ReactElement {
  const { view, rows, cursor, columns, sort, theme } = props;
  const widths = useMemo(() => columnWidths(view, columns, rows), [view, columns, rows]);
  const labelled = view.columns.some((column) => column.label !== '');
  const [from, to] = windowOf(cursor, rows.length, props.height - (labelled ? 1 : 0));
  const head = useMemo(
    (): Row => ({
      id: 'head',
      cells: view.columns.map((column, index) => span(labelOf(column.label, index, sort, theme), 'dim')),
    }),
    [view, sort, theme],
  );
  return (
    <>
      {labelled && props.height > 0 ? (
        <RowText row={head} widths={widths} columns={columns} selected={false} theme={theme} />
      ) : null}
      {rows.length === 0 && props.height > 1 ? (
        <LineText line={line(span(view.empty, 'dim'))} columns={columns} theme={theme} />
      ) : null}
      {rows.slice(from, to).map((row, index) => (
        <RowText
          key={row.id}
          row={row}
          widths={widths}
          columns={columns}
          selected={from + index === cursor}
          theme={theme}
        />
      ))}
    </>
  );
}

/** The label of a column, with a mark where the list is sorted by it. */
function labelOf(label: string, index: number, sort: Sort | undefined, { glyphs }: Theme): string {
  if (sort?.column !== index) return label;
  return `${label}${sort.descending ? glyphs.descending : glyphs.ascending}`;
}
