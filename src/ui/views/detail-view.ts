import { type Assessment, ageText, type SubjectId, sanitiseLine } from '../../model/index.ts';
import { wrap } from '../text.ts';
import { governanceLines } from './chain-view.ts';
import { dependencyLines } from './dependency-view.ts';
import type { ViewInput } from './estate-views.ts';
import { ageSpan, doubtOf, healthSpan } from './subject-cells.ts';
import { heading, type Told, told } from './told.ts';
import { type Row, span, type View } from './types.ts';

/** The whole story of one subject: documented, judged, observed, attested, what it depends on, and what became of it. */
export function detailView(input: ViewInput, subject: SubjectId, columns: number): View {
  const found = input.state.assessment?.subjects.find((one) => one.subject.id === subject);
  const story =
    found === undefined ? [told(span('Nothing is known of it any more.', 'doubt'))] : storyOf(found, input);
  return {
    title: found === undefined ? subject : `${found.subject.name} (${subject})`,
    top: [],
    columns: [{ label: '', width: 20, grow: true }],
    rows: story.flatMap((one, at) => rowsOf(one, at, columns)),
    empty: '',
    framed: false,
  };
}

/** A line of the story as rows of one cell; the first tone that says something stands for the line. */
function rowsOf({ line: cells, opens }: Told, at: number, columns: number): readonly Row[] {
  const tone =
    cells.find((one) => one.tone !== 'plain' && one.tone !== 'dim')?.tone ?? cells[0]?.tone ?? 'plain';
  return wrap(cells.map((one) => one.text).join(''), columns).map((text, part) => ({
    id: `${at} ${part}`,
    cells: [span(text, tone)],
    ...(opens === undefined ? {} : { opens }),
  }));
}

/** `now`, or how long ago. */
function agoText(ms: number): string {
  const text = ageText(ms);
  return text === 'now' ? text : `${text} ago`;
}

function storyOf(one: Assessment, input: ViewInput): readonly Told[] {
  return [
    ...judged(one, input),
    ...documented(one, input),
    ...findings(one),
    ...absent(one),
    ...(one.subject.kind === 'chain' ? governanceLines(one).map((item) => ({ line: item })) : []),
    ...dependencyLines(one, input),
    ...observed(one, input),
    ...attested(one, input),
    ...changed(one, input),
  ];
}

function judged(one: Assessment, { now, glyphs }: ViewInput): readonly Told[] {
  const doubt = doubtOf(one);
  return [
    told(
      span(`Status ${one.status}    Health `),
      healthSpan(one, glyphs),
      span(doubt === null ? '' : ` (${doubt})`),
      span(`    seen ${one.seenAt === null ? 'never' : agoText(now - one.seenAt)}`, ageSpan(one, now).tone),
      span(`    evidence level ${one.level}`),
    ),
  ];
}

function documented({ subject }: Assessment, { state }: ViewInput): readonly Told[] {
  const out: Told[] = [
    ...heading('Documented'),
    told(
      span(
        `  word: ${subject.statusWord ?? 'none'}    expected: ${subject.expectedRun}    owner: ${subject.owner}    region: ${subject.region}`,
      ),
    ),
  ];
  const more = [
    ...(subject.category === undefined ? [] : [`category: ${subject.category}`]),
    ...(subject.role === undefined ? [] : [`role: ${subject.role}`]),
    ...(subject.preferredHost === undefined
      ? []
      : [`preferred host: ${subject.preferredHost} (a target, not a placement)`]),
  ];
  if (more.length > 0) out.push(told(span(`  ${more.join('    ')}`)));
  for (const source of subject.sources)
    out.push(
      told(
        span(
          `  source: ${source.document}${source.locator === undefined ? '' : ` ${source.locator}`}${source.date === undefined ? '' : `, ${source.date}`}, rank ${source.rank}`,
          'dim',
        ),
      ),
    );
  for (const conflict of state.snapshot?.estate.conflicts ?? []) {
    if (conflict.subject !== subject.id) continue;
    out.push(told(span(`  conflict about ${conflict.field}: ${conflict.note}`, 'warn')));
    for (const { value, source } of conflict.sides)
      out.push(
        told(
          span(
            `    ${sanitiseLine(JSON.stringify(value), 200)} says ${source.document}${source.date === undefined ? '' : `, ${source.date}`}, rank ${source.rank}`,
            'dim',
          ),
        ),
      );
  }
  return out;
}

