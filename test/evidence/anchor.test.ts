import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SigningKey } from 'ethers/crypto';
import { Transaction } from 'ethers/transaction';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildSealedBlock, headerRlp, trieProof, trieRoot } from '../../src/chain/index.ts';
import { type AnchorFile, anchorBytes, anchorName } from '../../src/evidence/outside/anchor.ts';
import { writeBundle } from '../../src/evidence/outside/bundle.ts';
import { anchorTransaction, readAnchorTransaction } from '../../src/evidence/record/anchor-tx.ts';
import { lineHash } from '../../src/evidence/record/line.ts';
import { verifySession } from '../../src/evidence/verify/verify.ts';
import type { Hex } from '../../src/model/json.ts';
import { ANNA, type Made, type Person, person, sealedSession, trustBody, trustBytes } from './make.ts';

const VALIDATORS = [1, 2, 3, 4]
  .map((seed) => person(`v${seed}`, 0xf00 + seed))
  .sort((a, b) => (a.address < b.address ? -1 : 1));
const OTHERS = [5, 6, 7, 8]
  .map((seed) => person(`v${seed}`, 0xf00 + seed))
  .sort((a, b) => (a.address < b.address ? -1 : 1));
const pinOf = (set: readonly Person[]) => ({
  genesis_hash: `0x${'ab'.repeat(32)}` as Hex,
  validators: set.map((one) => one.address),
  from_block: 0,
});

let made: Made;
let folder = '';
let sealSha256: Hex = '0x';
let copies = 0;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'c138-anchor-'));
  made = await sealedSession({ trust: await trustBytes(trustBody({ chain: pinOf(VALIDATORS) })) });
  const lines = readFileSync(join(made.dir, 'journal.jsonl'), 'utf8').trimEnd().split('\n');
  sealSha256 = lineHash(Buffer.from(`${lines.at(-1)}\n`));
});
afterAll(() => {
  made.clean();
  rmSync(folder, { recursive: true, force: true });
});

const SEALED_S = Date.parse('2026-06-01T12:05:00.000Z') / 1000;

interface Bend {
  readonly by?: Person;
  readonly seal?: Hex;
  readonly sealers?: readonly Person[];
  readonly set?: readonly Person[];
  readonly timestamp?: number;
  readonly tx?: (raw: string) => string;
  readonly file?: (file: AnchorFile) => AnchorFile;
}

/** Signs a transaction as a wallet would. */
function signTx(tx: Transaction, key: SigningKey): string {
  const copy = tx.clone();
  copy.signature = key.sign(copy.unsignedHash);
  return copy.serialized;
}

function anchor({ by = ANNA, seal = sealSha256, set = VALIDATORS, ...bend }: Bend = {}): AnchorFile {
  const plain = signTx(
    anchorTransaction({ from: by.address, nonce: 3, gasPrice: '1000', sealSha256: seal }),
    by.key,
  );
  const tx = bend.tx?.(plain) ?? plain;
  const elsewhere = Array.from({ length: 19 }, (_, nonce) =>
    signTx(
      Transaction.from({ type: 0, chainId: 138, to: by.address, nonce, gasLimit: 21_000, gasPrice: 1 }),
      by.key,
    ),
  );
  const list = [...elsewhere.slice(0, 5), tx, ...elsewhere.slice(5)];
  const block = buildSealedBlock({
    number: 77,
    parentHash: `0x${'77'.repeat(32)}`,
    timestamp: bend.timestamp ?? SEALED_S,
    validators: set.map((one) => one.address),
    round: 1,
    proposer: set[0]?.address ?? '',
    sealers: (bend.sealers ?? set.slice(0, 3)).map((one) => one.key.privateKey),
    fields: { transactionsRoot: trieRoot(list) },
  });
  const file: AnchorFile = {
    format: 'c138-anchor',
    v: 1,
    session: JSON.parse(readFileSync(join(made.dir, 'journal.jsonl'), 'utf8').split('\n')[0] ?? '').body
      .session,
    tx,
    index: 5,
    proof: trieProof(list, 5),
    header: headerRlp(block),
  };
  return bend.file?.(file) ?? file;
}

function withAnchor(file: AnchorFile, name?: string): string {
  copies += 1;
  const copy = join(folder, `copy-${copies}`);
  cpSync(made.dir, copy, { recursive: true, verbatimSymlinks: true });
  const named = name ?? safeName(file);
  writeFileSync(join(copy, named), anchorBytes(file));
  return copy;
}

function safeName(file: AnchorFile): string {
  try {
    return anchorName(readAnchorTransaction(file.tx));
  } catch {
    return `anchor-${'00'.repeat(32)}.json`;
  }
}

async function judge(file: AnchorFile, trust: Uint8Array = made.trust, name?: string) {
  const report = await verifySession(withAnchor(file, name), { trust });
  return { ...report, text: report.findings.map((one) => one.text).join('\n') };
}

