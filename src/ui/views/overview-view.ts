import { mayBeDown, quorumOf } from '../../chain/quorum.ts';
import { marginText } from '../../chain/rules.ts';
import {
  type Assessment,
  ageText,
  counted,
  type EstateAssessment,
  type Finding,
  type Observation,
} from '../../model/index.ts';
import type { ConsoleState } from '../../state/store.ts';
import { type Glyphs, healthTone } from '../theme.ts';
import { trendLine } from './chain-view.ts';
import { NOTHING_YET, type ViewInput } from './estate-views.ts';
import { healthSpan } from './subject-cells.ts';
import { type Line, line, type Row, ranked, type Span, span, type View } from './types.ts';

/** From here on what to do next has a column of its own. */
const WITH_NEXT_COLUMNS = 118;
/** From this many findings of one kind on they are folded into one row. */
const FOLD_FROM = 3;

/** Screen 1: is the chain alive, how far is it from a halt, and what is wrong. */
export function overviewView({ state, now, glyphs }: ViewInput, room: number): View {
  const { assessment, snapshot } = state;
  const wide = room >= WITH_NEXT_COLUMNS;
  const columns = [
    { label: 'what', width: 12 },
    { label: 'subject', width: 14, upTo: 18 },
    { label: 'reason', width: 20, grow: true },
    ...(wide ? [{ label: 'next', width: Math.floor(room / 3) }] : []),
  ];
  if (assessment === null || snapshot === null)
    return { title: 'Overview', top: [], columns, rows: [], empty: NOTHING_YET, framed: false };
  const trend = trendLine(state.history, glyphs, room);
  return {
    title: 'Overview',
    top: [
      ...(state.ended === null
        ? []
        : [line(span(`${glyphs.failed} The worker has ended: ${state.ended}`, 'bad'))]),
      firstLookLine(state, assessment, glyphs) ?? verdictLine(assessment, glyphs),
      ...chainLines(assessment, now, glyphs),
      ...(trend === null ? [] : [trend]),
      countsLine(assessment),
    ],
    columns,
    rows: findingRows(assessment, glyphs, wide),
    empty: 'No failing check.',
    framed: false,
  };
}

/** What fails, degrades or could not be looked at, worst first; many of one kind are one row that unfolds. */
function findingRows(assessment: EstateAssessment, glyphs: Glyphs, wide: boolean): readonly Row[] {
  const critical = new Set([...assessment.verdict.critical, ...assessment.verdict.unknown]);
  const rank = (one: Finding): number => (critical.has(one) ? 0 : 10) + SEVERITY_RANK[one.severity];
  const findings = assessment.findings
    .filter((finding) => finding.severity !== 'info')
    .sort((a, b) => rank(a) - rank(b));
  const kinds = Map.groupBy(findings, ({ severity, rule, next }) => `${severity} ${rule} ${next}`);
  return [...kinds].flatMap(([kind, all]): readonly Row[] => {
    const members = all.map((one, index) => findingRow(one, `${one.subject} ${kind} ${index}`, glyphs, wide));
    const [first] = all;
    if (first === undefined || all.length < FOLD_FROM) return members;
    const subjects = new Set(all.map((one) => one.subject)).size;
    const alike = all.every((one) => one.reason === first.reason);
    return [
      {
        ...findingRow(first, kind, glyphs, wide, `${glyphs.folded} ${counted(subjects, 'subject')}`),
        why: alike ? first.reason : `${first.reason}, and others like it (Enter)`,
        opens: { kind: 'group' },
        members,
      },
    ];
  });
}

function findingRow(
  finding: Finding,
  id: string,
  glyphs: Glyphs,
  wide: boolean,
  subject: string = finding.subject,
): Row {
  const tone = finding.severity === 'fail' ? 'bad' : finding.severity === 'warn' ? 'warn' : 'doubt';
  const word = {
    fail: `${glyphs.failed} failed`,
    warn: `${glyphs.degraded} degraded`,
    unknown: `${glyphs.unknown} unknown`,
    info: 'note',
  }[finding.severity];
  return {
    id,
    cells: [
      ranked(span(word, tone), SEVERITY_RANK[finding.severity]),
      span(subject),
      span(finding.reason),
      ...(wide ? [span(finding.next, 'dim')] : []),
    ],
    why: finding.reason,
    ...(finding.next === '' ? {} : { hint: finding.next }),
    opens: { kind: 'subject', subject: finding.subject },
  };
}

/** Before every source was asked once there is no verdict, unless something critical failed already. */
function firstLookLine(state: ConsoleState, assessment: EstateAssessment, glyphs: Glyphs): Line | null {
  const { snapshot, origin } = state;
  if (snapshot === null || snapshot.complete || origin?.mode !== 'live' || state.ended !== null) return null;
  if (assessment.verdict.result === 'critical-failure') return null;
  const all = snapshot.estate.endpoints;
  const answered = all.filter(({ id }) => {
    const source = state.sources[id];
    return source !== undefined && (source.lastGood !== null || source.lastError !== null);
  });
  return line(
    span(`${glyphs.unknown} FIRST LOOK`, 'doubt'),
    span(`  ${answered.length} of ${counted(all.length, 'source')} asked; the verdict follows when all were`),
  );
}

