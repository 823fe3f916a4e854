/** Header fields besides `extraData` by which a block is known, also one that lost some of its fields. */
const TELLING = ['parentHash', 'stateRoot', 'miner', 'mixHash'] as const;

/**
 * Finds block objects in what people hand over: a block, a JSON-RPC response, a snapshot, or a list of these.
 * All of them, in their order and however deep: a block that is left out would look like one that was proven.
 */
export function findBlocks(json: unknown): readonly unknown[] {
  const found: unknown[] = [];
  const seen = new Set<object>();
  const waiting: unknown[] = [json];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (value === null || typeof value !== 'object' || seen.has(value)) continue;
    seen.add(value);
    if (!Array.isArray(value) && 'extraData' in value && TELLING.some((name) => name in value)) {
      found.push(value);
      continue;
    }
    const inside = Object.values(value);
    for (let index = inside.length - 1; index >= 0; index -= 1) waiting.push(inside[index]);
  }
  return found;
}
