import { constants, existsSync } from 'node:fs';
import { access, chmod, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { chainRules } from '../chain/index.ts';
import {
  checkArtefacts,
  loadEstate,
  readScriptReport,
  type ScriptReport,
  scriptConflicts,
} from '../estate/index.ts';
import { assessEstate, type ImportNote, type Snapshot, sanitiseLine } from '../model/index.ts';
import { assessmentDocument, discoverySummary } from '../reports/index.ts';
import { discoveryOutputs, OUTPUT_NAMES, type OutputName } from '../reports/outputs.ts';
import { readAttestations } from '../state/attested/attestations.ts';
import { inForce, readOutages } from '../state/attested/outages.ts';
import type { Paths } from '../state/paths.ts';
import { discover } from '../state/snapshots/discover.ts';
import { RUNS } from '../state/snapshots/newest-run.ts';
import { retainRuns } from '../state/snapshots/retention.ts';
import { writeSnapshot } from '../state/snapshots/snapshot-file.ts';
import { vantageHere } from '../state/tool.ts';
import { CliError, type Io, printJson } from './io.ts';
import { outagesDir } from './outage.ts';
import { withPasted } from './pasted.ts';
import { discoverProgress } from './progress-line.ts';

export interface DiscoverFlags {
  readonly out?: string | undefined;
  readonly json?: boolean | undefined;
  readonly keep?: string | undefined;
  /** Where the metrics are written besides, for the text-file collector of a node exporter. */
  readonly metrics?: string | undefined;
  /** A report of the operators' own discovery script, and the exit code that it ended with. */
  readonly scriptReport?: string | undefined;
  readonly scriptExit?: string | undefined;
}

/** Runs that are kept where nothing else is said. */
const KEEP = 100;
const METRICS: OutputName = 'c138.prom';
const MAX_REPORT_BYTES = 16 * 1024 * 1024;

/**
 * `c138 discover`: one pass, written as snapshot and as the outputs of the master plan's section 3, for people and for programs. Exit code 0, 1
 * or 3 is the verdict; 2 is usage. An interrupt ends the pass early; what was seen until then is kept, and never passes.
 */
export async function discoverCommand(paths: Paths, flags: DiscoverFlags, io: Io): Promise<number> {
  const keep = keepOf(flags.keep);
  const metrics = await metricsFile(flags.metrics);
  const theirs = await scriptOf(flags);
  const estate = await loadEstate(paths.estateFile.path);
  const runs = join(paths.reportsDir, RUNS);
  const folder = resolve(flags.out ?? join(runs, utcStamp(new Date())));
  for (const name of ['snapshot', ...OUTPUT_NAMES])
    if (existsSync(join(folder, name)))
      throw new CliError(`${join(folder, name)} exists already. Give another folder with --out.`);
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`${folder}: the folder can not be made (${error.code}). Give another one with --out.`);
  });
  const abort = new AbortController();
  const interrupt = (): void => {
    if (abort.signal.aborted) process.exit(130);
    io.err('\nc138: stopping; what was seen is kept. Interrupt again to leave at once.\n');
    abort.abort();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, interrupt);
  const progress = discoverProgress(estate, io);
  try {
    const artefacts = estate.repository === undefined ? [] : await checkArtefacts(estate.repository);
    const outages = await readOutages(outagesDir(paths), paths.trustFile, estate.id);
    for (const one of outages.rejected)
      io.err(`c138: the outage ${sanitiseLine(one.file, 80)} counts for nothing: ${one.reason}\n`);
    const seen = await discover(estate, {
      vantage: vantageHere(),
      attestations: await readAttestations(paths.evidenceDir, paths.trustFile, estate.id),
      outages: inForce(outages),
      signal: abort.signal,
      onObservation: progress.saw,
    });
    progress.end();
    const snapshot = theirs === null ? seen.snapshot : withScript(seen.snapshot, theirs);
    const assessment = assessEstate(snapshot, Date.parse(snapshot.ended), chainRules);
    await writeSnapshot(join(folder, 'snapshot'), snapshot, seen.raws);
    for (const { name, text } of discoveryOutputs(snapshot, assessment, artefacts)) {
      await writePrivate(join(folder, name), text);
      if (name === METRICS && metrics !== null) await publish(metrics, text, io);
    }
    if (flags.json === true) printJson(io, { ...assessmentDocument(snapshot, assessment), folder });
    else io.out(discoverySummary(snapshot, assessment));
    io.err(`c138: written to ${folder}\n`);
    if (flags.out === undefined) await retain(runs, paths.evidenceDir, keep, io);
    return assessment.verdict.exitCode;
  } finally {
    progress.end();
    for (const signal of signals) process.off(signal, interrupt);
  }
}

