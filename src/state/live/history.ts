import { appendFile, mkdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type HistorySample, readSample } from '../../chain/history.ts';

/** Bytes of one half of the ring: about a day of samples each ten seconds. */
const HALF_BYTES = 1024 * 1024;
const NEW = 'newer.jsonl';
const OLD = 'older.jsonl';

/**
 * History on disk, bounded: samples are appended to the newer half; when that is full it becomes the older half, and what was there is
 * dropped. A half-written last line, after a power loss, is passed over. It holds no evidence, so it is not synced.
 */
export class HistoryRing {
  readonly #folder: string;
  readonly #halfBytes: number;
  #writing: Promise<void> = Promise.resolve();

  constructor(folder: string, halfBytes = HALF_BYTES) {
    this.#folder = folder;
    this.#halfBytes = halfBytes;
  }

  /**
   * Adds a sample; appends in the order of the calls.
   * @throws Error of the file system, for example when the disk is full
   */
  append(sample: HistorySample): Promise<void> {
    const next = this.#writing.then(() => this.#append(`${JSON.stringify(sample)}\n`));
    this.#writing = next.catch(() => undefined);
    return next;
  }

  async #append(line: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const path = join(this.#folder, NEW);
    const size = await stat(path).then(
      (one) => one.size,
      () => 0,
    );
    if (size + line.length > this.#halfBytes && size > 0) await rename(path, join(this.#folder, OLD));
    await appendFile(path, line, { mode: 0o600 });
  }

  /** All samples, oldest first; none when there is no history yet. Lines that are no samples are passed over. */
  async read(): Promise<readonly HistorySample[]> {
    const out: HistorySample[] = [];
    for (const name of [OLD, NEW]) {
      const text = await readFile(join(this.#folder, name), 'utf8').catch(() => '');
      for (const line of text.split('\n')) {
        const sample = parse(line);
        if (sample !== null) out.push(sample);
      }
    }
    return out.sort((a, b) => a.at - b.at);
  }
}

function parse(line: string): HistorySample | null {
  if (line === '') return null;
  try {
    return readSample(JSON.parse(line));
  } catch {
    return null;
  }
}
