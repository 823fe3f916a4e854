import { bindingsOf } from './bindings.ts';
import { COMMANDS, type Takes, type Where } from './commands.ts';

const HEADINGS: Readonly<Record<Where, string>> = {
  everywhere: 'Everywhere',
  lists: 'In lists',
  run: 'In an open runbook (before those of lists)',
};
/** What follows the word of a command, as documents show it. */
export const ARGUMENTS: Readonly<Record<Takes, string>> = {
  subject: ' SUBJECT',
  runbook: ' ID',
  column: ' [COLUMN]',
  format: ' [json|csv|md]',
  theme: ' dark|light|safe|mono',
  text: ' TEXT',
  file: ' FILE [exit CODE]',
};

/** The table of keys and commands as a page of the manual, Markdown. */
export function keysDocument(): string {
  const bindings = bindingsOf();
  const lines = [
    '# Keys and commands',
    '',
    'Made from the table in `src/ui/commands/commands.ts` by `npm run docs`; do not edit.',
    '',
    'A command is reached by its keys, or by its word after `:`. A word may be shortened as long as only one begins like it; Tab',
    'completes, up and down bring back earlier lines. Reading never needs a chord with Ctrl: where one is listed, it is a second key,',
    'but for drawing again, stopping and quitting at once.',
    '',
    'Other keys can be chosen in `settings.json` (`c138 doctor` says where it is) by the name of the command in the first column:',
    '',
    '```json',
    '{ "keys": { "filter": ["f"], "page-down": ["PgDn", "Ctrl-f"] } }',
    '```',
    '',
  ];
  for (const where of Object.keys(HEADINGS) as Where[]) {
    lines.push(`## ${HEADINGS[where]}`, '', '| command | keys | after `:` | does |', '|---|---|---|---|');
    for (const one of COMMANDS.filter((command) => command.where === where)) {
      const keys = bindings.keysOf(one.id).map((key) => `\`${key}\``);
      const word =
        one.word === undefined ? '' : `\`${one.word}${one.takes === undefined ? '' : ARGUMENTS[one.takes]}\``;
      lines.push(
        `| ${one.id}${one.fixed === true ? ' (fixed)' : ''} | ${keys.join(' ')} | ${word.replaceAll('|', '\\|')} | ${one.does} |`,
      );
    }
    lines.push('');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}
