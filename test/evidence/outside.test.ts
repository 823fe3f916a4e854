import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { principalOf, readAllowedSigners } from '../../src/evidence/outside/ssh-allowed.ts';
import { checkSshSignature, readSshSignature, SshSigError } from '../../src/evidence/outside/sshsig.ts';
import { readTsaPin, timestampName } from '../../src/evidence/outside/timestamp.ts';
import { sha256Hex } from '../../src/evidence/record/canonical.ts';
import { verifySession } from '../../src/evidence/verify/verify.ts';
import { run } from '../cli/run.ts';
import { type Made, sealedSession, startSession, trustBody, trustBytes } from './make.ts';

const required = process.env.C138_REQUIRE_SYSTEM_TOOLS === '1';
const have = (command: string, ...argv: string[]): boolean => spawnSync(command, argv).error === undefined;
const haveSsh = have('ssh-keygen', '-?');
const haveOpenssl = have('openssl', 'version');
if (!haveSsh) console.warn('skipped: there is no ssh-keygen here (apt-get install openssh-client)');
if (!haveOpenssl) console.warn('skipped: there is no openssl here (apt-get install openssl)');

let folder = '';
let made: Made;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'c138-outside-'));
  made = await sealedSession();
});
afterAll(() => {
  made.clean();
  rmSync(folder, { recursive: true, force: true });
});

