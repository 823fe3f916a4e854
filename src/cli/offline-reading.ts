import { type ReadOnlyRuns, UnavailableError } from '../state/offline.ts';

/** What can be read and checked without the estate. */
export function readingFor(): ReadOnlyRuns {
  return {
    runbooks: async () =>
      (await (await import('../runbooks/index.ts')).bundledRunbooks()).map(({ runbook }) => runbook),
    verify: () => Promise.reject(new UnavailableError('use c138 evidence verify')),
  };
}
