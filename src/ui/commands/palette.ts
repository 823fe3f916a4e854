import { EXPORT_FORMATS } from '../export.ts';
import { THEMES } from '../theme.ts';
import { COMMANDS, type Command, type CommandId, type Where } from './commands.ts';

/** What the words of the palette can be completed with. */
export interface PaletteWorld {
  readonly where: Where;
  readonly subjects: readonly { readonly id: string; readonly name: string }[];
  readonly runbooks: readonly { readonly id: string; readonly title: string }[];
  /** Labels of the columns of the list at hand. */
  readonly columns: readonly string[];
}

export interface Suggestion {
  /** The whole line as it would be. */
  readonly line: string;
  readonly about: string;
}

const MAX_SUGGESTIONS = 200;

/** Where a command can be told: in a run everything that a list has, too. */
function works(command: Command, where: Where): boolean {
  return command.where !== 'run' || where === 'run';
}

function words(where: Where): readonly Command[] {
  return COMMANDS.filter((one) => one.word !== undefined && works(one, where));
}

/** Lines that the text can be completed to; those that begin with it first. Pure. */
export function suggestionsFor(text: string, world: PaletteWorld): readonly Suggestion[] {
  const [word = '', ...rest] = text.trimStart().split(' ');
  if (rest.length === 0)
    return words(world.where)
      .filter((one) => one.word?.startsWith(word.toLowerCase()) === true)
      .map((one) => ({ line: `${one.word}${one.takes === undefined ? '' : ' '}`, about: one.does }));
  const command = words(world.where).find((one) => one.word === word);
  const typed = rest.join(' ').toLowerCase();
  const options = command === undefined ? [] : optionsOf(command, world);
  const begin = options.filter((one) => one.value.toLowerCase().startsWith(typed));
  const inside = options.filter(
    (one) => !begin.includes(one) && `${one.value} ${one.about}`.toLowerCase().includes(typed),
  );
  return [...begin, ...inside]
    .slice(0, MAX_SUGGESTIONS)
    .map((one) => ({ line: `${word} ${one.value}`, about: one.about }));
}

function optionsOf(
  command: Command,
  world: PaletteWorld,
): readonly { readonly value: string; readonly about: string }[] {
  switch (command.takes) {
    case 'subject':
      return world.subjects.map(({ id, name }) => ({ value: id, about: name }));
    case 'runbook':
      return world.runbooks.map(({ id, title }) => ({ value: id, about: title }));
    case 'column':
      return world.columns.filter((one) => one !== '').map((value) => ({ value, about: '' }));
    case 'format':
      return EXPORT_FORMATS.map((value) => ({ value, about: '' }));
    case 'theme':
      return THEMES.map(({ name, about }) => ({ value: name, about }));
    default:
      return [];
  }
}

/** Completes as far as all suggestions agree; one that is left is taken whole. */
export function complete(text: string, world: PaletteWorld): string {
  const lines = suggestionsFor(text, world).map((one) => one.line);
  const begin = lines.filter((one) => one.toLowerCase().startsWith(text.toLowerCase()));
  const [first, ...others] = begin.length > 0 ? begin : lines;
  if (first === undefined) return text;
  if (begin.length === 0) return others.length === 0 ? first : text;
  let length = first.length;
  for (const one of others) while (!one.startsWith(first.slice(0, length))) length -= 1;
  return length > text.length ? first.slice(0, length) : text;
}

export type Said = { readonly command: CommandId; readonly argument: string } | { readonly error: string };

/** What a line of the palette asks for. A word may be shortened as long as only one begins like it. Pure. */
export function readLine(text: string, where: Where): Said {
  const [, word = '', tail = ''] = /^\s*(\S*)\s*(.*?)\s*$/.exec(text) ?? [];
  const all = words(where);
  const exact = all.find((one) => one.word === word.toLowerCase());
  const begin = all.filter((one) => one.word?.startsWith(word.toLowerCase()) === true);
  const command = exact ?? (begin.length === 1 ? begin[0] : undefined);
  if (command === undefined) {
    const elsewhere = COMMANDS.find((one) => one.word === word);
    if (elsewhere !== undefined) return { error: `"${word}" works in an open run only.` };
    const like = begin.map((one) => one.word).join(', ');
    return {
      error:
        begin.length > 1 ? `"${word}" could be ${like}.` : `There is no command "${word}". ? lists them.`,
    };
  }
  const wants = command.takes !== undefined && !MAY_BE_BARE.has(command.id);
  if (wants && tail === '')
    return { error: `"${command.word}" needs more: ${command.word} ${WANTED[command.takes] ?? ''}` };
  if (command.takes === undefined && tail !== '')
    return { error: `"${command.word}" takes nothing after it.` };
  return { command: command.id, argument: tail };
}

/** Commands that do something without an argument too. */
const MAY_BE_BARE: ReadonlySet<string> = new Set(['filter', 'sort', 'export']);
const WANTED: Readonly<Record<string, string>> = {
  subject: 'SUBJECT, for example vmid:6000',
  runbook: 'ID',
  theme: THEMES.map((one) => one.name).join(' | '),
  text: 'TEXT',
  file: 'FILE [exit CODE]',
};
