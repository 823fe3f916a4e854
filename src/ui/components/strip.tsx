import { Text } from 'ink';
import { createContext, type ReactElement, useContext, useEffect, useMemo } from 'react';
import { cellsOfPieces } from '../screen/cells.ts';
import { styleOf } from '../screen/looks.ts';
import type { Strips } from '../screen/strips.ts';
import { widthOf } from '../text.ts';
import type { Look } from '../theme.ts';

/** The screen that keeps rows ready (screen/strips.ts). Without one Ink draws the text itself. */
export const StripsContext = createContext<Strips | null>(null);

/** A piece of text and how it looks. */
export interface Looked {
  readonly text: string;
  readonly look: Look;
  readonly inverse?: boolean;
}

/** Pieces of text in one row of exactly `columns`. The same `pieces` must be the same object, or the row is made anew. */
export function Strip(props: { readonly pieces: readonly Looked[]; readonly columns: number }): ReactElement {
  const strips = useContext(StripsContext);
  return strips === null ? <Written {...props} /> : <Kept {...props} strips={strips} />;
}

function Kept(props: {
  readonly pieces: readonly Looked[];
  readonly columns: number;
  readonly strips: Strips;
}): ReactElement {
  const { pieces, columns, strips } = props;
  const token = useMemo(() => {
    const styled = pieces.map(({ text, look, inverse = false }) => ({ text, style: styleOf(look, inverse) }));
    return strips.take(cellsOfPieces(styled, columns));
  }, [pieces, columns, strips]);
  useEffect(() => () => void (token !== null && strips.give(token)), [strips, token]);
  return <Text>{token ?? ''}</Text>;
}

function Written(props: { readonly pieces: readonly Looked[]; readonly columns: number }): ReactElement {
  const used = props.pieces.reduce((sum, one) => sum + widthOf(one.text), 0);
  return (
    <Text wrap="truncate">
      {props.pieces.map(({ text, look, inverse = false }, index) => (
        // The pieces of a row have no identity but their place.
        <Text key={`${index}-${inverse}`} inverse={inverse} {...look}>
          {text}
        </Text>
      ))}
      {' '.repeat(Math.max(0, props.columns - used))}
    </Text>
  );
}
