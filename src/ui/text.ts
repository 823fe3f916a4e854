import stringWidth from 'string-width';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Columns that a text takes on a terminal. */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/** Text in which each code unit is a character by itself: nothing joins, nothing combines. */
const SINGLE = /^[ -~\u2190-\u25ff…·›✓✖❯]*$/;

/** Splits into what a person sees as single characters. */
export function graphemesOf(text: string): readonly string[] {
  if (SINGLE.test(text)) return text.split('');
  return [...graphemes.segment(text)].map((one) => one.segment);
}

/** No honest character is longer, in code units. */
const LONGEST = 64;

/** What a person sees as the first character, however long the text is; empty for an empty text. */
export function firstGrapheme(text: string): string {
  return graphemesOf(text.slice(0, LONGEST))[0] ?? '';
}

/** Cuts a text to a number of columns; a cut ends in `mark`. */
export function cut(text: string, columns: number, mark = '~'): string {
  if (columns <= 0) return '';
  if (widthOf(text) <= columns) return text;
  let out = '';
  let width = 0;
  for (const one of graphemesOf(text)) {
    const next = widthOf(one);
    if (width + next > columns - 1) break;
    out += one;
    width += next;
  }
  return `${out}${mark}`;
}

/** Cuts the start of a text that is too wide, for what is typed is typed at its end; a cut begins with `mark`. */
export function cutStart(text: string, columns: number, mark = '~'): string {
  if (widthOf(text) <= columns) return text;
  let out = '';
  let width = widthOf(mark);
  for (const one of graphemesOf(text).toReversed()) {
    width += widthOf(one);
    if (width > columns) break;
    out = one + out;
  }
  return `${mark}${out}`;
}

/** Cuts or pads a text to exactly a number of columns. */
export function fitTo(text: string, columns: number, mark = '~'): string {
  const short = cut(text, columns, mark);
  return short + ' '.repeat(Math.max(0, columns - widthOf(short)));
}

/** Breaks a text into lines of at most a number of columns, at spaces where there are any; an indented line goes on indented. */
export function wrap(text: string, columns: number): readonly string[] {
  return text.split('\n').flatMap((paragraph) => {
    const indent = /^ */.exec(paragraph)?.[0] ?? '';
    const kept = indent.length < columns / 2 ? indent : '';
    return wrapWords(paragraph.slice(indent.length), columns - kept.length).map((one) => kept + one);
  });
}

function wrapWords(text: string, columns: number): readonly string[] {
  const limit = Math.max(columns, 1);
  const out: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    let rest = word;
    const candidate = line === '' ? rest : `${line} ${rest}`;
    if (widthOf(candidate) <= limit) {
      line = candidate;
      continue;
    }
    if (line !== '') out.push(line);
    while (widthOf(rest) > limit) {
      const head = cutHard(rest, limit);
      out.push(head);
      rest = rest.slice(head.length);
    }
    line = rest;
  }
  out.push(line);
  return out;
}

/** As much of a text as fits into a number of columns, without a mark; never nothing. */
export function cutHard(text: string, columns: number): string {
  let out = '';
  for (const one of graphemesOf(text)) {
    if (widthOf(out + one) > columns) break;
    out += one;
  }
  return out === '' ? (graphemesOf(text)[0] ?? '') : out;
}
