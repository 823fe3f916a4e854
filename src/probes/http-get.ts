import type { Answer, AnswerClass, Endpoint, RawRef } from '../model/index.ts';
import { sanitiseLine } from '../model/index.ts';
import { makeAnswer } from './besu/rpc-session.ts';
import { type ProbeContext, timeoutOf } from './context.ts';
import { redact } from './redact.ts';
import { type HttpAnswer, httpRequest } from './transports/http.ts';

/** A GET of a JSON resource, with its answer class and stored raw body. */
export interface JsonGet {
  readonly class: AnswerClass;
  readonly status: number | null;
  readonly json: unknown;
  readonly detail: string;
  readonly raw: RawRef | null;
}

/** A token as it is sent, and what of it must never be stored. */
interface SentToken {
  readonly header: string;
  readonly secret: string;
}

/** Asks for one resource of any type. The status alone tells `ok` from `http-error`; the text is as it came. */
export async function getText(
  context: ProbeContext,
  endpoint: Endpoint,
  path: string,
): Promise<JsonGet & { readonly text: string }> {
  const { answer, raw } = await get(context, endpoint, path, null);
  const text = Buffer.from(answer.body).toString('utf8');
  const { status } = answer;
  const good = status !== null && status >= 200 && status <= 299;
  const cls: AnswerClass = answer.class !== 'ok' || good ? answer.class : 'http-error';
  const detail = answer.class === 'ok' ? (good ? '' : `status ${status}`) : answer.detail;
  return { class: cls, status, json: null, detail: sanitiseLine(detail, 160), raw, text };
}

async function get(
  context: ProbeContext,
  endpoint: Endpoint,
  path: string,
  token: SentToken | null,
): Promise<{ readonly answer: HttpAnswer; readonly raw: RawRef | null }> {
  const answer = await httpRequest({
    base: endpoint.url,
    path,
    ...(token === null ? {} : { authorization: token.header }),
    ...(endpoint.hostHeader === undefined ? {} : { hostHeader: endpoint.hostHeader }),
    ...(endpoint.tls === undefined ? {} : { tls: endpoint.tls }),
    timeoutMs: timeoutOf(endpoint),
    signal: context.signal,
  });
  let raw: RawRef | null = null;
  if (answer.body.length > 0) {
    const { bytes, redactions } = redact(answer.body, token === null ? [] : [token.secret]);
    raw = context.storeRaw(bytes, redactions, answer.class === 'too-large');
  }
  return { answer, raw };
}

/** Asks for one JSON resource. The token, if any, lives for this request only. */
export async function getJson(
  context: ProbeContext,
  endpoint: Endpoint,
  path: string,
  token: SentToken | null = null,
): Promise<JsonGet> {
  const { answer, raw } = await get(context, endpoint, path, token);
  const give = (cls: AnswerClass, detail: string, json: unknown = null): JsonGet => ({
    class: cls,
    status: answer.status,
    json,
    detail: sanitiseLine(detail, 160),
    raw,
  });
  if (answer.class !== 'ok') return give(answer.class, answer.detail);
  const text = Buffer.from(answer.body).toString('utf8');
  if (answer.contentType.includes('html') || /^\s*<(!doctype|html)/i.test(text))
    return give('edge-error', `an HTML page with status ${answer.status}`);
  let json: unknown = null;
  let isJson = true;
  try {
    json = JSON.parse(text);
  } catch {
    isJson = false;
  }
  const message = messageOf(json) || answer.reason;
  if (answer.status === 401) return give('auth', message || 'the credentials are not accepted', json);
  if (answer.status === 403) return give('not-allowed', message || 'not allowed to see this', json);
  if (answer.status === null || answer.status < 200 || answer.status > 299)
    return give('http-error', message || `status ${answer.status}`, json);
  if (text.trim() === '') return give('empty', 'the body is empty');
  if (!isJson) return give('not-json', 'the body is not JSON');
  return give('ok', '', json);
}

/** An answer without facts for a GET that gave none. */
export function failedGet(get: JsonGet): Answer {
  return makeAnswer(get.class, {}, [], { code: get.status, detail: get.detail });
}

function messageOf(json: unknown): string {
  if (json === null || typeof json !== 'object') return '';
  const { message, error } = json as Record<string, unknown>;
  return typeof message === 'string' ? message : typeof error === 'string' ? error : '';
}
