/**
 * Stands for the package `string-width` in the bundle. Nearly all that is measured is plain: its width is its length. The package knows
 * the rest by tables from Unicode data, which take tens of milliseconds to build; it is loaded when the first of the rest comes.
 */

/** ASCII, box drawing, block elements, the private use area, and the signs that the screens are drawn with: each takes one column. */
export const PLAIN = /^[ -~\u2500-\u259f\ue000-\uf8ff·…›↑↓⊘●○▲◆◌▸✓✖❯]*$/;

let others;

/** Columns that a text takes on a terminal, as `string-width` says it. */
// biome-ignore lint/style/noDefaultExport: the package that it stands for has one
export default function stringWidth(text, options) {
  if (typeof text === 'string' && PLAIN.test(text)) return text.length;
  others ??= require('string-width');
  return others.default(text, options);
}