/** The verdict of the whole estate, as discovery would give it now. */
export function verdictLine(assessment: EstateAssessment, glyphs: Glyphs): Line {
  const { verdict } = assessment;
  switch (verdict.result) {
    case 'pass':
      return line(
        span(`${glyphs.ok} PASS`, 'good'),
        span('  nothing critical failed, and everything critical could be looked at', 'dim'),
      );
    case 'critical-failure':
      return line(
        span(`${glyphs.failed} CRITICAL FAILURE`, 'bad'),
        span(`  ${counted(verdict.critical.length, 'critical finding')}`),
      );
    case 'incomplete':
      return line(
        span(`${glyphs.unknown} INCOMPLETE`, 'doubt'),
        span('  not everything critical could be looked at: neither pass nor fail'),
      );
  }
}

function chainLines(assessment: EstateAssessment, now: number, glyphs: Glyphs): readonly Line[] {
  const chain = assessment.subjects.find((one) => one.subject.kind === 'chain');
  if (chain === undefined) return [];
  const proof = chain.observations.find((one) => one.probe === 'qbft-proof');
  const margin = marginLine(assessment);
  return [
    headLine(chain, assessment, now, glyphs),
    ...(proof === undefined ? [] : [proofLine(proof, now, glyphs)]),
    ...(margin === null ? [] : [margin]),
  ];
}

function headLine(chain: Assessment, assessment: EstateAssessment, now: number, glyphs: Glyphs): Line {
  const heads = assessment.subjects.flatMap((one) =>
    one.observations.filter(
      (seen) => seen.probe === 'besu-head' && typeof seen.answer.facts.number === 'string',
    ),
  );
  const best = heads.reduce<Observation | null>(
    (a, b) =>
      a === null || BigInt(String(b.answer.facts.number)) > BigInt(String(a.answer.facts.number)) ? b : a,
    null,
  );
  const start: Line = [
    span('Chain  ', 'dim'),
    span(chain.subject.name, 'strong'),
    span('  '),
    healthSpan(chain, glyphs),
  ];
  if (best === null) return start;
  const { number, timestamp, round } = best.answer.facts;
  const age = typeof timestamp === 'string' ? ageText(now - Number(timestamp) * 1000) : '?';
  return [
    ...start,
    span('  head '),
    span(String(number), 'accent'),
    span(`  block age ${age}`),
    span(`  round ${round ?? '?'}`),
  ];
}

function proofLine(proof: Observation, now: number, glyphs: Glyphs): Line {
  const { verdict, validators, committers } = proof.answer.facts;
  const total = Array.isArray(validators) ? validators.length : 0;
  const sealed = Array.isArray(committers) ? committers.length : 0;
  const word =
    verdict === 'proven'
      ? span(`quorum ${glyphs.done} proven`, 'good')
      : span(`quorum ${String(verdict)}`, verdict === 'self-consistent' ? 'warn' : 'bad');
  return line(
    span('Proof  ', 'dim'),
    word,
    span(`  ${sealed} of ${total} pinned validators sealed block ${String(proof.answer.facts.number)}`),
    span(`  seen ${ageText(now - Date.parse(proof.ended))}`, 'dim'),
  );
}

/** How far the chain is from a halt; a validator that nobody could see is neither up nor down. */
function marginLine({ subjects }: EstateAssessment): Line | null {
  const members = subjects.filter((one) => one.subject.category === 'besu_validator');
  if (members.length === 0) return null;
  const up = members.filter((one) => one.health === 'ok' || one.health === 'degraded').length;
  const doubt = members.filter((one) => one.health === 'unknown').length;
  if (doubt > 0) {
    const quorum = quorumOf(members.length);
    const least = Math.max(0, up - quorum);
    const most = Math.max(0, up + doubt - quorum);
    return line(
      span('Margin ', 'dim'),
      span(
        `${up} of ${members.length} validators seen up, ${doubt} not seen; ${least === most ? most : `${least} to ${most}`} of ${mayBeDown(members.length)} failures left`,
        'doubt',
      ),
    );
  }
  return line(
    span('Margin ', 'dim'),
    span(marginText(members.length, up), up === members.length ? 'plain' : 'warn'),
  );
}

function countsLine(assessment: EstateAssessment): Line {
  const counts = new Map<string, number>();
  const real = assessment.subjects.filter((one) => one.subject.kind !== 'program');
  const plan = assessment.subjects.length - real.length;
  for (const one of real) counts.set(one.health, (counts.get(one.health) ?? 0) + 1);
  const spans: Span[] = [span('Counts ', 'dim')];
  for (const health of ['failed', 'unknown', 'degraded', 'ok', 'as-expected'] as const)
    spans.push(
      span(
        `${counts.get(health) ?? 0} ${health}  `,
        (counts.get(health) ?? 0) > 0 ? healthTone(health) : 'dim',
      ),
    );
  // Items of the plan have nothing that could be looked at; among the rest they would only hide what could not be seen.
  if (plan > 0) spans.push(span(`${plan} of the plan`, 'dim'));
  return spans;
}

const SEVERITY_RANK = { fail: 0, unknown: 1, warn: 2, info: 3 } as const;
