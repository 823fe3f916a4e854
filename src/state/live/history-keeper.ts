import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type HistorySample, sampleOf } from '../../chain/history.ts';
import { type Snapshot, sanitiseLine } from '../../model/index.ts';
import type { BackendEvent } from '../backend.ts';
import { HistoryRing } from './history.ts';

/** One sample in this time, in milliseconds. */
const CADENCE_MS = 10_000;
/** Samples that the screens get: two hours. */
const SHOWN = 720;

/** Where the history of one estate lies; estates do not mix. */
export function historyFolder(stateDir: string, estateId: string): string {
  return join(stateDir, 'history', createHash('sha256').update(estateId).digest('hex').slice(0, 16));
}

/**
 * Takes a sample of the living estate now and then, keeps it on disk and tells the screens. A disk that does not take it is told once; the
 * screens still get what was seen since the start.
 * @param snapshot what is known now
 */
export function keepHistory(
  snapshot: () => Snapshot,
  folder: string,
  tell: (event: BackendEvent) => void,
  cadenceMs = CADENCE_MS,
): { stop(): Promise<void> } {
  const ring = new HistoryRing(folder);
  let shown: readonly HistorySample[] = [];
  let complained = false;
  let last: Promise<void> = Promise.resolve();
  const complain = (error: unknown): void => {
    if (complained) return;
    complained = true;
    const why = sanitiseLine(error instanceof Error ? error.message : String(error), 160);
    tell({
      type: 'log',
      at: Date.now(),
      level: 'warn',
      text: `the history is not kept on disk: ${why}`,
      count: 1,
    });
  };
  const add = (samples: readonly HistorySample[]): void => {
    shown = [...shown, ...samples].sort((a, b) => a.at - b.at).slice(-SHOWN);
    if (shown.length > 0) tell({ type: 'history', samples: shown });
  };
  void ring.read().then((old) => add(old.slice(-SHOWN)));
  const timer = setInterval(() => {
    const now = snapshot();
    // Before everybody was asked once there is nothing to compare.
    if (!now.observations.some((one) => one.probe === 'besu-head')) return;
    const sample = sampleOf(now, Date.now());
    add([sample]);
    last = ring.append(sample).catch(complain);
  }, cadenceMs);
  return {
    async stop() {
      clearInterval(timer);
      await last;
    },
  };
}
