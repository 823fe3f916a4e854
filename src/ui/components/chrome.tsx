import { Box } from 'ink';
import type { ReactElement } from 'react';
import { SCREENS, type ScreenId } from '../commands/keys.ts';
import type { Place } from '../commands/navigation.ts';
import type { Suggestion } from '../commands/palette.ts';
import { wrap } from '../text.ts';
import type { Theme } from '../theme.ts';
import { type Line, line, type Row, type Span, span } from '../views/types.ts';
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

/** Where the operator is, from the screen inwards. `title` is that of the view. */
export function crumbsLine(place: Place, title: string, theme: Theme): Line {
  const into = ` ${theme.glyphs.into} `;
  const screen = SCREENS.find((one) => one.id === place.screen)?.label ?? '';
  const way = place.help || title !== screen ? [screen, ...(place.help ? [] : place.trail)] : [];
  return [...way.flatMap((one) => [span(one, 'dim'), span(into, 'dim')]), span(title, 'accent')];
}

/** What the lines under a list may take: each of the two is worth so many, no more. */
const MOST_LINES = 3;

/**
 * Why the row under the cursor is as it is, and what to do next; an empty line where there is nothing to say. Both are wrapped, for an
 * advice that is cut can say the opposite; where `room` does not do for both, what to do next comes first.
 */
export function hintLines(row: Row | undefined, columns: number, room: number): readonly Line[] {
  const { why = '', hint = '' } = row ?? {};
  const next = labelled('next: ', hint, columns, Math.min(MOST_LINES, room - 1));
  const reason = labelled('why:  ', why, columns, Math.min(MOST_LINES, room - next.length));
  return [...reason.map((text) => line(span(text))), ...next.map((text) => line(span(text, 'accent')))];
}

/** A text under its label, in at most so many lines; the last one keeps what is left, so that it shows where it is cut. */
function labelled(label: string, text: string, columns: number, most: number): readonly string[] {
  if (text === '') return [''];
  const lines = wrap(text, columns - label.length);
  const kept = Math.max(1, most);
  const shown = lines.length <= kept ? lines : [...lines.slice(0, kept - 1), lines.slice(kept - 1).join(' ')];
  return shown.map((one, index) => (index === 0 ? label : ' '.repeat(label.length)) + one);
}

/** The lines above the palette: what the line could become. */
export function suggestionLines(suggestions: readonly Suggestion[], room: number): readonly Line[] {
  const shown = suggestions.slice(0, Math.max(0, room));
  const lines = shown.map((one) => line(span(`  ${one.line}`.padEnd(26), 'strong'), span(one.about, 'dim')));
  const more = suggestions.length - shown.length;
  return more > 0 ? [...lines, line(span(`  and ${more} more; Tab completes`, 'dim'))] : lines;
}

/** What is shown where the terminal is too small for anything else. */
export function tooSmallLines(columns: number, rows: number, least: string): readonly Line[] {
  const text = `Too small: ${columns}x${rows}. c138 needs ${least}. Enlarge the terminal, or use c138 --plain. Ctrl-C quits.`;
  return wrap(text, columns)
    .slice(0, rows)
    .map((one) => line(span(one, 'warn')));
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
        // Lines have no identity but their place.
        <LineText key={`line-${index}`} line={one} columns={props.columns} theme={props.theme} />
      ))}
    </Box>
  );
}
