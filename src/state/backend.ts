import type { HistorySample } from '../chain/history.ts';
import type {
  EpochMs,
  RecordBody,
  Runbook,
  Snapshot,
  SnapshotOrigin,
  Step,
  Verdict,
  WitnessMeaning,
} from '../model/index.ts';
import type { TimelineEntry } from '../reports/run-story.ts';
import type { Attached, Handover, Phase, Remark } from '../runbooks/run-state.ts';
import type { AssessedPart } from './live/assessed.ts';

/**
 * What the screens may ask of the worker, and what it tells them. Every value crosses a thread:
 * plain data only. The UI never reads a file, a socket or a key itself.
 */
export interface Backend {
  /** Calls `listener` for each event until the returned function is called. */
  subscribe(listener: (event: BackendEvent) => void): () => void;
  /** Asks every source again now; resolves when the requests are queued. */
  refresh(): Promise<void>;
  /** The runbooks that can be opened. */
  runbooks(): Promise<readonly Runbook[]>;
  /** Past and open sessions on this machine, newest first. */
  sessions(): Promise<readonly SessionSummary[]>;
  /** True when the key is locked: `unlock` then needs the terminal for itself. */
  locked(): Promise<boolean>;
  /** Lets the signer process ask for the passphrase on the terminal, which nobody else may be drawing on. */
  unlock(): Promise<void>;
  /**
   * Gets a new session for a runbook ready; it exists once its opening is signed. Its variables are settled by `values`, or behind the id as
   * `name=value`.
   */
  openRun(runbookId: string, values?: Readonly<Record<string, string>>): Promise<RunView>;
  /** Goes on with an open session where it stopped. */
  resumeRun(session: string, oneCopy?: boolean): Promise<RunView>;
  /** Runs the gates of the step now and records what was seen. */
  gateStep(session: string, stepId: string): Promise<RunView>;
  /** Prepares the exact bytes to be signed and returns what the operator must type. */
  prepare(request: PrepareRequest): Promise<Prompt>;
  /** Signs and stores the prepared record; resolves only after it is durable. */
  confirm(promptId: string, typedCode: string): Promise<RunView>;
  /** Drops a prepared record. */
  cancel(promptId: string): Promise<void>;
  /** Writes a request that another person can answer on another machine, for the record that most wants a witness. */
  askWitness(session: string): Promise<WitnessAsk>;
  /** Takes in what came back: the text of the answer, or the path of its file. */
  takeWitness(session: string, answer: string): Promise<RunView>;
  /** Records how many records there are and their root, for somebody to note elsewhere. */
  checkpoint(session: string): Promise<RunView>;
  /** Writes the request that the one who takes over accepts by their signature; over the last record, so nothing may follow. */
  askHandover(session: string, person: string): Promise<WitnessAsk>;
  /** Keeps the output of a command that was run elsewhere with a step. */
  attach(session: string, request: AttachRequest): Promise<RunView>;
  /** What was recorded in a session of this machine, and where the run stood after each record. */
  timeline(session: string): Promise<readonly TimelineEntry[]>;
  /** Verifies a session folder against the trust store in force. */
  verify(path: string): Promise<VerifySummary>;
  /** Ends pollers, closes journals and the signer. */
  close(): Promise<void>;
}

/** The part of a backend that works with runbooks and evidence. */
export type RunBackend = Pick<
  Backend,
  | 'runbooks'
  | 'sessions'
  | 'locked'
  | 'unlock'
  | 'openRun'
  | 'resumeRun'
  | 'gateStep'
  | 'prepare'
  | 'confirm'
  | 'cancel'
  | 'askWitness'
  | 'takeWitness'
  | 'checkpoint'
  | 'askHandover'
  | 'attach'
  | 'timeline'
  | 'verify'
  | 'close'
>;

export type PrepareRequest =
  | {
      readonly kind: 'confirm';
      readonly session: string;
      readonly stepId: string;
      readonly verdict: Verdict;
      readonly note: string;
    }
  | { readonly kind: 'seal'; readonly session: string }
  /**
   * The opening of a new session, or the taking up of one that was broken off. `note` accepts, with a reason, that the installed
   * definition is another than the one that the session was opened with.
   */
  | { readonly kind: 'begin'; readonly session: string; readonly note?: string }
  /** Something is done otherwise than the step says; the step stays at hand. */
  | { readonly kind: 'deviate'; readonly session: string; readonly stepId: string; readonly note: string }
  /** Another answer in place of one that stands. */
  | {
      readonly kind: 'correct';
      readonly session: string;
      readonly stepId: string;
      readonly verdict: Verdict;
      readonly note: string;
    }
  | { readonly kind: 'note'; readonly session: string; readonly stepId: string | null; readonly note: string }
  /** Ends the run before its end. */
  | { readonly kind: 'abort'; readonly session: string; readonly note: string }
  /** Tries the failed step again, after its back-out was walked. */
  | { readonly kind: 'again'; readonly session: string; readonly note: string }
  /** Gives the run to another person. `answer`: their acceptance, as text or the path of its file. */
  | { readonly kind: 'handover'; readonly session: string; readonly answer: string; readonly note: string };

/** What an operator brings from a command that they ran elsewhere. */
export interface AttachRequest {
  readonly stepId: string;
  /** Exit code of the command, where it is known. */
  readonly exitCode: number | null;
  /** The output itself, or, where `path` is given, nothing. */
  readonly text: string;
  readonly path: string | null;
}

