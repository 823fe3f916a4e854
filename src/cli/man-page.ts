import type { Command, Option } from 'commander';
import { bindingsOf } from '../ui/commands/bindings.ts';
import { COMMANDS, type Where } from '../ui/commands/commands.ts';
import { ARGUMENTS } from '../ui/commands/keys-document.ts';

/** Sections of the keys, by where they work. */
const KEY_SECTIONS: Readonly<Record<Where, string>> = {
  everywhere: 'Everywhere',
  lists: 'In lists',
  run: 'In an open runbook, before those of lists',
};

const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ['C138_CONFIG', 'the estate file'],
  ['C138_CONFIG_DIR', 'where settings, trust store, keystores and own runbooks are'],
  ['C138_STATE_DIR', 'where evidence, snapshots and reports are kept'],
  ['C138_DEBUG', 'a file that takes the stack trace of an error'],
  ['NO_COLOR', 'any text: no colour'],
  ['TERM', 'dumb: line mode; linux: 16 colours and ASCII'],
  ['LC_ALL, LC_CTYPE, LANG', 'a locale without UTF-8: ASCII'],
];
const FILES: readonly (readonly [string, string])[] = [
  ['/etc/c138/, $XDG_CONFIG_HOME/c138/', 'estate.yaml, settings.json, trust/, keys/, runbooks/'],
  ['/var/lib/c138/, $XDG_STATE_HOME/c138/', 'evidence/, reports/, exports/'],
];

/**
 * The manual page `c138(1)` in roff with the man macros, made from the tree of commands and the table of keys, so that it can not differ from
 * either. The program is not to be run afterwards.
 * @param version of the program
 */
export function manPage(program: Command, version: string): string {
  const lines = [
    '.\\" Made by npm run build from the commands and the table of keys; do not edit.',
    `.TH C138 1 "" "c138 ${roff(version)}" "User commands"`,
    '.SH NAME',
    'c138 \\- operator console for DBIS Chain 138',
    '.SH SYNOPSIS',
    '.B c138',
    '[\\fIoptions\\fR]',
    '.br',
    '.B c138',
    '\\fIcommand\\fR [\\fIoptions\\fR]',
    '.SH DESCRIPTION',
    text(program.description()),
    '.PP',
    text(
      'Without a command the console is opened on the configured estate. It needs a terminal of at least 60x15; with --plain it is a line mode for screen readers, serial lines and pipes. Nothing in it changes the estate.',
    ),
    '.SH OPTIONS',
    ...program.options.flatMap(optionLines),
    '.SH COMMANDS',
    ...leavesOf(program).flatMap(commandLines),
    '.SH KEYS',
    text(
      'A command of the console is reached by its keys, or by its word after a colon, which Tab completes.',
    ),
    ...(Object.keys(KEY_SECTIONS) as Where[]).flatMap(keyLines),
    '.SH EXIT STATUS',
    text('0 all is well; 2 usage or configuration. What else there is stands with each command.'),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(pairLines),
    '.SH FILES',
    ...FILES.flatMap(pairLines),
    '.PP',
    text('c138 doctor says which of them is in force, and why.'),
    '.SH SEE ALSO',
    '.BR ssh_config (5),',
    '.BR ssh\\-keygen (1)',
  ];
  return `${lines.join('\n')}\n`;
}

/** The commands that do something, with those above them. */
function leavesOf(command: Command): readonly Command[] {
  return command.commands.flatMap((one) => (one.commands.length === 0 ? [one] : leavesOf(one)));
}

function commandLines(command: Command): readonly string[] {
  const names: string[] = [];
  for (let one: Command | null = command; one !== null && one.parent !== null; one = one.parent)
    names.unshift(one.name());
  const usage = command.usage().replace(/^\[options\] ?/, '');
  return [
    `.SS ${roff(`${names.join(' ')} ${usage}`.trim())}`,
    text(`${command.description()}.`),
    ...command.options.flatMap(optionLines),
    ...afterHelp(command).flatMap((line) => ['.PP', text(line)]),
  ];
}

/** What the help of a command says after its options, such as its exit codes. */
function afterHelp(command: Command): readonly string[] {
  let out = '';
  command.configureOutput({
    writeOut: (part) => {
      out += part;
    },
  });
  command.outputHelp();
  const after = out.slice(command.helpInformation().length);
  return after.split('\n').filter((line) => line.trim() !== '');
}

function optionLines(option: Option): readonly string[] {
  return pairLines([option.flags, option.description]);
}

function keyLines(where: Where): readonly string[] {
  const bindings = bindingsOf();
  return [
    `.SS ${KEY_SECTIONS[where]}`,
    ...COMMANDS.filter((one) => one.where === where).flatMap((one) => {
      const keys = bindings.keysOf(one.id).join('  ');
      const word =
        one.word === undefined ? '' : `:${one.word}${one.takes === undefined ? '' : ARGUMENTS[one.takes]}`;
      return pairLines([[keys, word].filter((part) => part !== '').join('  '), one.does]);
    }),
  ];
}

function pairLines([term, about]: readonly [string, string]): readonly string[] {
  return ['.TP', `.B ${roff(term)}`, text(about)];
}

/** Text that no line of is taken for a request. */
function text(words: string): string {
  return roff(words).replace(/^([.'])/gm, '\\&$1');
}

/** Backslashes and hyphens as roff wants them; a quote would end an argument. */
function roff(words: string): string {
  return words
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replaceAll('…', '...')
    .replaceAll('\n', ' ');
}
