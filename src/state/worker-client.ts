import { Worker } from 'node:worker_threads';
import { partSource } from '../program/parts.ts';
import { inTime } from './in-time.ts';
import { type Connected, connectBackend } from './port-rpc.ts';

/** How long the worker may take to end by itself, and then to be stopped, in milliseconds. */
const END_MS = 3_000;
const STOP_MS = 1_000;

/** The worker can not be stopped, and so this process can not end of itself: Node.js waits for the calls that are under way. */
export class WorkerStuckError extends Error {
  override readonly name = 'WorkerStuckError';
  constructor() {
    super(
      'a file system does not answer, so the program ends itself hard. What was acknowledged is safe; look for a mount whose server is gone',
    );
  }
}

/** What the worker is started with: plain data. */
export interface WorkerInput {
  readonly kind: 'c138-worker';
  readonly configPath: string;
  readonly configDir: string;
  readonly stateDir: string;
  readonly trustFile: string;
  readonly keysDir: string;
  readonly evidenceDir: string;
  /** Where the simulated estate keeps its throw-away key and trust store; null on a real estate. */
  readonly demoDir: string | null;
}

/**
 * Starts the worker that does all network, SSH and file work. It is ready when it has read the estate file, of which nothing has been
 * asked over the network by then; where it can not, for a bad estate file for example, `ready` rejects with the worker's own message and
 * the worker has ended.
 */
export function startWorker(input: WorkerInput): Connected {
  const { url, execArgv } = partSource('thread');
  const worker = new Worker(url, { workerData: input, execArgv: [...execArgv] });
  const ended = Promise.withResolvers<string>();
  worker.on('error', (error) => ended.resolve(error instanceof Error ? error.message : String(error)));
  worker.on('exit', () => ended.resolve('it was stopped'));
  const { backend, ready } = connectBackend(worker, ended.promise);
  const started = ready.catch(async (error: unknown) => {
    await worker.terminate();
    throw error;
  });
  return {
    ready: started,
    backend: {
      ...backend,
      close: async () => {
        const orderly = backend.close().then(() => worker.postMessage({ type: 'end' }));
        if ((await inTime(END_MS, Promise.all([orderly, ended.promise]))) !== null) return;
        // A call to a file system that does not answer can not be taken back: then it does not end even so.
        void worker.terminate();
        if ((await inTime(STOP_MS, ended.promise)) === null) throw new WorkerStuckError();
      },
    },
  };
}
