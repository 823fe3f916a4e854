import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { partSource } from '../../program/parts.ts';
import { MAX_LINE_BYTES } from '../record/line.ts';
import {
  type BadSignature,
  checkBatch,
  SIGNATURE_WORKER,
  type SignatureAnswer,
  type SignatureBatch,
} from './signature-worker.ts';

/** Lines that one thread gets at a time, and the room for them in bytes. */
const BATCH_LINES = 400;
const BATCH_BYTES = 1 << 19;
/** Journals below this size in bytes are checked on the spot: starting threads would take longer. */
const WORTH_THREADS = 2 << 20;
const MAX_THREADS = 16;

/** Checks signatures while the journal is still being read, on all cores where it is long. */
export class SignaturePool {
  readonly #threads: Thread[] = [];
  /** Memory that came back from the threads. */
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  #bytes = new Uint8Array(BATCH_BYTES);
  #ends: number[] = [];
  #first = 0;
  #bad: BadSignature | null = null;
  readonly #waiting: Promise<void>[] = [];

  /** @param size bytes of the journal */
  constructor(size: number) {
    const count = size < WORTH_THREADS ? 0 : Math.min(availableParallelism(), MAX_THREADS);
    for (let index = 0; index < count; index += 1) this.#threads.push(new Thread());
  }

  /** Adds the next line. Resolves when there is room for another. */
  async add(line: Uint8Array, estateId: string): Promise<void> {
    const end = this.#ends.at(-1) ?? 0;
    this.#bytes.set(line, end);
    this.#ends.push(end + line.length);
    if (this.#ends.length >= BATCH_LINES || end + line.length > BATCH_BYTES - MAX_LINE_BYTES)
      await this.#send(estateId);
  }

  async #send(estateId: string): Promise<void> {
    if (this.#ends.length === 0) return;
    const batch: SignatureBatch = { first: this.#first, bytes: this.#bytes, ends: this.#ends, estateId };
    this.#first += this.#ends.length;
    this.#ends = [];
    const idle = this.#threads.reduce<Thread | null>(
      (best, one) => (best === null || one.load < best.load ? one : best),
      null,
    );
    if (idle === null) {
      this.#note(checkBatch(batch));
      return;
    }
    this.#waiting.push(
      idle.check(batch).then(({ bad, bytes }) => {
        this.#note(bad);
        this.#free.push(bytes);
      }),
    );
    // Two batches a thread keep it busy; more would only fill the memory.
    if (this.#waiting.length >= 2 * this.#threads.length) await this.#waiting.shift();
    this.#bytes = this.#free.pop() ?? new Uint8Array(BATCH_BYTES);
  }

  #note(bad: BadSignature | null): void {
    if (bad !== null && (this.#bad === null || bad.index < this.#bad.index)) this.#bad = bad;
  }

  /** The first line whose signature does not hold, or null when all do. */
  async done(estateId: string): Promise<BadSignature | null> {
    await this.#send(estateId);
    await Promise.all(this.#waiting);
    return this.#bad;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#waiting);
    await Promise.all(this.#threads.map((one) => one.close()));
  }
}

class Thread {
  readonly #worker: Worker;
  readonly #answers: PromiseWithResolvers<SignatureAnswer>[] = [];

  constructor() {
    this.#worker = startThread();
    this.#worker.on('message', (answer: SignatureAnswer) => this.#answers.shift()?.resolve(answer));
    this.#worker.on('error', (error) => {
      for (const one of this.#answers.splice(0)) one.reject(error);
    });
    this.#worker.unref();
  }

  get load(): number {
    return this.#answers.length;
  }

  check(batch: SignatureBatch): Promise<SignatureAnswer> {
    const answer = Promise.withResolvers<SignatureAnswer>();
    this.#answers.push(answer);
    this.#worker.ref();
    this.#worker.postMessage(batch, [batch.bytes.buffer]);
    return answer.promise;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Their garbage is short-lived: a small heap is as fast. */
const LIMITS = { maxYoungGenerationSizeMb: 8 };

function startThread(): Worker {
  const { url, execArgv } = partSource('thread');
  return new Worker(url, {
    workerData: { kind: SIGNATURE_WORKER },
    execArgv: [...execArgv],
    resourceLimits: LIMITS,
  });
}
