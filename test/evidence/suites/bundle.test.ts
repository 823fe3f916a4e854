import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeBundle } from '../../../src/evidence/outside/bundle.ts';
import { TarError, tarHeader, tarPadding } from '../../../src/evidence/outside/tar.ts';
import { canonicalBytes } from '../../../src/evidence/record/canonical.ts';
import { lineHash } from '../../../src/evidence/record/line.ts';
import { verifySession } from '../../../src/evidence/verify/verify.ts';
import {
  BERT,
  base,
  confirmBody,
  ESTATE,
  type Made,
  observation,
  put,
  runbookStep,
  sealBody,
  startSession,
  trustBody,
  trustBytes,
  witnessOf,
} from '../make.ts';
import { FULL } from './story.ts';

let made: Made;
let folder = '';
let bundle = '';
const out = (name: string): string => join(folder, name);

/** A sealed session of 24 records with raw answers, a witness and a countersignature. */
async function bigSession(): Promise<Made> {
  const steps = Array.from({ length: 10 }, (_, index) =>
    runbookStep(`step-${index}`, { witness: index === 3 }),
  );
  const body = trustBody();
  const trust = await trustBytes({
    ...body,
    keys: body.keys.map((key) => ({ ...key, roles: [...key.roles, 'approver' as const] })),
    policy: { ...body.policy, countersigners: 1 },
  });
  const one = await startSession({ steps, trust });
  const { journal } = one;
  for (const step of steps) {
    const raw = Buffer.from(`{"result":"${step.id}"}`);
    const sha256 = await journal.putBlob(raw);
    await put(journal, {
      ...base(journal, null),
      kind: 'probe',
      step: step.id,
      observations: [observation({ raw: { sha256, bytes: raw.length, truncated: false, redactions: [] } })],
    });
    const { seq, lineSha256 } = await put(journal, confirmBody(journal, step));
    if (!step.witness) continue;
    const ref = { seq, line_sha256: lineSha256 };
    const witness = witnessOf(BERT, journal.session, ref);
    await put(journal, { ...base(journal, null), kind: 'witness', ref, witness });
  }
  await put(journal, sealBody(journal));
  await journal.close();
  const lines = readFileSync(join(one.dir, 'journal.jsonl'), 'utf8').split(/(?<=\n)/);
  const ref = { seq: lines.length - 1, line_sha256: lineHash(Buffer.from(lines.at(-1) ?? '')) };
  const witness = witnessOf(BERT, journal.session, ref, { meaning: 'reviewed' });
  const file = {
    format: 'c138-countersign',
    v: 1,
    estate_id: ESTATE,
    session: journal.session,
    ref,
    witness,
  };
  writeFileSync(
    join(one.dir, `countersign-${BERT.address.slice(2)}.json`),
    Buffer.concat([canonicalBytes(file), Buffer.from('\n')]),
  );
  return one;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'c138-bundle-'));
  made = await bigSession();
  bundle = out('session.tar');
  await writeBundle(made.dir, bundle);
});
afterAll(() => {
  made.clean();
  rmSync(folder, { recursive: true, force: true });
});

const verdict = async (path: string) => (await verifySession(path, { trust: made.trust })).exitCode;

async function verdictOf(bytes: Uint8Array): Promise<number> {
  const path = out('changed.tar');
  writeFileSync(path, bytes);
  return verdict(path);
}

