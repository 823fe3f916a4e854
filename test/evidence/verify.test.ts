import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { journalInMemory } from '../../src/evidence/journal/journal-bytes.ts';
import { canonicalBytes } from '../../src/evidence/record/canonical.ts';
import { encodeLine, lineHash } from '../../src/evidence/record/line.ts';
import { digestOf } from '../../src/evidence/record/typed-data.ts';
import { PLAIN_POLICY } from '../../src/evidence/trust/trust.ts';
import { verifyBytes, verifySession } from '../../src/evidence/verify/verify.ts';
import { readSession, type SessionBytes } from '../../src/evidence/verify/verify-read.ts';
import type { RecordBody } from '../../src/model/record.ts';
import { keeping } from './keeping.ts';
import {
  ANNA,
  BERT,
  base,
  confirmBody,
  ESTATE,
  type Made,
  person,
  put,
  ROOT,
  runbookStep,
  sealBody,
  sealedSession,
  signDigest,
  startSession,
  trustBody,
  trustBytes,
  witnessOf,
} from './make.ts';

const keep = keeping();

const exitOf = async (one: Made, options: Parameters<typeof verifySession>[1] = { trust: one.trust }) =>
  (await verifySession(one.dir, options)).exitCode;

/** Writes a journal of these bodies, chained and signed anew: what somebody with a key, but not our program, can do. */
function forge(one: Made, bodies: readonly RecordBody[], options: { readonly estate?: string } = {}): void {
  let prev = bodies[0]?.prev as RecordBody['prev'];
  const lines: Uint8Array[] = [];
  for (const [seq, body] of bodies.entries()) {
    const bytes = canonicalBytes({ ...body, seq, prev });
    const moved = { ...body, seq, prev };
    const sig =
      body.actor === null ? null : signDigest(ANNA, digestOf(moved, bytes, options.estate ?? ESTATE));
    const line = encodeLine(bytes, sig);
    prev = lineHash(line);
    lines.push(line);
  }
  writeFileSync(join(one.dir, 'journal.jsonl'), Buffer.concat(lines));
}

