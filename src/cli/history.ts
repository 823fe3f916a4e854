import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { HISTORY_SERIES } from '../chain/history.ts';
import { loadEstate } from '../estate/index.ts';
import { sanitiseLine } from '../model/index.ts';
import { historyHtml } from '../reports/index.ts';
import { HistoryRing } from '../state/live/history.ts';
import { historyFolder } from '../state/live/history-keeper.ts';
import type { Paths } from '../state/paths.ts';
import { CliError, type Io, printJson } from './io.ts';

export interface HistoryFlags {
  readonly html?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `c138 history`: what was seen of the chain over time, as a table, JSON, or an HTML file with plots. Exit code 0 or 2. */
export async function historyCommand(paths: Paths, flags: HistoryFlags, io: Io): Promise<number> {
  const estate = await loadEstate(paths.estateFile.path);
  const samples = await new HistoryRing(historyFolder(paths.stateDir.path, estate.id)).read();
  if (flags.html !== undefined) {
    const file = resolve(flags.html);
    const html = historyHtml(samples, { name: estate.name, simulated: estate.simulated, madeAt: Date.now() });
    await writeNew(file, html);
    io.err(`c138: written to ${sanitiseLine(file)}\n`);
  }
  if (flags.json === true) printJson(io, { format: 'c138-history', v: 1, samples });
  else if (flags.html === undefined) {
    io.out(
      `${['time', 'height', ...HISTORY_SERIES.map(([, name, unit]) => (unit === '' ? name : `${name} ${unit}`))].join('\t')}\n`,
    );
    for (const one of samples.slice(-60)) {
      const cells = HISTORY_SERIES.map(([key]) => one[key]?.toString() ?? '-');
      io.out(`${[new Date(one.at).toISOString(), one.height ?? '-', ...cells].join('\t')}\n`);
    }
    io.err(`c138: ${samples.length} samples; the last 60 are shown\n`);
  }
  return 0;
}

async function writeNew(path: string, content: string): Promise<void> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'EEXIST' ? 'exists already. Give another file' : `can not be written (${code})`;
    throw new CliError(`--html ${sanitiseLine(path)} ${why}.`);
  }
}
