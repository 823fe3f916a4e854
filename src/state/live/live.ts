import {
  type Attestation,
  type DocumentedEstate,
  type Endpoint,
  type EpochMs,
  type Observation,
  type PlannedOutage,
  type Snapshot,
  type SnapshotOrigin,
  sanitiseLine,
} from '../../model/index.ts';
import type { BackendEvent, LogLevel } from '../backend.ts';
import { TOOL } from '../tool.ts';
import {
  allDue,
  DEFAULT_PLAN,
  due,
  errorOf,
  finished,
  mergeRound,
  newSchedule,
  nextWake,
  type PollPlan,
  type Schedule,
  sourceState,
  started,
} from './poller.ts';

/** A question put to the estate as a whole, on a cadence of its own. */
export interface Round {
  readonly name: string;
  readonly cadenceMs: number;
  readonly ask: (gathered: readonly Observation[], signal: AbortSignal) => Promise<readonly Observation[]>;
}

/** The first rounds wait this long for sources that do not answer. */
const FIRST_ROUND_MS = 1_000;

/** What the living estate tells: whole snapshots, which somebody assesses, its sources and what went wrong. */
export type LiveEvent = Extract<BackendEvent, { readonly type: 'snapshot' | 'source' | 'log' }>;

export interface LiveOptions {
  readonly estate: DocumentedEstate;
  readonly configPath: string;
  readonly vantage: string;
  /** Asks one endpoint everything its kind allows. Must not throw for what the other side does. */
  readonly ask: (endpoint: Endpoint, signal: AbortSignal) => Promise<readonly Observation[]>;
  /** Questions that need the answers of several sources, for example one block on all nodes. */
  readonly rounds?: readonly Round[];
  readonly plan?: PollPlan;
  /** Least milliseconds between two snapshots that are told. */
  readonly throttleMs?: number;
}

/**
 * Keeps a snapshot of the estate up to date: polls every source on its own cadence and tells what changed. Never stops
 * because a target is gone.
 */