const bodiesOf = (one: Made): RecordBody[] =>
  readFileSync(join(one.dir, 'journal.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { body: RecordBody }).body);

/** Every place with `npm run suites`; in every test run one in seven, so that all eight bits of a byte take their turn. */
const STRIDE = process.env.C138_SUITES === 'full' ? 1 : 7;

describe('the contract of exit codes', () => {
  test('0: sealed, trusted, policy met, by trust store or by root; names the signer', async () => {
    const one = keep(await sealedSession());
    const report = await verifySession(one.dir, { trust: one.trust });
    expect([report.exitCode, report.assurance, report.findings]).toEqual([0, 'L1', []]);
    expect(report.signers.map(({ name, records }) => [name, records])).toEqual([['Anna', 4]]);
    expect(await exitOf(one, { root: ROOT.address })).toBe(0);
    expect((await verifySession(join(one.dir, 'journal.jsonl'), { trust: one.trust })).exitCode).toBe(0);
  });

  test('10: open, even when every step is answered', async () => {
    const one = keep(await startSession());
    for (const step of one.steps) await put(one.journal, confirmBody(one.journal, step));
    await one.journal.close();
    expect(await exitOf(one)).toBe(10);
  });

  test('11: sealed with a step open, which the seal says', async () => {
    const one = keep(await startSession());
    await put(one.journal, confirmBody(one.journal, one.steps[0] as never));
    await put(one.journal, sealBody(one.journal));
    await one.journal.close();
    const report = await verifySession(one.dir, { trust: one.trust });
    expect([report.exitCode, report.openItems]).toEqual([11, ['two']]);
  });

  test('21: two endings of one session, and an open copy of the same is none', async () => {
    const one = keep(await startSession());
    await put(one.journal, confirmBody(one.journal, one.steps[0] as never));
    await one.journal.close();
    const copy = join(one.root, 'copy');
    cpSync(one.dir, copy, { recursive: true });
    const { Journal } = await import('../../src/evidence/journal/journal.ts');
    const again = (await Journal.recover({ dir: one.dir, mirror: null })).journal;
    await put(again, confirmBody(again, one.steps[1] as never));
    await again.close();
    expect(await exitOf(one, { trust: one.trust, second: copy })).toBe(10);
    const other = (await Journal.recover({ dir: copy, mirror: null })).journal;
    await put(other, confirmBody(other, one.steps[1] as never, { verdict: 'failed', note: 'no' }));
    await other.close();
    expect(await exitOf(one, { trust: one.trust, second: copy })).toBe(21);
    const stranger = keep(await sealedSession());
    expect(await exitOf(one, { trust: one.trust, second: stranger.dir })).toBe(50);
  });

  test('30: nothing pinned, a root that did not sign, a stranger, a wrong time, a revoked key', async () => {
    const one = keep(await sealedSession());
    expect(await exitOf(one, {})).toBe(30);
    expect(await exitOf(one, { root: BERT.address })).toBe(30);
    const [anna, bert] = trustBody().keys;
    const pinned = async (keys: readonly unknown[]) =>
      exitOf(one, {
        trust: await trustBytes(
          trustBody({ version: 2, prev_sha256: `0x${'11'.repeat(32)}`, keys: keys as never }),
        ),
      });
    expect(await pinned([bert])).toBe(30);
    expect(await pinned([{ ...anna, not_after: '2026-05-01T00:00:00.000Z' }, bert])).toBe(30);
    expect(await pinned([{ ...anna, not_before: '2026-07-01T00:00:00.000Z' }, bert])).toBe(30);
    expect(await pinned([{ ...anna, roles: ['witness'] }, bert])).toBe(30);
    const revoked = {
      at: '2026-06-02T00:00:00.000Z',
      reason: 'lost',
      untrusted_since: '2026-06-01T00:00:00.000Z',
    };
    expect(await pinned([{ ...anna, revoked }, bert])).toBe(30);
    expect(await pinned([anna, bert])).toBe(0);
    expect(await pinned([{ ...anna, person: 'bert' }])).toBe(30);
  });

  test('31: trust store of no quorum, expired, misspelt, swapped, or twice under one version', async () => {
    const one = keep(await sealedSession());
    const good = Buffer.from(one.trust).toString();
    expect(await exitOf(one, { trust: Buffer.from(good.replace(/"sigs":\[.*\]/, '"sigs":[]')) })).toBe(31);
    expect(await exitOf(one, { trust: Buffer.from(good.replace('Anna', 'Anne')) })).toBe(31);
    expect(await exitOf(one, { trust: Buffer.from(`${good} `) })).toBe(31);
    expect(
      await exitOf(one, { trust: await trustBytes(trustBody({ expires: '2028-01-01T00:00:00.000Z' })) }),
    ).toBe(31);
    writeFileSync(
      join(one.dir, 'trust.json'),
      await trustBytes(trustBody({ expires: '2028-01-01T00:00:00.000Z' })),
    );
    expect(await exitOf(one)).toBe(31);
    const expired = await trustBytes(trustBody({ expires: '2026-02-01T00:00:00.000Z' }));
    const late = keep(await sealedSession({ trust: expired }));
    expect(await exitOf(late)).toBe(31);
    const twoOfTwo = trustBody({ threshold: 2, roots: [ROOT.address, BERT.address] });
    await expect(trustBytes(twoOfTwo)).rejects.toThrow(/2 must sign/);
    expect((await trustBytes(twoOfTwo, [ROOT, BERT])).length).toBeGreaterThan(0);
  });

  test('40 and 50: no evidence at all, a link, a missing file, an empty journal', async () => {
    const one = keep(await sealedSession());
    const journal = join(one.dir, 'journal.jsonl');
    const bytes = readFileSync(journal);
    writeFileSync(journal, '');
    expect(await exitOf(one)).toBe(40);
    writeFileSync(journal, '{"hello":"world"}\n');
    expect(await exitOf(one)).toBe(40);
    rmSync(journal);
    expect(await exitOf(one)).toBe(50);
    writeFileSync(join(one.root, 'aside'), bytes);
    symlinkSync(join(one.root, 'aside'), journal);
    expect(await exitOf(one)).toBe(50);
    expect((await verifySession(join(one.root, 'nowhere'))).exitCode).toBe(50);
    rmSync(journal);
    mkdirSync(journal);
    expect(await exitOf(one)).toBe(50);
  });
});

describe('20: tampering', () => {
  let one: Made;
  let whole: SessionBytes;
  let journalBytes: Uint8Array;
  beforeAll(async () => {
    one = await sealedSession({ steps: [runbookStep('one')] });
    whole = await readSession(one.dir);
    journalBytes = readFileSync(join(one.dir, 'journal.jsonl'));
  });
  afterAll(() => one.clean());
  const exitWith = async (journal: Uint8Array) =>
    (await verifyBytes({ ...whole, journal: journalInMemory(journal) }, { trust: one.trust })).exitCode;
  const lines = (): Buffer[] =>
    Buffer.from(journalBytes)
      .toString('latin1')
      .split(/(?<=\n)/)
      .map((line) => Buffer.from(line, 'latin1'));

  test('every single-bit flip of the journal is refused', async () => {
    const passed: number[] = [];
    for (let bit = 0; bit < journalBytes.length * 8; bit += STRIDE) {
      const journal = Uint8Array.from(journalBytes);
      journal[bit >> 3] = (journal[bit >> 3] as number) ^ (1 << (bit & 7));
      if ((await exitWith(journal)) === 0) passed.push(bit);
    }
    expect(passed).toEqual([]);
  }, 180_000);

  test('every one-byte deletion, truncation and a few insertions at each place are refused', async () => {
    const passed: string[] = [];
    const journal = journalBytes;
    for (let at = 0; at < journal.length; at += STRIDE) {
      const before = journal.subarray(0, at);
      if ((await exitWith(Buffer.concat([before, journal.subarray(at + 1)]))) === 0) passed.push(`-${at}`);
      if ((await exitWith(before)) === 0) passed.push(`<${at}`);
      for (const extra of [0x0a, 0x20, 0x00])
        if ((await exitWith(Buffer.concat([before, Uint8Array.of(extra), journal.subarray(at)]))) === 0)
          passed.push(`+${at}:${extra}`);
    }
    for (const extra of ['\n', ' ', '\0', 'x', '\r\n', '{}\n'])
      if ((await exitWith(Buffer.concat([journal, Buffer.from(extra)]))) === 0) passed.push(`end${extra}`);
    expect(passed).toEqual([]);
  }, 180_000);

  test('records removed, doubled, swapped or taken from another session are refused', async () => {
    const all = lines();
    const foreign = keep(await sealedSession({ steps: [runbookStep('one')] }));
    const theirs = readFileSync(join(foreign.dir, 'journal.jsonl'))
      .toString('latin1')
      .split(/(?<=\n)/);
    for (let a = 0; a < all.length; a += 1) {
      expect(await exitWith(Buffer.concat(all.filter((_, at) => at !== a)))).not.toBe(0);
      expect(
        await exitWith(Buffer.concat(all.flatMap((line, at) => (at === a ? [line, line] : [line])))),
      ).toBe(20);
      const spliced = all.map((line, at) => (at === a ? Buffer.from(theirs[at] as string, 'latin1') : line));
      expect(await exitWith(Buffer.concat(spliced))).toBe(20);
      for (let b = a + 1; b < all.length; b += 1) {
        const swapped = [...all];
        [swapped[a], swapped[b]] = [all[b] as Buffer, all[a] as Buffer];
        expect(await exitWith(Buffer.concat(swapped))).toBe(20);
      }
    }
  });

  test('every other spelling of a signature is refused', async () => {
    const text = lines();
    const last = text.at(-1) as Buffer;
    const sig = /"sig":"0x([0-9a-f]{130})"/.exec(last.toString())?.[1] as string;
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const r = sig.slice(0, 64);
    const highS = (order - BigInt(`0x${sig.slice(64, 128)}`)).toString(16).padStart(64, '0');
    const flipped = sig.endsWith('1b') ? '1c' : '1b';
    for (const other of [
      `${r}${highS}${flipped}`,
      `${r}${highS}${sig.slice(128)}`,
      `${sig.slice(0, 128)}${flipped}`,
      ...['00', '01', '25', '26'].map((v) => sig.slice(0, 128) + v),
      sig.slice(0, 128),
      `${sig}00`,
      sig.toUpperCase(),
      `${'0'.repeat(64)}${sig.slice(64)}`,
      `${r}${'0'.repeat(64)}${sig.slice(128)}`,
    ]) {
      const line = Buffer.from(last.toString().replace(sig, other));
      expect([20, 40]).toContain(await exitWith(Buffer.concat([...text.slice(0, -1), line])));
    }
  });

  test('JSON traps and a key too many or too few are refused', async () => {
    const all = lines();
    for (const [from, to] of [
      ['"v":1,', '"v":1.0,'],
      ['"v":1,', '"v":1e0,'],
      ['"v":1,', '"v":"1",'],
      ['"v":1,', '"v":1,"w":1,'],
      ['"v":1,', '"v":1,"v":1,'],
      ['"v":1,', '"v": 1,'],
      ['"v":1,', '"v":1,"__proto__":{},'],
      ['"name":"Anna"', '"name":"\\u0041nna"'],
      ['"name":"Anna"', '"name":"Anna\\ud800"'],
      ['"name":"Anna"', '"name":"Anna\u0301"'],
      ['"name":"Anna"', '"Name":"Anna"'],
      ['{"body"', '\ufeff{"body"'],
      ['{"body"', ' {"body"'],
      ['"}\n', '"}\r\n'],
      ['"}\n', '","extra":1}\n'],
    ] as const) {
      const line = Buffer.from((all.at(-1) as Buffer).toString().replace(from, to));
      expect([from, to, await exitWith(Buffer.concat([...all.slice(0, -1), line]))]).toEqual([from, to, 40]);
    }
  });

  test('signatures for another estate do not count here', async () => {
    const again = keep(await sealedSession());
    forge(again, bodiesOf(again), { estate: 'real' });
    expect(await exitOf(again)).toBe(20);
  });

  test('runbook and raw answers: changed, shortened, missing, surplus', async () => {
    const again = keep(await sealedSession());
    const runbook = join(again.dir, 'runbook.json');
    const bytes = readFileSync(runbook);
    writeFileSync(runbook, bytes.toString().replace('tests', 'tasks'));
    expect(await exitOf(again)).toBe(20);
    writeFileSync(runbook, bytes);
    const [blob] = readdirSync(join(again.dir, 'blobs'));
    const path = join(again.dir, 'blobs', blob as string);
    const raw = readFileSync(path);
    writeFileSync(path, raw.subarray(1));
    expect(await exitOf(again)).toBe(20);
    rmSync(path);
    expect(await exitOf(again)).toBe(20);
    writeFileSync(path, raw);
    expect(await exitOf(again)).toBe(0);
    writeFileSync(join(again.dir, 'blobs', 'ab'.repeat(32)), 'x');
    expect(await exitOf(again)).toBe(20);
  });

  test('a lying seal, a record after it, and a second opening, all rightly signed', async () => {
    const again = keep(await sealedSession());
    const bodies = bodiesOf(again);
    const seal = bodies.at(-1) as Extract<RecordBody, { kind: 'seal' }>;
    forge(again, bodies);
    expect(await exitOf(again)).toBe(0); // Signatures are deterministic: the same bodies give the same bytes.
    const lie = (change: Partial<typeof seal.seal>) =>
      forge(again, [...bodies.slice(0, -1), { ...seal, seal: { ...seal.seal, ...change } }]);
    for (const change of [
      { count: 3 },
      { blobs_count: 0 },
      { open_items: ['two'] },
      { max_clock_step_ms: 1 },
    ]) {
      lie(change);
      expect(await exitOf(again)).toBe(20);
    }
    forge(again, [...bodies, bodies[2] as RecordBody]);
    expect(await exitOf(again)).toBe(20);
    forge(again, [bodies[0] as RecordBody, bodies[0] as RecordBody]);
    expect(await exitOf(again)).toBe(20);
    forge(again, bodies.slice(1));
    expect(await exitOf(again)).toBe(20);
  });
});

describe('11: policy', () => {
  test('a claim that only a foreign program would have let through', async () => {
    const step = runbookStep('p', { subject: 'vmid:6000' });
    const one = keep(await startSession({ steps: [step] }));
    await put(
      one.journal,
      confirmBody(one.journal, step, {
        verdict: 'still_planned',
        note: 'stopped',
        step: { registered_status: 'placeholder' },
      }),
    );
    await put(one.journal, sealBody(one.journal));
    await one.journal.close();
    expect(await exitOf(one)).toBe(0);
    const { claimProblem } = await import('../../src/evidence/claims.ts');
    const body = bodiesOf(one)[1] as Extract<RecordBody, { kind: 'confirm' }>;
    expect(claimProblem(body, new Map())).toBeNull();
    expect(claimProblem({ ...body, verdict: 'confirmed' }, new Map())).toMatch(/placeholder/);
  });

  test('steps shown otherwise than the runbook has them, unknown steps, verdicts not allowed', async () => {
    const steps = [runbookStep('one', { verdicts: ['confirmed', 'failed'] })];
    for (const wrong of [
      confirmBodyWith(steps, { step: { critical: true } }),
      confirmBodyWith(steps, { step: { subject: 'vmid:1' } }),
      confirmBodyWith(steps, { verdict: 'skipped', note: 'no time' }),
      confirmBodyWith(steps, { step: { id: 'other' } }),
    ]) {
      const one = keep(await startSession({ steps }));
      await put(one.journal, wrong(one));
      await put(one.journal, sealBody(one.journal));
      await one.journal.close();
      expect(await exitOf(one)).toBe(11);
    }
  });
  const confirmBodyWith =
    (steps: readonly ReturnType<typeof runbookStep>[], options: Parameters<typeof confirmBody>[2]) =>
    (one: Made): RecordBody =>
      confirmBody(one.journal, steps[0] as never, options);

  test('an answer given twice needs a failure or a correction in between', async () => {
    for (const [verdict, code] of [
      ['confirmed', 11],
      ['failed', 0],
    ] as const) {
      const one = keep(await startSession({ steps: [runbookStep('one')] }));
      await put(one.journal, confirmBody(one.journal, one.steps[0] as never, { verdict, note: 'first' }));
      await put(one.journal, confirmBody(one.journal, one.steps[0] as never));
      await put(one.journal, sealBody(one.journal));
      await one.journal.close();
      expect(await exitOf(one)).toBe(code);
    }
  });

  test('a record by somebody who was not in charge; a handover puts them in charge', async () => {
    for (const handover of [false, true]) {
      const one = keep(await startSession({ steps: [runbookStep('one')] }));
      const { journal } = one;
      if (handover) {
        const { seq, prev } = journal.next;
        const ref = { seq: seq - 1, line_sha256: prev };
        await put(journal, {
          ...base(journal, ANNA),
          kind: 'handover',
          to: { person: BERT.person, name: BERT.name, address: BERT.address },
          accept: witnessOf(BERT, journal.session, ref, { meaning: 'accepted' }),
          note: '',
        });
      }
      const actor = base(journal, BERT).actor;
      await put(journal, { ...confirmBody(journal, one.steps[0] as never), actor }, BERT);
      await put(journal, { ...sealBody(journal), actor }, BERT);
      await journal.close();
      expect(await exitOf(one)).toBe(handover ? 0 : 11);
    }
  });
});

describe('witnesses', () => {
  const steps = [runbookStep('one', { witness: true })];
  async function witnessed(by: Parameters<typeof witnessOf>[0] | null, change = {}, policy = {}) {
    const trust = await trustBytes(trustBody({ policy: { ...PLAIN_POLICY, ...policy } }));
    const one = keep(await startSession({ steps, trust }));
    const { journal } = one;
    const done = await put(journal, confirmBody(journal, steps[0] as never));
    const ref = { seq: done.seq, line_sha256: done.lineSha256 };
    if (by !== null)
      await put(journal, {
        ...base(journal, null),
        kind: 'witness',
        ref,
        witness: witnessOf(by, journal.session, ref, change),
      });
    await put(journal, sealBody(journal));
    await journal.close();
    const report = await verifySession(one.dir, { trust });
    return [report.exitCode, report.assurance];
  }

  test('another person on another machine: met, L2', async () =>
    expect(await witnessed(BERT)).toEqual([0, 'L2']));
  test('another person on the same machine: met, L1', async () =>
    expect(await witnessed(BERT, { boot_id: 'boot-1' })).toEqual([0, 'L1']));
  test('nobody: policy not met', async () => expect(await witnessed(null)).toEqual([11, 'L1']));
  test('the performer: policy not met', async () => expect(await witnessed(ANNA)).toEqual([11, 'L1']));
  test('a stranger: untrusted', async () => expect((await witnessed(person('Eve', 9)))[0]).toBe(30));
  test('under another name than the key belongs to: untrusted', async () =>
    expect((await witnessed({ ...BERT, person: 'carl' }))[0]).toBe(30));

  test('a statement that was changed after it was signed is refused by the journal', async () => {
    const one = keep(await startSession({ steps }));
    const { journal } = one;
    const done = await put(journal, confirmBody(journal, steps[0] as never));
    const ref = { seq: done.seq, line_sha256: done.lineSha256 };
    const witness = witnessOf(BERT, journal.session, ref);
    for (const changed of [
      { ...witness, host: 'elsewhere' },
      { ...witness, meaning: 'approved' as const },
      { ...witness, at: '2026-06-01T12:30:00.001Z' },
      { ...witness, boot_id: 'x' },
      { ...witness, address: ANNA.address },
    ])
      await expect(
        put(journal, { ...base(journal, null), kind: 'witness', ref, witness: changed }),
      ).rejects.toThrow(/is not by/);
    await expect(
      put(journal, {
        ...base(journal, null),
        kind: 'witness',
        ref: { ...ref, line_sha256: journal.session },
        witness,
      }),
    ).rejects.toThrow(/another digest/);
  });

  test('the trust store can ask for witnesses and countersignatures of its own', async () => {
    const plain = [runbookStep('one', { critical: true })];
    const roles = trustBody().keys.map((key) => ({
      ...key,
      roles: ['performer', 'witness', 'approver'] as const,
    }));
    for (const policy of [
      { witness_for: ['critical'] as const },
      { witness_for: ['all'] as const },
      { countersigners: 1 },
    ]) {
      const trust = await trustBytes(trustBody({ keys: roles, policy: { ...PLAIN_POLICY, ...policy } }));
      const one = keep(await sealedSession({ steps: plain, trust }));
      expect(await exitOf(one)).toBe(11);
      if (!('countersigners' in policy)) continue;
      const [seal] = bodiesOf(one).slice(-1) as [RecordBody];
      const text = readFileSync(join(one.dir, 'journal.jsonl'), 'utf8')
        .trimEnd()
        .split('\n')
        .at(-1) as string;
      const ref = { seq: seal.seq, line_sha256: lineHash(Buffer.from(`${text}\n`)) };
      const file = (by: typeof BERT, session = seal.session) =>
        Buffer.concat([
          canonicalBytes({
            format: 'c138-countersign',
            v: 1,
            estate_id: ESTATE,
            session,
            ref,
            witness: witnessOf(by, session, ref, { meaning: 'approved' }),
          }),
          Buffer.from('\n'),
        ]);
      const path = join(one.dir, `countersign-${BERT.address}.json`);
      writeFileSync(path, file(BERT));
      const report = await verifySession(one.dir, { trust });
      expect([report.exitCode, report.assurance]).toEqual([0, 'L2']);
      writeFileSync(path, file(ANNA));
      expect(await exitOf(one)).toBe(11);
      writeFileSync(path, file(BERT, ref.line_sha256));
      expect(await exitOf(one)).toBe(20);
      const bytes = file(BERT);
      for (let at = 0; at < bytes.length; at += 5) {
        const changed = Uint8Array.from(bytes);
        changed[at] = (changed[at] as number) ^ 1;
        writeFileSync(path, changed);
        expect(await exitOf(one)).not.toBe(0);
      }
    }
  });
});
