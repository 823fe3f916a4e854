import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { makeKeystore } from '../../src/evidence/keystore.ts';
import { canonicalBytes } from '../../src/evidence/record/canonical.ts';
import { recoverAddress } from '../../src/evidence/record/record-signature.ts';
import { digestOf, domainOf } from '../../src/evidence/record/typed-data.ts';
import { createTrust, throwAwayTrust } from '../../src/evidence/trust/trust.ts';
import type { Hex } from '../../src/model/json.ts';
import type { ConfirmBody, RecordBody } from '../../src/model/record.ts';
import { type SignerClient, startSigner } from '../../src/signer/client.ts';
import { HeldKey } from '../../src/signer/key.ts';
import type { SignerPrompt } from '../../src/signer/protocol.ts';
import { SignerService } from '../../src/signer/service.ts';
import { printCount } from '../counted.ts';
import { ANNA, confirmBody, ESTATE, runbookStep } from '../evidence/make.ts';

const at = { session: `0x${'ab'.repeat(32)}` as Hex, next: { seq: 3, prev: `0x${'cd'.repeat(32)}` as Hex } };

function confirm(address: Hex, change: Partial<ConfirmBody> = {}): RecordBody {
  const body = confirmBody(at as never, runbookStep('one')) as ConfirmBody;
  return { ...body, actor: { ...(body.actor as NonNullable<ConfirmBody['actor']>), address }, ...change };
}

describe('the signer process', () => {
  let signer: SignerClient;
  let address: Hex;
  beforeAll(async () => {
    signer = await startSigner({ kind: 'throw-away' });
    ({ address } = await signer.facts());
  });
  afterAll(() => signer.close());

  test('signs exactly what it showed, once, for the code it derived', async () => {
    const body = confirm(address);
    const bytes = canonicalBytes(body);
    const prompt = await signer.prepare(bytes, ESTATE);
    expect(prompt.digest).toBe(digestOf(body, bytes, ESTATE));
    const shown = prompt.lines.join('\n');
    for (const part of ['Anna', 'Step one', 'as it should be', 'confirmed', prompt.digest, '0xababababab'])
      expect(shown).toContain(part);
    expect(prompt.code).toMatch(/^[2-9A-HJ-NP-Z]{4}$/);
    const wrong = prompt.code === 'AAAA' ? 'BBBB' : 'AAAA';
    await expect(signer.sign(prompt.promptId, wrong)).rejects.toThrow(/not the code/);
    await expect(signer.sign(prompt.promptId, '')).rejects.toThrow(/not the code/);
    const sig = await signer.sign(prompt.promptId, ` ${prompt.code.toLowerCase()} `);
    expect(recoverAddress(prompt.digest as Hex, sig)).toBe(address);
    await expect(signer.sign(prompt.promptId, prompt.code)).rejects.toThrow(/nothing waits/);
  });

  test('gives every prompt its own code, and drops the one before', async () => {
    const prompts: SignerPrompt[] = [];
    for (let seq = 4; seq < 12; seq += 1)
      prompts.push(await signer.prepare(canonicalBytes(confirm(address, { seq })), ESTATE));
    expect(new Set(prompts.map(({ code }) => code)).size).toBeGreaterThan(6);
    const [first] = prompts as [SignerPrompt];
    await expect(signer.sign(first.promptId, first.code)).rejects.toThrow(/nothing waits/);
    const last = prompts.at(-1) as SignerPrompt;
    await signer.cancel(last.promptId);
    await expect(signer.sign(last.promptId, last.code)).rejects.toThrow(/nothing waits/);
  });

  test.each<[string, (own: Hex) => Uint8Array, string, RegExp]>([
    ['a record of another key', () => canonicalBytes(confirm(ANNA.address)), ESTATE, /another key/],
    [
      'an unknown key in the record',
      (own) => canonicalBytes({ ...confirm(own), extra: 1 }),
      ESTATE,
      /not a key of this kind/,
    ],
    ['another spelling', (own) => Buffer.from(JSON.stringify(confirm(own))), ESTATE, /canonical/],
    ['no reason', (own) => canonicalBytes(confirm(own, { verdict: 'failed' })), ESTATE, /needs a reason/],
    ['no record', () => Buffer.from('rubbish'), ESTATE, /JSON/],
    [
      'a real estate under a throw-away key',
      (own) => canonicalBytes(confirm(own)),
      'dbis',
      /simulated estate only/,
    ],
  ])('refuses %s', async (_name, bytes, estate, why) => {
    await expect(signer.prepare(bytes(address), estate)).rejects.toThrow(why);
  });

  test('shows nothing hostile', async () => {
    // Control characters cannot be in a record at all; these can.
    const body = confirm(address, { note: 'a\u202eb\u200bc\u{e0041}', verdict: 'failed' });
    const { lines } = await signer.prepare(canonicalBytes(body), ESTATE);
    expect(lines.join('')).not.toMatch(/[\u202e\u200b\u{e0041}]/u);
    expect(lines.join('')).toContain('\\u{202e}');
  });

  test('signs a trust store for the simulated estate only, and only in its one spelling', async () => {
    const facts = await signer.facts();
    const of = (estate: string) =>
      throwAwayTrust({ address, pubkey: facts.pubkey as Hex }, estate, new Date());
    expect((await createTrust(of('demo:x'), [(bytes) => signer.signTrust(bytes)])).length).toBeGreaterThan(
      100,
    );
    await expect(createTrust(of('dbis'), [(bytes) => signer.signTrust(bytes)])).rejects.toThrow(
      /simulated estate only/,
    );
    const twice = Buffer.from(`{"estate":"demo:x","estate":"demo:x","prev_sha256":null,"version":1}`);
    await expect(signer.signTrust(twice)).rejects.toThrow(/canonical/);
  });

  test('answers nobody after it was closed', async () => {
    const other = await startSigner({ kind: 'throw-away' });
    await other.close();
    await expect(other.facts()).rejects.toThrow(/has ended/);
  });
});

