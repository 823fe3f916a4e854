import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { SshConfigError, type SshTarget, sshTarget } from '../../src/probes/ssh/ssh-target.ts';
import { endpoint } from './context.ts';

const required = process.env.C138_REQUIRE_SYSTEM_TOOLS === '1';
const SSH = existsSync('/usr/bin/ssh');
if (!SSH) console.warn('skipped: there is no OpenSSH client here (apt-get install openssh-client)');

const folder = mkdtempSync(join(tmpdir(), 'c138-sshconf-'));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
const write = (text: string): string => {
  count += 1;
  const file = join(folder, `config-${count}`);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
};
const read = (text: string, url = 'ssh://web1.example'): Promise<SshTarget> =>
  sshTarget(endpoint({ url, kind: 'ssh', ssh: { configFile: write(text) } }));

describe('an SSH configuration', () => {
  it('gives the first value of each key, by Host with patterns and their negation', async () => {
    const text = [
      '# comment',
      'Host *.example !web2.example',
      '  HostName 127.0.0.9',
      '  Port=2200',
      '  User "audit"',
      '  IdentityFile ~/.ssh/first',
      'Host *',
      '  Port 22',
      '  User root',
      '  IdentityFile %d/keys/%r@%h',
      '  UserKnownHostsFile /a/b "/c d/e"',
      '  HostKeyAlias n1',
    ].join('\n');
    expect(await read(text)).toMatchObject({
      host: '127.0.0.9',
      port: 2200,
      user: 'audit',
      identityFiles: [join(homedir(), '.ssh/first'), join(homedir(), 'keys/audit@127.0.0.9')],
      alias: 'n1',
    });
    expect((await read(text)).knownHostsFiles.slice(0, 2)).toEqual(['/a/b', '/c d/e']);
    expect(await read(text, 'ssh://web2.example')).toMatchObject({
      host: 'web2.example',
      port: 22,
      user: 'root',
    });
    expect(await read(text, 'ssh://me@web1.example:23')).toMatchObject({ port: 23, user: 'me' });
  });

  it('follows Include with wildcards, inside its Host block only', async () => {
    mkdirSync(join(folder, 'd'), { recursive: true });
    writeFileSync(join(folder, 'd/one.conf'), 'Port 2201\nHost other\n  User never\n');
    writeFileSync(join(folder, 'd/two.conf'), 'User included\n');
    const text = `Host web*\n  Include d/*.conf\nHost *\n  User last\n`;
    expect(await read(text)).toMatchObject({ port: 2201, user: 'included' });
    expect(await read(text, 'ssh://other')).toMatchObject({ port: 22, user: 'last' });
  });

  it('follows jump hosts, each with its own lines', async () => {
    const text =
      'Host web*\n  ProxyJump far@j2:2222\nHost j2\n  HostName 127.0.0.2\n  ProxyJump j1\nHost j1\n  Port 2201\nHost none*\n  ProxyJump none\n';
    const target = await read(text);
    expect(target.jump).toMatchObject({ host: '127.0.0.2', port: 2222, user: 'far' });
    expect(target.jump?.jump).toMatchObject({ host: 'j1', port: 2201 });
    expect((await read('Host web*\n  ProxyJump a,b\n')).jump).toMatchObject({
      host: 'b',
      jump: { host: 'a' },
    });
    await expect(read('Host a\n  ProxyJump b\nHost *\n  ProxyJump a\n')).rejects.toThrow(/circle/);
    const everywhere = await read('Host *\n  ProxyJump jump1\n');
    expect(everywhere.jump).toMatchObject({ name: 'jump1', jump: null });
  });

  it('runs no program: a ProxyCommand is refused with words, a Match exec is told and left out', async () => {
    const mark = join(folder, 'ran');
    await expect(read(`ProxyCommand touch ${mark}\n`)).rejects.toBeInstanceOf(SshConfigError);
    const target = await read(`Match exec "touch ${mark}"\n  User from-exec\nMatch all\n  User last\n`);
    expect(target.user).toBe('last');
    expect(target.notes.join()).toContain('Match exec');
    expect(existsSync(mark)).toBe(false);
  });

  it('is not read at all where the endpoint says none', async () => {
    const one = endpoint({ url: 'ssh://web1.example', kind: 'ssh', ssh: { configFile: null } });
    expect(await sshTarget(one)).toMatchObject({ host: 'web1.example', port: 22, jump: null });
  });
});

