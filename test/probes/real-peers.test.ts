import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { besuHead, besuIdentity } from '../../src/probes/besu.ts';
import { sshHost } from '../../src/probes/ssh-host.ts';
import { contextOf, endpoint } from './context.ts';

const required = process.env.C138_REQUIRE_SYSTEM_TOOLS === '1';
const SSHD = ['/usr/sbin/sshd', '/usr/bin/sshd'].find((path) => existsSync(path));
const ANVIL = (() => {
  try {
    return createRequire(import.meta.url).resolve('@foundry-rs/anvil-linux-amd64/bin/anvil');
  } catch {
    return undefined;
  }
})();
if (SSHD === undefined)
  console.warn('skipped: there is no OpenSSH server here (apt-get install openssh-server)');
if (ANVIL === undefined) console.warn('skipped: there is no anvil for this platform');

const folder = mkdtempSync(join(tmpdir(), 'c138-real-'));
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Waits until something holds; the hook's own limit bounds it. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe.skipIf(ANVIL === undefined && !required)('anvil, an EVM node that nobody here wrote', () => {
  let port = 0;
  beforeAll(async () => {
    port = await freePort();
    const child = spawn(ANVIL ?? '', [
      '--chain-id',
      '138',
      '--port',
      String(port),
      '--host',
      '127.0.0.1',
      '--silent',
      '--block-time',
      '1',
    ]);
    children.push(child);
    await until(async () => (await look()).answer.class === 'ok');
  });
  const node = () => endpoint({ url: `http://127.0.0.1:${port}`, kind: 'json-rpc' });
  const look = () => besuHead(contextOf([]), node());

  it('gives its chain id and head', async () => {
    const identity = await besuIdentity(contextOf([]), node());
    expect(identity.answer.facts.chainId).toBe('138');
    expect(identity.answer.checks.find((check) => check.id === 'chain-id')?.result).toBe('pass');
    await expect
      .poll(async () => Number((await look()).answer.facts.number), { timeout: 15_000 })
      .toBeGreaterThan(0);
  });

  it('is a foreign node: what it does not know is not misread, and its blocks prove nothing', async () => {
    const head = await look();
    expect(head.answer.facts).toMatchObject({ peers: null, round: null, syncing: false });
    const other = await besuIdentity(contextOf([], { chainId: 1 }), node());
    expect(other.answer.checks.find((check) => check.id === 'chain-id')).toMatchObject({
      result: 'fail',
      reason: expect.stringContaining('another chain'),
    });
  });
});

describe.skipIf(SSHD === undefined && !required)('a real OpenSSH server', () => {
  const file = (name: string): string => join(folder, name);
  const user = process.env.USER ?? execFileSync('id', ['-un'], { encoding: 'utf8' }).trim();
  let port = 0;
  let hostKey = '';

  beforeAll(async () => {
    for (const name of ['host', 'other', 'client'])
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file(name)]);
    writeFileSync(file('authorized'), readFileSync(file('client.pub')), { mode: 0o600 });
    port = await freePort();
    hostKey = readFileSync(file('host.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    writeFileSync(
      file('config'),
      [
        `Port ${port}`,
        'ListenAddress 127.0.0.1',
        `HostKey ${file('host')}`,
        `AuthorizedKeysFile ${file('authorized')}`,
        `PidFile ${file('pid')}`,
        'UsePAM no',
        'PasswordAuthentication no',
        'KbdInteractiveAuthentication no',
        'PermitRootLogin yes',
        'StrictModes no',
        'LogLevel ERROR',
        '',
      ].join('\n'),
    );
    children.push(spawn(SSHD ?? '', ['-D', '-e', '-f', file('config')], { stdio: 'ignore' }));
    writeFileSync(file('probe'), '');
    await until(async () => (await ask('probe')).answer.class === 'ssh-host-key-unknown');
  });

  const ask = (knownHosts: string, identity = 'client') => {
    const one = endpoint({
      url: `ssh://${user}@127.0.0.1:${port}`,
      kind: 'ssh',
      subject: 'host:r630-04',
      timeoutMs: 5000,
      ssh: { knownHostsFile: file(knownHosts), identityFile: file(identity) },
    });
    return sshHost(contextOf([]), one);
  };
  const known = (name: string, lines: string): string => {
    writeFileSync(file(name), lines);
    return name;
  };

  it('runs commands when its key is known, and reads its clock', async () => {
    const { answer, level } = await ask(known('good', `[127.0.0.1]:${port} ${hostKey}\n`));
    expect(answer.class).toBe('ok');
    expect(level).toBe('app');
    expect(answer.facts.hostname).toBe(execFileSync('hostname', { encoding: 'utf8' }).trim());
    expect(Math.abs(Number(answer.facts.clockOffsetMs))).toBeLessThan(2000);
  });

  it('is known by a hashed entry and by a pattern', async () => {
    known('hashed', `[127.0.0.1]:${port} ${hostKey}\n`);
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file('hashed')], { stdio: 'ignore' });
    expect(readFileSync(file('hashed'), 'utf8')).toContain('|1|');
    expect((await ask('hashed')).answer.class).toBe('ok');
    expect((await ask(known('pattern', `[127.0.0.*]:* ${hostKey}\n`))).answer.class).toBe('ok');
  });

  it('is refused when its key is unknown, and the message says how to go on', async () => {
    const { answer, level } = await ask(known('empty', '# nothing\n'));
    expect(answer).toMatchObject({
      class: 'ssh-host-key-unknown',
      detail: expect.stringContaining('SHA256:'),
    });
    expect(level).toBe('none');
    expect((await ask(known('negated', `!*,[127.0.0.1]:${port} ${hostKey}\n`))).answer.class).toBe(
      'ssh-host-key-unknown',
    );
  });

  it('is refused when its key changed, and the message says how to mend it', async () => {
    const other = readFileSync(file('other.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
    const { answer } = await ask(known('changed', `# first\n[127.0.0.1]:${port} ${other}\n`));
    expect(answer.class).toBe('ssh-host-key-changed');
    expect(answer.detail).toContain('line 2');
    expect(answer.detail).toContain(`ssh-keygen -f ${file('changed')} -R '[127.0.0.1]:${port}'`);
    expect(answer.detail).toContain('on record upstream');
  });

  it('is refused when its key is revoked, though it is known too', async () => {
    const lines = `[127.0.0.1]:${port} ${hostKey}\n@revoked * ${hostKey}\n`;
    expect((await ask(known('revoked', lines))).answer).toMatchObject({
      class: 'ssh-host-key-changed',
      detail: expect.stringContaining('revokes'),
    });
  });

  it('says that it accepts none of our keys', async () => {
    expect((await ask(known('good2', `[127.0.0.1]:${port} ${hostKey}\n`), 'other')).answer.class).toBe(
      'ssh-auth',
    );
    appendFileSync(file('good2'), '');
  });
});
