import type { Assessment, Observation } from '../../model/index.ts';
import type { ConsoleState } from '../../state/store.ts';
import { type Glyphs, statusTone } from '../theme.ts';
import { ageSpan, healthSpan, reasonOf, subjectRow } from './subject-cells.ts';
import { line, type Row, span, type View } from './types.ts';

/** What every view is made from. `now` is the clock in milliseconds; offline it is the end of the capture. */
export interface ViewInput {
  readonly state: ConsoleState;
  readonly now: number;
  readonly glyphs: Glyphs;
}

/** Said where nothing was seen. */
export const NOTHING_YET = 'Nothing to show yet: it is being read.';

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
      { label: 'status', width: 16, shrink: true },
      { label: 'health', width: 13, shrink: true },
      { label: 'seen', width: 5 },
      { label: 'what was seen', width: 20, grow: true },
    ],
    rows,
    empty: state.assessment === null ? NOTHING_YET : 'The estate file names no hosts.',
    framed: false,
  };
}

/** Probes whose word on a host or cluster counts before what else is known of it. */
const MEMBERSHIP: ReadonlySet<string> = new Set(['pve-cluster', 'pve-node']);

function hostFacts(one: Assessment): string {
  const reason = reasonOf(one);
  if (one.health !== 'ok' && reason !== '') return reason;
  const rank = ({ probe }: Observation): number => (MEMBERSHIP.has(probe) ? 0 : 1);
  const passed = [...one.observations]
    .sort((a, b) => rank(a) - rank(b))
    .flatMap((seen) =>
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
      { label: 'name', width: 21, upTo: 32 },
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

/** What Proxmox said of the guest: its host first, which fits where nothing else does. */
export function runText(one: Assessment): string {
  const guest = one.observations.find((seen) => seen.probe === 'pve-guest');
  const { run, node } = guest?.answer.facts ?? {};
  return typeof run === 'string' ? `${typeof node === 'string' ? `${node} ` : ''}${run}` : '';
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
    top: [line(span('Items of the master plan: none is deployed until its own evidence says so.', 'dim'))],
    columns: WORD_COLUMNS,
    rows,
    empty: NOTHING_YET,
    framed: true,
  };
}

const WORD_COLUMNS = [
  { label: 'subject', width: 24, upTo: 40 },
  { label: 'documented as', width: 18, grow: true },
  { label: 'status', width: 16, shrink: true },
  { label: 'health', width: 13, shrink: true },
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
