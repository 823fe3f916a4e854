import { chainRules } from '../chain/index.ts';
import { loadEstate } from '../estate/index.ts';
import { type Snapshot, type SnapshotOrigin, sanitiseLine } from '../model/index.ts';
import { readAttestations } from '../state/attested/attestations.ts';
import type { Paths } from '../state/paths.ts';
import { listSessions } from '../state/runs/run-sessions.ts';
import { discover } from '../state/snapshots/discover.ts';
import { readSnapshot } from '../state/snapshots/snapshot-file.ts';
import { type ConsoleState, stateOfSnapshot } from '../state/store.ts';
import { vantageHere } from '../state/tool.ts';
import { SCREENS } from '../ui/commands/keys.ts';
import { EXPORT_FORMATS, exportTable } from '../ui/export.ts';
import { filtered } from '../ui/list.ts';
import { plainLines } from '../ui/plain/render-plain.ts';
import { makeTheme } from '../ui/theme.ts';
import { factsOf } from '../ui/views/context.ts';
import type { View } from '../ui/views/types.ts';
import { viewOf } from '../ui/views/view-of.ts';
import { CliError, type Io } from './io.ts';
import { readingFor } from './offline-reading.ts';

export interface TableFlags {
  readonly format?: string;
  readonly filter?: string;
  readonly offline?: string;
}

/** Columns that nothing is cut or wrapped to. */
const WIDE = 1_000;

/** `c138 screen NAME`: one screen of the console as text, JSON, CSV or Markdown. Exit code 0, or 2 when it can not be told. */
export async function screenTable(paths: Paths, name: string, flags: TableFlags, io: Io): Promise<number> {
  const format = EXPORT_FORMATS.find((one) => one === flags.format);
  if (format === undefined && flags.format !== 'text')
    throw new CliError(
      `there is no format "${sanitiseLine(flags.format ?? '', 20)}". Formats: text, ${EXPORT_FORMATS.join(', ')}.`,
    );
  const screen = SCREENS.find((one) => one.id === name && one.id !== 'log')?.id;
  if (screen === undefined && !name.includes(':'))
    throw new CliError(`there is no screen "${sanitiseLine(name, 40)}". See c138 screen --help.`);
  const { snapshot, origin } = await seen(paths, flags.offline);
  const state = stateOfSnapshot(snapshot, origin, Date.now(), chainRules);
  const at = Date.parse(snapshot.ended);
  const subject = state.assessment?.subjects.find((one) => one.subject.id === name)?.subject.id;
  if (screen === undefined && subject === undefined)
    throw new CliError(
      `nothing here is called "${sanitiseLine(name, 40)}". c138 screen guests lists what is.`,
    );
  const view = await viewFor(paths, flags, state, at, screen ?? 'overview', subject ?? null);
  const left = filtered(view, flags.filter ?? '');
  if (format === undefined)
    for (const line of [...plainLines(left.view), ...left.counted]) io.out(`${line}\n`);
  else io.out(exportTable(view, left.view.rows, format, factsOf(state, at, flags.filter ?? '')));
  return 0;
}

async function seen(
  paths: Paths,
  offline: string | undefined,
): Promise<{ readonly snapshot: Snapshot; readonly origin: SnapshotOrigin }> {
  if (offline !== undefined) {
    const { snapshot, folder } = await readSnapshot(offline);
    return { snapshot, origin: { mode: 'offline', path: folder } };
  }
  const estate = await loadEstate(paths.estateFile.path);
  const { snapshot } = await discover(estate, {
    vantage: vantageHere(),
    attestations: await readAttestations(paths.evidenceDir, paths.trustFile, estate.id),
    signal: new AbortController().signal,
  });
  return { snapshot, origin: { mode: 'live', config: paths.estateFile.path } };
}

async function viewFor(
  paths: Paths,
  flags: TableFlags,
  state: ConsoleState,
  at: number,
  screen: (typeof SCREENS)[number]['id'],
  subject: Parameters<typeof viewOf>[1]['detail'],
): Promise<View> {
  const { glyphs } = makeTheme({ ascii: true, colour: false });
  const runbooks = screen === 'runbooks' ? await readingFor(paths).runbooks() : [];
  const wanted = flags.offline === undefined && (screen === 'runbooks' || screen === 'evidence');
  const sessions = wanted ? await listSessions(paths.evidenceDir) : [];
  return viewOf(
    { state, now: at, glyphs },
    { screen, detail: subject },
    { run: null, work: { runbooks, sessions, verified: null }, columns: WIDE, height: WIDE },
  );
}
