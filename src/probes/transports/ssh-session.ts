import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, ClientChannel } from 'ssh2';
import { type AnswerClass, sanitiseLine } from '../../model/index.ts';
import { assertCommand } from '../allow-list.ts';
import type { Gate } from '../gate.ts';
import { type CommandAnswer, type CommandRunner, MAX_OUTPUT, MAX_STDERR, notRun } from './command.ts';

/** How long to wait before a channel is asked for again that the server had no place for, in milliseconds. */
const AGAIN_MS = 20;

/** Runs listed commands over one connection, as many side by side as the gate of its host lets through. */
export class SshSession implements CommandRunner {
  readonly client: Client;
  readonly name: string;
  readonly #channels: Gate;
  readonly #onEnd: () => void;
  /** Called for each channel that ended: a server that opens no more may open one now. */
  readonly #onFree = new Set<() => void>();
  /** Called for each command that still runs when the connection ends. */
  readonly #running = new Set<(reason: CommandAnswer) => void>();
  #open = 0;
  /** The server opened a channel for us at some time: one that it refuses now it may open in a moment. */
  #opened = false;
  #ended = false;
  #endedBy: CommandAnswer | null = null;

  /** @param onEnd called once, when the connection is of no more use */
  constructor(client: Client, name: string, channels: Gate, onEnd: () => void) {
    this.client = client;
    this.name = name;
    this.#channels = channels;
    this.#onEnd = onEnd;
    client.on('error', (error) => {
      const dead = /keepalive timeout/i.test(error.message);
      this.#end(
        dead
          ? notRun('timeout', `${name} stopped answering`)
          : notRun('reset', `the SSH connection to ${name} broke: ${sanitiseLine(error.message, 100)}`),
      );
    });
    client.on('close', () => this.#end(notRun('reset', `the SSH connection to ${name} ended`)));
  }

  /**
   * Runs one command.
   * @param argv one of the allow-list; every part is plain, so no quoting is needed
   * @throws NotAllowedError
   */
  async run(argv: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<CommandAnswer> {
    assertCommand(argv);
    const leave = await this.#channels.enter();
    const until = Date.now() + timeoutMs;
    try {
      for (;;) {
        if (signal.aborted) return notRun('aborted', 'stopped before asking');
        if (this.#endedBy !== null) return this.#endedBy;
        this.#open += 1;
        const answer = await this.#runOnce(argv, timeoutMs, signal);
        this.#open -= 1;
        for (const free of this.#onFree) free();
        if (answer !== 'no-channel') return answer;
        // The server opens fewer than we are used to: wait until one of ours ends.
        if (this.#open > 0) await this.#oneFree(signal);
        // Those that stood in the way may have ended while we were refused, and the server counts them a moment longer.
        else if (this.#opened && Date.now() < until) await sleep(AGAIN_MS);
        else
          return notRun(
            'not-allowed',
            `${this.name} lets us log in, but opens no session (MaxSessions, ForceCommand)`,
          );
      }
    } finally {
      leave();
    }
  }

  #oneFree(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#onFree.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#onFree.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  #runOnce(
    argv: readonly string[],
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<CommandAnswer | 'no-channel'> {
    const { client } = this;
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      let size = 0;
      let stderr = '';
      let exit: number | null = null;
      let channel: ClientChannel | null = null;
      const finish = (cls: AnswerClass, detail: string): void => {
        settle({ class: cls, exit, stdout: Buffer.concat(chunks), stderr, detail });
      };
      const settle = (answer: CommandAnswer | 'no-channel'): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        this.#running.delete(settle);
        channel?.removeAllListeners('data');
        channel?.resume();
        if (answer !== 'no-channel' && answer.class !== 'ok' && answer.class !== 'exit') channel?.close();
        resolve(answer);
      };
      const onAbort = (): void => finish('aborted', 'stopped while the command ran');
      const timer = setTimeout(() => {
        const words = `no end of ${argv[0]} on ${this.name} within ${timeoutMs} ms, though the SSH connection stands`;
        finish('timeout', words);
        // Who is silent once is asked anew over a new connection.
        this.close(notRun('timeout', `${this.name} stopped answering`));
      }, timeoutMs);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#running.add(settle);
      client.exec(argv.join(' '), (error, stream) => {
        if (error !== undefined) {
          if (/open failure|open failed/i.test(error.message)) settle('no-channel');
          else finish('reset', sanitiseLine(error.message, 120));
          return;
        }
        channel = stream;
        this.#opened = true;
        stream.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_OUTPUT) finish('too-large', `the output of ${argv[0]} is too large`);
          else chunks.push(chunk);
        });
        stream.stderr.on('data', (chunk: Buffer) => {
          if (stderr.length < MAX_STDERR) stderr += chunk.toString('utf8');
        });
        stream.on('exit', (code: number | null) => {
          exit = code;
        });
        stream.on('close', () => {
          if (exit === 0) return finish('ok', '');
          const words = sanitiseLine(stderr.split('\n')[0] ?? '', 120);
          finish('exit', `${argv[0]} ended with ${exit ?? 'a signal'}${words === '' ? '' : `: ${words}`}`);
        });
      });
    });
  }

  /** False once the connection ended. */
  get alive(): boolean {
    return !this.#ended;
  }

  close(reason = notRun('aborted', `the SSH connection to ${this.name} was closed`)): void {
    this.#end(reason);
    // Not end(): that waits for a word from who may have stopped answering.
    this.client.destroy();
  }

  #end(reason: CommandAnswer): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#endedBy = reason;
    for (const settle of [...this.#running]) settle(reason);
    this.#onEnd();
  }
}
