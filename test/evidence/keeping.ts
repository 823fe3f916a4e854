import { afterEach } from 'vitest';
import type { Made } from './make.ts';

/** At the top of a test file: every session that is kept is closed and removed after its test. */
export function keeping(): (one: Made) => Made {
  const kept: Made[] = [];
  afterEach(async () => {
    for (const one of kept.splice(0)) {
      await one.journal.close();
      one.clean();
    }
  });
  return (one) => {
    kept.push(one);
    return one;
  };
}
