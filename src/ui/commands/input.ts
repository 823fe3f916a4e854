import { graphemesOf } from '../text.ts';
import { type ActionContext, perform } from './actions.ts';
import type { Bindings } from './bindings.ts';
import { commandOf } from './commands.ts';
import { keyName } from './keys.ts';
import { filterOf } from './navigation.ts';
import { complete, readLine } from './palette.ts';
import { behind, firstKey, type Press } from './presses.ts';

/** What a key press needs besides what a command needs. */
export interface KeyContext extends ActionContext {
  readonly bindings: Bindings;
}

/**
 * What a press does. Of several characters that came in one piece (a slow link saves them up) the first key is done and the rest given
 * back, to be read against the screen that it brings; a line of text takes all that is text. Where something is being signed the answer
 * line sees the piece as it came, and a command of an open run counts only when it comes by itself or first.
 */
export function handleKey(press: Press, context: KeyContext): string {
  const { place, run, answering, where } = context;
  const { char, key, rest } = firstKey(press);
  const name = keyName(char, key);
  if (name === 'Ctrl-c' || name === 'Ctrl-z') {
    perform(name === 'Ctrl-c' ? 'quit-now' : 'suspend', context);
    return rest;
  }
  if (where === 'run' && run !== null && answering.asks === run.session) {
    answering.input(run, press.chunk, press.key);
    return '';
  }
  if (place.palette !== null) return paletteKey(press, context);
  if (place.filtering) return filterKey(press, context);
  return commandKey(press, context);
}

/** The first key of a press that leads to a command; what leads to none brings no other screen and is passed over at once. */
function commandKey(press: Press, context: KeyContext): string {
  const { answering, bindings, where } = context;
  for (let left = press; ; ) {
    const { char, key, rest } = firstKey(left);
    const name = keyName(char, key);
    const command = name === null ? null : bindings.find(name, where);
    if (command === null) {
      if (rest === '') return '';
      left = behind(rest);
      continue;
    }
    if (left.behind && commandOf(command)?.where === 'run') {
      answering.say(`${name} came together with other keys and was not done. Press it again.`);
      return '';
    }
    const same = command === 'up' || command === 'down' ? timesOver(char, rest) : 0;
    perform(command, { ...context, repeats: same + 1 });
    return rest.slice(same * char.length);
  }
}

/** How often a text begins with a character. */
function timesOver(char: string, text: string): number {
  let count = 0;
  while (char !== '' && text.startsWith(char, count * char.length)) count += 1;
  return count;
}

/** What of a piece belongs to a line of text: without control characters, up to the Enter; the rest is for what comes then. */
function typedText(chunk: string): {
  readonly text: string;
  readonly entered: boolean;
  readonly rest: string;
} {
  const end = chunk.search(/[\r\n]/);
  const typed = end < 0 ? chunk : chunk.slice(0, end);
  return {
    text: typed.replace(/[\u0000-\u001f\u007f-\u009f]/g, ''),
    entered: end >= 0,
    rest: end < 0 ? '' : chunk.slice(end + 1),
  };
}

function filterKey({ chunk, key }: Press, { place, go }: KeyContext): string {
  const text = filterOf(place);
  const set = (to: string, done: boolean): string => {
    go({ to: 'filter-text', text: to, done });
    return '';
  };
  if (key.escape) return set('', true);
  if (key.return) return set(text, true);
  if (key.backspace || key.delete) return set(graphemesOf(text).slice(0, -1).join(''), false);
  if (chunk === '' || key.ctrl || key.meta) return '';
  const typed = typedText(chunk);
  set((text + typed.text).slice(0, 100), typed.entered);
  return typed.rest;
}

function paletteKey(press: Press, context: KeyContext): string {
  const { chunk, key } = press;
  const text = context.place.palette?.text ?? '';
  if (chunk === '' || key.ctrl || key.meta) {
    paletteEdit(press, text, context);
    return '';
  }
  const typed = typedText(chunk);
  if (typed.entered) enter(text + typed.text, context);
  else typeLine(text + typed.text, context);
  return typed.rest;
}

/** A key of the palette that is no text. */
function paletteEdit({ chunk, key }: Press, text: string, context: KeyContext): void {
  const { place, go, world } = context;
  if (key.escape) return go({ to: 'palette', state: null });
  if (key.return) return enter(text, context);
  if (key.tab) return typeLine(complete(text, world), context);
  if (key.upArrow || key.downArrow) {
    const from = place.palette?.at ?? -1;
    const at = Math.max(-1, Math.min(from + (key.upArrow ? 1 : -1), place.said.length - 1));
    return go({ to: 'palette', state: { text: at < 0 ? '' : (place.said[at] ?? ''), at } });
  }
  if (key.backspace || key.delete)
    return text === ''
      ? go({ to: 'palette', state: null })
      : typeLine(graphemesOf(text).slice(0, -1).join(''), context);
  if (key.ctrl && chunk === 'u') typeLine('', context);
}

function typeLine(text: string, { go }: KeyContext): void {
  go({ to: 'palette', state: { text: text.slice(0, 300), at: -1 } });
}

function enter(text: string, context: KeyContext): void {
  const { go, answering, where } = context;
  const line = text.trim();
  if (line === '') return go({ to: 'palette', state: null });
  go({ to: 'palette', state: null, said: line });
  const said = readLine(line, where);
  if ('error' in said) return answering.say(said.error);
  perform(said.command, context, said.argument);
}
