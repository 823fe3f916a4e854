import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Lets somebody else use the terminal for a while, such as the signer asking for a passphrase. Ink gives back the screen and the modes,
 * but goes on reading: what is typed would be shared between two readers. So reading is stopped here as well.
 * @param suspend Ink's `suspendTerminal`
 * @param drained resolves when everything that was drawn has reached the terminal
 */
export async function handOver(
  suspend: (work: () => Promise<void>) => Promise<void>,
  drained: () => Promise<void>,
  work: () => Promise<void>,
): Promise<void> {
  await suspend(async () => {
    await stopReading();
    await drained();
    await work();
  });
}

/** Stops reading from standard input. A stream that was read by `readable` stops only when it is set flowing and paused. */
async function stopReading(): Promise<void> {
  await nextTurn();
  process.stdin.resume();
  process.stdin.pause();
  await nextTurn();
}
