import type { Paths } from '../state/paths.ts';
import type { ReadOnlyRuns } from '../state/snapshots/offline.ts';

/** What can be read and checked without the estate. */
export function readingFor(paths: Paths): ReadOnlyRuns {
  return {
    runbooks: async () => {
      const { bundledRunbooks } = await import('../runbooks/index.ts');
      return (await bundledRunbooks()).map(({ runbook }) => runbook);
    },
    verify: async (path) => {
      const { verifySummary } = await import('../state/runs/verify-summary.ts');
      return verifySummary(path, paths.trustFile);
    },
  };
}
