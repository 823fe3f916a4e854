import * as cjs from 'ink-table';
import type { TableComponent } from './ink-table.types.ts';

interface Wrapped {
  readonly default?: unknown;
}

/** In the bundle ink-table is wrapped once or twice, depending on how its module object was converted. */
function unwrap(module: unknown): unknown {
  let value = module;
  while (typeof value === 'object' && value !== null && (value as Wrapped).default !== undefined)
    value = (value as Wrapped).default;
  return value;
}

export const Table = unwrap(cjs) as TableComponent;
