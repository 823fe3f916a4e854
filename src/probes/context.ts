import type {
  Answer,
  DocumentedEstate,
  Endpoint,
  EvidenceLevel,
  Observation,
  RawRef,
  SubjectId,
} from '../model/index.ts';

/** What every probe works with. */
export interface ProbeContext {
  readonly estate: DocumentedEstate;
  /** From where we look, for example the host name. */
  readonly vantage: string;
  readonly signal: AbortSignal;
  /** Milliseconds for which an SSH connection is kept that nobody uses; for who asks again and again. */
  readonly keepSshMs?: number;
  /** Stores a raw answer content-addressed and says how; the bytes are already redacted. */
  readonly storeRaw: (bytes: Uint8Array, redactions: RawRef['redactions'], truncated: boolean) => RawRef;
}

/** Milliseconds for one request where the estate file says nothing. */
export const DEFAULT_TIMEOUT_MS = 5000;

export function timeoutOf(endpoint: Endpoint): number {
  return endpoint.timeoutMs ?? DEFAULT_TIMEOUT_MS;
}

/** Runs one question and wraps what came back into an observation, with its times and vantage. */
export async function observe(
  context: ProbeContext,
  what: {
    readonly probe: string;
    readonly endpoint: Endpoint;
    readonly request: string;
    readonly subject?: SubjectId;
  },
  ask: () => Promise<{ readonly answer: Answer; readonly level: EvidenceLevel; readonly raw: RawRef | null }>,
): Promise<Observation> {
  const started = new Date().toISOString();
  const { answer, level, raw } = await ask();
  return {
    probe: what.probe,
    subject: what.subject ?? what.endpoint.subject,
    endpoint: what.endpoint.id,
    level,
    request: what.request,
    answer,
    vantage: context.vantage,
    started,
    ended: new Date().toISOString(),
    raw,
  };
}
