import { type Line, line, type Opens, type Span, span } from './types.ts';

/** A line of the story, and where Enter leads from it. */
export interface Told {
  readonly line: Line;
  readonly opens?: Opens;
}

export const heading = (text: string): readonly Told[] => [
  { line: line(span('')) },
  { line: line(span(text, 'accent')) },
];
export const told = (...spans: readonly Span[]): Told => ({ line: spans });
