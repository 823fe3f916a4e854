import { Chalk, supportsColor } from 'chalk';
import type { Look } from '../theme.ts';
import { cellsOf } from './cells.ts';
import type { Style } from './style.ts';

/** Bold and reverse are left where there is no colour; how many colours there are is asked of the terminal once. */
const chalk = new Chalk({ level: supportsColor ? supportsColor.level : 1 });
const INDEXED = /^ansi256\((\d+)\)$/;
const styles = new WeakMap<Look, readonly [plain: Style, inverse: Style]>();

/** A look as the parameters of an SGR sequence, in as many colours as the terminal has; `inverse` turns it around. */
export function styleOf(look: Look, inverse: boolean): Style {
  let known = styles.get(look);
  if (known === undefined) {
    known = [sgrOf(look, false), sgrOf(look, true)];
    styles.set(look, known);
  }
  return inverse ? known[1] : known[0];
}

function sgrOf({ color, dimColor = false, bold = false }: Look, inverse: boolean): Style {
  let painted = 'x';
  if (dimColor) painted = chalk.dim(painted);
  if (color !== undefined) painted = coloured(painted, color);
  if (bold) painted = chalk.bold(painted);
  if (inverse) painted = chalk.inverse(painted);
  return cellsOf(painted, 1).styles[0] ?? '';
}

function coloured(text: string, color: NonNullable<Look['color']>): string {
  const index = INDEXED.exec(color)?.[1];
  return index === undefined ? chalk[color as 'green'](text) : chalk.ansi256(Number(index))(text);
}
