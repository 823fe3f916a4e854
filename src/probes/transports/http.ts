import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { type AnswerClass, sanitiseLine } from '../../model/index.ts';
import { assertGetPath, assertRpcBody } from '../allow-list.ts';

/** What came back for one HTTP request, before anybody reads meaning into it. */
export interface HttpAnswer {
  readonly class: AnswerClass;
  readonly status: number | null;
  /** The words of the status line, where they are not the usual ones: Proxmox before 2025 says there, and only there, what is wrong. */
  readonly reason: string;
  readonly contentType: string;
  /** The Date header as sent, or empty. */
  readonly date: string;
  readonly body: Uint8Array;
  readonly detail: string;
}

export interface HttpRequest {
  /** Base of the service, from the estate file. */
  readonly base: string;
  readonly path: string;
  /** A JSON-RPC body makes it a POST; everything else is a GET. */
  readonly jsonRpcBody?: string;
  /** Set by the anchor command alone, which people ask for by itself and confirm: its calls are on a list of its own. */
  readonly listedBy?: 'anchor';
  readonly authorization?: string;
  readonly hostHeader?: string;
  readonly tls?: { readonly caFile?: string; readonly pinSha256?: string };
  /** Milliseconds for everything, connecting included. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Largest answer taken in, in bytes. */
export const MAX_ANSWER = 8 * 1024 * 1024;

/**
 * Makes one request, without redirects, proxies or kept connections, and names how it ended. Never throws for what the
 * other side does; the certificate is checked before a byte of the request leaves.
 * @throws NotAllowedError for a path that no probe may ask, or a body with a call that none may make
 */
export async function httpRequest(request: HttpRequest): Promise<HttpAnswer> {
  if (request.jsonRpcBody === undefined) assertGetPath(request.path);
  else if (request.listedBy === undefined) assertRpcBody(request.jsonRpcBody);
  const url = new URL(request.base);
  const fullPath = `${url.pathname.replace(/\/$/, '')}${request.path}` || '/';
  let ca: string | undefined;
  if (request.tls?.caFile !== undefined) {
    try {
      ca = await readFile(request.tls.caFile, 'utf8');
    } catch {
      return failure('tls', `the CA file ${request.tls.caFile} cannot be read`);
    }
  }
  if (request.signal.aborted) return failure('aborted', 'stopped before asking');
  return new Promise((resolve) => {
    const body = request.jsonRpcBody;
    const secure = url.protocol === 'https:';
    const headers: Record<string, string> = {
      accept: 'application/json',
      host: request.hostHeader ?? url.host,
      connection: 'close',
    };
    if (body !== undefined) {
      headers['content-type'] = 'application/json';
      headers['content-length'] = String(Buffer.byteLength(body));
    }
    if (request.authorization !== undefined) headers.authorization = request.authorization;
    const options: https.RequestOptions = {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
      path: fullPath,
      method: body === undefined ? 'GET' : 'POST',
      headers,
      setHost: false,
    };
    const way: Way = { stage: 'connecting' };
    const outgoing = secure
      ? https.request({ ...options, agent: secureAgent(url.hostname, ca, request.tls?.pinSha256, way) })
      : http.request({ ...options, agent: false });
    if (!secure)
      outgoing.once('socket', (socket) =>
        socket.once('connect', () => {
          way.stage = 'asking';
        }),
      );
    let settled = false;
    let timer: NodeJS.Timeout | undefined;
    const finish = (answer: HttpAnswer): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      request.signal.removeEventListener('abort', onAbort);
      outgoing.destroy();
      resolve(answer);
    };
    const onAbort = (): void => finish(failure('aborted', 'stopped while waiting for the answer'));
    timer = setTimeout(() => finish(outOfTime(way.stage, request.timeoutMs)), request.timeoutMs);
    request.signal.addEventListener('abort', onAbort, { once: true });
    outgoing.on('error', (error: NodeJS.ErrnoException) =>
      finish(failure(classOfError(error), describeError(error))),
    );
    outgoing.on('response', (response) => {
      way.stage = 'answering';
      collect(response, finish);
    });
    outgoing.end(body);
  });
}

function ownWords({ statusCode, statusMessage }: IncomingMessage): string {
  return statusMessage === undefined || statusMessage === http.STATUS_CODES[statusCode ?? 0]
    ? ''
    : statusMessage;
}

/** How far a request came. */
interface Way {
  stage: 'connecting' | 'securing' | 'asking' | 'answering';
}

