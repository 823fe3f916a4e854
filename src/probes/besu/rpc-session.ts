import type {
  Answer,
  AnswerClass,
  Check,
  Endpoint,
  EvidenceLevel,
  JsonObject,
  Observation,
  RawRef,
} from '../../model/index.ts';
import type { RpcMethod } from '../allow-list.ts';
import { observe, type ProbeContext } from '../context.ts';
import { redact } from '../redact.ts';
import { readToken, TokenError } from '../token.ts';
import { type BatchCall, type RpcAnswer, rpcBatch, rpcCall } from '../transports/json-rpc.ts';

/** Asks one node several questions in turn and keeps the raw bodies together. */
export class RpcSession {
  readonly #context: ProbeContext;
  readonly #endpoint: Endpoint;
  readonly #token: string | null;
  readonly #asked: string[] = [];
  readonly #bodies: Buffer[] = [];
  /** The first answer that was neither a result nor an error of the node itself: no use in asking on. */
  #broken: RpcAnswer | null = null;

  private constructor(context: ProbeContext, endpoint: Endpoint, token: string | null) {
    this.#context = context;
    this.#endpoint = endpoint;
    this.#token = token;
  }

  /** @throws TokenError */
  static async open(context: ProbeContext, endpoint: Endpoint): Promise<RpcSession> {
    return new RpcSession(context, endpoint, await readToken(endpoint));
  }

  get broken(): RpcAnswer | null {
    return this.#broken;
  }

  get request(): string {
    return this.#asked.join('; ');
  }

  async call(method: RpcMethod, params: readonly unknown[] = []): Promise<RpcAnswer> {
    if (this.#broken !== null) return this.#broken;
    this.#asked.push(`${method} ${JSON.stringify(params)}`);
    return this.#keep(await rpcCall(this.#endpoint, method, params, this.#context.signal, this.#token));
  }

  /** Several calls in one request; `result` is the array of responses as it came. */
  async batch(calls: readonly BatchCall[]): Promise<RpcAnswer> {
    if (this.#broken !== null) return this.#broken;
    this.#asked.push(`batch of ${calls.length}`);
    return this.#keep(await rpcBatch(this.#endpoint, calls, this.#context.signal, this.#token));
  }

  #keep(answer: RpcAnswer): RpcAnswer {
    this.#bodies.push(Buffer.from(answer.body), Buffer.from('\n'));
    if (answer.class !== 'ok' && answer.class !== 'ok-null' && answer.class !== 'rpc-error')
      this.#broken = answer;
    return answer;
  }

  /** Stores what came back, secrets removed. */
  raw(): RawRef | null {
    const all = Buffer.concat(this.#bodies);
    if (all.length <= this.#bodies.length / 2) return null;
    const { bytes, redactions } = redact(all, this.#token === null ? [] : [this.#token]);
    return this.#context.storeRaw(bytes, redactions, false);
  }
}

/** What a probe made of its session. */
export interface SessionResult {
  readonly answer: Answer;
  readonly level: EvidenceLevel;
}

/**
 * One probe that asks one node: opens the session, runs `ask`, and keeps the raw answers. Where the node could not be asked, or
 * its token not be read, the observation says so and `ask` decides nothing.
 */
export function observeRpc(
  context: ProbeContext,
  what: { readonly probe: string; readonly endpoint: Endpoint; readonly request: string },
  ask: (session: RpcSession) => Promise<SessionResult>,
): Promise<Observation> {
  return observe(context, what, async () => {
    let session: RpcSession;
    try {
      session = await RpcSession.open(context, what.endpoint);
    } catch (error) {
      return { answer: tokenAnswer(error), level: 'none', raw: null };
    }
    const result = await ask(session);
    const raw = session.raw();
    if (session.broken === null) return { ...result, raw };
    return { answer: makeAnswer(session.broken.class, {}, [], session.broken), level: 'none', raw };
  });
}

/** An answer object from class, facts and checks. */
export function makeAnswer(
  cls: AnswerClass,
  facts: JsonObject,
  checks: readonly Check[] = [],
  more: { readonly code?: number | null; readonly detail?: string } = {},
): Answer {
  return {
    class: cls,
    ...(more.code === undefined || more.code === null ? {} : { code: more.code }),
    ...(more.detail === undefined || more.detail === '' ? {} : { detail: more.detail }),
    facts,
    checks,
  };
}

/** The answer for a token that could not be read. */
export function tokenAnswer(error: unknown): Answer {
  if (!(error instanceof TokenError)) throw error;
  return makeAnswer('auth', {}, [], { detail: error.message });
}

export const pass = (id: string, reason: string): Check => ({ id, result: 'pass', reason, next: '' });
export const fail = (id: string, reason: string, next: string): Check => ({
  id,
  result: 'fail',
  reason,
  next,
});
export const warn = (id: string, reason: string, next: string): Check => ({
  id,
  result: 'warn',
  reason,
  next,
});
export const doubt = (id: string, reason: string, next: string): Check => ({
  id,
  result: 'unknown',
  reason,
  next,
});

const QUANTITY = /^0x(?:0|[1-9a-f][0-9a-f]*)$/i;

/** A hex quantity as bigint, or null when it is none. */
export function quantity(value: unknown): bigint | null {
  return typeof value === 'string' && value.length <= 66 && QUANTITY.test(value) ? BigInt(value) : null;
}