export class LiveEstate {
  readonly #options: LiveOptions;
  readonly #plan: PollPlan;
  readonly #tell: (event: LiveEvent) => void;
  readonly #abort = new AbortController();
  readonly #rounds = new Map<string, readonly Observation[]>();
  /** Rounds that began after every source was asked once. */
  readonly #fullRounds = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #running = new Set<Promise<void>>();
  readonly #startedAt = new Date().toISOString();
  readonly #origin: SnapshotOrigin;
  readonly #logCounts = new Map<string, number>();
  #schedule: Schedule;
  #attestations: readonly Attestation[] = [];
  #outages: readonly PlannedOutage[] = [];
  #wake: NodeJS.Timeout | null = null;
  #telling: NodeJS.Timeout | null = null;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(options: LiveOptions, tell: (event: LiveEvent) => void) {
    this.#options = options;
    this.#plan = options.plan ?? DEFAULT_PLAN;
    this.#tell = tell;
    this.#origin = { mode: 'live', config: options.configPath };
    this.#schedule = newSchedule(options.estate.endpoints, performance.now());
  }

  /** Tells an empty snapshot, so that there is something to paint, then begins to ask. */
  start(): void {
    this.#tellSnapshot();
    this.#step();
    const begun = performance.now();
    const whenGathered = (): void => {
      if (this.#allAsked() || performance.now() - begun >= FIRST_ROUND_MS)
        for (const round of this.#options.rounds ?? []) this.#runRound(round);
      else this.#later(50, whenGathered);
    };
    this.#later(50, whenGathered);
  }

  /** Asks every source again, at once; the rounds follow in their own time. */
  refresh(): void {
    this.#schedule = allDue(this.#schedule, performance.now());
    this.#step();
  }

  /** What is known now. Complete once every endpoint, and then every round, was asked at least once. */
  snapshot(): Snapshot {
    const { estate, vantage } = this.#options;
    return {
      format: 'c138-snapshot',
      v: 1,
      tool: TOOL,
      vantage,
      started: this.#startedAt,
      ended: new Date().toISOString(),
      complete:
        this.#allAsked() && (this.#options.rounds ?? []).every((round) => this.#fullRounds.has(round.name)),
      estate,
      observations: [...this.#rounds.values()].flat(),
      attestations: this.#attestations,
      outages: this.#outages,
    };
  }

  /** Takes in what people signed: attestations from verified sessions, and planned outages. */
  attest(attestations: readonly Attestation[], outages: readonly PlannedOutage[] = []): void {
    this.#attestations = attestations;
    this.#outages = outages;
    if (this.#toldAt !== Number.NEGATIVE_INFINITY) this.#tellSnapshot();
  }

  /** Ends all asking; resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#abort.abort();
    if (this.#wake !== null) clearTimeout(this.#wake);
    if (this.#telling !== null) clearTimeout(this.#telling);
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.allSettled(this.#running);
  }

  #step(): void {
    if (this.#abort.signal.aborted) return;
    if (this.#wake !== null) clearTimeout(this.#wake);
    this.#wake = null;
    const now = performance.now();
    for (const endpoint of due(this.#schedule, now, this.#plan)) {
      this.#schedule = started(this.#schedule, endpoint.id, now);
      this.#tellSource(endpoint.id);
      const run: Promise<void> = this.#ask(endpoint).finally(() => {
        this.#running.delete(run);
        this.#step();
      });
      this.#running.add(run);
    }
    const wake = nextWake(this.#schedule);
    // What is due but capped is looked at again when an answer comes.
    if (wake !== null && wake > now) this.#wake = setTimeout(() => this.#step(), wake - now);
  }

  async #ask(endpoint: Endpoint): Promise<void> {
    const key = `endpoint ${endpoint.id}`;
    let error: string | null;
    try {
      const round = await this.#options.ask(endpoint, this.#abort.signal);
      if (this.#abort.signal.aborted) return;
      error = errorOf(round);
      this.#rounds.set(key, mergeRound(this.#rounds.get(key) ?? [], round));
    } catch (failure) {
      if (this.#abort.signal.aborted) return;
      error = sanitiseLine(`the probe failed: ${failure instanceof Error ? failure.message : failure}`);
      if (!this.#rounds.has(key)) this.#rounds.set(key, []);
    }
    const before = this.#schedule.get(endpoint.id);
    this.#schedule = finished(this.#schedule, endpoint.id, performance.now(), error, this.#plan);
    if (error !== null) this.#log(this.#levelFor(endpoint), `${endpoint.id}: ${error}`);
    else if (before?.lastError != null) this.#log('info', `${endpoint.id}: answers again`);
    this.#tellSource(endpoint.id);
    this.#tellSnapshotSoon();
  }

  #allAsked(): boolean {
    return this.#options.estate.endpoints.every((one) => this.#rounds.has(`endpoint ${one.id}`));
  }

  #later(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#abort.signal.aborted) work();
    }, ms);
    this.#timers.add(timer);
  }

  #runRound(round: Round): void {
    const full = this.#allAsked();
    const begun = performance.now();
    const key = `round ${round.name}`;
    const run: Promise<void> = round
      .ask([...this.#rounds.values()].flat(), this.#abort.signal)
      .then((seen) => {
        if (this.#abort.signal.aborted) return;
        this.#rounds.set(key, mergeRound(this.#rounds.get(key) ?? [], seen));
        if (full) this.#fullRounds.add(round.name);
        this.#tellSnapshotSoon();
      })
      .catch((failure: unknown) =>
        this.#log(
          'error',
          `${round.name}: the round failed: ${failure instanceof Error ? failure.message : failure}`,
        ),
      )
      .finally(() => {
        this.#running.delete(run);
        const wait = full || this.#fullRounds.has(round.name) ? round.cadenceMs : FIRST_ROUND_MS;
        if (!this.#abort.signal.aborted)
          this.#later(Math.max(0, begun + wait - performance.now()), () => this.#runRound(round));
      });
    this.#running.add(run);
  }

  /** What should be stopped is expected not to answer. */
  #levelFor(endpoint: Endpoint): LogLevel {
    const subject = this.#options.estate.subjects.find((one) => one.id === endpoint.subject);
    return subject?.expectedRun === 'stopped' ? 'info' : 'warn';
  }

  #tellSource(id: string): void {
    const state = sourceState(this.#schedule, id, Date.now() - performance.now());
    if (state !== null) this.#tell({ type: 'source', endpoint: id, state });
  }

  #tellSnapshotSoon(): void {
    if (this.#telling !== null) return;
    const wait = (this.#options.throttleMs ?? 400) - (performance.now() - this.#toldAt);
    this.#telling = setTimeout(() => this.#tellSnapshot(), Math.max(0, wait));
  }

  #tellSnapshot(): void {
    this.#telling = null;
    this.#toldAt = performance.now();
    this.#tell({ type: 'snapshot', snapshot: this.snapshot(), origin: this.#origin });
  }

  /** The same line again is told with how often it came. */
  #log(level: LogLevel, text: string): void {
    const line = sanitiseLine(text);
    const key = `${level} ${line}`;
    const count = (this.#logCounts.get(key) ?? 0) + 1;
    if (this.#logCounts.size > 2_000) this.#logCounts.clear();
    this.#logCounts.set(key, count);
    const at: EpochMs = Date.now();
    this.#tell({ type: 'log', at, level, text: line, count });
  }
}