describe('a seal that was anchored on the chain of the same estate', () => {
  test('is proven offline against the pinned validators, and says whose word that is', async () => {
    const found = await judge(anchor());
    expect(found).toMatchObject({ exitCode: 0, assurance: 'L1' });
    expect(found.chainTime).toEqual({ notBefore: null, notAfter: '2026-06-01T12:05:00.000Z' });
    expect(found.text).toContain('anchored, same estate');
    expect(found.text).toContain('block 77');
    expect(found.text).toContain('3 of 4 pinned validators');
    expect(found.text).toContain('Anna');
  });

  test('travels in a bundle', async () => {
    const copy = withAnchor(anchor());
    const bundle = join(folder, 'anchored.tar');
    await writeBundle(copy, bundle);
    const found = await verifySession(bundle, { trust: made.trust });
    expect(found.chainTime.notAfter).toBe('2026-06-01T12:05:00.000Z');
    expect(found.exitCode).toBe(0);
  });

  test('counts for nothing where no validators are pinned, or a stranger sent it; and says so', async () => {
    const bare = await unpinned(null);
    expect(bare.text).toContain('pins no validators');
    expect(bare).toMatchObject({ exitCode: 0, chainTime: { notAfter: null } });
    const stranger = await judge(anchor({ by: person('Nobody', 0xdead) }));
    expect(stranger).toMatchObject({ exitCode: 0, chainTime: { notAfter: null } });
    expect(stranger.text).toContain('whom the trust store does not know');
  });

  test.each<[string, Bend, number, string]>([
    ['a time that no date can hold', { set: OTHERS, timestamp: 2 ** 63 }, 20, 'no date'],
    ['a time just beyond the last date', { timestamp: 8_640_000_000_001 }, 20, 'no date'],
    [
      'one seal below the quorum',
      { sealers: VALIDATORS.slice(0, 2) },
      20,
      '2 of 4 validators sealed it; a quorum needs 3',
    ],
    ['another digest', { seal: `0x${'12'.repeat(32)}` }, 20, 'another seal'],
    ['the block of another validator set', { set: OTHERS }, 30, "is not the pinned validators'"],
    [
      'a seal of somebody outside',
      { sealers: [...VALIDATORS.slice(0, 3), ...OTHERS.slice(0, 1)] },
      20,
      'outside the validator set',
    ],
    [
      'another session',
      { file: (file) => ({ ...file, session: `0x${'34'.repeat(32)}` }) },
      20,
      'another session',
    ],
    ['another place in the block', { file: (file) => ({ ...file, index: 6 }) }, 20, 'trie proof'],
    [
      'a proof that is too short',
      { file: (file) => ({ ...file, proof: file.proof.slice(0, 1) }) },
      20,
      'ends before',
    ],
    ['a transaction that pays', { tx: (raw) => resign(raw, { value: 1 }) }, 20, 'nothing to oneself'],
    [
      'a transaction to somebody else',
      { tx: (raw) => resign(raw, { to: VALIDATORS[0]?.address ?? '' }) },
      20,
      'nothing to oneself',
    ],
    ['a transaction for another chain', { tx: (raw) => resign(raw, { chainId: 1 }) }, 20, 'chain 138'],
    [
      'more data than a digest',
      { tx: (raw) => resign(raw, { data: `${Transaction.from(raw).data}00` }) },
      20,
      'not the digest of a seal',
    ],
  ])('%s is refused, with its own reason', async (_what, bend, exitCode, reason) => {
    const found = await judge(anchor(bend));
    expect(found.exitCode).toBe(exitCode);
    expect(found.text).toContain(reason);
    expect(found.chainTime.notAfter).toBeNull();
  });

  test('under another name, or beside an open journal, is refused', async () => {
    expect((await judge(anchor(), made.trust, `anchor-${'12'.repeat(32)}.json`)).exitCode).toBe(20);
    const copy = withAnchor(anchor());
    const journal = join(copy, 'journal.jsonl');
    const lines = readFileSync(journal, 'utf8').trimEnd().split('\n');
    writeFileSync(journal, `${lines.slice(0, -1).join('\n')}\n`);
    const found = await verifySession(copy, { trust: made.trust });
    expect(found.exitCode).toBe(20);
    expect(found.findings.at(-1)?.text).toContain('not sealed');
  });

  test('with a block older than the seal says that the clocks disagree', async () => {
    const found = await judge(anchor({ timestamp: SEALED_S - 3_600 }));
    expect(found.text).toContain('after the block that holds it');
  });

  test('with any one byte of the file changed is refused', async () => {
    const whole = anchorBytes(anchor());
    const copy = withAnchor(anchor());
    const path = join(copy, safeName(anchor()));
    let refused = 0;
    // A prime stride here; `npm run suites` changes every byte.
    const stride = process.env.C138_SUITES === 'full' ? 1 : 41;
    let tried = 0;
    for (let at = 0; at < whole.length; at += stride) {
      const bad = Buffer.from(whole);
      bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8));
      writeFileSync(path, bad);
      tried += 1;
      if ((await verifySession(copy, { trust: made.trust })).exitCode >= 20) refused += 1;
    }
    expect(refused).toBe(tried);
    console.log(`anchor: ${tried} changed bytes of ${whole.length}, ${tried - refused} accepted`);
  });

  async function unpinned(chain: null) {
    const other = await sealedSession({ trust: await trustBytes(trustBody({ chain })) });
    const line = readFileSync(join(other.dir, 'journal.jsonl'), 'utf8').trimEnd().split('\n');
    const file = anchor({
      seal: lineHash(Buffer.from(`${line.at(-1)}\n`)),
      file: (one) => ({ ...one, session: JSON.parse(line[0] ?? '').body.session }),
    });
    writeFileSync(join(other.dir, safeName(file)), anchorBytes(file));
    const report = await verifySession(other.dir, { trust: other.trust });
    other.clean();
    return { ...report, text: report.findings.map((one) => one.text).join('\n') };
  }
});

function resign(raw: string, change: object): string {
  const { type, chainId, to, nonce, gasLimit, gasPrice, value, data } = Transaction.from(raw);
  return signTx(
    Transaction.from({ type, chainId, to, nonce, gasLimit, gasPrice, value, data, ...change }),
    ANNA.key,
  );
}
