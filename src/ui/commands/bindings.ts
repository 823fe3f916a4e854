import { COMMANDS, type Command, type CommandId, WHERES, type Where } from './commands.ts';
import { isKeyName, NAMED_KEYS } from './keys.ts';

/** Which keys lead to which command. */
export interface Bindings {
  /** The command of a key in a place, or null. What a run has for itself goes before lists, lists before everywhere. */
  find(key: string, where: Where): CommandId | null;
  /** The keys of a command that are in force. */
  keysOf(id: CommandId): readonly string[];
}

/** Keys that a person chose, by the id of the command: `{"filter": ["f"]}`. */
export type KeyChoices = Readonly<Record<string, readonly string[]>>;

/** A choice of keys that can not be used; the message says which one, and what to do. */
export class KeyChoiceError extends Error {
  override readonly name = 'KeyChoiceError';
}

const LOOK_IN: Readonly<Record<Where, readonly Where[]>> = {
  run: ['run', 'lists', 'everywhere'],
  lists: ['lists', 'everywhere'],
  everywhere: ['everywhere'],
};

/**
 * The keys in force: those of the table, but what a person chose instead.
 * @throws KeyChoiceError naming every choice that is wrong
 */
export function bindingsOf(choices: KeyChoices = {}): Bindings {
  const problems = problemsOf(choices);
  if (problems.length > 0) throw new KeyChoiceError(problems.join('; '));
  return bind(choices);
}

function bind(choices: KeyChoices): Bindings {
  const keysOf = (id: CommandId): readonly string[] =>
    choices[id] ?? COMMANDS.find((one) => one.id === id)?.keys ?? [];
  const maps = new Map<Where, Map<string, CommandId>>(WHERES.map((where) => [where, new Map()]));
  for (const { id, where } of COMMANDS)
    for (const key of keysOf(id)) {
      const map = maps.get(where);
      if (map !== undefined && !map.has(key)) map.set(key, id);
    }
  return {
    keysOf,
    find(key, where) {
      for (const one of LOOK_IN[where]) {
        const found = maps.get(one)?.get(key);
        if (found !== undefined) return found;
      }
      return null;
    },
  };
}

function problemsOf(choices: KeyChoices): readonly string[] {
  const out: string[] = [];
  for (const [id, keys] of Object.entries(choices)) {
    const command = COMMANDS.find((one) => one.id === id);
    if (command === undefined)
      out.push(`keys.${id}: there is no command of this name (docs/keys.md lists them)`);
    else if (command.fixed === true) out.push(`keys.${id}: this command keeps its key`);
    else if (keys.length === 0 && command.keys.length > 0 && command.word === undefined)
      out.push(`keys.${id}: without any key this command could not be reached; give it at least one`);
    for (const key of keys)
      if (!isKeyName(key))
        out.push(
          `keys.${id}: ${JSON.stringify(key)} is no key; use one character, Ctrl- and a small letter, or ${NAMED_KEYS.join(', ')}`,
        );
  }
  if (out.length === 0) out.push(...clashes(choices));
  return out;
}

/** Two commands on one key where both would work. A run and a list may share a key: the run's goes first. */
function clashes(choices: KeyChoices): readonly string[] {
  const out: string[] = [];
  const taken = new Map<string, Command>();
  const { keysOf } = bind(choices);
  for (const command of COMMANDS)
    for (const key of keysOf(command.id)) {
      const rivals = (command.where === 'everywhere' ? WHERES : ([command.where, 'everywhere'] as const))
        .map((where) => taken.get(`${where} ${key}`))
        .filter((one) => one !== undefined);
      const rival = rivals[0];
      if (rival !== undefined && rival.id !== command.id)
        out.push(
          `keys.${choices[command.id] === undefined ? rival.id : command.id}: ${key} is the key of ${choices[command.id] === undefined ? command.id : rival.id} already; give one of them another key`,
        );
      taken.set(`${command.where} ${key}`, command);
    }
  return out;
}

/** The line of keys at the bottom of the screen: as many as there is room for, and always where the others are told. */
export function footerText(bindings: Bindings, where: Where, columns: number): string {
  const rank = (one: Command): number => (one.id === 'help' ? 0 : one.where === where ? 1 : 2);
  const told = COMMANDS.filter(
    (one) => one.footer !== undefined && (one.where === where || one.where === 'everywhere'),
  )
    .sort((a, b) => rank(a) - rank(b))
    .flatMap((one) => {
      const [key] = bindings.keysOf(one.id);
      return key === undefined ? [] : [`${key} ${one.footer}`];
    });
  let used = 0;
  return told
    .filter((one) => {
      const fits = used + one.length <= columns;
      if (fits) used += one.length + 2;
      return fits;
    })
    .join('  ');
}

/** One line of the help: the keys of a command and of those told beside it, and what they do. */
export interface HelpEntry {
  readonly where: Where;
  readonly keys: string;
  readonly does: string;
}

export function helpEntries(bindings: Bindings): readonly HelpEntry[] {
  return COMMANDS.filter((one) => one.beside === undefined).flatMap((one) => {
    const all = [one, ...COMMANDS.filter((other) => other.beside === one.id)];
    const keys = shorten(all.flatMap(({ id }) => shown(bindings.keysOf(id))));
    return keys === '' ? [] : [{ where: one.where, keys, does: one.does }];
  });
}

/** The first two keys; chords only where there is nothing else. */
function shown(keys: readonly string[]): readonly string[] {
  const plain = keys.filter((one) => !one.startsWith('Ctrl-'));
  return (plain.length > 0 ? plain : keys).slice(0, 2);
}

/** `1 2 3` as `1-3`. */
function shorten(keys: readonly string[]): string {
  return keys
    .join(' ')
    .replace(/\b\d(?: \d\b)+/g, (digits) =>
      [...digits.replaceAll(' ', '')].every(
        (one, at, all) => at === 0 || Number(one) === Number(all[at - 1]) + 1,
      )
        ? `${digits.at(0)}-${digits.at(-1)}`
        : digits,
    );
}
