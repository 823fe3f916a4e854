import { marginText } from '../../chain/rules.ts';
import {
  type Assessment,
  ageText,
  type EstateAssessment,
  type Finding,
  type Observation,
} from '../../model/index.ts';
import type { ConsoleState } from '../../state/store.ts';
import { type Glyphs, healthTone, statusTone } from '../theme.ts';
import { trendLine } from './chain-view.ts';
import { ageSpan, healthSpan, reasonOf, subjectRow } from './subject-cells.ts';
import { type Line, line, type Row, ranked, type Span, span, type View } from './types.ts';

/** What every view is made from. `now` is the clock in milliseconds; offline it is the end of the capture. */
export interface ViewInput {
  readonly state: ConsoleState;
  readonly now: number;
  readonly glyphs: Glyphs;
}

const NOTHING_YET = 'Nothing has been seen yet. The first answers are on their way.';

/** From here on what to do next has a column of its own. */
const WITH_NEXT_COLUMNS = 118;

/** Screen 1: is the chain alive, how far is it from a halt, and what is wrong. */
export function overviewView({ state, now, glyphs }: ViewInput, room: number): View {
  const { assessment, snapshot } = state;
  const wide = room >= WITH_NEXT_COLUMNS;
  const columns = [
    { label: 'what', width: 11 },
    { label: 'subject', width: 14 },
    { label: 'reason', width: 20, grow: true },
    ...(wide ? [{ label: 'next', width: Math.floor(room / 3) }] : []),
  ];
  if (assessment === null || snapshot === null)
    return { title: 'Overview', top: [], columns, rows: [], empty: NOTHING_YET, framed: false };
  const findings = [...assessment.findings]
    .filter((finding) => finding.severity !== 'info')
    .sort((a, b) => rank(a, assessment) - rank(b, assessment));
  const rows = findings.map((finding, index): Row => {
    const tone = finding.severity === 'fail' ? 'bad' : finding.severity === 'warn' ? 'warn' : 'doubt';
    const word = {
      fail: `${glyphs.failed} failed`,
      warn: `${glyphs.degraded} degraded`,
      unknown: `${glyphs.unknown} unknown`,
      info: 'note',
    }[finding.severity];
    return {
      id: `${finding.subject} ${finding.rule} ${index}`,
      cells: [
        ranked(span(word, tone), SEVERITY_RANK[finding.severity]),
        span(finding.subject),
        span(finding.reason),
        ...(wide ? [span(finding.next, 'dim')] : []),
      ],
      ...(finding.next === '' ? {} : { hint: finding.next }),
      opens: { kind: 'subject', subject: finding.subject },
    };
  });
  const trend = trendLine(state.history, glyphs);
  return {
    title: 'Overview',
    top: [
      verdictLine(assessment, glyphs),
      ...chainLines(assessment, now, glyphs),
      ...(trend === null ? [] : [trend]),
      countsLine(assessment),
    ],
    columns,
    rows,
    empty: 'No failing check.',
    framed: false,
  };
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
        span(`  ${verdict.critical.length} critical finding${verdict.critical.length === 1 ? '' : 's'}`),
      );
    case 'incomplete':
      return line(
        span(`${glyphs.unknown} INCOMPLETE`, 'doubt'),
        span('  something critical could not be looked at: this is neither pass nor fail'),
      );
  }
}

