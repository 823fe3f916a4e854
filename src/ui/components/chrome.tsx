import { Box } from 'ink';
import type { ReactElement } from 'react';
import { KEYS, SCREENS, type ScreenId } from '../keys.ts';
import type { Theme } from '../theme.ts';
import { type Line, line, type Span, span } from '../views/types.ts';
import { LineText } from './lines.tsx';

/** The line of screens; short labels where there is little room. The screen at hand stands in brackets. */
export function tabsLine(screen: ScreenId, columns: number): Line {
  const long = SCREENS.reduce((sum, one) => sum + one.label.length + 3, 0) + 1 <= columns;
  const shown = SCREENS.filter((one) => one.id !== 'log' || long);
  const spans: Span[] = [];
  for (const [index, one] of shown.entries()) {
    const here = one.id === screen;
    const before = shown[index - 1]?.id === screen ? ']' : here ? '[' : index === 0 ? '' : ' ';
    spans.push(span(`${before}${one.key} ${long ? one.label : one.short}`, here ? 'strong' : 'dim'));
  }
  if (shown.at(-1)?.id === screen) spans.push(span(']', 'strong'));
  return spans;
}

/** The help page, made from the table of keys. */
export function helpLines(): readonly Line[] {
  const places = { everywhere: 'Everywhere', lists: 'In lists', run: 'In a runbook' } as const;
  return (Object.keys(places) as (keyof typeof places)[]).flatMap((place) => [
    line(span(places[place], 'accent')),
    ...KEYS.filter((entry) => entry.place === place).map((entry) =>
      line(span(`  ${entry.keys.join(' ').padEnd(16)}`, 'strong'), span(entry.does)),
    ),
  ]);
}

export function LinesPane(props: {
  readonly lines: readonly Line[];
  readonly columns: number;
  readonly height: number;
  readonly theme: Theme;
}): ReactElement {
  return (
    <Box flexDirection="column" height={props.height} width={props.columns} overflow="hidden">
      {props.lines.slice(0, props.height).map((one, index) => (
        <LineText key={`line-${index}`} line={one} columns={props.columns} theme={props.theme} />
      ))}
    </Box>
  );
}
