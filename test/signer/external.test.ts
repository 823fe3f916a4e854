import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalBytes, sha256Hex } from '../../src/evidence/record/canonical.ts';
import { recoverAddress } from '../../src/evidence/record/record-signature.ts';
import { digestOf } from '../../src/evidence/record/typed-data.ts';
import type { RecordBody } from '../../src/model/record.ts';
import { makeExternal, startSigner } from '../../src/signer/client.ts';
import { printCount } from '../counted.ts';
import { ANNA, actorOf, BERT, base, ESTATE, runbookStep, signedStep } from '../evidence/make.ts';

/**
 * A program that signs typed data with ethers, as any wallet would, or wrongly in one way. Each says so by its first argument; the key
 * is a published test key.
 */
const PROGRAM = `
import { readFileSync } from 'node:fs';
import { computeAddress, hashMessage, SigningKey, TypedDataEncoder } from 'ethers';
const [how, file, after] = process.argv.slice(2);
if (how === 'hang') await new Promise((done) => setTimeout(done, 3_600_000));
if (how === 'fails') { console.error('the device is \\u001b[31mlocked'); process.exit(3); }
if (how === 'babbles') { process.stdout.write('x'.repeat(1_000_000)); process.exit(0); }
const text = readFileSync(file === '-' ? 0 : file, 'utf8');
const { domain, types, message } = JSON.parse(text);
delete types.EIP712Domain;
const turned = how === 'turns' && !('OperatorSelfTest' in types);
const key = new SigningKey('0x' + (how === 'other' || turned ? 'b2' : 'a1').padStart(64, '0'));
let digest = TypedDataEncoder.hash(domain, types, message);
if (how === 'prefix') digest = hashMessage(digest);
if (how === 'content') digest = TypedDataEncoder.hash({ ...domain, chainId: 1 }, types, message);
const { r, s, yParity } = key.sign(digest);
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const v = yParity === 0 ? '1b' : '1c';
const forms = {
  'high-s': r + (N - BigInt(s)).toString(16).padStart(64, '0') + (v === '1b' ? '1c' : '1b'),
  'v-0': r + s.slice(2) + '0' + yParity,
  compact: r + s.slice(2),
  upper: '0x' + (r.slice(2) + s.slice(2) + v).toUpperCase(),
  empty: '',
  words: 'Signature: ' + r + s.slice(2) + v,
};
console.log(forms[how] ?? r + s.slice(2) + v);
`;

let folder = '';
let program = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'c138-external-'));
  // In the project, so that ethers is found.
  program = join(import.meta.dirname, `../../node_modules/.external-${process.pid}.mjs`);
  writeFileSync(program, PROGRAM);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  rmSync(program, { force: true });
});

let made = 0;
const pathOf = (): string => join(folder, `external-${made++}.json`);
const commandOf = (how: string, file = '-'): string[] => [process.execPath, program, how, file];

/** A description that was not tested, as somebody might write one by hand. */
function written(how: string, change: object = {}): string {
  const path = pathOf();
  const good = {
    format: 'c138-external-signer',
    v: 1,
    address: ANNA.address,
    command: commandOf(how),
    timeout_s: 30,
  };
  writeFileSync(path, JSON.stringify({ ...good, ...change }), { mode: 0o600 });
  return path;
}

const hash = sha256Hex('x');
function deviationBytes(): { readonly body: RecordBody; readonly bytes: Uint8Array } {
  const at = { session: hash, next: { seq: 3, prev: hash } };
  const body: RecordBody = {
    ...base(at, ANNA),
    actor: actorOf(ANNA),
    kind: 'deviation',
    step: signedStep(runbookStep('one')),
    note: 'another way was taken',
  };
  return { body, bytes: canonicalBytes(body) };
}

