import { type Bindings, helpEntries } from '../commands/bindings.ts';
import { COMMANDS, DOES_COLUMNS, KEYS_COLUMNS, type Where } from '../commands/commands.ts';
import { type Line, type Row, span, type View } from './types.ts';

const HEADINGS: Readonly<Record<Where, string>> = {
  everywhere: 'Everywhere',
  lists: 'In lists',
  run: 'In a runbook',
};

/** The help, made from the table of commands: in two columns where there is room. */
export function helpView(bindings: Bindings, columns: number): View {
  const entries = helpEntries(bindings);
  const lines: Line[] = (Object.keys(HEADINGS) as Where[]).flatMap((where) => [
    [span(HEADINGS[where], 'accent'), span('')],
    ...entries
      .filter((one) => one.where === where)
      .map((one): Line => [span(one.keys, 'strong'), span(one.does)]),
  ]);
  lines.push([span('After :', 'accent'), span('')]);
  for (const one of COMMANDS)
    if (one.word !== undefined && one.beside === undefined && bindings.keysOf(one.id).length === 0)
      lines.push([span(wordsOf(one.id, one.word), 'strong'), span(one.does)]);
  const twice = columns >= 2 * (KEYS_COLUMNS + DOES_COLUMNS + 1) + 1;
  const half = twice ? Math.ceil(lines.length / 2) : lines.length;
  const rows: Row[] = lines.slice(0, half).map((left, index) => ({
    id: `help ${index}`,
    cells: twice ? [...left, ...(lines[half + index] ?? [])] : left,
  }));
  const pair = [
    { label: '', width: KEYS_COLUMNS },
    { label: '', width: DOES_COLUMNS },
  ];
  return {
    title: 'Help',
    top: [],
    columns: twice ? [...pair, ...pair] : pair,
    rows,
    empty: 'No command is like that.',
    framed: false,
  };
}

/** The word of a command with those told beside it, where there is room for them. */
function wordsOf(id: string, word: string): string {
  const all = [word, ...COMMANDS.flatMap((one) => (one.beside === id ? (one.word ?? []) : []))].join(', ');
  return all.length <= KEYS_COLUMNS ? all : word;
}