let copies = 0;
function copyOf(): string {
  copies += 1;
  const copy = join(folder, `copy-${copies}`);
  cpSync(made.dir, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

const textsOf = async (dir: string, options: object = {}) => {
  const report = await verifySession(dir, { trust: made.trust, ...options });
  return {
    exit: report.exitCode,
    level: report.assurance,
    text: report.findings.map((one) => one.text).join('\n'),
  };
};

describe.skipIf(!haveSsh && !required)('SSH signatures made by ssh-keygen', () => {
  const keyOf = (type: string, bits: string): string => {
    const path = join(folder, `${type}-${bits}`);
    execFileSync('ssh-keygen', [
      '-q',
      '-t',
      type,
      ...(bits === '' ? [] : ['-b', bits]),
      '-N',
      '',
      '-C',
      'x',
      '-f',
      path,
    ]);
    return path;
  };
  const sign = (key: string, dir: string, namespace = 'dbis-evidence', ...more: string[]): void => {
    execFileSync(
      'ssh-keygen',
      ['-q', '-Y', 'sign', '-f', key, '-n', namespace, ...more, join(dir, 'journal.jsonl')],
      {
        stdio: 'ignore',
      },
    );
  };

  test.each([
    ['ed25519', ''],
    ['ecdsa', '256'],
    ['ecdsa', '384'],
    ['ecdsa', '521'],
    ['rsa', '3072'],
  ])('%s %s: holds here and in ssh-keygen, and names whom the checker allows', async (type, bits) => {
    const key = keyOf(type, bits);
    const dir = copyOf();
    sign(key, dir);
    expect(await textsOf(dir)).toMatchObject({
      exit: 0,
      text: expect.stringMatching(/which nobody here vouches for/),
    });
    const allowed = join(folder, `${type}${bits}.allowed`);
    const publicKey = readFileSync(`${key}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
    writeFileSync(allowed, `# operators\nanna@example.invalid namespaces="dbis-evidence" ${publicKey}\n`);
    const sshSigners = readAllowedSigners(readFileSync(allowed, 'utf8'));
    expect(await textsOf(dir, { sshSigners })).toMatchObject({
      exit: 0,
      text: expect.stringMatching(/signed by anna@example\.invalid/),
    });
    const theirs = spawnSync(
      'ssh-keygen',
      [
        '-Y',
        'verify',
        '-f',
        allowed,
        '-I',
        'anna@example.invalid',
        '-n',
        'dbis-evidence',
        '-s',
        join(dir, 'journal.jsonl.sig'),
      ],
      { input: readFileSync(join(dir, 'journal.jsonl')) },
    );
    expect(theirs.status, String(theirs.stderr)).toBe(0);
  });

  test('every changed byte of the file is refused', async () => {
    const dir = copyOf();
    sign(join(folder, 'ed25519-'), dir);
    const path = join(dir, 'journal.jsonl.sig');
    const whole = readFileSync(path);
    const passed: string[] = [];
    const attempt = async (what: string, bytes: Uint8Array): Promise<void> => {
      writeFileSync(path, bytes);
      if ((await textsOf(dir)).exit !== 20) passed.push(what);
    };
    for (let at = 0; at < whole.length; at += 1) {
      for (const mask of [0x01, 0x20]) {
        const changed = Buffer.from(whole);
        changed[at] = (changed[at] as number) ^ mask;
        await attempt(`${at}^${mask}`, changed);
      }
      await attempt(`-${at}`, Buffer.concat([whole.subarray(0, at), whole.subarray(at + 1)]));
      if (at % 5 === 0)
        await attempt(
          `+${at}`,
          Buffer.concat([whole.subarray(0, at), Buffer.from('\n'), whole.subarray(at)]),
        );
    }
    console.info(`SSHSIG: ${whole.length} bytes, every one changed and left out; ${passed.length} accepted`);
    expect(passed).toEqual([]);
  }, 120_000);

  test.each(['ed25519-', 'ecdsa-256', 'ecdsa-384', 'ecdsa-521'])(
    'every changed bit under the armour of %s is refused',
    (name) => {
      const dir = copyOf();
      sign(join(folder, name), dir);
      const digest = (hash: string) =>
        createHash(hash)
          .update(readFileSync(join(dir, 'journal.jsonl')))
          .digest();
      const digests = { sha256: digest('sha256'), sha512: digest('sha512') };
      const lines = readFileSync(join(dir, 'journal.jsonl.sig'), 'latin1').split('\n');
      const [begin = '', end = ''] = [lines[0], lines.at(-2)];
      const blob = Buffer.from(lines.slice(1, -2).join(''), 'base64');
      const holds = (bytes: Buffer): boolean => {
        const text = bytes.toString('base64').match(/.{1,70}/g) ?? [];
        try {
          const signature = readSshSignature(Buffer.from([begin, ...text, end, ''].join('\n')));
          checkSshSignature(signature, digests[signature.hash]);
          return true;
        } catch (error) {
          expect(error).toBeInstanceOf(SshSigError);
          return false;
        }
      };
      expect(holds(blob)).toBe(true);
      const passed: string[] = [];
      for (let at = 0; at < blob.length; at += 1)
        for (let bit = 0; bit < 8; bit += 1) {
          const changed = Buffer.from(blob);
          changed[at] = (changed[at] as number) ^ (1 << bit);
          if (holds(changed)) passed.push(`${at}.${bit}`);
        }
      expect(passed).toEqual([]);
    },
  );

  test('for another namespace, over another journal, or beside an open one: refused', async () => {
    const key = join(folder, 'ed25519-');
    const other = copyOf();
    sign(key, other, 'git');
    expect(await textsOf(other)).toMatchObject({ exit: 20, text: expect.stringMatching(/made for "git"/) });
    const foreign = await sealedSession();
    const dir = copyOf();
    sign(key, foreign.dir);
    cpSync(join(foreign.dir, 'journal.jsonl.sig'), join(dir, 'journal.jsonl.sig'));
    expect(await textsOf(dir)).toMatchObject({ exit: 20, text: expect.stringMatching(/over this journal/) });
    foreign.clean();
    const open = await startSession();
    await open.journal.close();
    sign(key, open.dir);
    const report = await verifySession(open.dir, { trust: open.trust });
    expect(report.exitCode).toBe(20);
    open.clean();
  });

  test.each<[line: string, counts: boolean]>([
    ['anna KEY', true],
    ['anna,bert KEY a comment', true],
    ['"anna" KEY', true],
    ['# anna KEY', false],
    ['  anna\tKEY', true],
    ['anna KEY\r', true],
    ['anna ssh-rsa BLOB', false],
    ['anna valid-after="20260101",valid-before="20270101" KEY', true],
    ['anna valid-after="20260602" KEY', false],
    ['anna Valid-Before="20260101" KEY', false],
    ['anna valid-before="20260601115959Z" KEY', false],
    ['anna valid-before="20260601120000Z" KEY', true],
    ['anna valid-after="20260601120000Z" KEY', true],
    ['anna valid-after="20260601120001Z" KEY', false],
    ['anna valid-after="20260601120000" KEY', true],
    ['anna valid-before="202606012059" KEY', false],
    ['anna valid-before="202606012100" KEY', true],
    ['anna valid-before=20270101 KEY', false],
    ['anna valid-before="2027" KEY', false],
    ['anna valid-before="20271301" KEY', false],
    ['anna valid-after="20270101",valid-before="20260101" KEY', false],
    ['anna namespaces="git,file" KEY', false],
    ['anna NAMESPACES="git" KEY', false],
    ['anna namespaces="git,dbis-evidence" KEY', true],
    ['anna namespaces="dbis-*" KEY', true],
    ['anna namespaces="dbis-evidenc?" KEY', true],
    ['anna namespaces="*-e*e*c?,x" KEY', true],
    ['anna namespaces="dbis-evidence?" KEY', false],
    ['anna namespaces="!dbis-evidence,*" KEY', false],
    ['anna namespaces="*,!dbis-*" KEY', false],
    ['anna namespaces="!git,*" KEY', true],
    ['anna namespaces="git",namespaces="dbis-evidence" KEY', false],
    ['anna namespaces="" KEY', false],
    ['anna namespaces="dbis-evidence", KEY', false],
    ['anna cert-authority KEY', false],
    ['anna CERT-AUTHORITY KEY', false],
    ['anna no-touch-nonsense KEY', false],
    ['anna no-touch-nonsense,namespaces="dbis-evidence" KEY', false],
  ])('allowed signers: %j counts as it does in ssh-keygen', (line, counts) => {
    const key = readFileSync(join(folder, 'ed25519-.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
    const text = line.replace('KEY', key).replace('BLOB', key.split(' ')[1] ?? '');
    const dir = join(folder, 'allowed');
    if (!existsSync(dir)) {
      cpSync(made.dir, dir, { recursive: true });
      sign(join(folder, 'ed25519-'), dir);
    }
    const sig = join(dir, 'journal.jsonl.sig');
    const zone = process.env.TZ;
    // Nine hours ahead: times without a Z are those of the machine.
    process.env.TZ = 'Asia/Tokyo';
    try {
      const who = principalOf(
        readAllowedSigners(text),
        readSshSignature(readFileSync(sig)),
        new Date('2026-06-01T12:00:00.500Z'),
      );
      writeFileSync(join(folder, 'allowed.txt'), `${text}\n`);
      const theirs = spawnSync(
        'ssh-keygen',
        [
          ...['-Y', 'verify', '-f', join(folder, 'allowed.txt'), '-I', 'anna', '-n', 'dbis-evidence'],
          ...['-O', 'verify-time=20260601120000Z', '-s', sig],
        ],
        { input: readFileSync(join(dir, 'journal.jsonl')), env: { ...process.env } },
      );
      expect([who !== null, theirs.status === 0], String(theirs.stderr)).toEqual([counts, counts]);
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });
});

describe.skipIf(!haveOpenssl && !required)('time stamps made by openssl ts', () => {
  const openssl = (...argv: string[]) => execFileSync('openssl', argv, { cwd: folder, stdio: 'pipe' });

  beforeAll(() => {
    writeFileSync(
      join(folder, 'tsa.cnf'),
      `[req]
distinguished_name = dn
prompt = no
[dn]
CN = Test authority
[ca]
basicConstraints = critical,CA:TRUE
[tsa]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = critical,timeStamping
[plain]
extendedKeyUsage = critical,serverAuth
[tsa_config]
serial = ${join(folder, 'serial')}
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ordering = yes
tsa_name = no
ess_cert_id_chain = no
`,
    );
    writeFileSync(join(folder, 'serial'), '01\n');
    for (const [ca, subject] of [
      ['ca', '/CN=Test root'],
      ['stranger', '/CN=Another root'],
    ] as const)
      openssl(
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '30',
        '-subj',
        subject,
        '-config',
        'tsa.cnf',
        '-extensions',
        'ca',
        '-keyout',
        `${ca}.key`,
        '-out',
        `${ca}.pem`,
      );
    for (const [name, section] of [
      ['tsa', 'tsa'],
      ['plain', 'plain'],
    ] as const) {
      openssl(
        'req',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-subj',
        `/CN=${name}`,
        '-config',
        'tsa.cnf',
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.csr`,
      );
      openssl(
        'x509',
        '-req',
        '-in',
        `${name}.csr`,
        '-CA',
        'ca.pem',
        '-CAkey',
        'ca.key',
        '-CAcreateserial',
        '-days',
        '30',
        '-extfile',
        'tsa.cnf',
        '-extensions',
        section,
        '-out',
        `${name}.pem`,
      );
    }
  });

  const stampOf = (request: string, out: string): void => {
    openssl(
      'ts',
      '-reply',
      '-config',
      'tsa.cnf',
      '-section',
      'tsa_config',
      '-queryfile',
      request,
      '-signer',
      'tsa.pem',
      '-inkey',
      'tsa.key',
      '-chain',
      'ca.pem',
      '-out',
      out,
    );
  };

  test('a reply to our request is taken in, verifies, bounds the session in time, and openssl agrees', async () => {
    const dir = copyOf();
    const request = join(folder, 'ours.tsq');
    expect((await run(['evidence', 'timestamp', 'request', dir, '--out', request])).code).toBe(0);
    expect(String(openssl('ts', '-query', '-in', request, '-text'))).toMatch(/Hash Algorithm: sha256/);
    stampOf(request, 'ours.tsr');
    const taken = await run(['evidence', 'timestamp', 'take', dir, join(folder, 'ours.tsr')]);
    expect(taken.code, taken.err).toBe(0);
    expect(await textsOf(dir)).toMatchObject({
      exit: 0,
      level: 'L1',
      text: expect.stringMatching(/no authority that was pinned/),
    });
    const tsa = readTsaPin(readFileSync(join(folder, 'ca.pem'), 'utf8'));
    expect(await textsOf(dir, { tsa })).toMatchObject({
      exit: 0,
      level: 'L3',
      text: expect.stringMatching(/existed at 20/),
    });
    const stranger = readTsaPin(readFileSync(join(folder, 'stranger.pem'), 'utf8'));
    expect(await textsOf(dir, { tsa: stranger })).toMatchObject({ exit: 0, level: 'L1' });
    // The key is lost tomorrow: the time stamp alone shows that the session was there before.
    const lost = new Date(Date.now() + 86_400_000).toISOString();
    const revoked = { at: lost, reason: 'stolen', untrusted_since: lost };
    const trust = await trustBytes(
      trustBody({
        version: 2,
        prev_sha256: sha256Hex(made.trust),
        keys: trustBody().keys.map((key) => ({ ...key, revoked })),
      }),
    );
    expect(await textsOf(dir, { tsa, trust })).toMatchObject({ exit: 0, level: 'L3' });
    expect(await textsOf(dir, { trust })).toMatchObject({
      exit: 30,
      text: expect.stringMatching(/only its own word says/),
    });
    const theirs = String(
      openssl(
        'ts',
        '-verify',
        '-data',
        join(dir, 'journal.jsonl'),
        '-in',
        'ours.tsr',
        '-CAfile',
        'ca.pem',
        '-untrusted',
        'tsa.pem',
      ),
    );
    expect(theirs).toMatch(/Verification: OK/);
  });

  test('every changed byte is refused, under its name and under any other', async () => {
    const dir = copyOf();
    openssl('ts', '-query', '-data', join(dir, 'journal.jsonl'), '-sha256', '-cert', '-out', 'b.tsq');
    stampOf('b.tsq', 'b.tsr');
    const whole = readFileSync(join(folder, 'b.tsr'));
    const name = timestampName(whole);
    const passed: string[] = [];
    for (let at = 0; at < whole.length; at += 3) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] as number) ^ 0x04;
      writeFileSync(join(dir, name), changed);
      if ((await textsOf(dir)).exit !== 20) passed.push(String(at));
    }
    rmSync(join(dir, name));
    writeFileSync(join(dir, timestampName(whole.subarray(0, -1))), whole.subarray(0, -1));
    expect((await textsOf(dir)).exit).toBe(20);
    console.info(
      `RFC 3161: ${Math.ceil(whole.length / 3)} bytes of a reply changed, ${passed.length} accepted`,
    );
    expect(passed).toEqual([]);
  }, 120_000);

  test('a key of a kind that there is not in the certificate of the signer: refused, not a crash', async () => {
    const dir = copyOf();
    openssl('ts', '-query', '-data', join(dir, 'journal.jsonl'), '-sha256', '-cert', '-out', 'k.tsq');
    stampOf('k.tsq', 'k.tsr');
    const changed = readFileSync(join(folder, 'k.tsr'));
    const oidOfEcKeys = Buffer.from('06072a8648ce3d0201', 'hex');
    const at = changed.indexOf(oidOfEcKeys) + oidOfEcKeys.length - 1;
    changed[at] = (changed[at] as number) ^ 0x08;
    writeFileSync(join(folder, 'bent.tsr'), changed);
    const taken = await run(['evidence', 'timestamp', 'take', dir, join(folder, 'bent.tsr')]);
    expect([taken.code, taken.err]).toEqual([1, expect.stringMatching(/can not be read/)]);
    writeFileSync(join(dir, timestampName(changed)), changed);
    expect(await textsOf(dir)).toMatchObject({ exit: 20, text: expect.stringMatching(/can not be read/) });
  });

  test('about another journal, without certificate, by one that may not: refused when taken in', async () => {
    const dir = copyOf();
    const other = join(folder, 'other.txt');
    writeFileSync(other, 'something else');
    openssl('ts', '-query', '-data', other, '-sha256', '-cert', '-out', 'c.tsq');
    stampOf('c.tsq', 'c.tsr');
    const take = (file: string) => run(['evidence', 'timestamp', 'take', dir, join(folder, file)]);
    expect((await take('c.tsr')).err).toMatch(/other bytes/);
    openssl('ts', '-query', '-data', join(dir, 'journal.jsonl'), '-sha256', '-out', 'd.tsq');
    stampOf('d.tsq', 'd.tsr');
    expect((await take('d.tsr')).err).toMatch(/does not carry the certificate/);
    openssl('ts', '-query', '-data', join(dir, 'journal.jsonl'), '-sha512', '-cert', '-out', 'e.tsq');
    stampOf('e.tsq', 'e.tsr');
    expect((await take('e.tsr')).err).toMatch(/SHA-256/);
    writeFileSync(join(folder, 'f.tsr'), 'no reply');
    const none = await take('f.tsr');
    expect([none.code, none.err]).toEqual([1, expect.stringMatching(/no RFC 3161 reply/)]);
    mkdirSync(join(folder, 'empty'));
    expect((await run(['evidence', 'timestamp', 'request', join(folder, 'empty')])).code).toBe(2);
  });
});
