import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Runbook } from '../model/index.ts';
import type { Backend, SessionSummary, VerifySummary } from '../state/backend.ts';

/** The first frame goes out before definitions are read and compiled, in milliseconds. */
const FIRST_FRAME_MS = 20;

/** The verification that was asked for last. */
export interface Verified {
  readonly path: string;
  /** Null while it is under way. */
  readonly summary: VerifySummary | null;
}

/** Runbooks, sessions and the last verification, as the worker told them. */
export interface Work {
  readonly runbooks: readonly Runbook[];
  readonly sessions: readonly SessionSummary[];
  readonly verified: Verified | null;
  reload(): void;
  verify(path: string): void;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Follows the worker's runbooks and sessions; `trouble` is told what went wrong. */
export function useWork(backend: Backend, trouble: (message: string) => void): Work {
  const [runbooks, setRunbooks] = useState<readonly Runbook[]>([]);
  const [sessions, setSessions] = useState<readonly SessionSummary[]>([]);
  const [verified, setVerified] = useState<Verified | null>(null);
  const newest = useRef(0);
  const reload = useCallback((): void => {
    // What can not be listed anew stays as it was last seen, and is told.
    const told = (error: unknown): void => trouble(messageOf(error));
    backend.runbooks().then(setRunbooks, told);
    backend.sessions().then(setSessions, told);
  }, [backend, trouble]);
  useEffect(() => {
    const timer = setTimeout(reload, FIRST_FRAME_MS);
    return () => clearTimeout(timer);
  }, [reload]);
  const verify = useCallback(
    (path: string): void => {
      newest.current += 1;
      const mine = newest.current;
      setVerified({ path, summary: null });
      backend.verify(path).then(
        (summary) => {
          if (mine === newest.current) setVerified({ path, summary });
        },
        (error: unknown) => {
          if (mine === newest.current) setVerified(null);
          trouble(messageOf(error));
        },
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
