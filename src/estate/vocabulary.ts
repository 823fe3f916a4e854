import type { Status } from '../model/index.ts';

/**
 * The status words of the operators' documents, kept apart by vocabulary, and what each stands for.
 * A word that is in no vocabulary stands for `unknown` and is reported.
 */
export const VOCABULARIES: Readonly<Record<string, Readonly<Record<string, Status>>>> = {
  'runtime state': {
    active: 'deployed',
    'placeholder ct only': 'placeholder',
    'retired standby': 'retired',
  },
  plan: {
    'deployed now': 'deployed',
    'partially deployed / under validation': 'under-validation',
    'planned / aspirational': 'planned',
  },
  'RTGS matrix': {
    complete: 'deployed',
    partial: 'under-validation',
    planned: 'planned',
    'reserved placeholder': 'placeholder',
    'retired / standby': 'retired',
  },
  'FX catalog': {
    'implemented now': 'deployed',
    'partially implemented': 'under-validation',
    'required next': 'planned',
  },
  ecosystem: {
    live: 'deployed',
    'partially live': 'under-validation',
    'repo-implemented': 'planned',
    'operator-only': 'under-validation',
    'blocked external': 'planned',
    retired: 'retired',
  },
  c138: {
    'future / optional': 'planned',
    'documentation only': 'planned',
  },
};

/** The status that a document's own word stands for, and the vocabulary it was found in. */
export function statusOfWord(word: string): { readonly status: Status; readonly vocabulary: string | null } {
  const key = word.trim().toLowerCase().replace(/\s+/g, ' ');
  for (const [vocabulary, words] of Object.entries(VOCABULARIES)) {
    const status = Object.hasOwn(words, key) ? words[key] : undefined;
    if (status !== undefined) return { status, vocabulary };
  }
  return { status: 'unknown', vocabulary: null };
}

/**
 * The word of one vocabulary that a cell begins with, as the vocabulary spells it, or null. "Partial. The gateway answers" begins with
 * "Partial"; "Partially" does not. The longest word wins, so that "Retired / standby" is not read as "Retired".
 */
export function leadingWord(cell: string, vocabulary: string): string | null {
  const words = VOCABULARIES[vocabulary] ?? {};
  const text = cell.trim().replace(/\s+/g, ' ');
  const lower = text.toLowerCase();
  const found = Object.keys(words)
    .filter(
      (word) => lower === word || (lower.startsWith(word) && /^[\s.,;:(–—-]/.test(lower.slice(word.length))),
    )
    .sort((a, b) => b.length - a.length)[0];
  return found === undefined ? null : text.slice(0, found.length);
}

/** The status that a word of one vocabulary stands for; `unknown` when it is not in that vocabulary. */
export function statusIn(vocabulary: string, word: string): Status {
  const words = VOCABULARIES[vocabulary] ?? {};
  const key = word.trim().toLowerCase().replace(/\s+/g, ' ');
  return Object.hasOwn(words, key) ? (words[key] ?? 'unknown') : 'unknown';
}
