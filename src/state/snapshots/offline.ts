import type { Runbook } from '../../model/index.ts';
import type { Backend, BackendEvent, RunBackend, VerifySummary } from '../backend.ts';
import { readSnapshot } from './snapshot-file.ts';

/** Something that can not be done here; the message says why and what to do instead. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}

export interface ReadOnlyRuns {
  readonly runbooks: () => Promise<readonly Runbook[]>;
  readonly verify: (path: string) => Promise<VerifySummary>;
}

/** Runbooks can be read and evidence checked, but nothing can be run. */
export function readOnlyRuns(reading: ReadOnlyRuns, why: string): RunBackend {
  const refuse = (): Promise<never> => Promise.reject(new UnavailableError(why));
  return {
    runbooks: reading.runbooks,
    sessions: async () => [],
    locked: async () => false,
    unlock: async () => undefined,
    openRun: refuse,
    resumeRun: refuse,
    gateStep: refuse,
    prepare: refuse,
    confirm: refuse,
    cancel: async () => undefined,
    askWitness: refuse,
    takeWitness: refuse,
    checkpoint: refuse,
    askHandover: refuse,
    attach: refuse,
    timeline: refuse,
    verify: reading.verify,
    close: async () => undefined,
  };
}

/**
 * A backend on a snapshot that is read from a file, and tells of it when that is done. It opens no socket of any kind: nothing here can ask
 * anything.
 * @param path of the snapshot
 * @returns the backend, and what rejects with a SnapshotError where the snapshot can not be read
 */
export function openOffline(
  path: string,
  reading: ReadOnlyRuns,
): { readonly backend: Backend; readonly ready: Promise<void> } {
  const event = readSnapshot(path).then(
    ({ snapshot, folder }): BackendEvent => ({
      type: 'snapshot',
      snapshot,
      origin: { mode: 'offline', path: folder },
    }),
  );
  // Whoever listens hears of it; that it can not be read is told by `ready`.
  event.catch(() => undefined);
  const runs = readOnlyRuns(
    reading,
    'a snapshot is being read, and a runbook needs the living estate: start c138 without --offline',
  );
  const backend: Backend = {
    ...runs,
    subscribe(listener) {
      let listening = true;
      event.then(
        (one) => listening && listener(one),
        () => undefined,
      );
      return () => {
        listening = false;
      };
    },
    refresh: async () => undefined,
  };
  return { backend, ready: event.then(() => undefined) };
}
