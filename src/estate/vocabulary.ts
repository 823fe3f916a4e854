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
