import net from 'node:net';
import type { AnswerClass } from '../../model/index.ts';
import { assertGreeting } from '../allow-list.ts';
import { classOfError } from './http.ts';

/** Opens a TCP connection and closes it at once. `ok` proves that something listens, nothing more. */
export function tcpConnect(
  host: string,
  port: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<{ readonly class: AnswerClass; readonly detail: string }> {
  if (signal.aborted) return Promise.resolve({ class: 'aborted', detail: 'stopped before asking' });
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, noDelay: true });
    const finish = (cls: AnswerClass, detail: string): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve({ class: cls, detail });
    };
    const onAbort = (): void => finish('aborted', 'stopped while connecting');
    const timer = setTimeout(() => finish('timeout', `no connection within ${timeoutMs} ms`), timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => finish('ok', 'connected'));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      finish(classOfError(error), error.code ?? 'error'),
    );
  });
}

/** What to send over a bare TCP connection, and how much of an answer is enough. */
export interface TcpQuestion {
  readonly host: string;
  readonly port: number;
  readonly send: Uint8Array;
  /**
   * Milliseconds to let the other side speak first. Who hangs up on what it is sent may take its own first words with it: the reset
   * of the connection throws away what was not read yet.
   */
  readonly listenFirstMs: number;
  /** Bytes after which we have seen enough; more are cut off. */
  readonly enough: number;
  /** Milliseconds for everything, connecting included. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Sends some bytes over TCP and takes in the first of the answer. `ok` means that the connection stood: silence until the time-out, or an end
 * of the connection, gives whatever had come until then.
 * @throws NotAllowedError for bytes that no probe may send
 */
export function tcpExchange(
  question: TcpQuestion,
): Promise<{ readonly class: AnswerClass; readonly detail: string; readonly received: Uint8Array }> {
  const { host, port, send, listenFirstMs, enough, timeoutMs, signal } = question;
  assertGreeting(send);
  if (signal.aborted)
    return Promise.resolve({ class: 'aborted', detail: 'stopped before asking', received: new Uint8Array() });
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let connected = false;
    let speak: NodeJS.Timeout | undefined;
    const socket = net.connect({ host, port, noDelay: true });
    const finish = (cls: AnswerClass, detail: string): void => {
      clearTimeout(timer);
      clearTimeout(speak);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve({ class: cls, detail, received: Buffer.concat(chunks).subarray(0, enough) });
    };
    const ended = (): void =>
      connected ? finish('ok', '') : finish('timeout', `no connection within ${timeoutMs} ms`);
    const onAbort = (): void => finish('aborted', 'stopped while waiting');
    const timer = setTimeout(ended, timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    let said = false;
    const say = (): void => {
      if (said) return;
      said = true;
      clearTimeout(speak);
      socket.write(send);
    };
    socket.once('connect', () => {
      connected = true;
      speak = setTimeout(say, Math.min(listenFirstMs, timeoutMs / 2));
    });
    socket.on('data', (chunk: Buffer) => {
      say();
      chunks.push(chunk);
      size += chunk.length;
      if (size >= enough) finish('ok', '');
    });
    socket.once('end', () => finish('ok', ''));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      connected ? finish('ok', '') : finish(classOfError(error), error.code ?? 'error'),
    );
  });
}
