import { vi } from 'vitest';

/** No machine is that slow. */
const MOST_MS = 60_000;

/**
 * Looks again until it does not throw, and gives what it gave.
 * @throws what the last look threw, after a minute
 */
export function eventually<T>(look: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(look, { timeout: MOST_MS, interval: 20 });
}
