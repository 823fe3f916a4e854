import { hostname } from 'node:os';
import manifest from '../../package.json' with { type: 'json' };
import { sanitiseLine } from '../model/index.ts';

/** Name and version of this program, as they go into snapshots and records. */
export const TOOL = { name: 'c138', version: manifest.version } as const;

/** From where this program looks: the name of the machine. */
export function vantageHere(): string {
  return sanitiseLine(hostname(), 64);
}
