import { type Assessment, ageText, type SubjectId, sanitiseLine } from '../../model/index.ts';
import { wrap } from '../text.ts';
import { governanceLines } from './chain-view.ts';
import { ageSpan, healthSpan, type ViewInput } from './estate-views.ts';
import { type Line, line, type Span, span, type View } from './types.ts';

/** The whole story of one subject: documented, observed, judged, and what to do next. */
export function detailView(input: ViewInput, subject: SubjectId, columns: number): View {
  const found = input.state.assessment?.subjects.find((one) => one.subject.id === subject);
  const lines =
    found === undefined ? [line(span('Nothing is known of it any more.', 'doubt'))] : storyOf(found, input);
  return {
    title: found === undefined ? subject : `${found.subject.name} (${subject})`,
    top: [],
    columns: [{ label: '', width: 20, grow: true }],
    rows: lines
      .map(flatten)
      .flatMap((one) => wrap(one.text, columns).map((text) => span(text, one.tone)))
      .map((cell, index) => ({ id: String(index), cells: [cell] })),
    empty: '',
    framed: false,
  };
}

/** Detail lines are single cells; the first tone stands for the line. */
function flatten(cells: Line): Span {
  const tone =
    cells.find((one) => one.tone !== 'plain' && one.tone !== 'dim')?.tone ?? cells[0]?.tone ?? 'plain';
  return span(cells.map((one) => one.text).join(''), tone);
}

/** `now`, or how long ago. */
function agoText(ms: number): string {
  const text = ageText(ms);
  return text === 'now' ? text : `${text} ago`;
}

function storyOf(one: Assessment, { state, now, glyphs }: ViewInput): readonly Line[] {
  const { subject } = one;
  const lines: Line[] = [
    line(
      span(`Status ${one.status}    Health `),
      healthSpan(one, glyphs),
      span(`    seen ${ageSpan(one, now).text}    evidence level ${one.level}`),
    ),
    line(span('')),
    line(span('Documented', 'accent')),
    line(
      span(
        `  word: ${subject.statusWord ?? 'none'}    expected: ${subject.expectedRun}    owner: ${subject.owner}    region: ${subject.region}`,
      ),
    ),
    line(
      span(
        `  category: ${subject.category ?? '-'}    preferred host: ${subject.preferredHost ?? '-'} (a target, not a placement)`,
      ),
    ),
  ];
  for (const source of subject.sources)
    lines.push(
      line(
        span(
          `  source: ${source.document}${source.locator === undefined ? '' : ` ${source.locator}`}${source.date === undefined ? '' : `, ${source.date}`}, rank ${source.rank}`,
          'dim',
        ),
      ),
    );
  if (subject.dependsOn.length > 0) lines.push(line(span(`  depends on: ${subject.dependsOn.join(', ')}`)));
  for (const conflict of (state.snapshot?.estate.conflicts ?? []).filter(
    (item) => item.subject === subject.id,
  ))
    lines.push(line(span(`  conflict: ${conflict.note}`, 'warn')));
  lines.push(line(span('')), line(span('Findings', 'accent')));
  if (one.outage !== null)
    lines.push(
      line(
        span(
          `  planned outage until ${one.outage.until} by ${sanitiseLine(one.outage.by, 60)}: ${sanitiseLine(one.outage.reason)}`,
          'warn',
        ),
      ),
    );
  if (one.findings.length === 0) lines.push(line(span('  none', 'dim')));
  for (const finding of one.findings) {
    const tone = ({ fail: 'bad', warn: 'warn', unknown: 'doubt', info: 'dim' } as const)[finding.severity];
    const section = finding.section === undefined ? '' : ` (master plan section ${finding.section})`;
    lines.push(line(span(`  ${finding.severity}: ${finding.reason}${section}`, tone)));
    if (finding.next !== '') lines.push(line(span(`    next: ${finding.next}`)));
  }
  if (subject.kind === 'chain') lines.push(...governanceLines(one));
  lines.push(line(span('')), line(span('Observed', 'accent')));
  if (one.observations.length === 0) lines.push(line(span('  nothing', 'dim')));
  for (const seen of one.observations) {
    lines.push(
      line(
        span(
          `  ${seen.probe} at ${seen.endpoint}: ${seen.answer.class}, ${agoText(now - Date.parse(seen.ended))} from ${seen.vantage}`,
        ),
      ),
    );
    for (const check of seen.answer.checks)
      lines.push(
        line(span(`    ${check.result}: ${check.reason}`, check.result === 'pass' ? 'good' : 'warn')),
      );
    const facts = Object.entries(seen.answer.facts).filter(([key]) => key !== 'block');
    if (facts.length > 0)
      lines.push(
        line(
          span(
            `    ${sanitiseLine(facts.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(' '), 600)}`,
            'dim',
          ),
        ),
      );
    if (seen.raw !== null)
      lines.push(
        line(span(`    raw answer sha256 ${seen.raw.sha256.slice(0, 16)}, ${seen.raw.bytes} bytes`, 'dim')),
      );
  }
  return lines;
}
