import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { manyGuestsBackend } from '../scripts/many-guests.ts';
import { serveBackend } from '../src/state/port-rpc.ts';

/** The worker of the benchmark: asks, assesses and tells as the real one does, of an estate that needs no network. */
const started = Date.now();
serveBackend(
  parentPort as unknown as MessagePort,
  // Every ten seconds something else happens, so that all parts of the screen have work.
  manyGuestsBackend(Number(workerData), () =>
    Math.floor((Date.now() - started) / 10_000) % 2 === 0 ? 'well' : 'guests stop',
  ),
);
