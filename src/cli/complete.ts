import type { Command, Option } from 'commander';
import { SCREENS } from '../ui/commands/keys.ts';

/** What a word could become, and what that is. */
export interface Candidate {
  readonly word: string;
  readonly about: string;
}

/** Values that are not in the tree of commands; each is asked for only where it is wanted. */
export interface LiveValues {
  readonly profiles: () => Promise<readonly string[]>;
  readonly scenarios: () => Promise<readonly { readonly name: string; readonly description: string }[]>;
  readonly runbooks: () => Promise<readonly { readonly id: string; readonly title: string }[]>;
}

const FORMATS: readonly string[] = ['text', 'json', 'csv', 'md'];
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

const plain = (words: readonly string[]): readonly Candidate[] => words.map((word) => ({ word, about: '' }));

/**
 * What the last of the words on a command line could become; nothing where it is the name of a file, which the shell knows better.
 * @param words those after the program's name, the last one as far as it was typed
 */
export async function completionsFor(
  program: Command,
  words: readonly string[],
  live: LiveValues,
): Promise<readonly Candidate[]> {
  const typed = words.at(-1) ?? '';
  let command = program;
  let pending: Option | undefined;
  let given = 0;
  for (const word of words.slice(0, -1)) {
    if (pending !== undefined) pending = undefined;
    else if (word.startsWith('-')) {
      const option = optionsOf(command).find((one) => one.long === word || one.short === word);
      pending = option?.required === true ? option : undefined;
    } else {
      const next = given === 0 ? command.commands.find((one) => one.name() === word) : undefined;
      if (next === undefined) given += 1;
      else command = next;
    }
  }
  const all =
    pending !== undefined
      ? await valuesOf(pending, live)
      : typed.startsWith('-')
        ? optionsOf(command).map((one) => ({ word: one.long ?? one.flags, about: one.description }))
        : given === 0 && command.commands.length > 0
          ? command.commands.map((one) => ({ word: one.name(), about: one.description() }))
          : await argumentsOf(command, given, live);
  return all.filter((one) => one.word.startsWith(typed));
}

/** Options of a command, and of those above it that it inherits. */
function optionsOf(command: Command): readonly Option[] {
  return [...command.options, ...command.createHelp().visibleOptions(command)].filter(
    (one, at, all) => all.findIndex((other) => other.flags === one.flags) === at,
  );
}

async function valuesOf(option: Option, live: LiveValues): Promise<readonly Candidate[]> {
  if (option.long === '--scenario')
    return [
      { word: 'list', about: 'names them all' },
      ...(await live.scenarios()).map(({ name, description }) => ({ word: name, about: description })),
    ];
  if (option.long === '--profile') return plain(await live.profiles());
  if (option.long === '--format') return plain(FORMATS);
  return [];
}

async function argumentsOf(command: Command, given: number, live: LiveValues): Promise<readonly Candidate[]> {
  if (given > 0) return [];
  switch (`${command.parent?.name() ?? ''} ${command.name()}`) {
    case 'c138 screen':
      return SCREENS.filter(({ id }) => id !== 'log').map(({ id, label }) => ({ word: id, about: label }));
    case 'c138 completion':
      return plain(SHELLS);
    case 'runbook run':
    case 'runbook show':
    case 'runbook export':
      return (await live.runbooks()).map(({ id, title }) => ({ word: id, about: title }));
    default:
      return [];
  }
}

/** What a shell reads once so that it asks c138 from then on; a file is completed where c138 has nothing to say. */
export const COMPLETION_SCRIPTS: Readonly<Record<(typeof SHELLS)[number], string>> = {
  bash: `# c138 completion for bash: source <(c138 completion bash)
_c138() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _c138 c138
`,
  zsh: `#compdef c138
# c138 completion for zsh: source <(c138 completion zsh)
_c138() {
  local -a found
  found=("\${(@f)$("\${words[1]}" completion words -- "\${(@)words[2,CURRENT]}" 2>/dev/null | sed 's/:/\\\\:/g; s/\\t/:/')}")
  if [[ -n "\${found[1]}" ]]; then _describe c138 found; else _files; fi
}
compdef _c138 c138
`,
  fish: `# c138 completion for fish: c138 completion fish | source
function __c138
  set -l line (commandline -opc) (commandline -ct)
  set -l found ($line[1] completion words -- $line[2..] 2>/dev/null)
  if test -n "$found"; printf '%s\\n' $found; else; __fish_complete_path (commandline -ct); end
end
complete -c c138 -f -a '(__c138)'
`,
};
