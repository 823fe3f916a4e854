import { readFile } from 'node:fs/promises';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import ssh2, { type Algorithms, type Client } from 'ssh2';
import { type AnswerClass, sanitiseLine } from '../../model/index.ts';
import { explainHostKey } from '../ssh/host-key.ts';
import { algorithmsFor, judgeHostKey, type KnownHost, parseKnownHosts } from '../ssh/known-hosts.ts';
import type { SshTarget } from '../ssh/ssh-target.ts';
import { type CommandAnswer, notRun } from './command.ts';
import { classOfError } from './http.ts';
import { type Credentials, credentialsOf, problemsText } from './ssh-keys.ts';

/** A connection through which another host can be reached. */
export interface JumpHost {
  readonly client: Client;
  readonly name: string;
}

/** How often a silent server is asked whether it is there, and how often in vain before the connection is given up. */
const KEEPALIVE = { keepaliveInterval: 5000, keepaliveCountMax: 3 };

/**
 * Connects to one host with a mandatory host key check: there is no way to connect to a host whose key is not in known_hosts.
 * @param jump the connection to the host in front, already verified; null to connect from here
 * @returns a client that is logged in, or the answer that says why there is none
 */
export async function sshConnect(
  target: SshTarget,
  jump: JumpHost | null,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Client | CommandAnswer> {
  const [entries, credentials] = await Promise.all([knownHostsOf(target), credentialsOf(target)]);
  const { methods, problems } = credentials;
  if (methods.length === 0)
    return notRun(
      'ssh-auth',
      `there is no key to offer to ${target.user}@${target.name}: no agent answers and no identity file can be used${problemsText(problems)}`,
    );
  if (signal.aborted) return notRun('aborted', 'stopped before asking');
  return new Promise((resolve) =>
    new Attempt({ target, entries, credentials, signal, resolve }).start(jump, timeoutMs),
  );
}

async function knownHostsOf(target: SshTarget): Promise<readonly KnownHost[]> {
  const read = await Promise.all(
    target.knownHostsFiles.map(async (file) =>
      parseKnownHosts(await readFile(file, 'utf8').catch(() => ''), file),
    ),
  );
  return read.flat();
}

interface AttemptOptions {
  readonly target: SshTarget;
  readonly entries: readonly KnownHost[];
  readonly credentials: Credentials;
  readonly signal: AbortSignal;
  readonly resolve: (outcome: Client | CommandAnswer) => void;
}

/** How far an attempt came, for the words of a time-out. */
type Stage = 'connecting' | 'greeting' | 'login';

class Attempt {
  readonly #options: AttemptOptions;
  readonly #client: Client = new ssh2.Client();
  #socket: net.Socket | null = null;
  #stage: Stage = 'connecting';
  #refused: CommandAnswer | null = null;
  #settled = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AttemptOptions) {
    this.#options = options;
  }

  start(jump: JumpHost | null, timeoutMs: number): void {
    const { target, signal } = this.#options;
    this.#timer = setTimeout(() => this.#fail('timeout', this.#timeoutWords(timeoutMs)), timeoutMs);
    signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#listen();
    if (jump === null) {
      const socket = net.connect({ host: target.host, port: target.port, noDelay: true });
      this.#socket = socket;
      socket.once('error', (error: NodeJS.ErrnoException) =>
        this.#fail(classOfError(error), `${target.host} port ${target.port}: ${error.code ?? 'error'}`),
      );
      socket.once('connect', () => this.#login(socket));
      return;
    }
    jump.client.forwardOut('127.0.0.1', 0, target.host, target.port, (error, stream) => {
      if (error !== undefined) this.#fail(...forwardFailure(error, jump.name, target));
      else if (this.#settled) stream.destroy();
      else this.#login(stream);
    });
  }

  readonly #onAbort = (): void => this.#fail('aborted', 'stopped while connecting');

  #listen(): void {
    const { target, credentials } = this.#options;
    const client = this.#client;
    client.on('error', (error: Error & { level?: string }) => {
      if (error.level === 'client-authentication')
        this.#fail(
          'ssh-auth',
          `${target.name} accepts none of our keys for the user ${target.user}${problemsText(credentials.problems)}`,
        );
      else if (/no matching/i.test(error.message)) this.#fail('tls', sanitiseLine(error.message, 160));
      else this.#fail(...reasonOf(error, target));
    });
    client.on('close', () =>
      this.#fail('reset', `${target.name} ended the SSH connection before the login was done`),
    );
    client.on('greeting', () => undefined);
    client.on('handshake', () => {
      this.#stage = 'login';
    });
    client.on('ready', () => this.#finish(null));
  }

  #login(socket: net.Socket | Duplex): void {
    const { target, entries, credentials } = this.#options;
    this.#stage = 'greeting';
    const name = { host: target.host, port: target.port, alias: target.alias };
    const algorithms = algorithmsFor(entries, name);
    this.#client.connect({
      // ssh2 asks for a socket; a channel through a jump host behaves as one.
      sock: socket as net.Socket,
      username: target.user,
      authHandler: [...credentials.methods],
      ...(algorithms.length === 0
        ? {}
        : { algorithms: { serverHostKey: algorithms } as unknown as Algorithms }),
      readyTimeout: 0,
      ...KEEPALIVE,
      hostVerifier: (blob: Buffer) => {
        const verdict = judgeHostKey(entries, name, blob);
        if (verdict.verdict === 'known') return true;
        const { class: cls, detail } = explainHostKey(verdict, target, blob);
        this.#refused = notRun(cls, detail);
        return false;
      },
    });
  }

  #timeoutWords(timeoutMs: number): string {
    const { host, port, name } = this.#options.target;
    switch (this.#stage) {
      case 'connecting':
        return `no connection to ${host} port ${port} within ${timeoutMs} ms`;
      case 'greeting':
        return `${host} port ${port} takes the connection but does not greet: its SSH server stands still (within ${timeoutMs} ms)`;
      case 'login':
        return `${name} did not finish the login within ${timeoutMs} ms`;
    }
  }

  #fail(cls: AnswerClass, detail: string): void {
    this.#finish(this.#refused ?? notRun(cls, detail));
  }

  #finish(failure: CommandAnswer | null): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#timer);
    const { signal, resolve, target } = this.#options;
    signal.removeEventListener('abort', this.#onAbort);
    if (failure === null) return resolve(this.#client);
    this.#client.destroy();
    this.#socket?.destroy();
    const notes = target.notes.length === 0 ? '' : ` (${target.notes.join('; ')})`;
    resolve({ ...failure, detail: `${failure.detail}${notes}` });
  }
}

