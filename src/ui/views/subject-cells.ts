import { type Assessment, ageText, type Finding, sanitiseLine } from '../../model/index.ts';
import { type Glyphs, healthGlyph, healthTone } from '../theme.ts';
import { type Row, ranked, type Span, span } from './types.ts';

/** Why a health is less than an answer: each of these is a state of its own, neither well nor failed. */
export type Doubt = 'planned outage' | 'never looked at' | 'not allowed' | 'could not look' | 'stale';

const NO_RIGHT: ReadonlySet<string> = new Set(['auth', 'not-allowed', 'ssh-auth', 'host-refused']);

export function doubtOf(one: Assessment): Doubt | null {
  if (one.outage !== null) return 'planned outage';
  if (one.stale && one.health === 'unknown') return 'stale';
  if (one.health !== 'unknown') return null;
  if (one.observations.some((seen) => NO_RIGHT.has(seen.answer.class))) return 'not allowed';
  return one.observations.length === 0 ? 'never looked at' : 'could not look';
}

export function healthSpan(one: Assessment, glyphs: Glyphs): Span {
  const doubt = doubtOf(one);
  const glyph = doubt === null ? healthGlyph(one.health, glyphs) : doubtGlyph(doubt, glyphs);
  return ranked(
    span(`${glyph} ${one.health}`, one.stale ? 'dim' : healthTone(one.health)),
    HEALTH_RANK[one.health],
  );
}

function doubtGlyph(doubt: Doubt, glyphs: Glyphs): string {
  switch (doubt) {
    case 'planned outage':
      return glyphs.outage;
    case 'not allowed':
      return glyphs.forbidden;
    case 'stale':
      return glyphs.stale;
    case 'never looked at':
    case 'could not look':
      return glyphs.unknown;
  }
}

/** Worst first, when a list is sorted by health. */
const HEALTH_RANK = { failed: 0, unknown: 1, degraded: 2, ok: 3, 'as-expected': 4 } as const;

/** Age of the newest look at a subject. */
export function ageSpan(one: Assessment, now: number): Span {
  if (one.seenAt === null) return ranked(span('never', 'dim'), Number.MAX_SAFE_INTEGER);
  return ranked(span(ageText(now - one.seenAt), one.stale ? 'warn' : 'dim'), now - one.seenAt);
}

/** The most serious reason, in one line. */
export function reasonOf(one: Assessment): string {
  const doubt = doubtOf(one);
  const before =
    one.outage !== null
      ? `planned outage: ${sanitiseLine(one.outage.reason, 60)}; `
      : doubt === 'not allowed' || doubt === 'stale'
        ? `${doubt}: `
        : one.subject.absenceTolerated && one.health === 'as-expected' && one.seenAt === null
          ? 'may be absent: '
          : '';
  const found = worstFinding(one);
  return found === undefined ? before : `${before}${found.reason}`;
}

function worstFinding(one: Assessment): Finding | undefined {
  const order: readonly Finding['severity'][] = ['fail', 'unknown', 'warn', 'info'];
  for (const severity of order) {
    const found = one.findings.find((finding) => finding.severity === severity);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The row of a subject. Its cells are made when they are looked at: of ten thousand guests a screen shows forty. */
export function subjectRow(one: Assessment, cells: () => readonly Span[]): Row {
  return new SubjectRow(one, cells);
}

class SubjectRow implements Row {
  readonly id: string;
  readonly opens: NonNullable<Row['opens']>;
  readonly #one: Assessment;
  readonly #make: () => readonly Span[];
  #cells: readonly Span[] | null = null;

  constructor(one: Assessment, make: () => readonly Span[]) {
    this.id = one.subject.id;
    this.opens = { kind: 'subject', subject: one.subject.id };
    this.#one = one;
    this.#make = make;
  }

  get cells(): readonly Span[] {
    this.#cells ??= this.#one.stale
      ? // What is old is grey; its health keeps its word.
        this.#make().map((cell) => ({ ...cell, tone: 'dim' as const }))
      : this.#make();
    return this.#cells;
  }

  get why(): string {
    return reasonOf(this.#one);
  }

  get hint(): string {
    return worstFinding(this.#one)?.next ?? '';
  }
}
