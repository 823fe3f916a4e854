import type { SubjectId } from './documented.ts';
import type { JsonObject, Rfc3339 } from './json.ts';
import type { EvidenceLevel } from './status.ts';

/**
 * How a question was answered. The classes keep apart what operators must not confuse:
 * a refusal, a silence, an edge's error page, a missing right, and an answer.
 */
export const ANSWER_CLASSES = [
  'ok',
  'ok-null',
  'rpc-error',
  'http-error',
  'edge-error',
  'not-json',
  'empty',
  'half-answer',
  'too-large',
  'reset',
  'refused',
  'no-route',
  'timeout',
  'slow-answer',
  'tls',
  'tls-expired',
  'tls-pin',
  'dns',
  'host-refused',
  'auth',
  'not-allowed',
  'ssh-host-key-unknown',
  'ssh-host-key-changed',
  'ssh-host-key-revoked',
  'ssh-auth',
  'exit',
  'aborted',
  'not-configured',
] as const;
export type AnswerClass = (typeof ANSWER_CLASSES)[number];

/** One named judgement a probe draws from its own answer alone. */
export interface Check {
  /** Stable name, for example `chain-id` or `qbft-quorum`. */
  readonly id: string;
  readonly result: 'pass' | 'warn' | 'fail' | 'unknown';
  /** What is wrong or right, in one sentence, already sanitised. */
  readonly reason: string;
  /** What the operator does next; empty when the result is `pass`. */
  readonly next: string;
}

/** What came back, as class and normalised facts. */
export interface Answer {
  readonly class: AnswerClass;
  /** HTTP status, JSON-RPC error code or exit code, where there is one. */
  readonly code?: number;
  /** One sanitised line for people: the error's own words. */
  readonly detail?: string;
  readonly facts: JsonObject;
  readonly checks: readonly Check[];
}

/** The raw answer, stored content-addressed. The digest is of the redacted bytes that are stored. */
export interface RawRef {
  readonly sha256: string;
  readonly bytes: number;
  readonly truncated: boolean;
  readonly redactions: readonly { readonly rule: string; readonly count: number }[];
}

/** One question and its answer: the single shape used by snapshot and journal alike. */
export interface Observation {
  /** Name of the probe, for example `besu-head`. */
  readonly probe: string;
  readonly subject: SubjectId;
  /** The endpoint asked, by its id in the estate file. */
  readonly endpoint: string;
  /** What this answer proves about the subject; `none` when we could not look. */
  readonly level: EvidenceLevel;
  /** The request as sent, without secrets: `GET /api2/json/version`, `eth_blockNumber []`, `pct list`. */
  readonly request: string;
  readonly answer: Answer;
  /** From where we looked, for example `r630-01`. */
  readonly vantage: string;
  readonly started: Rfc3339;
  readonly ended: Rfc3339;
  readonly raw: RawRef | null;
}

/** Classes that mean the question was answered by the service itself, whatever it said. */
const LOOKED: ReadonlySet<AnswerClass> = new Set(['ok', 'ok-null', 'rpc-error', 'http-error', 'exit']);

/** True when the subject itself answered; false when we could not look or were not allowed to. */
export function couldLook(answer: Answer): boolean {
  return LOOKED.has(answer.class);
}
