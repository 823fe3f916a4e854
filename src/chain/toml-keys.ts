/** One `key = value` of a TOML file. */
export interface TomlEntry {
  readonly key: string;
  /** From 1. */
  readonly line: number;
  /** The value as written, comments outside strings removed. */
  readonly value: string;
}

/** What is not TOML, and where. */
export interface TomlFault {
  readonly line: number;
  readonly message: string;
}

const KEY = /^[ \t]*(?:"([^"\\\n]+)"|'([^'\n]+)'|([A-Za-z0-9_.-]+))[ \t]*=[ \t]*/;
const TABLE = /^[ \t]*\[{1,2}[^[\]\n]+\]{1,2}[ \t]*(?:#.*)?$/;
const BLANK = /^[ \t]*(?:#.*)?$/;

/**
 * Lists the keys of a TOML file with their lines, as far as Besu's configuration uses TOML: keys with strings, numbers, booleans and arrays;
 * table headings are passed over, since Besu ignores them. (TOML 1.0; values are only delimited, not parsed.)
 */
export function tomlEntries(text: string): {
  readonly entries: readonly TomlEntry[];
  readonly faults: readonly TomlFault[];
} {
  const entries: TomlEntry[] = [];
  const faults: TomlFault[] = [];
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    if (BLANK.test(line) || TABLE.test(line)) continue;
    const match = KEY.exec(line);
    if (match === null) {
      faults.push({ line: index + 1, message: 'neither a comment nor `key = value`' });
      continue;
    }
    const dotted = match[1] ?? match[2] ?? match[3]?.split('.').at(-1) ?? '';
    const start = index + 1;
    let rest = line.slice(match[0].length);
    let value = delimit(rest);
    // An array or a long string goes on in the next lines.
    while (value.open && index + 1 < lines.length) {
      index += 1;
      rest += `\n${lines[index] ?? ''}`;
      value = delimit(rest);
    }
    if (value.fault !== null) faults.push({ line: start, message: `${dotted}: ${value.fault}` });
    entries.push({ key: dotted, line: start, value: value.text });
  }
  return { entries, faults };
}

interface Delimited {
  readonly text: string;
  /** The value is not at its end yet. */
  readonly open: boolean;
  readonly fault: string | null;
}

/** Finds the end of a value: strings closed, brackets balanced, comments left out. */
function delimit(source: string): Delimited {
  let text = '';
  let depth = 0;
  for (let at = 0; at < source.length; ) {
    const char = source[at] ?? '';
    if (char === '#') {
      const end = source.indexOf('\n', at);
      at = end < 0 ? source.length : end;
      continue;
    }
    if (char === '"' || char === "'") {
      const end = endOfString(source, at, char);
      if (end === null) {
        const long = source.startsWith(char.repeat(3), at);
        return { text, open: long, fault: 'a text is not closed' };
      }
      text += source.slice(at, end);
      at = end;
      continue;
    }
    if (char === '[' || char === '{') depth += 1;
    if (char === ']' || char === '}') depth -= 1;
    text += char;
    at += 1;
    if (depth < 0) return { text, open: false, fault: 'a bracket is closed that was not opened' };
  }
  const trimmed = text.trim();
  if (depth > 0) return { text: trimmed, open: true, fault: 'a bracket is not closed' };
  return { text: trimmed, open: false, fault: trimmed === '' ? 'there is no value' : null };
}

/** The index after the closing quote, or null. */
function endOfString(source: string, at: number, quote: string): number | null {
  const long = source.startsWith(quote.repeat(3), at);
  const close = long ? quote.repeat(3) : quote;
  for (let index = at + close.length; index < source.length; index += 1) {
    const char = source[index];
    if (char === '\n' && !long) return null;
    if (char === '\\' && quote === '"') index += 1;
    else if (source.startsWith(close, index)) return index + close.length;
  }
  return null;
}

/** The texts in a value: of an array all of them, of a single text that one. */
export function textsIn(value: string): readonly string[] {
  return [...value.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'/g)].map((one) => one[1] ?? one[2] ?? '');
}