describe.skipIf(!SSH && !required)('beside OpenSSH itself (ssh -G)', () => {
  const theirs = (file: string, host: string): Map<string, string[]> => {
    const out = new Map<string, string[]>();
    for (const line of execFileSync('ssh', ['-G', '-F', file, host], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).split('\n')) {
      const at = line.indexOf(' ');
      out.set(line.slice(0, at), [...(out.get(line.slice(0, at)) ?? []), line.slice(at + 1)]);
    }
    return out;
  };
  const NAMES = ['web1', 'web2', 'db1.example', 'db2.example', '10.0.0.7'];
  const pattern = fc.constantFrom(
    'web*',
    '*',
    '!web2',
    'db?.example',
    '!*.example',
    'web1',
    '10.0.0.*',
    '*.1',
  );
  const patterns = fc.array(pattern, { minLength: 1, maxLength: 3 });
  const setting = fc.constantFrom(
    'HostName 127.0.0.1',
    'HostName %h.internal',
    'HostName web2',
    'Port 2222',
    'port = 2223',
    'User audit',
    'User "other"',
    'IdentityFile /keys/a',
    'IdentityFile "/keys/with blank"',
    'IdentitiesOnly yes',
    'ProxyJump jump1',
    'ProxyJump none',
    'ProxyJump a@jump1:2200,jump2',
    'HostKeyAlias aliased',
    'UserKnownHostsFile /known/a /known/b',
    'GlobalKnownHostsFile /known/global',
  );
  const line = fc.oneof(
    { weight: 5, arbitrary: setting },
    { weight: 2, arbitrary: patterns.map((list) => `Host ${list.join(' ')}`) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom('host', 'originalhost', '!host', 'user', 'localuser'), patterns)
        .map(([word, list]) => `Match ${word} ${list.join(',')}`),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'Match all',
        'Match final host *.internal',
        'Match final all',
        'Match user audit,other',
      ),
    },
  );

  it('gives what ssh gives, for any file and host', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 14 }), fc.constantFrom(...NAMES), async (lines, host) => {
        const file = write(`${lines.join('\n')}\n`);
        const want = theirs(file, host);
        let got: SshTarget;
        try {
          got = await sshTarget(endpoint({ url: `ssh://${host}`, kind: 'ssh', ssh: { configFile: file } }));
        } catch (error) {
          // Only the connection itself would show such a circle to ssh.
          expect(String(error)).toContain('circle');
          expect(want.get('proxyjump')).toBeDefined();
          return;
        }
        const one = (key: string): string | undefined => want.get(key)?.[0];
        expect({
          host: got.host,
          port: String(got.port),
          user: got.user,
          alias: got.alias ?? undefined,
          only: got.identitiesOnly,
          known: got.knownHostsFiles.join(' '),
          ...(got.identitiesNamed ? { keys: got.identityFiles } : {}),
          jump: got.jump?.name,
        }).toEqual({
          host: one('hostname'),
          port: one('port'),
          user: one('user'),
          alias: one('hostkeyalias'),
          only: one('identitiesonly') === 'yes',
          known: `${one('userknownhostsfile')} ${one('globalknownhostsfile')}`
            .replaceAll('~', homedir())
            // OpenSSH asks the user database, this program the environment.
            .replaceAll(userInfo().homedir, homedir()),
          ...(got.identitiesNamed ? { keys: want.get('identityfile') } : {}),
          jump: one('proxyjump')?.split(',').at(-1)?.replace(/^.*@/, '').replace(/:.*$/, ''),
        });
      }),
      { numRuns: 150 },
    );
    expect(userInfo().username).not.toBe('');
  });
});
