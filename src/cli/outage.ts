import { join } from 'node:path';
import { loadEstate } from '../estate/index.ts';
import { type DocumentedEstate, SUBJECT_KINDS, type SubjectId, sanitiseLine } from '../model/index.ts';
import {
  endedLine,
  keepOutage,
  OutageError,
  type OutageRecord,
  plannedLine,
  readOutages,
} from '../state/attested/outages.ts';
import type { Paths } from '../state/paths.ts';
import { signLine } from './evidence-witness.ts';
import { CliError, type Io, printJson } from './io.ts';

export interface OutageFlags {
  readonly reason?: string | undefined;
  readonly from?: string | undefined;
  readonly until?: string | undefined;
  readonly for?: string | undefined;
  readonly json?: boolean | undefined;
}

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Where signed outages lie. */
export function outagesDir(paths: Paths): string {
  return join(paths.stateDir.path, 'outages');
}

/** `c138 outage add SUBJECT`: signed on the terminal; from its beginning to its end a failure of the subject is off the exit code. */
export async function outageAdd(subject: string, paths: Paths, flags: OutageFlags, io: Io): Promise<number> {
  const estate = await loadEstate(paths.estateFile.path);
  const known = knownSubject(subject, estate);
  if ((flags.until === undefined) === (flags.for === undefined))
    throw new CliError('Give the end with --until TIME or --for DURATION (90m, 4h, 2d), one of them.');
  const now = Date.now();
  const from = flags.from === undefined ? now : timeOf('--from', flags.from);
  const until =
    flags.until === undefined ? from + durationOf(flags.for ?? '') : timeOf('--until', flags.until);
  const line = orSay(() => plannedLine({ subject: known, reason: flags.reason ?? '', from, until }, now));
  return signAndKeep(
    line,
    estate,
    paths,
    io,
    `${known} is planned to be out until ${new Date(until).toISOString()}`,
  );
}

/** `c138 outage end ID`: from now on a failure counts again. */
export async function outageEnd(id: string, paths: Paths, io: Io): Promise<number> {
  const estate = await loadEstate(paths.estateFile.path);
  const { records } = await readOutages(outagesDir(paths), paths.trustFile, estate.id);
  const found = records.filter((one) => one.id === id || one.subject === id);
  const open = found.filter((one) => one.ended === null && Date.parse(one.until) > Date.now());
  const [only] = open;
  if (only === undefined || open.length > 1)
    throw new CliError(
      only === undefined
        ? `no outage ${sanitiseLine(id, 40)} is in force or to come; see c138 outage list`
        : `${sanitiseLine(id, 40)} has ${open.length} outages; name one by its id: ${open.map((one) => one.id).join(', ')}`,
    );
  return signAndKeep(endedLine(only), estate, paths, io, `the outage of ${only.subject} has ended`);
}

/** `c138 outage list`: what is planned, in force, over, and what counts for nothing. */
export async function outageList(paths: Paths, flags: OutageFlags, io: Io): Promise<number> {
  const estate = await loadEstate(paths.estateFile.path);
  const { records, rejected } = await readOutages(outagesDir(paths), paths.trustFile, estate.id);
  const now = Date.now();
  const listed = records.map((one) => ({ ...one, state: stateOf(one, now) }));
  if (flags.json === true) printJson(io, { format: 'c138-outages', v: 1, outages: listed, rejected });
  else
    for (const one of listed)
      io.out(
        `${one.id}  ${one.state.padEnd(8)}  ${one.subject}  ${one.from} to ${one.until}  ${sanitiseLine(one.by, 60)}: ${sanitiseLine(one.reason, 200)}\n`,
      );
  for (const one of rejected)
    io.err(`c138: ${sanitiseLine(one.file, 80)} counts for nothing: ${one.reason}\n`);
  return 0;
}

function stateOf(one: OutageRecord, now: number): 'ended' | 'over' | 'to come' | 'in force' {
  if (one.ended !== null) return 'ended';
  if (now >= Date.parse(one.until)) return 'over';
  return now < Date.parse(one.from) ? 'to come' : 'in force';
}

async function signAndKeep(
  line: Uint8Array,
  estate: DocumentedEstate,
  paths: Paths,
  io: Io,
  what: string,
): Promise<number> {
  const signature = await signLine(paths, {}, line, estate.id, 'performer', 'approved');
  const folders = [...(estate.mirror === null ? [] : [join(estate.mirror, 'outages')]), outagesDir(paths)];
  try {
    io.out(`${await keepOutage(folders, estate.id, line, signature)}\n`);
  } catch (error) {
    throw error instanceof OutageError ? new CliError(error.message) : error;
  }
  io.err(`c138: ${what}\n`);
  return 0;
}

function knownSubject(text: string, estate: DocumentedEstate): SubjectId {
  const subject = /^\d+$/.test(text) ? `vmid:${text}` : text;
  if (!SUBJECT_KINDS.some((kind) => subject.startsWith(`${kind}:`)))
    throw new CliError(
      `${sanitiseLine(text, 60)} is no subject; write vmid:1000, host:r630-01, tier:public …`,
    );
  if (!estate.subjects.some((one) => one.id === subject))
    throw new CliError(`the estate file knows no ${sanitiseLine(subject, 60)}`);
  return subject as SubjectId;
}

function timeOf(flag: string, text: string): number {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(at))
    throw new CliError(`${flag} takes a time with its zone, for example 2026-11-24T06:00Z`);
  return at;
}

function durationOf(text: string): number {
  const match = /^(\d{1,4})([mhd])$/.exec(text);
  const unit = UNIT_MS[match?.[2] ?? ''];
  if (unit === undefined) throw new CliError('--for takes minutes, hours or days: 90m, 4h, 2d');
  return Number(match?.[1]) * unit;
}

function orSay<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof OutageError ? new CliError(error.message) : error;
  }
}
