import { existsSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { chainRules } from '../chain/index.ts';
import { loadEstate } from '../estate/index.ts';
import { assessEstate } from '../model/index.ts';
import { assessmentDocument, discoverySummary } from '../reports/index.ts';
import { readAttestations } from '../state/attestations.ts';
import { discover } from '../state/discover.ts';
import type { Paths } from '../state/paths.ts';
import { writeSnapshot } from '../state/snapshot-file.ts';
import { vantageHere } from '../state/tool.ts';
import { CliError, type Io, printJson } from './io.ts';

export interface DiscoverFlags {
  readonly out?: string | undefined;
  readonly json?: boolean | undefined;
}

/**
 * `c138 discover`: one pass, written as snapshot, summary and assessment. Exit code 0, 1 or 3 is the verdict; 2 is usage.
 * An interrupt ends the pass early; what was seen until then is kept, and never passes.
 */
export async function discoverCommand(paths: Paths, flags: DiscoverFlags, io: Io): Promise<number> {
  const estate = await loadEstate(paths.estateFile.path);
  const folder = resolve(flags.out ?? join(paths.reportsDir, 'phase1-discovery', utcStamp(new Date())));
  for (const name of ['snapshot', 'summary.md', 'assessment.json'])
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
  let seen = 0;
  try {
    const { snapshot, raws } = await discover(estate, {
      vantage: vantageHere(),
      attestations: await readAttestations(paths.evidenceDir, paths.trustFile, estate.id),
      signal: abort.signal,
      onObservation: () => {
        seen += 1;
        if (io.stderrIsTty && seen % 10 === 0) io.err(`\rc138: ${seen} observations `);
      },
    });
    if (io.stderrIsTty) io.err('\r\u001b[K');
    const assessment = assessEstate(snapshot, Date.parse(snapshot.ended), chainRules);
    const summary = discoverySummary(snapshot, assessment);
    const document = assessmentDocument(snapshot, assessment);
    await writeSnapshot(join(folder, 'snapshot'), snapshot, raws);
    await writePrivate(join(folder, 'summary.md'), summary);
    await writePrivate(join(folder, 'assessment.json'), `${JSON.stringify(document, null, 2)}\n`);
    if (flags.json === true) printJson(io, { ...document, folder });
    else io.out(summary);
    io.err(`c138: written to ${folder}\n`);
    return assessment.verdict.exitCode;
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
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
