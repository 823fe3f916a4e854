/**
 * Makes text from outside safe for every sink: screen, log, report, signing prompt.
 *
 * Nothing that a terminal, a Markdown reader or a person could be deceived with passes as itself:
 * control characters (C0, C1, DEL), escape sequences, bidirectional overrides and isolates, zero-width and
 * tag characters, line and paragraph separators, private-use and unassigned code points and lone surrogates
 * are shown as `\u{HEX}`. The result is in normalisation form C and holds printable
 * characters and spaces only.
 */

/** Most combining marks kept on one base character; more are shown as code points. */
const MAX_MARKS = 4;

/** Default-ignorable: zero-width, bidi controls, fillers, variation selectors, tags (Unicode DerivedCoreProperties). */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/u;
const OTHER_HOSTILE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;
const MARK = /\p{M}/u;
const SPACE = /\p{Zs}/u;

function isHostile(char: string): boolean {
  return INVISIBLE.test(char) || OTHER_HOSTILE.test(char) || (char !== ' ' && SPACE.test(char));
}

function visible(char: string): string {
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}

/** True when the text holds anything that `sanitiseLine` would have to change (length aside). */
export function hasHostile(text: string): boolean {
  return sanitiseChars(text, Number.POSITIVE_INFINITY, false) !== text.normalize('NFC');
}

/** Nearly every text is this, and is safe as it is. */
const PRINTABLE_ASCII = /^[ -~]*$/;

function sanitiseChars(text: string, max: number, keepNewlines: boolean): string {
  if (text.length <= max && PRINTABLE_ASCII.test(text)) return text;
  let out = '';
  let length = 0;
  let marks = 0;
  for (const char of text.normalize('NFC')) {
    let shown = char;
    if (keepNewlines && char === '\n') {
      marks = 0;
    } else if (isHostile(char)) {
      shown = visible(char);
      marks = 0;
    } else if (MARK.test(char)) {
      marks += 1;
      if (marks > MAX_MARKS || length === 0) shown = visible(char);
    } else {
      marks = 0;
    }
    const size = shown === char ? 1 : shown.length;
    if (length + size > max) return `${out}…`;
    out += shown;
    length += size;
  }
  return out;
}

/**
 * One line, safe to print anywhere.
 * @param text anything from outside
 * @param max most characters kept; a cut is marked with `…`
 */
export function sanitiseLine(text: string, max = 200): string {
  return sanitiseChars(text, max, false);
}

/**
 * Several lines, safe to print; only LF passes (CR LF becomes LF).
 * @param max most characters kept in all
 */
export function sanitiseBlock(text: string, max = 20_000): string {
  return sanitiseChars(text.replaceAll('\r\n', '\n'), max, true);
}

/** Sanitises every string (keys too) of a JSON value, in depth. What needs no change is the same object afterwards. */
export function sanitiseJson<T>(value: T, max = 2_000): T {
  return walk(value, max, 0) as T;
}

function walk(value: unknown, max: number, depth: number): unknown {
  if (typeof value === 'string') return sanitiseLine(value, max);
  if (value === null || typeof value !== 'object') return value;
  if (depth > 32) return '…';
  if (Array.isArray(value)) {
    const items = value.map((item) => walk(item, max, depth + 1));
    return items.some((item, at) => item !== value[at]) ? items : value;
  }
  let changed = false;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => {
    const entry: [string, unknown] = [sanitiseLine(key, 100), walk(item, max, depth + 1)];
    changed ||= entry[0] !== key || entry[1] !== item;
    return entry;
  });
  return changed ? Object.fromEntries(entries) : value;
}