describe('P3: a keystore in the signer', () => {
  printCount('P3', 'cases of keystores');
  const KEY = `0x${'5e'.repeat(32)}`;
  const PASSPHRASE = 'canary-passphrase-7391';
  const folder = mkdtempSync(join(tmpdir(), 'c138-signer-'));
  const path = join(folder, 'key.json');
  beforeAll(async () => writeFileSync(path, await makeKeystore(KEY, PASSPHRASE, 1024), { mode: 0o600 }));
  afterAll(() => rmSync(folder, { recursive: true }));
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    chmodSync(path, 0o600);
  });

  test('is refused when others may read it, when it is a link, missing or broken', async () => {
    for (const mode of [0o640, 0o604, 0o660]) {
      chmodSync(path, mode);
      await expect(startSigner({ kind: 'keystore', path })).rejects.toThrow(/chmod 600/);
    }
    chmodSync(path, 0o600);
    symlinkSync(path, join(folder, 'link.json'));
    await expect(startSigner({ kind: 'keystore', path: join(folder, 'link.json') })).rejects.toThrow(/ELOOP/);
    await expect(startSigner({ kind: 'keystore', path: join(folder, 'none.json') })).rejects.toThrow(
      /key new/,
    );
    writeFileSync(join(folder, 'bad.json'), '{', { mode: 0o600 });
    await expect(startSigner({ kind: 'keystore', path: join(folder, 'bad.json') })).rejects.toThrow(
      /not JSON/,
    );
  });

  test('signs nothing while it is locked', async () => {
    const signer = await startSigner({ kind: 'keystore', path });
    const { address, locked } = await signer.facts();
    expect(locked).toBe(true);
    await expect(signer.prepare(canonicalBytes(confirm(address)), ESTATE)).rejects.toThrow(/locked/);
    await signer.close();
  });

  const terminal = ((): boolean => {
    try {
      closeSync(openSync('/dev/tty', 'r+'));
      return true;
    } catch {
      return false;
    }
  })();
  test.skipIf(terminal)('cannot be unlocked without a terminal', async () => {
    const signer = await startSigner({ kind: 'keystore', path });
    await expect(signer.unlock()).rejects.toThrow(/no terminal/);
    await signer.close();
  });

  async function unlocked(): Promise<{ service: SignerService; address: Hex }> {
    const asked = await import('../../src/signer/terminal.ts');
    vi.spyOn(asked, 'askSecret').mockResolvedValue(PASSPHRASE);
    const key = await HeldKey.hold({ kind: 'keystore', path });
    const service = new SignerService(key);
    vi.useFakeTimers({
      toFake: ['Date', 'setTimeout', 'clearTimeout'],
      now: Date.parse('2026-06-01T00:00:00Z'),
    });
    await service.answer({ op: 'unlock' });
    return { service, address: key.facts.address as Hex };
  }
  const prepare = async (service: SignerService, address: Hex): Promise<SignerPrompt> =>
    (await service.answer({
      op: 'prepare',
      body: Buffer.from(canonicalBytes(confirm(address))).toString('base64'),
      estateId: ESTATE,
    })) as SignerPrompt;

  test('locks itself after ten idle minutes, and a prompt is void after five', async () => {
    const { service, address } = await unlocked();
    const { promptId, code } = await prepare(service, address);
    vi.advanceTimersByTime(5 * 60_000 + 1);
    await expect(service.answer({ op: 'sign', promptId, code })).rejects.toThrow(/five minutes/);
    vi.advanceTimersByTime(5 * 60_000);
    await expect(prepare(service, address)).rejects.toThrow(/locked/);
  });

  test('leaves neither key nor passphrase in what it answers', async () => {
    const { service, address } = await unlocked();
    const prompt = await prepare(service, address);
    const answers = [
      await service.answer({ op: 'hello' }),
      prompt,
      await service.answer({ op: 'sign', promptId: prompt.promptId, code: prompt.code }),
    ];
    const said = JSON.stringify(answers);
    for (const canary of [KEY.slice(2), PASSPHRASE, Buffer.from(KEY.slice(2), 'hex').toString('base64')])
      expect(said).not.toContain(canary);
  });

  test('is not named with its secret in argv or environment, and none of our variables reach the signer', async () => {
    vi.stubEnv('C138_CANARY', 'canary-environment-5512');
    const signer = await startSigner({ kind: 'keystore', path });
    const children = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        try {
          const parent = / (\d+) /.exec(
            readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) \S/s, ''),
          )?.[1];
          if (parent !== String(process.pid)) return [];
          return [
            readFileSync(`/proc/${pid}/cmdline`, 'latin1') + readFileSync(`/proc/${pid}/environ`, 'latin1'),
          ];
        } catch {
          return [];
        }
      })
      .filter((text) => /signer\/main\.ts|signer\.mjs/.test(text));
    vi.unstubAllEnvs();
    await signer.close();
    expect(children).toHaveLength(1);
    expect(children[0]).not.toMatch(/canary|PASS|5e5e5e5e/i);
  });
});

