import {
  type Assessment,
  type DocumentedEstate,
  type DocumentedSubject,
  type EpochMs,
  type EstateAssessment,
  type Snapshot,
  type SnapshotOrigin,
  type SubjectId,
  verdictOf,
} from '../../model/index.ts';

/** What became of one subject. `subject` is there only where the estate does not document it. */
export interface SubjectChange extends Omit<Assessment, 'subject'> {
  readonly id: SubjectId;
  readonly subject: DocumentedSubject | null;
}

/**
 * A part of what changed in the assessment of the living estate since the last one that was told. The whole of it is known with the last part;
 * the observations of the snapshot are those of the assessments.
 */
export interface AssessedPart {
  readonly origin: SnapshotOrigin;
  readonly head: Omit<Snapshot, 'estate' | 'observations'>;
  /** Null: as it was told before. */
  readonly estate: DocumentedEstate | null;
  /** Every subject in its order; null: as it was told before. */
  readonly ids: readonly SubjectId[] | null;
  readonly at: EpochMs;
  readonly subjects: readonly SubjectChange[];
  readonly last: boolean;
}

/** Changes in one part: what a screen takes in without anybody noticing. */
const PART = 250;

/** The parts that turn what was told before into an assessment; at least one. Pure. */
export function partsBetween(
  before: { readonly snapshot: Snapshot; readonly assessment: EstateAssessment } | null,
  snapshot: Snapshot,
  assessment: EstateAssessment,
  origin: SnapshotOrigin,
): readonly AssessedPart[] {
  const old = new Map(before?.assessment.subjects.map((one) => [one.subject.id, one]));
  const documented = new Set<DocumentedSubject>(snapshot.estate.subjects);
  const sameEstate = before !== null && before.snapshot.estate === snapshot.estate;
  const changed = assessment.subjects
    .filter((one) => !sameEstate || !isSame(old.get(one.subject.id), one))
    .map(
      ({ subject, ...rest }): SubjectChange => ({
        ...rest,
        id: subject.id,
        subject: documented.has(subject) ? null : subject,
      }),
    );
  const sameOrder =
    before !== null &&
    before.assessment.subjects.length === assessment.subjects.length &&
    before.assessment.subjects.every((one, at) => one.subject.id === assessment.subjects[at]?.subject.id);
  const { estate, observations: _observations, ...head } = snapshot;
  const count = Math.max(1, Math.ceil(changed.length / PART));
  return Array.from({ length: count }, (_, at) => ({
    origin,
    head,
    estate: at === 0 && !sameEstate ? estate : null,
    ids: at === 0 && !sameOrder ? assessment.subjects.map((one) => one.subject.id) : null,
    at: assessment.at,
    subjects: changed.slice(at * PART, (at + 1) * PART),
    last: at === count - 1,
  }));
}

/** True when nothing in two assessments of one subject differs. Observations are the same objects as long as nobody looked again. */
function isSame(a: Assessment | undefined, b: Assessment): boolean {
  return (
    a !== undefined &&
    a.status === b.status &&
    a.health === b.health &&
    a.level === b.level &&
    a.seenAt === b.seenAt &&
    a.stale === b.stale &&
    a.outage === b.outage &&
    a.observations.length === b.observations.length &&
    a.observations.every((one, at) => one === b.observations[at]) &&
    a.findings.length === b.findings.length &&
    a.findings.every((one, at) => {
      const other = b.findings[at];
      return (
        one.rule === other?.rule &&
        one.severity === other.severity &&
        one.reason === other.reason &&
        one.next === other.next
      );
    })
  );
}

/** Several parts as one. */
export function joinParts(parts: readonly AssessedPart[], last: AssessedPart): AssessedPart {
  return {
    ...last,
    estate: parts.reduce<DocumentedEstate | null>((found, one) => found ?? one.estate, null) ?? last.estate,
    ids: parts.reduce<readonly SubjectId[] | null>((found, one) => found ?? one.ids, null) ?? last.ids,
    subjects: [...parts, last].flatMap((one) => one.subjects),
  };
}

/** The snapshot (without its observations) and the assessment after all parts of a change. Pure. */
export function withChanges(
  before: { readonly snapshot: Snapshot | null; readonly assessment: EstateAssessment | null },
  part: AssessedPart,
): { readonly snapshot: Snapshot; readonly assessment: EstateAssessment } | null {
  const estate = part.estate ?? before.snapshot?.estate;
  const ids = part.ids ?? before.assessment?.subjects.map((one) => one.subject.id);
  if (estate === undefined || ids === undefined) return null;
  const old = new Map(before.assessment?.subjects.map((one) => [one.subject.id, one]));
  const documented = new Map(estate.subjects.map((one) => [one.id, one]));
  const fresh = new Map(
    part.subjects.map(({ id, subject, ...rest }) => [
      id,
      { subject: subject ?? documented.get(id), ...rest },
    ]),
  );
  const subjects = ids.flatMap((id): readonly Assessment[] => {
    const one = fresh.get(id);
    if (one?.subject !== undefined) return [{ ...one, subject: one.subject }];
    const known = old.get(id);
    return known === undefined ? [] : [known];
  });
  return {
    snapshot: { ...part.head, estate, observations: [] },
    assessment: {
      at: part.at,
      subjects,
      findings: subjects.flatMap((one) => one.findings),
      verdict: verdictOf(subjects, part.head.complete),
    },
  };
}
