import { setTimeout } from 'node:timers/promises';

/**
 * Waits for something, but not longer than `ms` milliseconds. Gives its result, or null where it came too late; it goes on by itself then.
 * @throws what it throws in time
 */
export async function inTime<T>(ms: number, work: Promise<T>): Promise<{ readonly result: T } | null> {
  const over = new AbortController();
  const late = setTimeout(ms, null, { signal: over.signal }).catch(() => null);
  try {
    return await Promise.race([work.then((result) => ({ result })), late]);
  } finally {
    over.abort();
  }
}
