import { createHash, type Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { MAX_LINE_BYTES } from '../record/line.ts';
import { READ } from './files.ts';
import type { TornTail } from './journal-types.ts';

/** Bytes that are read at a time. */
const CHUNK_BYTES = 1 << 20;

/** The bytes of a journal, read in pieces as often as somebody asks. */
export interface JournalBytes {
  readonly size: number;
  /** Each piece is there until the next one is asked for; then its memory is used again. */
  chunks(): AsyncIterable<Uint8Array>;
}

/** A journal that is in memory already. */
export function journalInMemory(bytes: Uint8Array): JournalBytes {
  return {
    size: bytes.length,
    async *chunks() {
      yield bytes;
    },
  };
}

/** A journal in a file, or in a part of one that begins at the byte `from`; a symbolic link in its place is refused when it is read. */
export function journalInFile(path: string, size: number, from = 0): JournalBytes {
  return {
    size,
    async *chunks() {
      if (size === 0) return;
      const handle = await open(path, READ);
      try {
        const buffer = Buffer.allocUnsafe(Math.min(size, CHUNK_BYTES));
        // Not further than the size that was looked at: the writer may be adding to it.
        for (let done = 0; done < size; ) {
          const { bytesRead } = await handle.read(
            buffer,
            0,
            Math.min(buffer.length, size - done),
            from + done,
          );
          if (bytesRead === 0) break;
          done += bytesRead;
          yield buffer.subarray(0, bytesRead);
        }
      } finally {
        await handle.close();
      }
    },
  };
}

/**
 * Takes a journal apart line by line, as `splitJournal` does, without holding more than one line. A line that is longer than any
 * may be is given cut, one byte too long, which nothing accepts.
 */
export class LineSplitter {
  #rest: Uint8Array[] = [];
  #length = 0;
  #hash: Hash = createHash('sha256');
  /** Bytes since the last line that was given. */
  #tail = 0;
  /** The first of lines with a NUL byte: no record can hold one, so at the end of a file they belong to the torn tail. */
  #doubtful: Uint8Array | null = null;

  /** The lines, each with its LF, that this piece completes. */
  *push(chunk: Uint8Array): Generator<Uint8Array> {
    let start = 0;
    for (let at = chunk.indexOf(0x0a); at !== -1; at = chunk.indexOf(0x0a, start)) {
      const line = this.#take(chunk.subarray(start, at + 1));
      start = at + 1;
      if (line.includes(0)) {
        this.#doubtful ??= Uint8Array.from(line);
        continue;
      }
      if (this.#doubtful !== null) yield this.#doubtful;
      yield line;
      this.#doubtful = null;
      this.#tail = 0;
      this.#hash = createHash('sha256');
    }
    this.#add(chunk.subarray(start));
  }

  #add(bytes: Uint8Array): void {
    this.#tail += bytes.length;
    this.#hash.update(bytes);
    const room = MAX_LINE_BYTES + 1 - this.#length;
    if (room > 0) this.#rest.push(Uint8Array.from(bytes.subarray(0, room)));
    this.#length += Math.min(bytes.length, Math.max(room, 0));
  }

  #take(end: Uint8Array): Uint8Array {
    if (this.#length === 0) {
      this.#tail += end.length;
      this.#hash.update(end);
      return end;
    }
    this.#add(end);
    const line = Buffer.concat(this.#rest);
    this.#rest = [];
    this.#length = 0;
    return line;
  }

  /** What is left at the end, or null. */
  torn(): TornTail | null {
    if (this.#tail === 0) return null;
    return { sha256: `0x${this.#hash.digest('hex')}`, bytes: this.#tail };
  }
}