describe('S3: a program that signs in our place', () => {
  printCount('S3', 'external signers');
  test.each(['-', '{file}'])(
    'is tested, described in a private file, and signs records by %s',
    async (file) => {
      const path = pathOf();
      const { address, pubkey } = await makeExternal(path, commandOf('good', file));
      expect({ address, pubkey }).toEqual({ address: ANNA.address, pubkey: ANNA.pubkey });
      expect(statSync(path).mode & 0o777).toBe(0o600);
      const signer = await startSigner({ kind: 'keystore', path });
      expect(await signer.facts()).toMatchObject({ address, locked: true, external: true, pubkey: '' });
      const { body, bytes } = deviationBytes();
      await expect(signer.prepare(bytes, ESTATE)).rejects.toThrow(/locked/);
      expect(await signer.unlock()).toMatchObject({ locked: false, pubkey: ANNA.pubkey });
      const prompt = await signer.prepare(bytes, ESTATE);
      const sig = await signer.sign(prompt.promptId, prompt.code);
      expect(recoverAddress(digestOf(body, bytes, ESTATE), sig)).toBe(ANNA.address);
      await signer.close();
    },
  );

  test('is asked for typed data only: no transaction', async () => {
    const signer = await startSigner({ kind: 'keystore', path: written('good') });
    await signer.unlock();
    await expect(
      signer.signAnchor({ session: hash, sealSha256: hash, nonce: 0, gasPrice: '0' }),
    ).rejects.toThrow(/evidence only|no terminal|not the code/);
    await signer.close();
  });

  test.each([
    ['other', /signed as 0x.*, not as/],
    ['prefix', /signed as 0x.*, not as/],
    ['content', /signed as 0x.*, not as/],
    ['high-s', /not in the lower half/],
    ['v-0', /end in 1b or 1c/],
    ['compact', /65 bytes/],
    ['upper', /lower-case/],
    ['empty', /65 bytes/],
    ['words', /65 bytes/],
    ['babbles', /more than a signature/],
    ['fails', /exit code 3: the device is .*locked/],
  ])('that answers wrongly (%s) is refused before it is trusted', async (how, reason) => {
    const signer = await startSigner({ kind: 'keystore', path: written(how) });
    await expect(signer.unlock()).rejects.toThrow(reason);
    expect((await signer.facts()).locked).toBe(true);
    await expect(signer.prepare(deviationBytes().bytes, ESTATE)).rejects.toThrow(/locked/);
    await signer.close();
  });

  test('that passes the test and then signs with another key gives no signature', async () => {
    const signer = await startSigner({ kind: 'keystore', path: written('turns') });
    await signer.unlock();
    const prompt = await signer.prepare(deviationBytes().bytes, ESTATE);
    await expect(signer.sign(prompt.promptId, prompt.code)).rejects.toThrow(
      new RegExp(`signature by ${BERT.address}`),
    );
    await signer.close();
  });

  test('that never answers is ended, with what it started', async () => {
    const signer = await startSigner({ kind: 'keystore', path: written('hang', { timeout_s: 1 }) });
    await expect(signer.unlock()).rejects.toThrow(/no answer within 1 seconds/);
    await signer.close();
  });

  test('that can not be started, or is described wrongly or where others can write, is refused', async () => {
    const signer = await startSigner({
      kind: 'keystore',
      path: written('good', { command: [join(folder, 'missing')] }),
    });
    await expect(signer.unlock()).rejects.toThrow(/can not be started \(ENOENT\)/);
    await signer.close();
    for (const change of [
      { v: 2 },
      { address: '0x1' },
      { command: [] },
      { command: 'sign' },
      { timeout_s: 0 },
    ])
      await expect(startSigner({ kind: 'keystore', path: written('good', change) })).rejects.toThrow(
        /not well-formed/,
      );
    const open = written('good');
    chmodSync(open, 0o644);
    await expect(startSigner({ kind: 'keystore', path: open })).rejects.toThrow(/chmod 600/);
  });

  test('gets no description written when it does not sign', async () => {
    const path = pathOf();
    await expect(makeExternal(path, commandOf('high-s'))).rejects.toThrow(/lower half/);
    expect(() => readFileSync(path)).toThrow(/ENOENT/);
  });
});