/** What the operator is about to sign. */
export interface Prompt {
  readonly promptId: string;
  /**
   * The signer asks for the code on the terminal itself, as for critical steps: hand the terminal over and call `confirm` with an empty
   * code.
   */
  readonly onTerminal: boolean;
  /** Four characters, derived by the signer from the digest it is about to sign; new each time. */
  readonly code: string;
  /** Plain lines naming who signs what; drawn by the signer from the derived typed data. */
  readonly lines: readonly string[];
  readonly digest: string;
}

export interface SessionSummary {
  readonly session: string;
  readonly path: string;
  readonly runbookId: string;
  readonly runbookTitle: string;
  readonly openedAt: EpochMs;
  readonly records: number;
  readonly state: 'open' | 'sealed';
  /** Only the second copy is there: the session was worked on another machine. */
  readonly mirrorOnly: boolean;
}

/** A run as the screen shows it. */
export interface RunView {
  readonly session: string;
  readonly path: string;
  readonly runbook: Runbook;
  readonly state: 'open' | 'sealed';
  /** False until the opening (or the taking up) is signed and durable; nothing else can be recorded before. */
  readonly begun: boolean;
  /** The step at hand, or null when only sealing is left or the run is sealed. */
  readonly current: string | null;
  /** Where the run stands; `decision` waits for somebody to try again or abort. */
  readonly phase: Phase;
  /** The step whose failure opened the back-out or stopped the run. */
  readonly failed: string | null;
  readonly openedAt: string | null;
  /** Who is in charge, and whether the key here is theirs. */
  readonly inCharge: { readonly person: string; readonly name: string; readonly here: boolean } | null;
  readonly notes: readonly Remark[];
  readonly handovers: readonly Handover[];
  /** The mirror that is left out, where the operator chose so and has not signed it yet. */
  readonly oneCopy: string | null;
  /** The installed definition is another than the session's; taking it up wants a reason. Null when it is the same. */
  readonly changed: string | null;
  /** Records that the rules would not have let pass, in words. */
  readonly irregular: readonly string[];
  readonly steps: readonly RunStepView[];
  readonly records: number;
  /** The last checkpoint: how many records it covers, its lines for a file, its eight characters for paper. */
  readonly checkpoint: { readonly size: number; readonly text: string; readonly code: string } | null;
  readonly lastRecord: Pick<RecordBody, 'kind' | 'seq' | 'at'> | null;
  /** Set when the journal can no longer be written; the run is read-only then. */
  readonly broken: string | null;
}

export interface RunStepView {
  readonly step: Step;
  readonly verdict: Verdict | null;
  readonly note: string;
  readonly by: string | null;
  readonly at: string | null;
  readonly gate: 'none' | 'not-run' | 'holds' | 'fails' | 'unknown';
  readonly gateLines: readonly string[];
  /** Verdicts the operator may give now. */
  readonly offered: readonly Verdict[];
  /** Why `confirmed` is not among them, or an empty string. */
  readonly blocked: string;
  /** The answer counts only with the signature of another person. */
  readonly needsWitness: boolean;
  /** Names of those who witnessed the answer in force. */
  readonly witnessedBy: readonly string[];
  /** The answer waits for another person. */
  readonly wantsSignature: boolean;
  /** Since when the step was at hand. */
  readonly since: string | null;
  readonly attached: readonly Attached[];
  readonly deviations: readonly Remark[];
  /** What the operator's own output says against the probes, or null. */
  readonly conflict: string | null;
  /** Why even a confirmation wants a note, or null. */
  readonly wantsNote: string | null;
}

/** A request that another person can answer on another machine. */
export interface WitnessAsk {
  readonly path: string;
  /** Where the screen looks for the answer. */
  readonly answerPath: string;
  /** The same as one line of text. */
  readonly text: string;
  /** Eight characters to compare aloud. */
  readonly spoken: string;
  readonly seq: number;
  /** What the signature has to say. */
  readonly meaning: WitnessMeaning;
}

export interface VerifySummary {
  readonly exitCode: number;
  readonly verdict: string;
  readonly assurance: string;
  /** What decides first. */
  readonly lines: readonly string[];
  /** How many of the lines, from the first, are the reasons why it does not verify. */
  readonly fails: number;
}

export type LogLevel = 'info' | 'warn' | 'error';

export type BackendEvent =
  /** A snapshot that was read from a file. */
  | { readonly type: 'snapshot'; readonly snapshot: Snapshot; readonly origin: SnapshotOrigin }
  /** What changed in the assessment of the living estate. */
  | { readonly type: 'assessed'; readonly part: AssessedPart }
  /** What was seen of the chain over time, oldest first. */
  | { readonly type: 'history'; readonly samples: readonly HistorySample[] }
  | { readonly type: 'source'; readonly endpoint: string; readonly state: SourceState }
  | {
      readonly type: 'log';
      readonly at: EpochMs;
      readonly level: LogLevel;
      readonly text: string;
      readonly count: number;
    }
  | { readonly type: 'run'; readonly run: RunView }
  /** Whoever looked at the estate is gone: from here on nothing is looked at, and nothing can be asked. */
  | { readonly type: 'ended'; readonly at: EpochMs; readonly reason: string };

/** How one source of observations is doing. */
export interface SourceState {
  readonly asking: boolean;
  readonly lastAsked: EpochMs | null;
  readonly lastGood: EpochMs | null;
  readonly lastError: string | null;
  readonly nextAt: EpochMs | null;
}
