import { readFile } from 'node:fs/promises';
import net from 'node:net';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Algorithms, Client } from 'ssh2';
import ssh2 from 'ssh2';
import { type AnswerClass, type Endpoint, sanitiseLine } from '../../model/index.ts';
import { assertSshCommand } from '../allow-list.ts';
import { timeoutOf } from '../context.ts';
import {
  algorithmsFor,
  fingerprint,
  type HostKeyVerdict,
  hostToken,
  judgeHostKey,
  type KnownHost,
  keyType,
  parseKnownHosts,
} from '../known-hosts.ts';
import { classOfError } from './http.ts';

/** What one command over SSH came to. */
export interface SshAnswer {
  readonly class: AnswerClass;
  readonly exit: number | null;
  readonly stdout: Uint8Array;
  readonly detail: string;
}

const MAX_OUTPUT = 4 * 1024 * 1024;

/** Runs listed commands over one connection, one after the other. */
export class SshSession {
  readonly #client: Client;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal;

  constructor(client: Client, timeoutMs: number, signal: AbortSignal) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
    this.#signal = signal;
  }

  /**
   * Runs one command.
   * @param argv one of the allow-list; every part is plain, so no quoting is needed
   * @throws NotAllowedError
   */
  run(argv: readonly string[]): Promise<SshAnswer> {
    assertSshCommand(argv);
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      let size = 0;
      let exit: number | null = null;
      const finish = (cls: AnswerClass, detail: string): void => {
        clearTimeout(timer);
        this.#signal.removeEventListener('abort', onAbort);
        resolve({ class: cls, exit, stdout: Buffer.concat(chunks), detail });
      };
      const onAbort = (): void => finish('aborted', 'stopped while the command ran');
      const timer = setTimeout(
        () => finish('timeout', `no end of ${argv[0]} within ${this.#timeoutMs} ms`),
        this.#timeoutMs,
      );
      this.#signal.addEventListener('abort', onAbort, { once: true });
      this.#client.once('close', () => finish('reset', 'the SSH connection ended'));
      this.#client.exec(argv.join(' '), (error, stream) => {
        if (error !== undefined) return finish('reset', sanitiseLine(error.message, 120));
        stream.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_OUTPUT) {
            stream.close();
            finish('too-large', 'the output is too large');
          } else chunks.push(chunk);
        });
        stream.stderr.resume();
        stream.on('exit', (code: number | null) => {
          exit = code;
        });
        stream.on('close', () =>
          finish(exit === 0 ? 'ok' : 'exit', exit === 0 ? '' : `exit code ${exit ?? 'none'}`),
        );
      });
    });
  }

  close(): void {
    this.#client.end();
    this.#client.destroy();
  }
}

/**
 * Connects with a mandatory host key check. There is no way to connect to a host whose key is not in known_hosts.
 * @returns a session, or the answer that says why there is none
 */
