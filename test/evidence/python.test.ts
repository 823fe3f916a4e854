import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifySession } from '../../src/evidence/verify.ts';
import {
  BERT,
  base,
  confirmBody,
  type Made,
  observation,
  put,
  runbookStep,
  sealBody,
  startSession,
  witnessOf,
} from './make.ts';

/** A verifier of its own, in Python, written from docs/evidence-format.md alone. */
const SCRIPT = join(import.meta.dirname, 'verify_journal.py');
const python = spawnSync('python3', ['-c', 'pass']).status === 0;
if (!python) console.warn('skipped: python3 is missing, so the second verifier can not be run');

describe.skipIf(!python)('the verifier written from the document alone', () => {
  let one: Made;
  let trustFile: string;
  beforeAll(async () => {
    const steps = [
      runbookStep('one', { witness: true, critical: true }),
      runbookStep('two', { subject: 'vmid:1000' }),
      runbookStep('three', { optional: true }),
    ];
    one = await startSession({ steps });
    const { journal } = one;
    const raw = Buffer.from('{"result":"0xc"}');
    const sha256 = await journal.putBlob(raw);
    await put(journal, {
      ...base(journal, null),
      kind: 'probe',
      step: 'two',
      observations: [
        observation({
          raw: { sha256, bytes: raw.length, truncated: false, redactions: [{ rule: 'token', count: 1 }] },
        }),
      ],
    });
    const done = await put(
      journal,
      confirmBody(journal, steps[0] as never, { verdict: 'failed', note: 'grün – 日本 "x" \\' }),
    );
    const again = await put(journal, confirmBody(journal, steps[0] as never));
    const ref = { seq: again.seq, line_sha256: again.lineSha256 };
    await put(journal, {
      ...base(journal, null),
      kind: 'witness',
      ref,
      witness: witnessOf(BERT, journal.session, ref),
    });
    await put(
      journal,
      confirmBody(journal, steps[1] as never, {
        claims: [{ subject: 'vmid:1000', state: 'deployed', evidence: [1] }],
        step: { registered_status: 'deployed' },
      }),
    );
    await put(journal, {
      ...base(journal, null),
      kind: 'event',
      event: { name: 'note', detail: { seq: done.seq, big: Number.MAX_SAFE_INTEGER } },
    });
    await put(journal, {
      ...base(journal, null),
      kind: 'checkpoint',
      checkpoint: { size: journal.next.seq, root: journal.state.merkleRoot, text: '', chain_header: null },
    });
    await put(journal, sealBody(journal));
    await journal.close();
    trustFile = join(one.root, 'trust.json');
    writeFileSync(trustFile, one.trust);
  });
  afterAll(() => one.clean());

  /** Both verdicts on many changed copies of the session. */
  async function both(changes: readonly ((dir: string) => void)[]): Promise<(readonly [number, number])[]> {
    const dirs = changes.map((change, at) => {
      const dir = join(one.root, `copy-${at}`);
      cpSync(one.dir, dir, { recursive: true });
      change(dir);
      return dir;
    });
    const result = spawnSync('python3', [SCRIPT, '--batch'], {
      input: dirs.map((dir) => `${trustFile}\t${dir}\n`).join(''),
      encoding: 'utf8',
      timeout: 120_000,
    });
    expect(result.stderr).toBe('');
    const theirs = result.stdout.trim().split('\n').map(Number);
    const ours: number[] = [];
    for (const dir of dirs) ours.push((await verifySession(dir, { trust: one.trust })).exitCode);
    for (const dir of dirs) rmSync(dir, { recursive: true });
    return ours.map((code, at) => [code, theirs[at] as number] as const);
  }

  test('finds the whole session good, by trust store and by root, and nothing pinned untrusted', async () => {
    expect(await both([() => undefined])).toEqual([[0, 0]]);
    const run = (...args: string[]) => spawnSync('python3', [SCRIPT, ...args, one.dir]).status;
    expect(run('--trust', trustFile)).toBe(0);
    expect(run('--root', '0x'.concat('00'.repeat(20)))).toBe(30);
    expect(run()).toBe(30);
  });

  test('gives the same verdict on hundreds of changed files', async () => {
    const changes: ((dir: string) => void)[] = [];
    const files = ['journal.jsonl', 'journal.jsonl', 'journal.jsonl', 'trust.json', 'runbook.json'];
    // A fixed sequence, so that a disagreement can be found again.
    let seed = 138;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    for (let round = 0; round < 400; round += 1) {
      const file = files[random(files.length)] as string;
      const kind = random(5);
      const where = random(1_000_000);
      const bit = random(8);
      changes.push((dir) => {
        const path = join(dir, file);
        const bytes = readFileSync(path);
        const at = where % bytes.length;
        if (kind <= 1) bytes[at] = (bytes[at] as number) ^ (1 << bit);
        const cut =
          kind === 2
            ? Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)])
            : kind === 3
              ? bytes.subarray(0, at)
              : kind === 4
                ? Buffer.concat([bytes.subarray(0, at), Buffer.from([bit + 0x30]), bytes.subarray(at)])
                : bytes;
        writeFileSync(path, cut);
      });
    }
    const verdicts = await both(changes);
    expect(verdicts.filter(([ours, theirs]) => ours !== theirs)).toEqual([]);
    expect(verdicts.filter(([ours]) => ours === 0)).toEqual([]);
  }, 240_000);
});