describe('a bundle', () => {
  test('is the same bytes whoever writes it and when, also from itself', async () => {
    expect(await verdict(bundle)).toBe(0);
    const copy = out('copy');
    cpSync(made.dir, copy, { recursive: true, verbatimSymlinks: true });
    for (const name of readdirSync(copy, { recursive: true }) as string[])
      if (name.endsWith('.json')) {
        utimesSync(join(copy, name), 1, 1);
        chmodSync(join(copy, name), 0o640);
      }
    writeFileSync(join(copy, 'notes.txt'), 'no part of the evidence');
    await writeBundle(copy, out('again.tar'));
    await writeBundle(bundle, out('third.tar'));
    expect(readFileSync(out('again.tar'))).toEqual(readFileSync(bundle));
    expect(readFileSync(out('third.tar'))).toEqual(readFileSync(bundle));
  });

  test('is what tar itself reads', () => {
    const place = out('unpacked');
    execFileSync('mkdir', [place]);
    execFileSync('tar', ['-xf', bundle, '-C', place]);
    for (const name of execFileSync('tar', ['-tf', bundle], { encoding: 'utf8' }).trim().split('\n'))
      expect(readFileSync(join(place, name))).toEqual(readFileSync(join(made.dir, name)));
  });

  test.each(['journal.lock-7', '.lock-ab'])('holds no lock of the writer: %s is malformed', async (name) => {
    const hidden = Buffer.from('nothing vouches for this');
    const entry = [tarHeader({ name, size: hidden.length }), hidden, tarPadding(hidden.length)];
    const bytes = readFileSync(bundle);
    const at = name < 'journal' ? 0 : bytes.indexOf('runbook.json\0');
    expect(at % 512).toBe(0);
    expect(await verdictOf(Buffer.concat([bytes.subarray(0, at), ...entry, bytes.subarray(at)]))).toBe(40);
  });

  test('of an open session, and one without trust from outside, say so as the folder does', async () => {
    const open = await startSession();
    await open.journal.close();
    await writeBundle(open.dir, out('open.tar'));
    expect((await verifySession(out('open.tar'), { trust: open.trust })).exitCode).toBe(10);
    expect((await verifySession(bundle)).exitCode).toBe(30);
    open.clean();
  });
});

describe('T1: every bit of every file in a bundle', () => {
  test('is held by something', async () => {
    const bytes = readFileSync(bundle);
    const step = FULL ? 1 : 331;
    const passed: number[] = [];
    let tried = 0;
    for (let bit = 0; bit < bytes.length * 8; bit += step) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      tried += 1;
      if ((await verdictOf(changed)) === 0) passed.push(bit);
    }
    console.info(`T1: ${tried} bit flips over ${bytes.length} bytes of a bundle, ${passed.length} accepted`);
    expect(passed).toEqual([]);
  }, 7_200_000);
});

describe('T2: bytes taken out, put in, cut off', () => {
  test('are refused at every place', async () => {
    const bytes = readFileSync(bundle);
    const step = FULL ? 1 : 211;
    const passed: string[] = [];
    let tried = 0;
    const attempt = async (what: string, parts: readonly Uint8Array[]): Promise<void> => {
      tried += 1;
      if ((await verdictOf(Buffer.concat(parts))) === 0) passed.push(what);
    };
    for (let at = 0; at < bytes.length; at += step) {
      const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
      await attempt(`-${at}`, [before, after.subarray(1)]);
      await attempt(`<${at}`, [before]);
      for (const extra of at % (7 * step) === 0 ? [0x00, 0x0a, 0x20, 0x22, 0x30, 0x7d, 0xff] : [])
        await attempt(`+${at}`, [before, Uint8Array.of(extra), after]);
      if (at % 512 === 0) await attempt(`block -${at}`, [before, after.subarray(512)]);
    }
    await attempt('a block more', [bytes, new Uint8Array(512)]);
    console.info(`T2: ${tried} deletions, insertions and truncations, ${passed.length} accepted`);
    expect(passed).toEqual([]);
  }, 7_200_000);
});

