import type { Observation, RawRef } from '../../model/index.ts';
import { type Raws, sha256Of } from './snapshot-file.ts';

/** The reference to a raw answer whose bytes are not kept: a live screen shows digests, snapshots keep bytes. */
export function rawRefOf(bytes: Uint8Array, redactions: RawRef['redactions'], truncated: boolean): RawRef {
  return { sha256: sha256Of(bytes), bytes: bytes.length, truncated, redactions };
}

/** Raw answers in memory, by their digest, until a snapshot is written. */
export class RawStore {
  readonly #bytes = new Map<string, Uint8Array>();

  /** Keeps the bytes (already redacted) and gives the reference that goes into the observation. */
  readonly put = (bytes: Uint8Array, redactions: RawRef['redactions'], truncated: boolean): RawRef => {
    const reference = rawRefOf(bytes, redactions, truncated);
    if (!this.#bytes.has(reference.sha256)) this.#bytes.set(reference.sha256, bytes);
    return reference;
  };

  /** The raw answers that these observations refer to. */
  of(observations: readonly Observation[]): Raws {
    const out = new Map<string, Uint8Array>();
    for (const { raw } of observations) {
      const bytes = raw === null ? undefined : this.#bytes.get(raw.sha256);
      if (raw !== null && bytes !== undefined) out.set(raw.sha256, bytes);
    }
    return out;
  }
}
