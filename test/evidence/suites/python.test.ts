import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalBytes, sha256Hex } from '../../../src/evidence/record/canonical.ts';
import { lineHash } from '../../../src/evidence/record/line.ts';
import type { TrustKey } from '../../../src/evidence/trust/trust.ts';
import { verifySession } from '../../../src/evidence/verify/verify.ts';
import type { RecordBody } from '../../../src/model/record.ts';
import {
  ANNA,
  BERT,
  ESTATE,
  type Made,
  type Person,
  person,
  trustBody,
  trustBytes,
  witnessOf,
} from '../make.ts';
import { everyKind } from './every-kind.ts';
import { linesOf, signatureForms, spellings } from './mutations.ts';
import { FULL } from './story.ts';

/** A verifier of its own, in Python, written from docs/evidence-format.md alone. */
const SCRIPT = join(import.meta.dirname, '../verify_journal.py');
const python = spawnSync('python3', ['-c', 'pass']).status === 0;
if (!python) console.warn('skipped: python3 is missing, so the second verifier can not be run');

describe.skipIf(!python)('the verifier written from the document alone', () => {
  let one: Made;
  let trustFile: string;
  beforeAll(async () => {
    one = await everyKind();
    trustFile = join(one.root, 'trust.json');
  });
  afterAll(() => one.clean());

  /** Both verdicts on many changed copies of the session. */
  async function both(
    changes: readonly ((dir: string) => void)[],
    trust: Uint8Array = one.trust,
  ): Promise<(readonly [number, number])[]> {
    writeFileSync(trustFile, trust);
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
    for (const dir of dirs) ours.push((await verifySession(dir, { trust })).exitCode);
    for (const dir of dirs) rmSync(dir, { recursive: true });
    return ours.map((code, at) => [code, theirs[at] as number] as const);
  }

  test('finds the whole session good, by trust store and by root, and nothing pinned untrusted', async () => {
    expect(await both([() => undefined])).toEqual([[0, 0]]);
    writeFileSync(trustFile, one.trust);
    const run = (...args: string[]) => spawnSync('python3', [SCRIPT, ...args, one.dir]).status;
    expect(run('--trust', trustFile)).toBe(0);
    expect(run('--root', '0x'.concat('00'.repeat(20)))).toBe(30);
    expect(run()).toBe(30);
  });

  test('T7: gives the same verdict on keys that are unknown, too late, revoked, and on countersignatures over them', async () => {
    const carl = person('Carl', 0xca71);
    const people = [ANNA, BERT, carl];
    const bodies = linesOf(one).map((line) => JSON.parse(line).body as RecordBody);
    const seal = bodies.at(-1) as RecordBody;
    const ref = { seq: seal.seq, line_sha256: lineHash(Buffer.from(linesOf(one).at(-1) as string)) };
    const countersign =
      (at: string, who: Person) =>
      (dir: string): void => {
        const witness = witnessOf(who, seal.session, ref, { meaning: 'reviewed', at });
        const file = {
          format: 'c138-countersign',
          v: 1,
          estate_id: ESTATE,
          session: seal.session,
          ref,
          witness,
        };
        writeFileSync(
          join(dir, 'countersign-1.json'),
          Buffer.concat([canonicalBytes(file), Buffer.from('\n')]),
        );
      };
    const changes = [
      () => undefined,
      countersign('2026-10-01T00:00:00.000Z', carl),
      countersign('2026-12-01T00:00:00.000Z', carl),
      countersign('2026-10-01T00:00:00.000Z', BERT),
    ];
    const revoked = {
      at: '2026-11-01T00:00:00.000Z',
      reason: 'lost',
      untrusted_since: '2026-11-01T00:00:00.000Z',
    };
    const bends: readonly (readonly object[])[] = [
      [{}, {}, {}],
      [{ revoked }, {}, {}],
      [{}, { revoked }, {}],
      [{}, { revoked }, { revoked }],
      [{ revoked }, { revoked }, {}],
      [{}, { not_after: '2026-05-31T00:00:00.000Z' }, {}],
      [{}, {}, { roles: ['witness'] }],
      [{ person: 'bert' }, {}, {}],
    ];
    const codes: number[] = [];
    for (const bend of bends) {
      const keys = trustBody().keys.concat({ ...trustBody().keys[0], address: carl.address } as TrustKey);
      const body = trustBody({
        version: 2,
        prev_sha256: sha256Hex(one.trust),
        people: people.map((who) => ({ person: who.person, name: who.name, org: '' })),
        keys: keys.map((key, at) => ({
          ...key,
          person: people[at]?.person ?? '',
          ...(at === 2 ? { pubkey: carl.pubkey, roles: ['approver' as const] } : {}),
          ...bend[at],
        })),
      });
      const verdicts = await both(changes, await trustBytes(body));
      expect(verdicts.filter(([ours, theirs]) => ours !== theirs)).toEqual([]);
      codes.push(...verdicts.map(([ours]) => ours));
    }
    expect(new Set(codes)).toEqual(new Set([0, 11, 30]));
    console.log(`T7: ${codes.length} sessions under other trust stores, the two verifiers agree on all`);
  });

  /** Changed copies in fixed order, so that a disagreement can be found again. */
  function randomChanges(rounds: number): ((dir: string) => void)[] {
    const files = ['journal.jsonl', 'journal.jsonl', 'journal.jsonl', 'trust.json', 'runbook.json'];
    let seed = 138;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    return Array.from({ length: rounds }, () => {
      const file = files[random(files.length)] as string;
      const [kind, where, bit] = [random(5), random(1_000_000), random(8)];
      return (dir: string): void => {
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
      };
    });
  }

  test('T10: gives the same verdict on changed files of every kind', async () => {
    const lines = linesOf(one);
    const rewritten = [...signatureForms(lines), ...spellings(lines)].map(
      ({ lines: changed }) =>
        (dir: string): void =>
          writeFileSync(join(dir, 'journal.jsonl'), changed.join('')),
    );
    const all = [
      ...randomChanges(FULL ? 800 : 120),
      ...rewritten.filter((_one, at) => FULL || at % 11 === 0),
    ];
    const counts = new Map<number, number>();
    for (let from = 0; from < all.length; from += 200) {
      const verdicts = await both(all.slice(from, from + 200));
      expect(verdicts.filter(([ours, theirs]) => ours !== theirs)).toEqual([]);
      expect(verdicts.filter(([ours]) => ours === 0)).toEqual([]);
      for (const [ours] of verdicts) counts.set(ours, (counts.get(ours) ?? 0) + 1);
    }
    console.log(
      `T10: ${all.length} changed sessions, the two verifiers agree on all;`,
      Object.fromEntries(counts),
    );
  }, 3_600_000);
});
