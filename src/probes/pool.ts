import { Gate, Gates } from './gate.ts';

/** Runs `work` for each item, at most `limit` at a time. */
export async function pooled<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  await pooledByTarget(items, { limit, perTarget: limit, targetOf: () => '' }, work);
}

/** Runs `work` for each item, so many at a time in all and so many on one target: a target that is slow holds up only itself. */
export async function pooledByTarget<T>(
  items: readonly T[],
  caps: { readonly limit: number; readonly perTarget: number; readonly targetOf: (item: T) => string },
  work: (item: T) => Promise<void>,
): Promise<void> {
  const all = new Gate(caps.limit);
  const targets = new Gates(caps.perTarget);
  await Promise.all(
    items.map(async (item) => {
      // The place on the target first: who waits for a slow target takes no place from the others.
      const leaveTarget = await targets.of(caps.targetOf(item)).enter();
      const leave = await all.enter();
      try {
        await work(item);
      } finally {
        leave();
        leaveTarget();
      }
    }),
  );
}
