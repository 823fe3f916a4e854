import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { connectBackend } from '../src/state/port-rpc.ts';
import { runConsole } from '../src/ui/console.tsx';

/** The console on a living estate of so many guests, with its worker in a thread of its own, as it is in earnest. */
const guests = Number(process.argv[2] ?? 10_000);
const worker = new Worker(new URL('./live-worker.ts', import.meta.url), {
  workerData: guests,
  execArgv: ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href],
});
const unused = (): Promise<never> => Promise.reject(new Error('not measured'));
const { backend, ready } = connectBackend(worker, new Promise(() => undefined));
await runConsole({ backend, ready, ascii: false, colour: true, save: unused, remember: unused });
process.exit(0);
