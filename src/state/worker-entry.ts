import { parentPort, workerData } from 'node:worker_threads';
import { runWorker } from './worker.ts';

/** The worker's first file when c138 runs from its sources; the bundle starts it from its own entry. */
if (parentPort !== null) void runWorker(parentPort, workerData as Parameters<typeof runWorker>[1]);
