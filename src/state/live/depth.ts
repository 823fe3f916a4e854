/** Heads are asked for often; everything else about a node changes slowly and is asked for once in this time. */
const FULL_MS = 60_000;

/** Decides how much a node is asked each time. */
export class Depth {
  /** Times of the monotonic clock: the clock on the wall may be set. */
  readonly #lastFull = new Map<string, number>();

  /** `full` the first time and then once a minute; `heads` in between. */
  next(endpoint: string): 'full' | 'heads' {
    const now = performance.now();
    const last = this.#lastFull.get(endpoint);
    if (last !== undefined && now - last < FULL_MS) return 'heads';
    this.#lastFull.set(endpoint, now);
    return 'full';
  }

  /** Nobody could look: the next time asks for everything again. */
  failed(endpoint: string): void {
    this.#lastFull.delete(endpoint);
  }
}
