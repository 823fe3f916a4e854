import type { ImportNote, SourceRef, SubjectId } from '../../model/index.ts';

/** What a document can say of one thing. `runs` is a runtime word, `state` a status word: two vocabularies, never mixed. */
export const FACT_FIELDS = [
  'name',
  'address',
  'preferredHost',
  'state',
  'owner',
  'region',
  'category',
  'role',
  'cluster',
] as const;
export type FactField = (typeof FACT_FIELDS)[number];

/** One statement of a document, with the place it was read at. */
export interface DocumentFact {
  readonly subject: SubjectId;
  /** The name that the document gives the subject. */
  readonly name: string;
  readonly field: FactField;
  readonly value: string;
  /** For `state`: the vocabulary that the word belongs to, or null when it is in none. */
  readonly vocabulary?: string | null;
  readonly source: SourceRef;
}

/** The kinds of documents that are read, besides the template. */
export const DOCUMENT_KINDS = [
  'node-role-matrix',
  'hyperledger-status',
  'rtgs-matrix',
  'fx-catalog',
  'hardware-inventory',
] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

/** What was read from one document. */
export interface DocumentImport {
  readonly kind: DocumentKind;
  readonly document: string;
  /** The date that the document gives of itself, or that the caller knows. */
  readonly date: string | null;
  readonly facts: readonly DocumentFact[];
  readonly notes: readonly ImportNote[];
}
