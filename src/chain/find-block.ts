/** Finds block objects in what people hand over: a block, a JSON-RPC response, a snapshot, or a list of these. */
export function findBlocks(json: unknown, limit = 10_000): readonly unknown[] {
  const found: unknown[] = [];
  const visit = (value: unknown, depth: number): void => {
    if (found.length >= limit || depth > 12 || value === null || typeof value !== 'object') return;
    if (Array.isArray(value)) {
      for (const item of value) visit(item, depth + 1);
      return;
    }
    const object = value as Record<string, unknown>;
    if ('extraData' in object && 'parentHash' in object) {
      found.push(object);
      return;
    }
    for (const item of Object.values(object)) visit(item, depth + 1);
  };
  visit(json, 0);
  return found;
}
