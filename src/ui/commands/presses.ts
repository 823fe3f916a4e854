import { firstGrapheme } from '../text.ts';
import type { KeyPress } from './keys.ts';

/** Something that came from the terminal: one key, or text that came in one piece, as a slow link delivers it. */
export interface Press {
  /** The characters as they came; empty for a key that has a name. */
  readonly chunk: string;
  readonly key: KeyPress;
  /** True where it came behind other keys in one piece: who typed it could not see what they did. */
  readonly behind: boolean;
}

/** A character with no key but itself. */
const PLAIN: KeyPress = {
  upArrow: false,
  downArrow: false,
  leftArrow: false,
  rightArrow: false,
  pageUp: false,
  pageDown: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  tab: false,
  shift: false,
  ctrl: false,
  meta: false,
  backspace: false,
  delete: false,
};

/** What is left of a piece, as the next press. */
export function behind(rest: string): Press {
  const first = firstGrapheme(rest);
  const { char, key } = keyOf(first);
  return { chunk: first === rest ? char : rest, key: first === rest ? key : PLAIN, behind: true };
}

/** The first key of a press, and what came with it. */
export function firstKey({ chunk, key }: Press): {
  readonly char: string;
  readonly key: KeyPress;
  readonly rest: string;
} {
  if (chunk === '' || key.ctrl || key.meta) return { char: chunk, key, rest: '' };
  const first = firstGrapheme(chunk);
  const rest = chunk.slice(first.length);
  return rest === '' && !isControl(first) ? { char: chunk, key, rest } : { ...keyOf(first), rest };
}

function isControl(char: string): boolean {
  return char < ' ';
}

/** The key of a character inside a piece, where the terminal sends keys as control characters: Enter, Tab, and Ctrl with a letter. */
function keyOf(char: string): { readonly char: string; readonly key: KeyPress } {
  if (!isControl(char)) return { char, key: PLAIN };
  if (char.startsWith('\r') || char.startsWith('\n')) return { char: '', key: { ...PLAIN, return: true } };
  if (char === '\t') return { char: '', key: { ...PLAIN, tab: true } };
  return { char: String.fromCharCode(char.charCodeAt(0) + 0x60), key: { ...PLAIN, ctrl: true } };
}
