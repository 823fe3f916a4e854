import {
  assessEstate,
  type CrossRule,
  type EstateAssessment,
  type Snapshot,
  type SnapshotOrigin,
} from '../../model/index.ts';
import { type AssessedPart, partsBetween } from './assessed.ts';

/** Evidence grows stale on the screen at most this late when nothing new comes, in milliseconds. */
const TICK_MS = 5_000;
/** Between two parts a screen can draw and take keys. */
const PAUSE_MS = 12;

/**
 * Assesses the living estate beside the screen, which only draws, and tells what changed, in parts that are quickly taken in. What comes while
 * parts are under way waits for the last of them; only the newest is assessed then.
 */
export class Assessor {
  readonly #rules: readonly CrossRule[];
  readonly #tell: (part: AssessedPart) => void;
  readonly #clock: () => number;
  readonly #ticking: NodeJS.Timeout;
  #next: { readonly snapshot: Snapshot; readonly origin: SnapshotOrigin } | null = null;
  #told: { readonly snapshot: Snapshot; readonly assessment: EstateAssessment } | null = null;
  #latest: { readonly snapshot: Snapshot; readonly origin: SnapshotOrigin } | null = null;
  #sending: NodeJS.Timeout | null = null;

  constructor(
    rules: readonly CrossRule[],
    tell: (part: AssessedPart) => void,
    clock: () => number = Date.now,
    tickMs = TICK_MS,
  ) {
    this.#rules = rules;
    this.#tell = tell;
    this.#clock = clock;
    this.#ticking = setInterval(() => {
      if (this.#latest !== null) this.take(this.#latest.snapshot, this.#latest.origin);
    }, tickMs);
  }

  /** Assesses a snapshot of the living estate, now or when the one before was told. */
  take(snapshot: Snapshot, origin: SnapshotOrigin): void {
    this.#latest = { snapshot, origin };
    this.#next = this.#latest;
    if (this.#sending === null) this.#assess();
  }

  stop(): void {
    clearInterval(this.#ticking);
    if (this.#sending !== null) clearTimeout(this.#sending);
    this.#next = null;
  }

  #assess(): void {
    if (this.#next === null) return;
    const { snapshot, origin } = this.#next;
    this.#next = null;
    const assessment = assessEstate(snapshot, this.#clock(), this.#rules);
    const parts = partsBetween(this.#told, snapshot, assessment, origin);
    this.#told = { snapshot, assessment };
    this.#send(parts, 0);
  }

  #send(parts: readonly AssessedPart[], at: number): void {
    const part = parts[at];
    if (part === undefined) {
      this.#sending = null;
      return this.#assess();
    }
    this.#tell(part);
    if (part.last) return this.#send(parts, at + 1);
    this.#sending = setTimeout(() => this.#send(parts, at + 1), PAUSE_MS);
  }
}