describe('T3 and T9: files of a bundle', () => {
  const names = () =>
    readdirSync(made.dir, { recursive: true })
      .map(String)
      .filter((name) => !/lock|^blobs$/.test(name));

  test('left out, swapped, shortened or too many are refused', async () => {
    let tried = 0;
    const wrong: string[] = [];
    const attempt = async (what: string, change: (copy: string) => void): Promise<void> => {
      const copy = out('changed');
      rmSync(copy, { recursive: true, force: true });
      cpSync(made.dir, copy, { recursive: true, verbatimSymlinks: true });
      change(copy);
      tried += 1;
      if ((await verdict(copy)) === 0) wrong.push(what);
    };
    for (const name of names()) {
      await attempt(`without ${name}`, (copy) => rmSync(join(copy, name)));
      await attempt(`${name} shortened`, (copy) =>
        writeFileSync(join(copy, name), readFileSync(join(copy, name)).subarray(0, -1)),
      );
      await attempt(`${name} longer`, (copy) =>
        writeFileSync(join(copy, name), Buffer.concat([readFileSync(join(copy, name)), Buffer.from(' ')])),
      );
      await attempt(`${name} empty`, (copy) => writeFileSync(join(copy, name), ''));
      await attempt(`${name} a link`, (copy) => {
        rmSync(join(copy, name));
        symlinkSync(join(made.dir, name), join(copy, name));
      });
    }
    const blobs = names().filter((name) => name.startsWith('blobs/'));
    for (const [index, name] of blobs.entries())
      await attempt(`${name} swapped`, (copy) =>
        writeFileSync(
          join(copy, name),
          readFileSync(join(made.dir, blobs[(index + 1) % blobs.length] ?? '')),
        ),
      );
    await attempt('a blob too many', (copy) => writeFileSync(join(copy, 'blobs', 'ab'.repeat(32)), 'x'));
    console.info(`T9: ${tried} changed folders, ${wrong.length} accepted`);
    expect(wrong).toEqual([]);
  }, 600_000);

  test('lines removed, doubled, swapped', async () => {
    const lines = readFileSync(join(made.dir, 'journal.jsonl'), 'utf8').split(/(?<=\n)/);
    const variants: string[][] = [];
    for (let one = 0; one < lines.length; one += 1) {
      variants.push(lines.filter((_, index) => index !== one));
      variants.push(lines.flatMap((line, index) => (index === one ? [line, line] : [line])));
      for (let two = one + 1; two < lines.length; two += 1)
        variants.push(
          lines.map((line, index) => (index === one ? lines[two] : index === two ? lines[one] : line) ?? ''),
        );
    }
    const accepted: number[] = [];
    for (const [index, variant] of variants.entries()) {
      const copy = out('lines');
      if (index === 0) cpSync(made.dir, copy, { recursive: true, verbatimSymlinks: true });
      writeFileSync(join(copy, 'journal.jsonl'), variant.join(''));
      if ((await verdict(copy)) === 0) accepted.push(index);
    }
    console.info(
      `T3: ${variants.length} journals with lines removed, doubled or swapped, ${accepted.length} accepted`,
    );
    expect(accepted).toEqual([]);
  }, 600_000);
});

describe('hostile archives', () => {
  const archive = (...entries: readonly (readonly [Uint8Array, string])[]): Uint8Array =>
    Buffer.concat([
      ...entries.flatMap(([header, content]) => [
        header,
        Buffer.from(content),
        new Uint8Array((512 - (content.length % 512)) % 512),
      ]),
      new Uint8Array(1024),
    ]);
  const plain = (name: string, content: string) =>
    [tarHeader({ name, size: content.length }), content] as const;
  const link = (): Uint8Array => {
    const header = Buffer.from(tarHeader({ name: 'journal.jsonl', size: 0 }));
    header.write('2', 156);
    return header;
  };

  test.each([
    ['a path out of the folder', archive(plain('../../etc/x', 'x'))],
    ['an absolute path', archive(plain('/etc/x', 'x'))],
    ['a link', archive([link(), ''])],
    ['the same name twice', archive(plain('a', '1'), plain('a', '2'))],
    ['names out of order', archive(plain('b', '1'), plain('a', '2'))],
    ['a file that is no evidence', archive(plain('zzz', '1'))],
    ['nothing', archive()],
    ['an empty file', new Uint8Array()],
    ['a gzip', Buffer.from('1f8b0800', 'hex')],
    ['a made-up size', archive([tarHeader({ name: 'journal.jsonl', size: 8 ** 11 - 1 }), ''])],
  ])('%s: malformed, and nothing is written anywhere', async (_name, bytes) => {
    expect(await verdictOf(bytes)).toBe(40);
  });

  test('names that have no place are not written either', () => {
    expect(() => tarHeader({ name: 'a\nb', size: 0 })).toThrow(TarError);
    expect(() => tarHeader({ name: 'ä'.repeat(51), size: 0 })).toThrow(TarError);
    expect(() => tarHeader({ name: 'a', size: 8 ** 11 })).toThrow(TarError);
  });
});
