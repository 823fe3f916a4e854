import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Endpoint } from '../../src/model/index.ts';
import { sshHost } from '../../src/probes/ssh/ssh-host.ts';
import type { CommandAnswer } from '../../src/probes/transports/command.ts';
import { closeSsh, sshRunner } from '../../src/probes/transports/ssh.ts';
import { contextOf, endpoint } from './context.ts';
import { freePort, LOGIN, SSHD, SshdFolder } from './sshd.ts';

const required = process.env.C138_REQUIRE_SYSTEM_TOOLS === '1';
if (SSHD === undefined)
  console.warn('skipped: there is no OpenSSH server here (apt-get install openssh-server)');

describe.skipIf(SSHD === undefined && !required)('a real OpenSSH server', () => {
  const dir = new SshdFolder();
  const saved = process.env.SSH_AUTH_SOCK;
  let port = 0;
  let hostKey = '';

  beforeAll(async () => {
    delete process.env.SSH_AUTH_SOCK;
    hostKey = dir.key('host');
    for (const name of ['other', 'client', 'stranger']) dir.key(name);
    dir.key('locked', 'ed25519', 'open sesame, please');
    ({ port } = await dir.start('host', ['client', 'locked']));
  });
  afterEach(closeSsh);
  afterAll(() => {
    dir.close();
    if (saved !== undefined) process.env.SSH_AUTH_SOCK = saved;
  });

  const at = (to: number, key = hostKey): string => `[127.0.0.1]:${to} ${key}\n`;
  let names = 0;
  const fresh = (text: string): string => {
    names += 1;
    return dir.write(`file-${names}`, text);
  };
  const [known, config] = [fresh, fresh];
  const server = (ssh: Endpoint['ssh'] = {}, to = port, timeoutMs = 5000): Endpoint =>
    endpoint({
      url: `ssh://${LOGIN}@127.0.0.1:${to}`,
      kind: 'ssh',
      subject: 'host:r630-04',
      timeoutMs,
      ssh: { configFile: null, knownHostsFile: known(at(to)), identityFile: dir.file('client'), ...ssh },
    });
  const look = async (one: Endpoint) => (await sshHost(contextOf([]), one)).answer;
  const run = (
    one: Endpoint,
    argv: readonly string[] = ['hostname'],
    timeoutMs = 5000,
  ): Promise<CommandAnswer> => sshRunner({}, one).run(argv, timeoutMs, new AbortController().signal);
  const here = execFileSync('hostname', { encoding: 'utf8' }).trim();

  it('runs commands when its key is known, and reads its clock', async () => {
    const { answer, level } = await sshHost(contextOf([]), server());
    expect(answer.class).toBe('ok');
    expect(level).toBe('app');
    expect(answer.facts.hostname).toBe(here);
    expect(Math.abs(Number(answer.facts.clockOffsetMs))).toBeLessThan(2000);
  });

  describe('known_hosts', () => {
    it('knows it by a hashed entry, a pattern, its name without the port, or an alias', async () => {
      const hashed = known(at(port));
      execFileSync('ssh-keygen', ['-q', '-H', '-f', hashed], { stdio: 'ignore' });
      expect(readFileSync(hashed, 'utf8')).toContain('|1|');
      expect((await look(server({ knownHostsFile: hashed }))).class).toBe('ok');
      for (const entry of [`[127.0.0.*]:* ${hostKey}`, `127.0.0.1 ${hostKey}`])
        expect((await look(server({ knownHostsFile: known(`${entry}\n`) }))).class).toBe('ok');
      const aliased = server({
        configFile: config('HostKeyAlias r630-04\n'),
        knownHostsFile: known(`r630-04 ${hostKey}\n`),
      });
      expect((await look(aliased)).class).toBe('ok');
    });

    it('refuses an unknown key, and says how to go on', async () => {
      const { answer, level } = await sshHost(
        contextOf([]),
        server({ knownHostsFile: known('# nothing\n') }),
      );
      expect(answer).toMatchObject({
        class: 'ssh-host-key-unknown',
        detail: expect.stringContaining('SHA256:'),
      });
      expect(level).toBe('none');
      const negated = server({ knownHostsFile: known(`!*,[127.0.0.1]:${port} ${hostKey}\n`) });
      expect((await look(negated)).class).toBe('ssh-host-key-unknown');
      expect((await look(server({ knownHostsFile: dir.file('not-there') }))).class).toBe(
        'ssh-host-key-unknown',
      );
    });

    it('refuses a changed key, and says how to mend it', async () => {
      const file = known(`# first\n${at(port, dir.publicKey('other'))}`);
      const answer = await look(server({ knownHostsFile: file }));
      expect(answer.class).toBe('ssh-host-key-changed');
      expect(answer.detail).toContain('line 2');
      expect(answer.detail).toContain('on record upstream');
      expect(answer.detail).toContain(`ssh-keygen -f ${file} -R '[127.0.0.1]:${port}'`);
    });

    it('does not take a key of the usual port for one that changed on this port', async () => {
      const file = known(`${at(port, dir.publicKey('other'))}127.0.0.1 ${hostKey}\n`);
      expect((await look(server({ knownHostsFile: file }))).class).toBe('ssh-host-key-changed');
    });

    it('refuses a revoked key, though it is known too', async () => {
      const file = known(`${at(port)}@revoked * ${hostKey}\n`);
      expect(await look(server({ knownHostsFile: file }))).toMatchObject({
        class: 'ssh-host-key-revoked',
        detail: expect.stringContaining(`line 2 of ${file} revokes`),
      });
    });

    it('says that a @cert-authority does not help here', async () => {
      const file = known(`@cert-authority * ${dir.publicKey('other')}\n`);
      expect(await look(server({ knownHostsFile: file }))).toMatchObject({
        class: 'ssh-host-key-unknown',
        detail: expect.stringContaining('host certificates are not supported'),
      });
    });
  });

  describe('keys', () => {
    it('says that it accepts none of ours, and for whom', async () => {
      expect(await look(server({ identityFile: dir.file('stranger') }))).toMatchObject({
        class: 'ssh-auth',
        detail: expect.stringContaining(`for the user ${LOGIN}`),
      });
    });

    it('uses the agent, and only those of its keys that an identity file stands for', async () => {
      const socket = await dir.agent();
      const asAgent = { configFile: config(`IdentityAgent ${socket}\nIdentityFile ${dir.file('gone')}\n`) };
      const { identityFile: _none, ...plain } = server(asAgent).ssh ?? {};
      const one = { ...server(), ssh: plain };
      expect(await look(one)).toMatchObject({ class: 'ssh-auth', detail: expect.stringContaining('gone') });
      const add = (name: string): void => {
        execFileSync('ssh-add', ['-q', dir.file(name)], {
          env: { ...process.env, SSH_AUTH_SOCK: socket },
          stdio: 'ignore',
        });
      };
      // More keys than a server tries (MaxAuthTries 6).
      for (let count = 0; count < 7; count += 1) {
        dir.key(`many-${count}`);
        add(`many-${count}`);
      }
      add('client');
      expect(await look(one)).toMatchObject({
        class: 'ssh-auth',
        detail: expect.stringContaining('too many keys'),
      });
      const only = config(
        `IdentityAgent ${socket}\nIdentitiesOnly yes\nIdentityFile ${dir.file('agent-only')}\n`,
      );
      copyFileSync(dir.file('client.pub'), dir.file('agent-only.pub'));
      expect((await look({ ...one, ssh: { ...plain, configFile: only } })).class).toBe('ok');
    });

    it('opens an encrypted key with a passphrase from a file or a command, and says so where there is none', async () => {
      const locked = { identityFile: dir.file('locked') };
      expect(await look(server(locked))).toMatchObject({
        class: 'ssh-auth',
        detail: expect.stringMatching(/is encrypted: load it into the agent .* passphrase/),
      });
      const pass = dir.write('pass', 'open sesame, please\n');
      expect((await look(server({ ...locked, passphrase: { file: pass } }))).class).toBe('ok');
      expect((await look(server({ ...locked, passphrase: { command: ['cat', pass] } }))).class).toBe('ok');
      const wrong = { file: dir.write('wrong', 'no\n') };
      expect(await look(server({ ...locked, passphrase: wrong }))).toMatchObject({
        class: 'ssh-auth',
        detail: expect.stringContaining('does not open'),
      });
      chmodSync(pass, 0o644);
      const open = await look(server({ ...locked, passphrase: { file: pass } }));
      expect(open.detail).toContain('chmod 600');
      expect(JSON.stringify(open)).not.toContain('sesame');
    });

    it('does not use a key file that others can read', async () => {
      copyFileSync(dir.file('client'), dir.file('loose'));
      chmodSync(dir.file('loose'), 0o640);
      expect((await look(server({ identityFile: dir.file('loose') }))).detail).toContain('chmod 600');
    });
  });

  describe('jump hosts', () => {
    it('reaches a host behind two others, the key of each one checked', async () => {
      const [inner, outer, last] = [dir.key('inner'), dir.key('outer'), dir.key('last')];
      const [a, b, c] = await Promise.all([
        dir.start('outer', ['client']),
        dir.start('inner', ['client']),
        dir.start('last', ['client']),
      ]);
      const text = (jumps: string): string =>
        `Host *\n  IdentityFile ${dir.file('client')}\nHost far\n  HostName 127.0.0.1\n  Port ${c.port}\n  ProxyJump ${jumps}\n`;
      const jumps = `${LOGIN}@127.0.0.1:${a.port},${LOGIN}@127.0.0.1:${b.port}`;
      const far = (lines: string): Endpoint => ({
        ...server(),
        url: `ssh://${LOGIN}@far`,
        ssh: { configFile: config(text(jumps)), knownHostsFile: known(lines) },
      });
      const all = at(a.port, outer) + at(b.port, inner) + at(c.port, last);
      expect((await look(far(all))).class).toBe('ok');
      expect(await look(far(at(a.port, outer) + at(b.port, outer) + at(c.port, last)))).toMatchObject({
        class: 'ssh-host-key-changed',
        detail: expect.stringMatching(/^jump host 127\.0\.0\.1: /),
      });
      expect((await look(far(at(a.port, outer) + at(b.port, inner)))).class).toBe('ssh-host-key-unknown');
      c.child.kill('SIGTERM');
      await expect.poll(async () => (await look(far(all))).class).toBe('refused');
    });

    it('says that a jump host does not forward', async () => {
      const shut = await dir.start('host', ['client'], ['AllowTcpForwarding no']);
      const text = `Host 127.0.0.1\n  ProxyJump shut\nHost shut\n  HostName 127.0.0.1\n  Port ${shut.port}\nHost *\n  IdentityFile ${dir.file('client')}\n`;
      const one = server({ configFile: config(text), knownHostsFile: known(at(port) + at(shut.port)) });
      expect(await look(one)).toMatchObject({
        class: 'not-allowed',
        detail: expect.stringContaining('AllowTcpForwarding'),
      });
    });
  });

  describe('many questions', () => {
    it('stays below MaxSessions 10 however many are asked', async () => {
      const strict = await dir.start('host', ['client'], ['MaxSessions 10']);
      const one = server({}, strict.port);
      const answers = await Promise.all(Array.from({ length: 40 }, () => run(one)));
      expect(new Set(answers.map((answer) => answer.class))).toEqual(new Set(['ok']));
    });

    it('waits its turn where the server opens fewer sessions, and says when it opens none', async () => {
      const few = await dir.start('host', ['client'], ['MaxSessions 2']);
      const answers = await Promise.all(
        Array.from({ length: 12 }, () =>
          run(server({ knownHostsFile: dir.write('few', at(few.port)) }, few.port)),
        ),
      );
      expect(answers.map((answer) => answer.class)).toEqual(Array(12).fill('ok'));
      const none = await dir.start('host', ['client'], ['MaxSessions 0']);
      expect(await run(server({}, none.port))).toMatchObject({
        class: 'not-allowed',
        detail: expect.stringContaining('MaxSessions'),
      });
    });
  });

  describe('a server that stops answering', () => {
    it('is told in time, and apart: no greeting, and silence over a connection that stands', async () => {
      const deaf = createServer(() => undefined);
      const to = await freePort();
      await new Promise<void>((resolve) => deaf.listen(to, '127.0.0.1', resolve));
      expect(await look(server({}, to, 400))).toMatchObject({
        class: 'timeout',
        detail: expect.stringContaining('does not greet'),
      });
      deaf.close();

      const { child, port: stopping } = await dir.start('host', ['client']);
      const one = server({}, stopping, 1500);
      const keep = sshRunner({ keepSshMs: 60_000 }, one);
      const { signal } = new AbortController();
      expect((await keep.run(['hostname'], 1500, signal)).class).toBe('ok');
      const sessions = execFileSync('ps', ['-o', 'pid=,ppid=', '-e'], { encoding: 'utf8' })
        .split('\n')
        .map((line) => line.trim().split(/\s+/).map(Number))
        .filter(([, parent]) => parent === child.pid)
        .map(([pid]) => pid ?? 0);
      for (const pid of [child.pid ?? 0, ...sessions]) process.kill(pid, 'SIGSTOP');
      try {
        const [silent, second] = await Promise.all([
          keep.run(['hostname'], 700, signal),
          keep.run(['date', '+%s%3N'], 5000, signal),
        ]);
        expect(silent).toMatchObject({
          class: 'timeout',
          detail: expect.stringContaining('connection stands'),
        });
        expect(second).toMatchObject({
          class: 'timeout',
          detail: expect.stringContaining('stopped answering'),
        });
        expect(await run(one, ['hostname'], 700)).toMatchObject({
          class: 'timeout',
          detail: expect.stringContaining('does not greet'),
        });
      } finally {
        for (const pid of [...sessions, child.pid ?? 0]) process.kill(pid, 'SIGCONT');
      }
      await expect.poll(async () => (await run(one)).class).toBe('ok');
    });
  });

  it('is asked over one connection by all who ask it, which is closed afterwards', async () => {
    const one = server();
    await Promise.all([run(one), run(one, ['date', '+%s%3N']), run(one)]);
    const count = (): number =>
      execFileSync('ss', ['-Htn', 'state', 'established', `( dport = :${port} )`], { encoding: 'utf8' })
        .split('\n')
        .filter((line) => line !== '').length;
    expect(count()).toBeLessThanOrEqual(1);
    await closeSsh();
    await expect.poll(count).toBe(0);
  });
});
