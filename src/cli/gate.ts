import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chainRules } from '../chain/index.ts';
import { loadEstate } from '../estate/index.ts';
import { parseRunbookBytes } from '../evidence/journal/runbook-bytes.ts';
import { assessEstate, sanitiseLine } from '../model/index.ts';
import { type GateDocument, type GateInput, gateOf } from '../reports/gate.ts';
import type { RunStory } from '../reports/run-story.ts';
import type { Paths } from '../state/paths.ts';
import { newestRun } from '../state/snapshots/newest-run.ts';
import { readSnapshot } from '../state/snapshots/snapshot-file.ts';
import { CliError, type Io, printJson } from './io.ts';
import { storyOf } from './runbook-report.ts';

export interface GateFlags {
  readonly offline?: string | undefined;
  readonly withinDays?: string | undefined;
  readonly json?: boolean | undefined;
}

const RUNBOOK = 'production-gate';
const MARKS = { pass: 'pass   ', fail: 'FAIL   ', unknown: 'unknown' } as const;

/**
 * `c138 gate`: the production gate from the newest pass, by the clock, and from what people signed. Asks nothing of the estate.
 * Exit code 0 when it is open, 1 when a failure closes it, 3 when something is not known.
 */
export async function gateCommand(paths: Paths, flags: GateFlags, io: Io): Promise<number> {
  const days = flags.withinDays ?? '7';
  if (!/^\d{1,4}$/.test(days) || days === '0')
    throw new CliError('--within-days takes a number of days, at least 1.');
  const estate = await loadEstate(paths.estateFile.path);
  const at = Date.now();
  const gate = gateOf({
    estate: { id: estate.id, simulated: estate.simulated },
    at,
    seen: await newestSeen(flags.offline ?? (await newestRun(paths.reportsDir)), estate.id, at),
    run: await newestStory(paths, estate.id),
    withinDays: Number(days),
  });
  if (flags.json === true) printJson(io, gate);
  else io.out(gateText(gate));
  return gate.exitCode;
}

async function newestSeen(path: string | null, estateId: string, at: number): Promise<GateInput['seen']> {
  if (path === null) return null;
  const { snapshot } = await readSnapshot(path);
  if (snapshot.estate.id !== estateId)
    throw new CliError(
      `${sanitiseLine(path)}: this is a snapshot of the estate "${sanitiseLine(snapshot.estate.id, 80)}", not of "${sanitiseLine(estateId, 80)}".`,
    );
  return { snapshot, assessment: assessEstate(snapshot, at, chainRules) };
}

/** The newest session of the gate's runbook on this estate, open or sealed. What can not be read as such a session is none. */
async function newestStory({ evidenceDir, trustFile }: Paths, estateId: string): Promise<RunStory | null> {
  let newest: RunStory | null = null;
  for (const name of await readdir(evidenceDir).catch(() => [])) {
    const folder = join(evidenceDir, name);
    if ((await runbookOf(folder)) !== RUNBOOK) continue;
    const story = await storyOf(folder, trustFile);
    if (story.estateId !== estateId) continue;
    if (newest === null || (story.openedAt ?? '') > (newest.openedAt ?? '')) newest = story;
  }
  return newest;
}

async function runbookOf(folder: string): Promise<string | null> {
  try {
    return parseRunbookBytes(await readFile(join(folder, 'runbook.json'))).id;
  } catch {
    return null;
  }
}

function gateText({ points, exitCode, estate, simulated }: GateDocument): string {
  const said = { 0: 'OPEN', 1: 'CLOSED: something failed', 3: 'CLOSED: something is not known' }[exitCode];
  return [
    `Production gate of ${sanitiseLine(estate, 80)}${simulated ? ' [SIMULATED]' : ''}: ${said}`,
    ...points.flatMap(({ result, title, reason, next }) => [
      `${MARKS[result]} ${title}`,
      `        ${sanitiseLine(reason, 300)}`,
      ...(next === '' ? [] : [`        next: ${sanitiseLine(next, 200)}`]),
    ]),
    "The operators' own gate (master plan, section 22) is their document; this page replaces none of its items.",
    '',
  ].join('\n');
}
