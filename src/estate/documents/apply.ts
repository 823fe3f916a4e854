import {
  type Conflict,
  type DocumentedSubject,
  type ImportNote,
  type SourceRef,
  type SubjectId,
  unsaidSubject,
} from '../../model/index.ts';
import { statusIn, statusOfWord } from '../vocabulary.ts';
import type { DocumentFact, DocumentImport, FactField } from './fact.ts';

/** Subjects as all documents together give them, and where the documents do not agree. */
export interface Applied {
  readonly subjects: readonly DocumentedSubject[];
  readonly conflicts: readonly Conflict[];
  readonly notes: readonly ImportNote[];
}

/** Fields of a subject that two documents can disagree on. Roles and categories are words for people and are only kept. */
const COMPARED: readonly FactField[] = ['name', 'address', 'preferredHost', 'state', 'owner', 'region'];

/** One side of a comparison. */
interface Side {
  readonly value: string;
  readonly vocabulary: string | null;
  readonly source: SourceRef;
}

/**
 * Puts the facts of further documents beside those of the template and the estate file. A fact that a better source gives too is compared
 * with it, and a difference is a conflict with all sides; a fact that no better source gives is taken over, with its source. The better
 * rank stays in force (then the newer date), and the conflict says so: nothing is resolved silently. Pure.
 */
export function applyDocuments(
  subjects: readonly DocumentedSubject[],
  imports: readonly DocumentImport[],
): Applied {
  const byId = new Map<SubjectId, DocumentedSubject>(subjects.map((one) => [one.id, one]));
  const notes: ImportNote[] = imports.flatMap((one) => one.notes);
  const conflicts: Conflict[] = [];
  const facts = imports.flatMap((one) => one.facts);
  for (const [id, told] of Map.groupBy(facts, (one) => one.subject)) {
    const known = byId.get(id);
    if (known === undefined) notes.push(unknownSubject(id, told));
    const subject = known ?? unsaidSubject(id, told[0]?.name);
    const { filled, disagreements } = merge(subject, told);
    conflicts.push(...disagreements);
    byId.set(id, filled);
  }
  return { subjects: [...byId.values()], conflicts, notes };
}

function unknownSubject(id: SubjectId, told: readonly DocumentFact[]): ImportNote {
  const source = told[0]?.source;
  const where = id.startsWith('vmid:') ? 'the template has no such VMID' : 'no better source has it';
  return {
    level: 'kept',
    text: `${id} (${told[0]?.name ?? ''}) is known from ${source?.document ?? 'a document'} only; ${where}`,
    ...(source === undefined ? {} : { source }),
  };
}

function merge(
  subject: DocumentedSubject,
  told: readonly DocumentFact[],
): { readonly filled: DocumentedSubject; readonly disagreements: readonly Conflict[] } {
  const disagreements: Conflict[] = [];
  let filled: DocumentedSubject = {
    ...subject,
    sources: [
      ...subject.sources,
      ...[...Map.groupBy(told, (one) => one.source.document).values()].flatMap((all) =>
        all[0] === undefined ? [] : [all[0].source],
      ),
    ],
  };
  for (const [field, facts] of Map.groupBy(told, (one) => one.field)) {
    const own = ownSide(subject, field);
    const sides: Side[] = [
      ...(own === null ? [] : [own]),
      ...facts.map((one) => ({ value: one.value, vocabulary: one.vocabulary ?? null, source: one.source })),
    ].sort(betterFirst);
    const best = sides[0];
    if (best === undefined) continue;
    if (own === null) filled = take(filled, field, best);
    const different = distinct(field, sides);
    if (COMPARED.includes(field) && different.length > 1)
      disagreements.push({
        subject: subject.id,
        field,
        sides: different.map(({ value, vocabulary, source }) => ({
          value: vocabulary === null ? value : `${value} (${vocabulary})`,
          source,
        })),
        note: `in force: ${(own ?? best).value}, from ${(own ?? best).source.document} (rank ${(own ?? best).source.rank}); the others are shown, not dropped`,
      });
  }
  return { filled, disagreements };
}

function betterFirst(a: Side, b: Side): number {
  return a.source.rank - b.source.rank || (b.source.date ?? '').localeCompare(a.source.date ?? '');
}

/** What the subject already says, with where it came from; null where it says nothing. `TBD` is nobody's statement. */
function ownSide(subject: DocumentedSubject, field: FactField): Side | null {
  const source = subject.sources[0];
  if (source === undefined) return null;
  const side = (value: string | undefined, vocabulary: string | null = null): Side | null =>
    value === undefined || value === '' || value === 'TBD' ? null : { value, vocabulary, source };
  switch (field) {
    case 'state':
      return side(
        subject.statusWord,
        subject.statusWord === undefined ? null : statusOfWord(subject.statusWord).vocabulary,
      );
    case 'name':
      return side(subject.name);
    case 'address':
      return side(subject.address);
    case 'preferredHost':
      return side(subject.preferredHost);
    case 'owner':
      return side(subject.owner);
    case 'region':
      return side(subject.region);
    case 'role':
      return side(subject.role);
    case 'category':
      return side(subject.category);
    case 'cluster':
      return null;
  }
}

/** The sides that really differ. Status words are compared by what they stand for, each in its own vocabulary; TBD against nothing is no conflict. */
function distinct(field: FactField, sides: readonly Side[]): readonly Side[] {
  const seen = new Map<string, Side>();
  for (const side of sides) {
    if (side.value === 'TBD') continue;
    const key =
      field === 'state'
        ? side.vocabulary === null
          ? `word ${side.value.toLowerCase()}`
          : statusIn(side.vocabulary, side.value)
        : side.value.toLowerCase().replace(/\s+/g, ' ').trim();
    if (!seen.has(key)) seen.set(key, side);
  }
  return [...seen.values()];
}

function take(subject: DocumentedSubject, field: FactField, side: Side): DocumentedSubject {
  switch (field) {
    case 'state': {
      const status = side.vocabulary === null ? 'unknown' : statusIn(side.vocabulary, side.value);
      return {
        ...subject,
        statusWord: side.value,
        status,
        expectedRun:
          subject.kind === 'vmid' && (status === 'placeholder' || status === 'retired')
            ? 'stopped'
            : subject.expectedRun,
      };
    }
    case 'name':
    case 'address':
    case 'preferredHost':
    case 'owner':
    case 'region':
    case 'role':
      return { ...subject, [field]: side.value };
    // A category decides tier and checks; only the template gives it. A cluster is no property of a guest.
    case 'category':
    case 'cluster':
      return subject;
  }
}
