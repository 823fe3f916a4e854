import { graphemesOf } from '../text.ts';
import { type ActionContext, perform } from './actions.ts';
import type { Bindings } from './bindings.ts';
import { type KeyPress, keyName } from './keys.ts';
import { filterOf } from './navigation.ts';
import { complete, readLine } from './palette.ts';

/** What a key press needs besides what a command needs. */
export interface KeyContext extends ActionContext {
  readonly bindings: Bindings;
}

/**
 * What a key press does. Several printable characters that arrive at once (a slow link saves them up) count only where they are the same
 * key of movement, or text; where something is being signed the answer line sees the chunk as it came.
 */
export function handleKey(chunk: string, key: KeyPress, context: KeyContext): void {
  const { place, run, answering, bindings, where } = context;
  const all = graphemesOf(chunk);
  const [first = ''] = all;
  const name = keyName(key.ctrl ? chunk : first, key);
  if (name === 'Ctrl-c') return perform('quit-now', context);
  if (name === 'Ctrl-z') return perform('suspend', context);
  if (answering.typing && run !== null && where === 'run') return answering.input(run, chunk, key);
  if (place.palette !== null) return paletteKey(chunk, key, context);
  if (place.filtering) return filterKey(chunk, key, context);
  if (name === null) return;
  const command = bindings.find(name, where);
  if (command === null) return;
  const burst = all.length > 1 && all.every((one) => one === first);
  if (command === 'quit' && burst) return perform('quit-now', context);
  const repeats = burst && (command === 'up' || command === 'down') ? all.length : 1;
  // In a burst of different characters only the first is a key; who typed the rest could not see what it did.
  perform(command, { ...context, repeats });
}

/** Text typed into a line: without control characters, and what came after an Enter in the same chunk is dropped. */
function typedText(chunk: string): { readonly text: string; readonly entered: boolean } {
  const [typed = '', ...rest] = chunk.split('\r');
  return { text: typed.replace(/[\u0000-\u001f\u007f-\u009f]/g, ''), entered: rest.length > 0 };
}

function filterKey(chunk: string, key: KeyPress, { place, go }: KeyContext): void {
  const text = filterOf(place);
  if (key.escape) return go({ to: 'filter-text', text: '', done: true });
  if (key.return) return go({ to: 'filter-text', text, done: true });
  if (key.backspace || key.delete)
    return go({ to: 'filter-text', text: graphemesOf(text).slice(0, -1).join(''), done: false });
  if (chunk === '' || key.ctrl || key.meta) return;
  const typed = typedText(chunk);
  go({ to: 'filter-text', text: (text + typed.text).slice(0, 100), done: typed.entered });
}

function paletteKey(chunk: string, key: KeyPress, context: KeyContext): void {
  const { place, go, world } = context;
  const state = place.palette;
  if (state === null) return;
  const type = (text: string): void => go({ to: 'palette', state: { text: text.slice(0, 300), at: -1 } });
  if (key.escape) return go({ to: 'palette', state: null });
  if (key.return) return enter(state.text, context);
  if (key.tab) return type(complete(state.text, world));
  if (key.upArrow || key.downArrow) {
    const at = Math.max(-1, Math.min(state.at + (key.upArrow ? 1 : -1), place.said.length - 1));
    return go({ to: 'palette', state: { text: at < 0 ? '' : (place.said[at] ?? ''), at } });
  }
  if (key.backspace || key.delete)
    return state.text === ''
      ? go({ to: 'palette', state: null })
      : type(graphemesOf(state.text).slice(0, -1).join(''));
  if (key.ctrl && chunk === 'u') return type('');
  if (chunk === '' || key.ctrl || key.meta) return;
  const typed = typedText(chunk);
  const text = state.text + typed.text;
  if (typed.entered) enter(text, context);
  else type(text);
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
