/** The look of a cell as the parameters of an SGR sequence (ECMA-48 section 8.3.117), such as `1;36`; an empty string is the plain look. */
export type Style = string;

/** What text may turn on: each look and what turns it off again. */
const FLAGS: readonly (readonly [on: number, off: number])[] = [
  [1, 22],
  [2, 22],
  [3, 23],
  [4, 24],
  [7, 27],
  [9, 29],
];

const seen = new Map<string, Style>();

/** The look after a sequence's parameters, `0;1;31` for example. */
export function afterSgr(style: Style, parameters: string): Style {
  const key = `${style} ${parameters}`;
  const known = seen.get(key);
  if (known !== undefined) return known;
  const next = apply(style, parameters);
  if (seen.size > 5_000) seen.clear();
  seen.set(key, next);
  return next;
}

function apply(style: Style, parameters: string): Style {
  let { on, fg, bg } = split(style);
  const codes = parameters === '' ? [0] : parameters.split(';').map(Number);
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 0) [on, fg, bg] = [[], '', ''];
    else if (code === 38 || code === 48) {
      const length = codes[at + 1] === 5 ? 3 : 5;
      const colour = codes.slice(at, at + length).join(';');
      if (code === 38) fg = colour;
      else bg = colour;
      at += length - 1;
    } else if (code === 39) fg = '';
    else if (code === 49) bg = '';
    else if (inRange(code, 30, 37) || inRange(code, 90, 97)) fg = String(code);
    else if (inRange(code, 40, 47) || inRange(code, 100, 107)) bg = String(code);
    else if (FLAGS.some(([flag]) => flag === code)) on = [...on.filter((one) => one !== code), code];
    else on = on.filter((one) => !FLAGS.some(([flag, off]) => flag === one && off === code));
  }
  return [...on.sort((a, b) => a - b).map(String), fg, bg].filter((one) => one !== '').join(';');
}

function split(style: Style): { on: number[]; fg: string; bg: string } {
  const on: number[] = [];
  let fg = '';
  let bg = '';
  const codes = style === '' ? [] : style.split(';').map(Number);
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 38 || code === 48) {
      const length = codes[at + 1] === 5 ? 3 : 5;
      const colour = codes.slice(at, at + length).join(';');
      if (code === 38) fg = colour;
      else bg = colour;
      at += length - 1;
    } else if (inRange(code, 30, 37) || inRange(code, 90, 97)) fg = String(code);
    else if (inRange(code, 40, 47) || inRange(code, 100, 107)) bg = String(code);
    else on.push(code);
  }
  return { on, fg, bg };
}

function inRange(code: number, from: number, to: number): boolean {
  return code >= from && code <= to;
}

/** The sequence that changes one look into another. */
export function styleChange(from: Style, to: Style): string {
  if (from === to) return '';
  if (to === '') return '\u001b[m';
  return from === '' ? `\u001b[${to}m` : `\u001b[0;${to}m`;
}
