import { parentPort, workerData } from 'node:worker_threads';

/** The first lines of every thread of c138: which of them is this? Nothing of another is loaded. */
async function start(): Promise<void> {
  if (parentPort === null) return;
  if ((workerData as { kind?: unknown }).kind === 'c138-signatures') {
    const { serveSignatures } = await import('../evidence/verify/signature-worker.ts');
    return serveSignatures(parentPort);
  }
  const { runWorker } = await import('../state/worker.ts');
  await runWorker(parentPort, workerData);
}

await start();