/** What is said of a request whose time is up: how far it came tells where the fault is. */
function outOfTime(stage: Way['stage'], timeoutMs: number): HttpAnswer {
  switch (stage) {
    case 'connecting':
      return failure('timeout', `no connection within ${timeoutMs} ms`);
    case 'securing':
      return failure('timeout', `it takes the connection, but no TLS handshake within ${timeoutMs} ms`);
    case 'asking':
      return failure('timeout', `${NO_ANSWER} within ${timeoutMs} ms`);
    case 'answering':
      return failure('slow-answer', `the answer began, but was not complete within ${timeoutMs} ms`);
  }
}

/** How the detail of a time-out begins when the question was put and nothing came. */
export const NO_ANSWER = 'no answer';

function collect(response: IncomingMessage, finish: (answer: HttpAnswer) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  const answer = (cls: AnswerClass, detail: string): HttpAnswer => ({
    class: cls,
    status: response.statusCode ?? null,
    reason: ownWords(response),
    contentType: String(response.headers['content-type'] ?? ''),
    date: String(response.headers.date ?? ''),
    body: Buffer.concat(chunks),
    detail,
  });
  response.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_ANSWER) finish(answer('too-large', `the answer is larger than ${MAX_ANSWER} bytes`));
    else chunks.push(chunk);
  });
  response.on('aborted', () =>
    finish(answer('half-answer', 'the connection ended in the middle of the answer')),
  );
  response.on('error', () =>
    finish(answer('half-answer', 'the connection ended in the middle of the answer')),
  );
  response.on('end', () => {
    if (response.complete) finish(answer('ok', ''));
    else finish(answer('half-answer', 'the connection ended in the middle of the answer'));
  });
}

/**
 * An agent that verifies against the CA, a pin, or both. The pin is compared before the socket is handed over, so that
 * no byte of a token can leave to the wrong server; sessions are not resumed, since a resumed one shows no certificate.
 */
function secureAgent(
  hostname: string,
  ca: string | undefined,
  pin: string | undefined,
  way: Way,
): https.Agent {
  const agent = new https.Agent({ maxCachedSessions: 0, keepAlive: false });
  const servername = net.isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? hostname : '';
  agent.createConnection = (options, callback) => {
    const { host, port } = options as { host: string; port: number };
    const socket = tls.connect({
      host,
      port,
      servername,
      ...(ca === undefined ? {} : { ca }),
      // With a pin the certificate itself is the trust; without one the chain and the name decide.
      rejectUnauthorized: pin === undefined,
    });
    let done = false;
    const settle = (error: Error | null): void => {
      if (done) return;
      done = true;
      if (error !== null) socket.destroy();
      callback?.(error, socket);
    };
    socket.once('error', (error) => settle(error));
    socket.once('connect', () => {
      way.stage = 'securing';
    });
    socket.once('secureConnect', () => {
      way.stage = 'asking';
      const actual = socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase();
      if (pin !== undefined && actual !== pin)
        settle(
          Object.assign(new Error(`the server's certificate is ${actual ?? 'absent'}, not the pinned one`), {
            code: 'ERR_TLS_PIN',
          }),
        );
      else settle(null);
    });
    return undefined;
  };
  return agent;
}

function failure(cls: AnswerClass, detail: string): HttpAnswer {
  return { class: cls, status: null, reason: '', contentType: '', date: '', body: new Uint8Array(), detail };
}

/** The answer class for a socket or TLS error. */
export function classOfError(error: NodeJS.ErrnoException): AnswerClass {
  const code = error.code ?? '';
  switch (code) {
    case 'ECONNREFUSED':
      return 'refused';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'reset';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
    case 'EHOSTDOWN':
      return 'no-route';
    case 'ETIMEDOUT':
      return 'timeout';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
      return 'dns';
    case 'CERT_HAS_EXPIRED':
      return 'tls-expired';
    case 'ERR_TLS_PIN':
      return 'tls-pin';
    default:
      if (/^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|ERR_OSSL|EPROTO|HOSTNAME)/.test(code))
        return 'tls';
      if (code.startsWith('HPE_')) return 'not-json';
      return 'reset';
  }
}

/** How Node says that the other side ended the connection in good order before it answered. */
const HANG_UP = 'socket hang up';
export const CLOSED_AT_ONCE = 'the connection was accepted and closed without an answer';

function describeError(error: NodeJS.ErrnoException): string {
  const { code, message } = error;
  if (message === HANG_UP) return CLOSED_AT_ONCE;
  return sanitiseLine(code === undefined || message.includes(code) ? message : `${code} ${message}`, 160);
}
