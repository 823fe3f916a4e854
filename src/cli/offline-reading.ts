import type { ReadOnlyRuns } from '../state/offline.ts';
import type { Paths } from '../state/paths.ts';

/** What can be read and checked without the estate. */
export function readingFor(paths: Paths): ReadOnlyRuns {
  return {
    runbooks: async () => {
      const { bundledRunbooks } = await import('../runbooks/index.ts');
      return (await bundledRunbooks()).map(({ runbook }) => runbook);
    },
    verify: async (path) => {
      const { verifySummary } = await import('../state/verify-summary.ts');
      return verifySummary(path, paths.trustFile);
    },
  };
}
