import net from 'node:net';
import type { AnswerClass } from '../../model/index.ts';
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
