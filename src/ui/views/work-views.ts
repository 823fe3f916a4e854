import { ageText, counted, type Runbook, sanitiseLine } from '../../model/index.ts';
import type { SessionSummary } from '../../state/backend.ts';
import type { Tone } from '../theme.ts';
import type { Verified } from '../use-work.ts';
import type { ViewInput } from './estate-views.ts';
import { type Line, line, type Row, span, type View } from './types.ts';

/** From here on the versions of runbooks have a column. */
const WITH_VERSION_COLUMNS = 100;
/** What the titles of our own runbooks end with; in the list a column says it. */
const OURS = / \(bundled default[^()]*\)$/;

/** Screen 6: runs to go on with, and runbooks to begin. */
export function runbooksView(
  input: ViewInput,
  {
    runbooks,
    sessions,
  }: { readonly runbooks: readonly Runbook[]; readonly sessions: readonly SessionSummary[] },
  room: number,
): View {
  const open = sessions.filter((one) => one.state === 'open');
  const bundled = runbooks.some((one) => one.origin === 'bundled-default');
  const rows: Row[] = [
    ...open.map((one) => ({
      id: one.session,
      cells: [
        span('go on', 'warn'),
        span(sanitiseLine(one.runbookTitle).replace(OURS, '')),
        span(''),
        span(counted(one.records, 'record'), 'dim'),
        span(`${ageText(input.now - one.openedAt)} old`, 'dim'),
      ],
      opens: { kind: 'session' as const, session: one.session, path: one.path, state: one.state },
    })),
    ...runbooks.map((one) => ({
      id: one.id,
      cells: [
        span('begin', 'good'),
        span(one.title.replace(OURS, '')),
        span(one.origin === 'bundled-default' ? 'bundled' : 'own', 'dim'),
        span(counted(wayOf(one.steps).length, 'step'), 'dim'),
        span(one.variables.map(({ name }) => name).join(', '), 'dim'),
        span(one.version, 'dim'),
      ],
      opens: { kind: 'runbook' as const, id: one.id, asks: one.variables.map(({ name }) => name) },
    })),
  ];
  return {
    title: 'Runbooks',
    top: [
      line(span('Enter opens one. Its commands are for you to run elsewhere: c138 only looks.', 'dim')),
      ...(bundled
        ? [line(span("bundled: a bundled default, not the operators' own text; a file replaces it.", 'dim'))]
        : []),
    ],
    columns: [
      { label: '', width: 6 },
      { label: 'runbook', width: 30, grow: true },
      { label: 'text', width: 7 },
      { label: 'length', width: 11, shrink: true },
      { label: 'asks for', width: 16, shrink: true },
      ...(room >= WITH_VERSION_COLUMNS ? [{ label: 'version', width: 9 }] : []),
    ],
    rows,
    empty: 'No runbook is here.',
    framed: false,
  };
}

/** Lines of a verification above the list; reasons are shown even where there are more. */
const SHOWN_LINES = 6;

/** Which session was verified, and with what result. */
function verifiedLines({ path, summary }: Verified, sessions: readonly SessionSummary[]): readonly Line[] {
  const known = sessions.find((one) => one.path === path)?.session.slice(2, 12);
  const name = known ?? sanitiseLine(path.split('/').at(-1) ?? path, 60);
  if (summary === null) return [line(span(`Verifying ${name}`, 'accent'))];
  const shown = Math.max(SHOWN_LINES, summary.fails);
  const more = summary.lines.length - shown;
  return [
    line(
      span(`${name} verified: ${summary.verdict}`, summary.exitCode === 0 ? 'good' : 'warn'),
      span(`  exit code ${summary.exitCode}, assurance ${summary.assurance}`),
    ),
    ...summary.lines
      .slice(0, shown)
      .map((text, index) =>
        line(span(`  ${sanitiseLine(text, 300)}`, index < summary.fails ? 'bad' : 'dim')),
      ),
    ...(more > 0
      ? [line(span(`  and ${more} more: c138 evidence verify ${sanitiseLine(path, 500)}`, 'dim'))]
      : []),
  ];
}

/** Screen 7: sessions, and what verifying one gave. */
export function evidenceView(
  input: ViewInput,
  sessions: readonly SessionSummary[],
  verified: Verified | null,
): View {
  const top: readonly Line[] =
    verified === null
      ? [line(span('v verifies the session under the cursor against the trust store in force.', 'dim'))]
      : verifiedLines(verified, sessions);
  return {
    title: 'Evidence',
    top,
    columns: [
      { label: 'state', width: 7 },
      { label: 'session', width: 12 },
      { label: 'runbook', width: 30 },
      { label: 'records', width: 8 },
      { label: 'opened', width: 7 },
    ],
    rows: sessions.map((one) => ({
      id: one.session,
      cells: [
        span(one.mirrorOnly ? 'mirror' : one.state, one.state === 'sealed' ? 'good' : 'warn'),
        span(one.session.slice(2, 12)),
        span(sanitiseLine(one.runbookId)),
        span(String(one.records)),
        span(ageText(input.now - one.openedAt), 'dim'),
      ],
      opens: { kind: 'session' as const, session: one.session, path: one.path, state: one.state },
    })),
    empty: 'No session yet. Screen 6 begins one.',
    framed: true,
  };
}

/** The log: newest last. */
export function logView({ state, now }: ViewInput): View {
  return {
    title: 'Log',
    top: [],
    columns: [
      { label: 'UTC', width: 8 },
      { label: 'ago', width: 4 },
      { label: 'level', width: 5 },
      { label: 'what', width: 20, grow: true },
      { label: 'times', width: 5 },
    ],
    rows: state.log.map((one, index) => {
      const tone: Tone = one.level === 'error' ? 'bad' : one.level === 'warn' ? 'warn' : 'plain';
      return {
        id: `${index}`,
        cells: [
          span(new Date(one.at).toISOString().slice(11, 19), 'dim'),
          span(ageText(now - one.at), 'dim'),
          span(one.level, tone),
          span(sanitiseLine(one.text, 400)),
          span(one.count > 1 ? `${one.count}x` : '', 'dim'),
        ],
      };
    }),
    empty: 'Nothing to report.',
    framed: false,
  };
}

/** The steps of the way itself. */
function wayOf<T extends { readonly backOut: string | null }>(steps: readonly T[]): readonly T[] {
  return steps.filter((one) => one.backOut === null);
}
