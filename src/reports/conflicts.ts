import type { Conflict, Json, SourceRef } from '../model/index.ts';
import { mdTable } from './markdown.ts';

/** A conflict's value as text. */
export function valueText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A source with place, date and rank. */
export function sourceText(source: SourceRef): string {
  const locator = source.locator === undefined ? '' : ` ${source.locator}`;
  return `${source.document}${locator} (${source.date ?? 'no date'}, rank ${source.rank})`;
}

/** Conflicts as a Markdown table, every side with its source. */
export function conflictTable(conflicts: readonly Conflict[]): readonly string[] {
  return mdTable(
    ['subject', 'field', 'sides', 'note'],
    conflicts.map((one) => [
      one.subject,
      one.field,
      one.sides.map((side) => `${valueText(side.value)} says ${sourceText(side.source)}`).join('; '),
      one.note,
    ]),
  );
}
