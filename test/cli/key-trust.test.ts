import { spawn as spawnProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { computeAddress, SigningKey } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, inTerminal as drive } from './in-terminal.ts';
import { run } from './run.ts';

const bin = resolve(import.meta.dirname, '../../bin/c138');
const PASSPHRASE = 'correct horse battery';
let home = '';
let estate = '';
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'c138-key-'));
  estate = join(home, 'estate.yaml');
  writeFileSync(estate, 'v: 1\nid: real-estate\nname: y\nchain: {id: 138}\n');
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const env = () => ({
  PATH: process.env.PATH ?? '',
  HOME: home,
  TERM: 'xterm',
  C138_CONFIG_DIR: join(home, 'config'),
});

const inTerminal = (argv: readonly string[], answers: readonly Answer[]) => drive(argv, answers, env());

const passphrase = [/Passphrase for .*: $/, PASSPHRASE] as const;
const code = [/Type (\w{4}) to sign: $/, (match: RegExpExecArray) => match[1] ?? ''] as const;
const local = { C138_CONFIG_DIR: '' };
const here = (argv: readonly string[]) =>
  run(argv, { ...local, HOME: home, C138_CONFIG_DIR: join(home, 'config') });

describe('keys and trust on a terminal', () => {
  it('makes a keystore, a trust store and a second version of it, and shows them', async () => {
    const made = await inTerminal(
      ['key', 'new'],
      [
        [/New passphrase.*: $/, PASSPHRASE],
        [/The same again: $/, PASSPHRASE],
      ],
    );
    expect(made.code, made.screen).toBe(0);
    expect(made.screen).not.toContain(PASSPHRASE);
    const [address = ''] = /0x[0-9a-f]{40}/.exec(made.screen) ?? [];
    const keystore = join(home, 'config', 'keys', 'operator.json');
    expect(statSync(keystore).mode & 0o777).toBe(0o600);
    expect((await here(['key', 'show'])).out).toContain(address);

    const init = await inTerminal(
      ['trust', 'init', '--config', estate, '--person', 'ada', '--name', 'Ada L.'],
      [passphrase, code],
    );
    expect(init.code, init.screen).toBe(0);
    expect(init.screen).toMatch(new RegExp(`${address} is Ada L\\. \\(ada\\), as performer, until 20`));
    // All that a signature would bring into force stands there.
    expect(init.screen).toMatch(new RegExp(`1 of 1 roots: ${address}`));
    expect(init.screen).toMatch(/no validators of the chain are pinned/);
    const other = computeAddress(`0x${'66'.repeat(32)}`);
    const added = await inTerminal(
      [
        'trust',
        'add',
        '--pubkey',
        SigningKey.computePublicKey(`0x${'66'.repeat(32)}`),
        '--person',
        'bob',
        '--name',
        'Bob',
        '--role',
        'witness,approver',
      ],
      [passphrase, code],
    );
    expect(added.code, added.screen).toBe(0);
    const shown = await here(['trust', 'show']);
    expect(shown.code).toBe(0);
    expect(shown.out).toMatch(/estate real-estate, version 2/);
    expect(shown.out).toMatch(new RegExp(`${other.toLowerCase()} +Bob \\(bob\\), witness, approver`));
    const add = ['trust', 'add', '--person', 'eve', '--name', 'Eve'];
    for (const [flags, text] of [
      [['--pubkey', `0x04${'11'.repeat(64)}`], /--pubkey: give an uncompressed public key/],
      [['--address', `0x${'11'.repeat(20)}`, '--type', 'paper'], /is not keystore, hardware or external/],
      [[], /give --address .* or --pubkey/],
    ] as const) {
      const refused = await here([...add, ...flags]);
      expect([refused.code, refused.err]).toEqual([2, expect.stringMatching(text)]);
    }
    const ended = await inTerminal(
      ['trust', 'valid', '--address', other, '--until', '2099-01-31'],
      [passphrase, code],
    );
    expect(ended.code, ended.screen).toBe(0);
    expect((await here(['trust', 'show'])).out).toMatch(/Bob .* until 2099-01-31T00:00:00.000Z/);
    const unpinned = await here(['trust', 'chain', '--config', estate]);
    expect([unpinned.code, unpinned.err]).toEqual([2, expect.stringMatching(/pins no validators/)]);
    const when = await here(['trust', 'valid', '--address', other, '--until', 'tomorrow']);
    expect([when.code, when.err]).toEqual([2, expect.stringMatching(/--until: give a time in UTC/)]);
    const again = await inTerminal(['trust', 'init', '--config', estate, '--person', 'a', '--name', 'A'], []);
    expect(again.code).toBe(2);

    const trust = join(home, 'config', 'trust', 'trust.json');
    writeFileSync(trust, readFileSync(trust, 'utf8').replace('"Bob"', '"Eve"'));
    const forged = await here(['trust', 'show']);
    expect(forged.code).toBe(2);
    expect(forged.err).toMatch(/trust\.json: .*signature/);
  }, 120_000);

  it('signs nothing with a wrong code or passphrase, and makes nothing when the passphrases differ', async () => {
    const config = join(home, 'config', 'trust');
    rmSync(config, { recursive: true, force: true });
    const init = ['trust', 'init', '--config', estate, '--person', 'ada', '--name', 'Ada'];
    const wrongCode = await inTerminal(init, [passphrase, [/Type \w{4} to sign: $/, 'none']]);
    expect(wrongCode.screen).toMatch(/that is not the code; nothing was signed/);
    const wrongPassphrase = await inTerminal(init, [[/Passphrase for .*: $/, 'wrong passphrase']]);
    expect(wrongPassphrase.screen).toMatch(/wrong passphrase/);
    expect([wrongCode.code, wrongPassphrase.code]).toEqual([2, 2]);
    expect(() => readdirSync(config)).toThrow(/ENOENT/);
    const out = join(home, 'other.json');
    const differ = await inTerminal(
      ['key', 'new', '--out', out],
      [
        [/New passphrase.*: $/, PASSPHRASE],
        [/The same again: $/, 'something else'],
      ],
    );
    expect(differ.code).toBe(2);
    expect(differ.screen).toMatch(/the two passphrases differ/);
    const short = await inTerminal(['key', 'new', '--out', out], [[/New passphrase.*: $/, 'short']]);
    expect(short.screen).toMatch(/shorter than 10 characters/);
    expect(() => statSync(out)).toThrow(/ENOENT/);
  }, 120_000);

  it('imports a private key that is typed, and never writes over a keystore', async () => {
    const out = join(home, 'imported.json');
    const answers = [
      [/Private key.*: $/, '77'.repeat(32)],
      [/New passphrase.*: $/, PASSPHRASE],
      [/The same again: $/, PASSPHRASE],
    ] as const;
    const made = await inTerminal(['key', 'import', '--out', out], answers);
    expect(made.screen).toContain(computeAddress(`0x${'77'.repeat(32)}`).toLowerCase());
    expect(made.screen).not.toContain('7777');
    const before = readFileSync(out);
    const again = await inTerminal(['key', 'import', '--out', out], answers);
    expect(again.code).toBe(2);
    expect(again.screen).toMatch(/exists already/);
    expect(readFileSync(out)).toEqual(before);
  }, 120_000);

  it('sees a file that is there before it asks anything', async () => {
    const out = join(home, 'there.json');
    writeFileSync(out, '{}');
    for (const argv of [
      ['key', 'new', '--out', out],
      ['key', 'import', '--out', out],
      ['key', 'external', '--out', out, 'false'],
    ])
      expect(await here(argv)).toMatchObject({
        code: 2,
        err: expect.stringMatching(/there\.json exists already/),
      });
  });

  it('makes no key without a terminal', async () => {
    const ran = await new Promise<{ code: number | null; err: string }>((done) => {
      const child = spawnProcess(
        'setsid',
        [process.execPath, bin, 'key', 'new', '--out', join(home, 'x.json')],
        {
          cwd: home,
          env: env(),
        },
      );
      let err = '';
      child.stderr.on('data', (chunk) => {
        err += String(chunk);
      });
      child.on('exit', (exit) => done({ code: exit, err }));
    });
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(/^c138: there is no terminal to ask on/);
  });

  it('refuses usage errors before it asks anything', async () => {
    mkdirSync(join(home, 'empty'), { recursive: true });
    const empty = { HOME: home, C138_CONFIG_DIR: join(home, 'empty') };
    const cases: [string[], RegExp][] = [
      [['trust', 'init', '--config', estate], /give --person .* and --name/],
      [['trust', 'init', '--config', estate, '--person', 'a', '--name', 'A'], /holds 0 keys.*c138 key new/],
      [['trust', 'add', '--person', 'a', '--name', 'A'], /--address/],
      [['trust', 'show'], /no trust store is installed here\. .*trust update FILE --root ADDRESS/],
      [['key', 'show'], /there is no key in .*c138 key new/],
      [
        ['trust', 'init', '--config', estate, '--person', 'a', '--name', 'A', '--role', 'boss'],
        /"boss" is not one of/,
      ],
    ];
    for (const [argv, message] of cases) {
      const ran = await run(argv, empty);
      expect(ran.err).toMatch(message);
      expect(ran.code).toBe(2);
    }
  });
});
