import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Folder of the runs of discovery below that of the reports. */
export const RUNS = 'phase1-discovery';

/** The snapshot of the newest discovery that wrote one, or null. */
export async function newestRun(reportsDir: string): Promise<string | null> {
  const runs = join(reportsDir, RUNS);
  const names = await readdir(runs, { withFileTypes: true }).catch(() => []);
  const stamps = names.filter((one) => one.isDirectory() && /^\d{8}T\d{6}\.\d{3}Z$/.test(one.name));
  for (const { name } of stamps.sort((a, b) => (a.name < b.name ? 1 : -1)))
    if (existsSync(join(runs, name, 'snapshot', 'snapshot.json'))) return join(runs, name, 'snapshot');
  return null;
}
