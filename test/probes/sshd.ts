import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** Where OpenSSH's server is on this machine, or undefined. */
export const SSHD = ['/usr/sbin/sshd', '/usr/bin/sshd'].find((path) => existsSync(path));
export const LOGIN = userInfo().username;

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A folder with keys in which real OpenSSH servers run until it is closed. */
export class SshdFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'c138-sshd-'));
  readonly #children: ChildProcess[] = [];

  file(name: string): string {
    return join(this.path, name);
  }

  /** Makes a key pair and gives its public half as `type base64`. */
  key(name: string, type = 'ed25519', passphrase = ''): string {
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-f', this.file(name)]);
    return this.publicKey(name);
  }

  publicKey(name: string): string {
    return readFileSync(this.file(`${name}.pub`), 'utf8')
      .split(' ')
      .slice(0, 2)
      .join(' ');
  }

  write(name: string, text: string): string {
    writeFileSync(this.file(name), text, { mode: 0o600 });
    return this.file(name);
  }

  /**
   * Starts a server on loopback.
   * @param accepted names of keys that may log in
   */
  async start(
    hostKey: string,
    accepted: readonly string[],
    more: readonly string[] = [],
  ): Promise<{ readonly port: number; readonly child: ChildProcess }> {
    const port = await freePort();
    const name = `sshd-${port}`;
    this.write(`${name}-keys`, accepted.map((one) => readFileSync(this.file(`${one}.pub`), 'utf8')).join(''));
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    const config = this.write(
      name,
      [
        `Port ${port}`,
        'ListenAddress 127.0.0.1',
        `HostKey ${this.file(hostKey)}`,
        `AuthorizedKeysFile ${this.file(`${name}-keys`)}`,
        `PidFile ${this.file(`${name}.pid`)}`,
        'UsePAM no',
        'PasswordAuthentication no',
        'KbdInteractiveAuthentication no',
        'PermitRootLogin yes',
        'StrictModes no',
        'LogLevel ERROR',
        // bash reads the start files of whoever runs the tests only at the outermost level: what they do, and how long it takes, is not tested here.
        // sshd takes the first line of this kind alone.
        `SetEnv SHLVL=2 ${more.flatMap((one) => /^SetEnv (.*)/.exec(one)?.[1] ?? []).join(' ')}`,
        ...more.filter((one) => !one.startsWith('SetEnv ')),
        '',
      ].join('\n'),
    );
    const child = spawn(SSHD ?? '', ['-D', '-e', '-f', config], { stdio: 'ignore' });
    this.#children.push(child);
    while (!(await answers(port))) await new Promise((resolve) => setTimeout(resolve, 30));
    return { port, child };
  }

  /** Starts an agent and gives its socket. */
  async agent(): Promise<string> {
    const socket = this.file(`agent-${this.#children.length}`);
    this.#children.push(spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' }));
    while (!existsSync(socket)) await new Promise((resolve) => setTimeout(resolve, 20));
    return socket;
  }

  close(): void {
    for (const child of this.#children) {
      child.kill('SIGCONT');
      child.kill('SIGKILL');
    }
    rmSync(this.path, { recursive: true });
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
