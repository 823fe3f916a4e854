import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { chainRules } from '../chain/rules.ts';
import { loadEstate } from '../estate/index.ts';
import { sanitiseLine } from '../model/index.ts';
import type { Backend, BackendEvent } from './backend.ts';
import { Assessor } from './live/assessor.ts';
import { Depth } from './live/depth.ts';
import { estateRounds } from './live/estate-rounds.ts';
import { historyFolder, keepHistory } from './live/history-keeper.ts';
import { LiveEstate } from './live/live.ts';
import { errorOf } from './live/poller.ts';
import { reportFailure, serveBackend } from './port-rpc.ts';
import { lazyRuns } from './runs/lazy-runs.ts';
import { rawRefOf } from './snapshots/raw-store.ts';
import { vantageHere } from './tool.ts';
import type { WorkerInput } from './worker-client.ts';

/** Longer than the longest time between two questions over SSH, so that a screen does not log in anew for each. */
const KEEP_SSH_MS = 90_000;
/** What people sign elsewhere meanwhile, outages for instance, is read again after this time, in milliseconds. */
const SIGNED_MS = 60_000;

/** The worker: does all network, SSH and file work and is the only writer of journals. */
export async function runWorker(port: MessagePort, input: WorkerInput): Promise<void> {
  try {
    serveBackend(port, await openLive(input));
    port.on('message', (message: { readonly type?: string }) => {
      if (message.type === 'end') port.close();
    });
  } catch (error) {
    reportFailure(port, error);
    port.close();
  }
}

/**
 * A backend on the living estate.
 * @throws EstateFileError when the estate file can not be used
 */
export async function openLive(input: WorkerInput): Promise<Backend> {
  const estate = await loadEstate(input.configPath);
  const vantage = vantageHere();
  const listeners = new Set<(event: BackendEvent) => void>();
  const tell = (event: BackendEvent): void => {
    for (const listener of listeners) listener(event);
  };
  const assessor = new Assessor(chainRules, (part) => tell({ type: 'assessed', part }));
  const context = { estate, vantage, storeRaw: rawRefOf, keepSshMs: KEEP_SSH_MS };
  const depth = new Depth();
  const live = new LiveEstate(
    {
      estate,
      configPath: input.configPath,
      vantage,
      // The probes and their packages are loaded when they are first wanted: the screen is painted before.
      ask: async (endpoint, signal) => {
        const { observeEndpoint } = await import('../probes/index.ts');
        const seen = await observeEndpoint({ ...context, signal }, endpoint, depth.next(endpoint.id));
        if (errorOf(seen) !== null) depth.failed(endpoint.id);
        return seen;
      },
      rounds: estateRounds(estate, context),
    },
    (event) => {
      if (event.type === 'snapshot') assessor.take(event.snapshot, event.origin);
      else tell(event);
    },
  );
  const readSigned = async (): Promise<void> => {
    const { readAttestations } = await import('./attested/attestations.ts');
    const { inForce, readOutages } = await import('./attested/outages.ts');
    const folder = join(input.stateDir, 'outages');
    live.attest(
      await readAttestations(input.evidenceDir, input.trustFile, estate.id),
      inForce(await readOutages(folder, input.trustFile, estate.id)),
    );
  };
  let unsaid = true;
  /** What people signed counts as it was read last; that it can not be read any more is told once. */
  const attest = (): Promise<void> =>
    readSigned().then(
      () => {
        unsaid = true;
      },
      (error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        const text = sanitiseLine(`what people signed can not be read anew: ${why}`, 300);
        if (unsaid) tell({ type: 'log', at: Date.now(), level: 'error', text, count: 1 });
        unsaid = false;
      },
    );
  const tellRun = (event: BackendEvent): void => {
    tell(event);
    if (event.type === 'run' && event.run.state === 'sealed') void attest();
  };
  const runs = lazyRuns(async () => {
    const { startRuns } = await import('./runs/runs.ts');
    return startRuns({ estate, vantage, input, tell: tellRun });
  });
  let begun = false;
  let signed: NodeJS.Timeout | undefined;
  let history: { stop(): Promise<void> } | null = null;
  return {
    ...runs,
    subscribe(listener) {
      listeners.add(listener);
      if (!begun) {
        begun = true;
        live.start();
        history = keepHistory(() => live.snapshot(), historyFolder(input.stateDir, estate.id), tell);
        void attest();
        signed = setInterval(() => void attest(), SIGNED_MS);
      }
      return () => listeners.delete(listener);
    },
    refresh: async () => {
      live.refresh();
      void attest();
    },
    close: async () => {
      clearInterval(signed);
      assessor.stop();
      await history?.stop();
      await live.close();
      const { closeSsh } = await import('../probes/index.ts');
      await closeSsh();
      await runs.close();
    },
  };
}
