import { createRequire } from 'node:module';
import * as ink from 'ink';
import type { TableComponent } from './ink-table.types.ts';

/**
 * ink-table is CommonJS and requires ink, which is ESM with top-level await: that cannot be required.
 * Giving CommonJS the already evaluated module makes it load unchanged.
 */
const require = createRequire(import.meta.url);
const id = require.resolve('ink');
require.cache[id] ??= {
  id,
  filename: id,
  loaded: true,
  exports: ink,
  children: [],
  paths: [],
} as unknown as NodeJS.Module;

export const Table: TableComponent = (require('ink-table') as { default: TableComponent }).default;