test('the signer loads no package but ethers and what that needs, and no network code of it', async () => {
  const { metafile } = await build({
    entryPoints: [join(import.meta.dirname, '../../src/signer/main.ts')],
    bundle: true,
    metafile: true,
    write: false,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  });
  const inputs = Object.keys(metafile.inputs);
  const packages = new Set(
    inputs.flatMap((name) => /node_modules\/((@[^/]+\/)?[^/]+)/.exec(name)?.[1] ?? []),
  );
  expect([...packages].sort()).toEqual([
    '@adraffy/ens-normalize',
    '@noble/curves',
    '@noble/hashes',
    'ethers',
  ]);
  expect(inputs.filter((name) => /ethers\/.*\/(providers|contract|wallet)\//.test(name))).toEqual([]);
  expect(
    inputs.filter(
      (name) =>
        name.startsWith('src/') && !/^src\/(chain\/recover\.ts$|(signer|model|evidence)\/)/.test(name),
    ),
  ).toEqual([]);
});

test('the domain binds chain 138 and the estate', () => {
  expect(domainOf('demo:test')).toEqual({
    name: 'DBIS Operator Evidence',
    version: '1',
    chainId: 138,
    salt: '0x64ac03900e39c6e0b1bc359fb6ab2c19cec18fbe3b4b717f08e2e7a4e77f375b',
  });
});
