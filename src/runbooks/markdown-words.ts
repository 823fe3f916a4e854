import { sanitiseLine } from '../model/index.ts';

/** Kinds of admonitions that warn. */
const WARNS = /^(caution|warning|danger|important)$/i;

/** A quoted text or an admonition as a note; each of its lines may carry the kind. */
export function noteOf(text: string): string {
  const kind = /\[!(\w+)\]/.exec(text)?.[1] ?? 'note';
  const words = text
    .replaceAll(/\[!\w+\]\s*/g, '')
    .replace(/^(note|caution|warning|danger|important):\s*/i, '');
  return `${WARNS.test(kind) ? 'Caution' : 'Note'}: ${words}`;
}

/** Cells of a table as words; other text as it is. */
export function tableRow(text: string): string {
  return /^\|.*\|$/.test(text)
    ? text
        .split(/\|\s+\|/)
        .map((row) =>
          row
            .split('|')
            .map((cell) => cell.trim())
            .filter((cell) => cell !== '')
            .join(', '),
        )
        .join('; ')
    : text;
}

/** Inline Markdown as plain words; addresses of links stay visible, since they may be what matters. */
export function plain(text: string): string {
  return sanitiseLine(
    text
      .replaceAll(/!\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replaceAll(
        /\[([^\]]+)\]\((?:<([^>]*)>|([^)\s]*))[^)]*\)/g,
        (_whole, label: string, a?: string, b?: string) => {
          const address = a ?? b ?? '';
          return address === '' || address === label || address.startsWith('#')
            ? label
            : `${label} (${address})`;
        },
      )
      .replaceAll(/<(https?:[^>]*)>/g, '$1')
      .replaceAll(/<\/?[a-z][^>]*>/gi, '')
      .replaceAll(/(\*\*|__)(?=\S)(.+?)(?<=\S)\1/g, '$2')
      .replaceAll(/(?<![\w*])[*_](?=\S)([^*_]+?)(?<=\S)[*_](?![\w*])/g, '$1')
      .replaceAll(/`+([^`]+)`+/g, '$1')
      .replaceAll(/\\([!-/:-@[-`{-~])/g, '$1')
      .replaceAll(/&#(\d{1,6});/g, (_whole, code: string) =>
        String.fromCodePoint(Math.min(Number(code), 0x10ffff)),
      )
      .replaceAll(/\{[+-]\s*(.*?)\s*[+-]\}/g, '$1'),
    8_000,
  ).trim();
}

export function flat(text: string): string {
  return sanitiseLine(text.replaceAll(/\s*\n\s*/g, ' | '), 800);
}

/** At most so many characters, cut at a word where there is one. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  const cut = text.slice(0, max - 1);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), max - 40)).trimEnd()}…`;
}