/** What the operators' script reported. */
interface Theirs {
  readonly report: ScriptReport;
  readonly exit: number | null;
}

async function scriptOf(flags: DiscoverFlags): Promise<Theirs | null> {
  const { scriptReport: file, scriptExit: exit } = flags;
  if (exit !== undefined && (file === undefined || !/^\d{1,3}$/.test(exit)))
    throw new CliError('--script-exit takes the exit code of the script, and stands beside --script-report.');
  if (file === undefined) return null;
  const info = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`${sanitiseLine(file)}: the report can not be read (${error.code}).`);
  });
  if (!info.isFile() || info.size > MAX_REPORT_BYTES)
    throw new CliError(`${sanitiseLine(file)}: this is no report, or larger than 16 MiB.`);
  const text = await readFile(file, 'utf8');
  const report = withPasted(readScriptReport(text, basename(file)), text);
  return { report, exit: exit === undefined ? null : Number(exit) };
}

/** The snapshot with the disagreements between the operators' script and our probes among its conflicts. */
function withScript(snapshot: Snapshot, { report, exit }: Theirs): Snapshot {
  const assessment = assessEstate(snapshot, Date.parse(snapshot.ended), chainRules);
  const conflicts = scriptConflicts(report, exit, snapshot, assessment);
  const source = { document: report.document, rank: 2 as const };
  const notes: ImportNote[] = [
    {
      level: 'info',
      text: `report of the operators' script taken in: ${report.claims.length} statements, ${conflicts.length} disagree; SHA-256 ${report.sha256}`,
      source,
    },
    ...report.unread.map(
      (word): ImportNote => ({ level: 'guess', text: `the word "${word}" says nothing here`, source }),
    ),
  ];
  return {
    ...snapshot,
    estate: {
      ...snapshot.estate,
      conflicts: [...snapshot.estate.conflicts, ...conflicts],
      notes: [...snapshot.estate.notes, ...notes],
    },
  };
}

function keepOf(given: string | undefined): number {
  if (given === undefined) return KEEP;
  if (/^\d{1,6}$/.test(given)) return Number(given);
  throw new CliError('--keep takes a whole number; 0 keeps every run.');
}

/** Old runs go, but what was just written stays and the verdict is not touched by it. */
async function retain(runs: string, evidenceDir: string, keep: number, io: Io): Promise<void> {
  try {
    const { removed, referred, refused } = await retainRuns(runs, evidenceDir, keep);
    if (removed.length > 0) io.err(`c138: removed ${removed.length} old runs (--keep ${keep})\n`);
    if (referred.length > 0) io.err(`c138: ${referred.length} older runs stay: evidence refers to them\n`);
    if (refused !== null) io.err(`c138: no old run was removed: ${refused}\n`);
  } catch (error) {
    io.err(
      `c138: an old run could not be removed (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})\n`,
    );
  }
}

/** The file for the collector, checked before anything is asked. A collector reads `*.prom` only. */
async function metricsFile(given: string | undefined): Promise<string | null> {
  if (given === undefined) return null;
  const path = resolve(given);
  if (!path.endsWith('.prom'))
    throw new CliError(`${sanitiseLine(given)}: a collector reads only files that end in .prom.`);
  await access(dirname(path), constants.W_OK).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(
      `${sanitiseLine(dirname(path))}: the metrics can not be written there (${error.code}).`,
    );
  });
  return path;
}

/**
 * Puts the metrics where a collector finds them: whole or not at all, and readable for the collector, which is another user. They hold names and states,
 * no addresses. That they can not be written changes no verdict.
 */
async function publish(path: string, text: string, io: Io): Promise<void> {
  const work = `${path}.${process.pid}.new`;
  try {
    await writeFile(work, text, { mode: 0o644, flag: 'wx' });
    await chmod(work, 0o644);
    await rename(work, path);
  } catch (error) {
    await rm(work, { force: true });
    io.err(`c138: the metrics could not be written to ${path} (${(error as NodeJS.ErrnoException).code})\n`);
  }
}

/** `20261123T030405.678Z`: sorts by time and is a plain file name. */
export function utcStamp(time: Date): string {
  return time.toISOString().replaceAll(/[-:]/g, '');
}

async function writePrivate(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
