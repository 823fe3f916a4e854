import { execFile } from 'node:child_process';

/** Whether the wall clock is disciplined, as the kernel was told. */
export interface ClockSource {
  /** Null: it could not be found out. */
  readonly synced: boolean | null;
  readonly source: string;
}

const UNKNOWN: ClockSource = {
  synced: null,
  source: 'system clock; whether it is synchronised is not known',
};
/** Milliseconds after which the answer is asked for again. */
const STALE_MS = 60_000;

let known = UNKNOWN;
let askedAt = Number.NEGATIVE_INFINITY;

/**
 * What is known of the clock now. Never waits: the answer is refreshed behind the caller's back, so the first one after the start may be
 * "not known".
 */
export function clockSource(): ClockSource {
  if (performance.now() - askedAt > STALE_MS) void refreshClockSource();
  return known;
}

/** Asks systemd, which asks the kernel (adjtimex, STA_UNSYNC): true for any daemon that disciplines the clock. */
export async function refreshClockSource(): Promise<ClockSource> {
  askedAt = performance.now();
  known = await new Promise<ClockSource>((done) => {
    const child = execFile(
      'timedatectl',
      ['show', '--property=NTPSynchronized', '--value'],
      { timeout: 2_000, env: { PATH: process.env.PATH, LC_ALL: 'C' } },
      (error, stdout) => done(error === null ? readSynchronised(stdout) : UNKNOWN),
    );
    child.stdin?.end();
  });
  return known;
}

/** Reads what timedatectl says. Pure. */
export function readSynchronised(text: string): ClockSource {
  const word = text.trim();
  if (word === 'yes') return { synced: true, source: 'system clock; timedatectl: synchronised' };
  if (word === 'no') return { synced: false, source: 'system clock; timedatectl: not synchronised' };
  return UNKNOWN;
}