function chainLines(assessment: EstateAssessment, now: number, glyphs: Glyphs): readonly Line[] {
  const chain = assessment.subjects.find((one) => one.subject.kind === 'chain');
  if (chain === undefined) return [];
  const proof = chain.observations.find((one) => one.probe === 'qbft-proof');
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
  const first: Span[] = [
    span('Chain  ', 'dim'),
    span(chain.subject.name, 'strong'),
    span('  '),
    healthSpan(chain, glyphs),
  ];
  if (best !== null) {
    const { number, timestamp, round } = best.answer.facts;
    const age = typeof timestamp === 'string' ? ageText(now - Number(timestamp) * 1000) : '?';
    first.push(
      span('  head '),
      span(String(number), 'accent'),
      span(`  block age ${age}`),
      span(`  round ${round ?? '?'}`),
    );
  }
  const out: Line[] = [first];
  if (proof !== undefined) {
    const { verdict, validators, committers } = proof.answer.facts;
    const total = Array.isArray(validators) ? validators.length : 0;
    const sealed = Array.isArray(committers) ? committers.length : 0;
    const word =
      verdict === 'proven'
        ? span(`quorum ${glyphs.done} proven`, 'good')
        : span(`quorum ${String(verdict)}`, verdict === 'self-consistent' ? 'warn' : 'bad');
    out.push(
      line(
        span('Proof  ', 'dim'),
        word,
        span(`  ${sealed} of ${total} pinned validators sealed block ${String(proof.answer.facts.number)}`),
        span(`  seen ${ageText(now - Date.parse(proof.ended))}`, 'dim'),
      ),
    );
  }
  const members = assessment.subjects.filter((one) => one.subject.category === 'besu_validator');
  if (members.length > 0) {
    const up = members.filter((one) => one.health === 'ok' || one.health === 'degraded').length;
    const doubt = members.filter((one) => one.health === 'unknown').length;
    out.push(
      line(
        span('Margin ', 'dim'),
        span(marginText(members.length, up), up === members.length ? 'plain' : 'warn'),
        span(doubt > 0 ? `  (${doubt} could not be seen)` : '', 'doubt'),
      ),
    );
  }
  return out;
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
  if (plan > 0) spans.push(span(`and ${plan} items of the plan`, 'dim'));
  return spans;
}

function rank(finding: Finding, assessment: EstateAssessment): number {
  const critical =
    assessment.verdict.critical.includes(finding) || assessment.verdict.unknown.includes(finding) ? 0 : 10;
  return critical + SEVERITY_RANK[finding.severity];
}

const SEVERITY_RANK = { fail: 0, unknown: 1, warn: 2, info: 3 } as const;

/** Screen 2. */
export function hostsView({ state, now, glyphs }: ViewInput): View {
  const rows = subjectsOf(state, (one) => one.subject.kind === 'host' || one.subject.kind === 'cluster').map(
    (one) =>
      subjectRow(one, () => [
        span(one.subject.name, 'strong'),
        span(one.status, statusTone(one.status)),
        healthSpan(one, glyphs),
        ageSpan(one, now),
        span(hostFacts(one)),
      ]),
  );
  return {
    title: 'Hosts',
    top: [],
    columns: [
      { label: 'host', width: 14, upTo: 24 },
      { label: 'status', width: 16 },
      { label: 'health', width: 13 },
      { label: 'seen', width: 6 },
      { label: 'what was seen', width: 20, grow: true },
    ],
    rows,
    empty: state.assessment === null ? NOTHING_YET : 'The estate file names no hosts.',
    framed: false,
  };
}

function hostFacts(one: Assessment): string {
  const reason = reasonOf(one);
  if (one.health !== 'ok' && reason !== '') return reason;
  const passed = one.observations.flatMap((seen) =>
    seen.answer.checks.filter((check) => check.result === 'pass').map((check) => check.reason),
  );
  return passed.join('; ') || reason;
}

/** Screen 3. */
export function guestsView({ state, now, glyphs }: ViewInput): View {
  const rows = subjectsOf(state, (one) => one.subject.kind === 'vmid').map((one) =>
    subjectRow(one, () => [
      span(String(one.subject.vmid ?? one.subject.id), 'strong'),
      span(one.subject.name),
      span(one.status, statusTone(one.status)),
      healthSpan(one, glyphs),
      ageSpan(one, now),
      span(one.health === 'ok' || one.health === 'as-expected' ? runText(one) : reasonOf(one)),
      span(one.subject.category ?? '-', 'dim'),
    ]),
  );
  return {
    title: 'Guests',
    top: [],
    columns: [
      { label: 'VMID', width: 5 },
      { label: 'name', width: 22, upTo: 32 },
      { label: 'status', width: 16 },
      { label: 'health', width: 13 },
      { label: 'seen', width: 5 },
      { label: 'what was seen', width: 12, grow: true },
      { label: 'category', width: 14 },
    ],
    rows,
    empty: state.assessment === null ? NOTHING_YET : 'No guest is documented, and none was seen.',
    framed: false,
  };
}

/** What Proxmox said of the guest, in words. */
export function runText(one: Assessment): string {
  const guest = one.observations.find((seen) => seen.probe === 'pve-guest');
  const { run, node } = guest?.answer.facts ?? {};
  return typeof run === 'string' ? `${run}${typeof node === 'string' ? ` on ${node}` : ''}` : '';
}

