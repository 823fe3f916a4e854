import { useCallback, useEffect, useMemo, useState } from 'react';
import type { Runbook } from '../model/index.ts';
import type { Backend, SessionSummary, VerifySummary } from '../state/backend.ts';

/** The first frame goes out before definitions are read and compiled, in milliseconds. */
const FIRST_FRAME_MS = 20;

/** Runbooks, sessions and the last verification, as the worker told them. */
export interface Work {
  readonly runbooks: readonly Runbook[];
  readonly sessions: readonly SessionSummary[];
  readonly verified: VerifySummary | null;
  reload(): void;
  verify(path: string): void;
}

/** Follows the worker's runbooks and sessions; `trouble` is told what went wrong. */
export function useWork(backend: Backend, trouble: (message: string) => void): Work {
  const [runbooks, setRunbooks] = useState<readonly Runbook[]>([]);
  const [sessions, setSessions] = useState<readonly SessionSummary[]>([]);
  const [verified, setVerified] = useState<VerifySummary | null>(null);
  const reload = useCallback((): void => {
    backend.runbooks().then(setRunbooks, () => setRunbooks([]));
    backend.sessions().then(setSessions, () => setSessions([]));
  }, [backend]);
  useEffect(() => {
    const timer = setTimeout(reload, FIRST_FRAME_MS);
    return () => clearTimeout(timer);
  }, [reload]);
  const verify = useCallback(
    (path: string): void => {
      backend
        .verify(path)
        .then(setVerified, (error: unknown) =>
          trouble(error instanceof Error ? error.message : String(error)),
        );
    },
    [backend, trouble],
  );
  // The same object as long as nothing in it is another: views are made again only when something changed.
  return useMemo(
    () => ({ runbooks, sessions, verified, reload, verify }),
    [runbooks, sessions, verified, reload, verify],
  );
}