export async function sshConnect(endpoint: Endpoint, signal: AbortSignal): Promise<SshSession | SshAnswer> {
  const url = new URL(endpoint.url);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? 22 : Number(url.port);
  const knownHostsFile = endpoint.ssh?.knownHostsFile ?? join(homedir(), '.ssh', 'known_hosts');
  let entries: readonly KnownHost[];
  try {
    entries = parseKnownHosts(await readFile(knownHostsFile, 'utf8'));
  } catch {
    entries = [];
  }
  let privateKey: Buffer | undefined;
  if (endpoint.ssh?.identityFile !== undefined) {
    try {
      privateKey = await readFile(endpoint.ssh.identityFile);
    } catch {
      return refuse('ssh-auth', `the key file ${endpoint.ssh.identityFile} cannot be read`);
    }
  }
  const agent =
    endpoint.ssh?.agent === false || privateKey !== undefined ? undefined : process.env.SSH_AUTH_SOCK;
  const algorithms = algorithmsFor(entries, host, port);
  if (signal.aborted) return refuse('aborted', 'stopped before asking');
  return new Promise((resolve) => {
    const client = new ssh2.Client();
    const socket = net.connect({ host, port, noDelay: true });
    let hostKey: SshAnswer | null = null;
    let settled = false;
    const finish = (answer: SshAnswer | null): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      if (answer === null) resolve(new SshSession(client, timeoutOf(endpoint), signal));
      else {
        client.destroy();
        socket.destroy();
        resolve(answer);
      }
    };
    const onAbort = (): void => finish(refuse('aborted', 'stopped while connecting'));
    const timer = setTimeout(
      () => finish(refuse('timeout', `no SSH session within ${timeoutOf(endpoint)} ms`)),
      timeoutOf(endpoint),
    );
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', (error: NodeJS.ErrnoException) =>
      finish(refuse(classOfError(error), error.code ?? 'error')),
    );
    client.on('error', (error: Error & { level?: string; code?: string }) => {
      if (hostKey !== null) finish(hostKey);
      else if (error.level === 'client-authentication')
        finish(refuse('ssh-auth', 'the server accepts none of our keys; check user and identity file'));
      else if (/no matching/i.test(error.message)) finish(refuse('tls', sanitiseLine(error.message, 160)));
      else finish(refuse(classOfError(error as NodeJS.ErrnoException), sanitiseLine(error.message, 160)));
    });
    client.on('close', () => finish(hostKey ?? refuse('reset', 'the SSH connection ended')));
    client.on('ready', () => finish(null));
    socket.once('connect', () =>
      client.connect({
        sock: socket,
        username: url.username === '' ? userInfo().username : decodeURIComponent(url.username),
        ...(privateKey === undefined ? {} : { privateKey }),
        ...(agent === undefined ? {} : { agent }),
        ...(algorithms.length === 0
          ? {}
          : { algorithms: { serverHostKey: algorithms } as unknown as Algorithms }),
        readyTimeout: timeoutOf(endpoint),
        keepaliveInterval: 5000,
        keepaliveCountMax: 3,
        hostVerifier: (blob: Buffer) => {
          const verdict = judgeHostKey(entries, host, port, blob);
          if (verdict.verdict === 'known') return true;
          hostKey = explain(verdict, { host, port, blob, knownHostsFile, endpoint });
          return false;
        },
      }),
    );
  });
}

function explain(
  verdict: Exclude<HostKeyVerdict, { verdict: 'known' }>,
  about: { host: string; port: number; blob: Uint8Array; knownHostsFile: string; endpoint: Endpoint },
): SshAnswer {
  const token = hostToken(about.host, about.port);
  const presented = `${keyType(about.blob)} ${fingerprint(about.blob)}`;
  const remove = `ssh-keygen -f ${about.knownHostsFile} -R '${token}'`;
  const known =
    about.endpoint.subject === 'host:r630-04' ? ' (a key change of r630-04 is on record upstream)' : '';
  switch (verdict.verdict) {
    case 'revoked':
      return refuse(
        'ssh-host-key-changed',
        `${token} presented ${presented}, which line ${verdict.line} of ${about.knownHostsFile} revokes. Do not connect; find out why it is still in use`,
      );
    case 'changed':
      return refuse(
        'ssh-host-key-changed',
        `the host key of ${token} changed${known}: it presented ${presented}, line ${verdict.lines.join(', ')} of ${about.knownHostsFile} holds another. Compare it on the host's own console (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub); if the change was intended: ${remove}, then add the new key`,
      );
    case 'unknown':
      return refuse(
        'ssh-host-key-unknown',
        `the host key of ${token} is not in ${about.knownHostsFile}: it presented ${presented}. Compare it on the host's own console, then add it to that file${verdict.hasAuthority ? ' (a @cert-authority line matches, but host certificates are not supported here)' : ''}`,
      );
  }
}

function refuse(cls: AnswerClass, detail: string): SshAnswer {
  return { class: cls, exit: null, stdout: new Uint8Array(), detail };
}