function findings(one: Assessment): readonly Told[] {
  const out: Told[] = [...heading('Findings')];
  if (one.outage !== null)
    out.push(
      told(
        span(
          `  planned outage until ${one.outage.until} by ${sanitiseLine(one.outage.by, 60)}: ${sanitiseLine(one.outage.reason)}`,
          'warn',
        ),
      ),
    );
  if (one.findings.length === 0) out.push(told(span('  none', 'dim')));
  for (const finding of one.findings) {
    const tone = ({ fail: 'bad', warn: 'warn', unknown: 'doubt', info: 'dim' } as const)[finding.severity];
    const section = finding.section === undefined ? '' : ` (master plan section ${finding.section})`;
    out.push(told(span(`  ${finding.severity}: ${finding.reason}${section}`, tone)));
    if (finding.next !== '') out.push(told(span(`    next: ${finding.next}`)));
  }
  return out;
}

/** Of a placeholder: what is known of its being empty, layer by layer. */
function absent({ absence }: Assessment): readonly Told[] {
  if (absence === null) return [];
  return [
    ...heading('Proof of absence'),
    told(
      span(`  ${absence.verdict}`, absence.verdict === 'unknown' ? 'doubt' : 'plain'),
      span(`: ${absence.reason}`),
    ),
    ...absence.layers.map((one) =>
      told(span(`    ${one.layer}: ${one.text}`, one.looked ? 'plain' : 'doubt')),
    ),
  ];
}

function observed(one: Assessment, { state, now }: ViewInput): readonly Told[] {
  const out: Told[] = [...heading('Observed')];
  for (const { id, subject } of state.snapshot?.estate.endpoints ?? []) {
    const source = state.sources[id];
    if (subject !== one.subject.id || source === undefined) continue;
    const good = source.lastGood === null ? 'never answered' : `answered ${agoText(now - source.lastGood)}`;
    const next =
      source.asking || source.nextAt === null
        ? 'being asked'
        : source.nextAt <= now
          ? 'due'
          : `asked again in ${Math.ceil((source.nextAt - now) / 5000) * 5}s`;
    const error = source.lastError === null ? '' : `; ${sanitiseLine(source.lastError, 120)}`;
    out.push(
      told(span(`  source ${id}: ${good}, ${next}${error}`, source.lastError === null ? 'dim' : 'doubt')),
    );
  }
  if (one.observations.length === 0) out.push(told(span('  nothing', 'dim')));
  for (const seen of one.observations) {
    out.push(
      told(
        span(
          `  ${seen.probe} at ${seen.endpoint}: ${seen.answer.class}, ${agoText(now - Date.parse(seen.ended))} from ${seen.vantage}`,
        ),
      ),
    );
    for (const check of seen.answer.checks)
      out.push(told(span(`    ${check.result}: ${check.reason}`, check.result === 'pass' ? 'good' : 'warn')));
    const facts = Object.entries(seen.answer.facts).filter(([key]) => key !== 'block');
    if (facts.length > 0)
      out.push(
        told(
          span(
            `    ${sanitiseLine(facts.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(' '), 600)}`,
            'dim',
          ),
        ),
      );
    if (seen.raw !== null)
      out.push(
        told(span(`    raw answer sha256 ${seen.raw.sha256.slice(0, 16)}, ${seen.raw.bytes} bytes`, 'dim')),
      );
  }
  return out;
}

function attested({ subject }: Assessment, { state, now }: ViewInput): readonly Told[] {
  const mine = (state.snapshot?.attestations ?? []).filter((one) => one.subject === subject.id);
  return [
    ...heading('Attested'),
    ...(mine.length === 0 ? [told(span('  nobody has signed anything about it here', 'dim'))] : []),
    ...mine.map((one) =>
      told(
        span(
          `  ${one.claim}, ${agoText(now - Date.parse(one.at))}, by ${sanitiseLine(one.performer, 60)}, ${one.witness === null ? 'nobody witnessed' : `witnessed by ${sanitiseLine(one.witness, 60)}`}; record ${one.seq} of session ${sanitiseLine(one.session, 20)}`,
        ),
      ),
    ),
  ];
}

function changed({ subject }: Assessment, { state, now }: ViewInput): readonly Told[] {
  const mine = state.changes.filter((one) => one.subject === subject.id);
  return [
    ...heading('History since the console was opened'),
    ...(mine.length === 0 ? [told(span('  status and health stayed the same', 'dim'))] : []),
    ...mine
      .slice(-20)
      .reverse()
      .map((one) => told(span(`  ${agoText(now - one.at)}: ${one.from} became ${one.to}`))),
  ];
}