function reasonOf(error: Error & { code?: string }, target: SshTarget): readonly [AnswerClass, string] {
  if (/keepalive timeout/i.test(error.message)) return ['timeout', `${target.name} stopped answering`];
  if (/Too many authentication failures/i.test(error.message))
    return [
      'ssh-auth',
      `${target.name} gave up after too many keys; name one identity file, or set IdentitiesOnly`,
    ];
  return [classOfError(error as NodeJS.ErrnoException), sanitiseLine(error.message, 160)];
}

/** SSH_OPEN_ADMINISTRATIVELY_PROHIBITED (RFC 4254 section 5.1). */
const PROHIBITED = 1;

/** What a jump host means that opens no channel to the host behind it. */
function forwardFailure(
  error: Error & { readonly reason?: unknown },
  jump: string,
  target: SshTarget,
): readonly [AnswerClass, string] {
  const { message, reason } = error;
  const words = sanitiseLine(message, 120);
  const behind = `${target.host} port ${target.port}`;
  if (reason === PROHIBITED || /prohibited/i.test(message))
    return [
      'not-allowed',
      `the jump host ${jump} does not forward to ${behind} (AllowTcpForwarding, PermitOpen)`,
    ];
  if (/refused/i.test(message))
    return ['refused', `from the jump host ${jump}, ${behind} refuses the connection`];
  if (/no route|unreachable/i.test(message))
    return ['no-route', `from the jump host ${jump}, there is no route to ${behind}`];
  if (/timed out/i.test(message)) return ['timeout', `from the jump host ${jump}, ${behind} is silent`];
  if (/name|resolve/i.test(message))
    return ['dns', `the jump host ${jump} does not know the name ${target.host}`];
  return ['reset', `the jump host ${jump} opened no way to ${behind}: ${words}`];
}
