import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import type { Backend } from './backend.ts';
import { connectBackend } from './port-rpc.ts';

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
 * Starts the worker that does all network, SSH and file work. Resolves when it has read the estate file; nothing has been
 * asked over the network yet.
 * @throws RemoteError with the worker's own message, for example of a bad estate file
 */
export async function startWorker(input: WorkerInput): Promise<Backend> {
  const worker = new Worker(...workerSource(input));
  const ended = Promise.withResolvers<string>();
  worker.on('error', (error) => ended.resolve(error instanceof Error ? error.message : String(error)));
  worker.on('exit', () => ended.resolve('it was stopped'));
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  try {
    const backend = await connectBackend(worker, ended.promise);
    return {
      ...backend,
      close: async () => {
        await backend.close();
        worker.postMessage({ type: 'end' });
        const timer = setTimeout(() => void worker.terminate(), 3_000);
        await exited;
        clearTimeout(timer);
      },
    };
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}

/** The bundle is one file that knows from its worker data what it is; the sources need the loader that runs them. */
function workerSource(input: WorkerInput): [URL, WorkerOptions] {
  const here = new URL(import.meta.url);
  if (here.pathname.endsWith('.mjs')) return [here, { workerData: input }];
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return [new URL('./worker-entry.ts', here), { workerData: input, execArgv: ['--import', loader] }];
}
