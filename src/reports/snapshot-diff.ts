import { allConflicts } from '../estate/conflicts.ts';
import type { Assessment, Conflict, EstateAssessment, Snapshot, SubjectId } from '../model/index.ts';
import { mdTable, mdText } from './markdown.ts';
import { cell, SeenIndex } from './seen.ts';

/** What can differ between two snapshots. */
export const CHANGES = [
  'appeared',
  'vanished',
  'moved',
  'run',
  'status',
  'health',
  'address',
  'aged',
  'not-looked',
  'conflict',
] as const;
export type ChangeKind = (typeof CHANGES)[number];

/** One difference: what it was and what it is. */
export interface Change {
  readonly change: ChangeKind;
  readonly subject: SubjectId;
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

/** The differences of two snapshots, version 1. */
export interface SnapshotDiff {
  readonly format: 'c138-snapshot-diff';
  readonly v: 1;
  readonly before: { readonly estate: string; readonly ended: string; readonly verdict: string };
  readonly after: { readonly estate: string; readonly ended: string; readonly verdict: string };
  /** Why the comparison means less than it seems, or null. */
  readonly caution: string | null;
  readonly changes: readonly Change[];
}

interface Side {
  readonly snapshot: Snapshot;
  readonly assessment: EstateAssessment;
}

/**
 * What appeared, vanished, moved, changed state, status, health or address, what aged, and which conflicts came and went. Each snapshot is assessed as
 * of its own capture. A thing that nobody looked at in the second one has not vanished. Pure.
 */
export function snapshotDiff(before: Side, after: Side): SnapshotDiff {
  const then = indexOf(before);
  const now = indexOf(after);
  const changes: Change[] = [];
  for (const [id, one] of now.subjects) {
    const old = then.subjects.get(id);
    const add = (change: ChangeKind, was: string, is: string): void => {
      if (was !== is) changes.push({ change, subject: id, name: one.subject.name, before: was, after: is });
    };
    if (old === undefined) {
      changes.push({
        change: 'appeared',
        subject: id,
        name: one.subject.name,
        before: '',
        after: state(one),
      });
      continue;
    }
    compareSeen(id, then.seen, now.seen, add);
    add('status', old.status, one.status);
    add('health', old.health, one.health);
    add('address', old.subject.address ?? '', one.subject.address ?? '');
    if (old.seenAt !== null && one.seenAt === null) add('not-looked', 'looked at', 'nobody looked');
    else if (!old.stale && one.stale) add('aged', 'fresh', 'past its time-to-live');
  }
  for (const [id, one] of then.subjects)
    if (!now.subjects.has(id))
      changes.push({
        change: 'vanished',
        subject: id,
        name: one.subject.name,
        before: state(one),
        after: '',
      });
  changes.push(...conflictChanges(before.snapshot, after.snapshot));
  changes.sort(
    (a, b) =>
      CHANGES.indexOf(a.change) - CHANGES.indexOf(b.change) ||
      a.subject.localeCompare(b.subject, 'en', { numeric: true }),
  );
  return {
    format: 'c138-snapshot-diff',
    v: 1,
    before: head(before),
    after: head(after),
    caution: cautionOf(before.snapshot, after.snapshot),
    changes,
  };
}

function head({ snapshot, assessment }: Side): SnapshotDiff['before'] {
  return { estate: snapshot.estate.id, ended: snapshot.ended, verdict: assessment.verdict.result };
}

function indexOf({ snapshot, assessment }: Side): {
  readonly subjects: ReadonlyMap<SubjectId, Assessment>;
  readonly seen: SeenIndex;
} {
  return {
    subjects: new Map(assessment.subjects.map((one) => [one.subject.id, one])),
    seen: new SeenIndex(snapshot.observations),
  };
}

function state(one: Assessment): string {
  return `${one.status}, ${one.health}`;
}

/** State and place of a guest, as the cluster said; only where both sides could see. */
function compareSeen(
  id: SubjectId,
  then: SeenIndex,
  now: SeenIndex,
  add: (change: ChangeKind, was: string, is: string) => void,
): void {
  const [old, fresh] = [then.of('pve-guest', id), now.of('pve-guest', id)];
  if (old === undefined || fresh === undefined) return;
  const [was, is] = [old.answer.facts, fresh.answer.facts];
  if (was.run === 'absent' && is.run !== 'absent') add('appeared', 'not in the cluster', cell(is.run));
  else if (was.run !== 'absent' && is.run === 'absent') add('vanished', cell(was.run), 'not in the cluster');
  else add('run', cell(was.run), cell(is.run));
  if (typeof was.node === 'string' && typeof is.node === 'string') add('moved', was.node, is.node);
  const addresses = (index: SeenIndex): string => cell(index.facts('pve-guest-config', id).addresses);
  if (addresses(then) !== '' && addresses(now) !== '') add('address', addresses(then), addresses(now));
}

function conflictChanges(before: Snapshot, after: Snapshot): readonly Change[] {
  const key = (one: Conflict): string =>
    `${one.subject} ${one.field} ${one.sides
      .map((side) => JSON.stringify(side.value))
      .sort()
      .join(' ')}`;
  const [then, now] = [before, after].map(
    (snapshot) => new Map(allConflicts(snapshot).map((one) => [key(one), one])),
  );
  const text = (one: Conflict): string =>
    `${one.field}: ${one.sides.map((side) => cell(side.value)).join(' / ')}`;
  const out: Change[] = [];
  for (const [id, one] of now ?? [])
    if (then?.has(id) !== true)
      out.push({ change: 'conflict', subject: one.subject, name: '', before: '', after: text(one) });
  for (const [id, one] of then ?? [])
    if (now?.has(id) !== true)
      out.push({ change: 'conflict', subject: one.subject, name: '', before: text(one), after: '' });
  return out;
}

function cautionOf(before: Snapshot, after: Snapshot): string | null {
  if (before.estate.id !== after.estate.id)
    return `two estates are compared: ${before.estate.id} and ${after.estate.id}`;
  if (!before.complete || !after.complete)
    return 'a pass was interrupted; what it did not look at tells nothing';
  if (before.vantage !== after.vantage) return `seen from two places: ${before.vantage} and ${after.vantage}`;
  return Date.parse(before.ended) > Date.parse(after.ended) ? 'the first snapshot is the newer one' : null;
}

/** The differences for people. Pure. */
export function diffMarkdown(diff: SnapshotDiff): string {
  const rows = diff.changes.map((one) => [
    one.change,
    one.name === '' || one.name === one.subject ? one.subject : `${one.subject} ${one.name}`,
    one.before,
    one.after,
  ]);
  return [
    `# ${diff.changes.length === 0 ? 'No difference' : `${diff.changes.length} differences`}`,
    '',
    `From ${diff.before.ended} (${diff.before.verdict}) to ${diff.after.ended} (${diff.after.verdict}).`,
    ...(diff.caution === null ? [] : ['', `**Caution: ${mdText(diff.caution)}.**`]),
    '',
    ...mdTable(['change', 'subject', 'before', 'after'], rows),
    '',
  ].join('\n');
}