/** Screen 4. */
export function tiersView({ state, now, glyphs }: ViewInput): View {
  const all = subjectsOf(state, (one) => one.subject.kind === 'vmid' && one.subject.tier !== undefined);
  const rows = subjectsOf(state, (one) => one.subject.kind === 'tier').map((one) => {
    const members = all.filter((member) => `tier:${member.subject.tier}` === one.subject.id);
    const heads = members
      .flatMap((member) =>
        member.observations
          .filter((seen) => seen.probe === 'besu-head')
          .map((seen) => seen.answer.facts.number),
      )
      .filter((head) => typeof head === 'string');
    const sorted = heads.map((head) => BigInt(head)).sort((a, b) => (a < b ? -1 : 1));
    const well = members.filter((member) => member.health === 'ok').length;
    const low = sorted[0];
    const high = sorted.at(-1);
    const spread =
      low === undefined || high === undefined ? '-' : low === high ? String(high) : `${low}..${high}`;
    return subjectRow(one, () => [
      span(one.subject.id.slice('tier:'.length), 'strong'),
      span(`${well} of ${members.length}`),
      span(one.status, statusTone(one.status)),
      healthSpan(one, glyphs),
      span(spread, 'accent'),
      ageSpan(one, now),
    ]);
  });
  return {
    title: 'RPC tiers',
    top: [line(span("A tier comes from the template's category, never from a VMID or a host name.", 'dim'))],
    columns: [
      { label: 'tier', width: 11 },
      { label: 'nodes ok', width: 8 },
      { label: 'status', width: 16 },
      { label: 'health', width: 13 },
      { label: 'heads', width: 8 },
      { label: 'seen', width: 5 },
    ],
    rows,
    empty: state.assessment === null ? NOTHING_YET : 'The documents name no RPC node.',
    framed: true,
  };
}

const HYPERLEDGER_CATEGORIES = new Set(['firefly', 'dlt']);
const HYPERLEDGER_PROGRAMS = new Set(['aries', 'anoncreds', 'ursa', 'quilt', 'avalon', 'cacti', 'caliper']);

/** Screen 5: the document's own word, status and health side by side. */
export function hyperledgerView({ state, now, glyphs }: ViewInput): View {
  const rows = subjectsOf(
    state,
    (one) =>
      (one.subject.category !== undefined && HYPERLEDGER_CATEGORIES.has(one.subject.category)) ||
      HYPERLEDGER_PROGRAMS.has(one.subject.id.replace('program:', '')),
  ).map((one) => wordRow(one, now, glyphs));
  return {
    title: 'Hyperledger',
    top: [line(span('A running container is not proof of a service. Planned is not deployed.', 'dim'))],
    columns: WORD_COLUMNS,
    rows,
    empty: state.assessment === null ? NOTHING_YET : 'The documents name no Hyperledger component.',
    framed: true,
  };
}

/** Screen 8: what the master plan speaks of that has no VMID. */
export function programView({ state, now, glyphs }: ViewInput): View {
  const rows = subjectsOf(state, (one) => one.subject.kind === 'program').map((one) =>
    wordRow(one, now, glyphs),
  );
  return {
    title: 'Program',
    top: [
      line(span('Items of the master plan. Nothing here is deployed until its own evidence says so.', 'dim')),
    ],
    columns: WORD_COLUMNS,
    rows,
    empty: NOTHING_YET,
    framed: true,
  };
}

const WORD_COLUMNS = [
  { label: 'subject', width: 24, upTo: 40 },
  { label: 'documented as', width: 18, grow: true },
  { label: 'status', width: 16 },
  { label: 'health', width: 13 },
  { label: 'seen', width: 5 },
] as const;

function wordRow(one: Assessment, now: number, glyphs: Glyphs): Row {
  const id = one.subject.vmid === undefined ? '' : `${one.subject.vmid} `;
  return subjectRow(one, () => [
    span(`${id}${one.subject.name}`, 'strong'),
    span(one.subject.statusWord ?? 'no word', 'dim'),
    span(one.status, statusTone(one.status)),
    healthSpan(one, glyphs),
    ageSpan(one, now),
  ]);
}

function subjectsOf(state: ConsoleState, keep: (one: Assessment) => boolean): readonly Assessment[] {
  return (state.assessment?.subjects ?? []).filter(keep);
}
