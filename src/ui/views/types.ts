import type { SubjectId } from '../../model/index.ts';
import type { Tone } from '../theme.ts';

/** A piece of text with a meaning. Plain data: what screens show is decided here and tested without a terminal. */
export interface Span {
  readonly text: string;
  readonly tone: Tone;
  /** What a list is sorted by where the text does not say it, as for an age or a health. */
  readonly rank?: number;
}
export type Line = readonly Span[];

/** A column; `grow` takes what is left. Widths in terminal columns. */
export interface Column {
  readonly label: string;
  readonly width: number;
  readonly grow?: boolean;
  /** A fixed column may become this wide where there is room. */
  readonly upTo?: number;
  /** In a small table it is no wider than what stands in it. */
  readonly shrink?: true;
}

/** One row of a list; `opens` is where Enter leads. */
export interface Row {
  readonly id: string;
  readonly cells: Line;
  readonly opens?: Opens;
  /** Why it is as it is, in full, and what to do next about it; shown for the row under the cursor. */
  readonly why?: string;
  readonly hint?: string;
  /** Rows that this one stands for while it is folded. */
  readonly members?: readonly Row[];
}

export type Opens =
  | { readonly kind: 'subject'; readonly subject: SubjectId }
  /** Unfolds the row, or folds it again. */
  | { readonly kind: 'group' }
  /** `asks`: names of the variables that are settled when it is opened. */
  | { readonly kind: 'runbook'; readonly id: string; readonly asks: readonly string[] }
  | {
      readonly kind: 'session';
      readonly session: string;
      readonly path: string;
      readonly state: 'open' | 'sealed';
    };

/** A screen as data: some lines on top, then a list. */
export interface View {
  readonly title: string;
  readonly top: readonly Line[];
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Said when there are no rows. */
  readonly empty: string;
  /** A small table that may be drawn with a frame where there is room. */
  readonly framed: boolean;
}

export const span = (text: string, tone: Tone = 'plain'): Span => ({ text, tone });
export const ranked = (one: Span, rank: number): Span => ({ ...one, rank });
export const line = (...spans: readonly Span[]): Line => spans;
