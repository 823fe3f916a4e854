import type { Hex } from '../../model/json.ts';
import type { Observation } from '../../model/observation.ts';
import type { RecordBody } from '../../model/record.ts';

/** Records in their order. An array is one. */
export interface Records extends Iterable<RecordBody> {
  readonly length: number;
  /** As `Array.prototype.at`. */
  at(index: number): RecordBody | undefined;
}

/** Where `JournalState` keeps the records that it took in. */
export interface RecordList extends Records {
  push(body: RecordBody): void;
  /** What is to be kept of a record's observations. */
  observations(list: readonly Observation[]): readonly Observation[];
}

/** Records as they are, for the writer, who shows them. */
export class WholeRecords extends Array<RecordBody> implements RecordList {
  observations(list: readonly Observation[]): readonly Observation[] {
    return list;
  }
}

const DIGEST_BYTES = 32;
const PAGE_DIGESTS = 4096;

/** Digests of SHA-256 in their order, 32 bytes each. */
export class DigestList {
  readonly #pages: Buffer[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** @param digest `0x` and 64 hexadecimal digits */
  push(digest: Hex): void {
    const place = this.#length % PAGE_DIGESTS;
    if (place === 0) this.#pages.push(Buffer.alloc(PAGE_DIGESTS * DIGEST_BYTES));
    this.#pages.at(-1)?.write(digest.slice(2), place * DIGEST_BYTES, 'hex');
    this.#length += 1;
  }

  /** As `Array.prototype.at`. */
  at(index: number): Hex | undefined {
    const at = index < 0 ? this.#length + index : index;
    if (!(at >= 0 && at < this.#length)) return undefined;
    const start = (at % PAGE_DIGESTS) * DIGEST_BYTES;
    const page = this.#pages[Math.floor(at / PAGE_DIGESTS)];
    return `0x${page?.toString('hex', start, start + DIGEST_BYTES) ?? ''}`;
  }
}
