import { createHash } from 'node:crypto';
import type { DocumentedEstate, Endpoint, RawRef } from '../../src/model/index.ts';
import type { ProbeContext } from '../../src/probes/context.ts';
import { snapshotOf } from '../model/make.ts';

/** Raw answers that were stored, by digest. */
export const stored = new Map<string, string>();

export function contextOf(
  endpoints: readonly Endpoint[],
  more: Partial<DocumentedEstate> = {},
  signal = new AbortController().signal,
): ProbeContext {
  return {
    estate: { ...snapshotOf([], []).estate, endpoints, ...more },
    vantage: 'test',
    signal,
    storeRaw: (bytes, redactions, truncated): RawRef => {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      stored.set(sha256, Buffer.from(bytes).toString('utf8'));
      return { sha256, bytes: bytes.length, truncated, redactions };
    },
  };
}

export function endpoint(
  more: Partial<Endpoint> & { readonly url: string; readonly kind: Endpoint['kind'] },
): Endpoint {
  return { id: 'e', subject: 'vmid:1000', via: 'direct', timeoutMs: 1000, ...more };
}
