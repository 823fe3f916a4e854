import { TypedDataEncoder } from 'ethers/hash';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { journalInMemory } from '../../../src/evidence/journal/journal-bytes.ts';
import { canonicalBytes, sha256Hex } from '../../../src/evidence/record/canonical.ts';
import { lineHash } from '../../../src/evidence/record/line.ts';
import { digestOf, type TypedData, typedDataOf } from '../../../src/evidence/record/typed-data.ts';
import { verifyBytes } from '../../../src/evidence/verify/verify.ts';
import { readSession, type SessionBytes } from '../../../src/evidence/verify/verify-read.ts';
import type { Hex } from '../../../src/model/json.ts';
import { RECORD_KINDS, type RecordBody } from '../../../src/model/record.ts';
import {
  ANNA,
  BERT,
  ESTATE,
  type Made,
  type Person,
  person,
  signDigest,
  trustBody,
  trustBytes,
  witnessOf,
} from '../make.ts';
import { everyKind } from './every-kind.ts';
import {
  bodyOf,
  holderOf,
  linesOf,
  type Mutation,
  signatureForms,
  sigOf,
  spellings,
  upTo,
} from './mutations.ts';

let made: Made;
let session: SessionBytes;
let lines: readonly string[];
const bodies = (): RecordBody[] => lines.map(bodyOf);
beforeAll(async () => {
  made = await everyKind();
  session = await readSession(made.dir);
  lines = linesOf(made);
});
afterAll(() => made.clean());

/** Verdict on a journal of these lines, everything else as it is. */
async function exitOf(changed: readonly string[], trust: Uint8Array = made.trust): Promise<number> {
  const journal = journalInMemory(Buffer.from(changed.join('')));
  return (await verifyBytes({ ...session, journal }, { trust })).exitCode;
}
const signedAt = (): number[] => [...lines.keys()].filter((at) => sigOf(lines[at] as string) !== '');
test('the session that is tampered with holds every kind of record, and is good', async () => {
  expect(new Set(bodies().map((one) => one.kind))).toEqual(new Set(RECORD_KINDS));
  expect(await exitOf(lines)).toBe(0);
});

describe('T4: a signature given for something else', () => {
  test('another chain, estate, version, kind, session, place, predecessor, person or content', async () => {
    const bends: readonly ((typed: TypedData) => TypedData)[] = [
      ({ domain, ...rest }) => ({ ...rest, domain: { ...domain, chainId: 1 } }),
      ({ domain, ...rest }) => ({ ...rest, domain: { ...domain, salt: sha256Hex('another estate') } }),
      ({ domain, ...rest }) => ({ ...rest, domain: { ...domain, version: '2' } }),
      ({ domain, ...rest }) => ({ ...rest, domain: { ...domain, name: 'Another application' } }),
      ...(['kind', 'step', 'verdict', 'person', 'role', 'meaning', 'at'] as const).map(
        (name) => (typed: TypedData) => withValue(typed, name, `${typed.message[name]}x`),
      ),
      ...(['session', 'prev', 'bodyHash'] as const).map(
        (name) => (typed: TypedData) => withValue(typed, name, `0x${'77'.repeat(32)}`),
      ),
      (typed) => withValue(typed, 'seq', Number(typed.message.seq) + 1),
    ];
    let tried = 0;
    let accepted = 0;
    for (const at of signedAt()) {
      const body = bodies()[at] as RecordBody;
      const typed = typedDataOf(body, canonicalBytes(body), ESTATE);
      expect(await exitOf(lines.slice(0, at + 1))).toBe(body.kind === 'seal' ? 0 : 10);
      for (const bend of bends) {
        const { domain, types, message } = bend(typed);
        const digest = TypedDataEncoder.hash(domain, types, message) as Hex;
        const sig = signDigest(holderOf(body), digest).slice(2);
        tried += 1;
        if (
          (await exitOf(upTo(lines, at, (lines[at] as string).replace(sigOf(lines[at] as string), sig)))) !==
          20
        )
          accepted += 1;
      }
    }
    console.log(`T4: ${tried} signatures for something else, ${accepted} accepted`);
    expect(accepted).toBe(0);
    expect(tried).toBeGreaterThan(100);
  });

  test('the lines of one session in another', async () => {
    const other = await everyKind();
    const theirs = linesOf(other);
    let accepted = 0;
    for (const at of lines.keys()) {
      if ((await exitOf(lines.with(at, theirs[at] as string))) < 20) accepted += 1;
      if (at > 0 && (await exitOf([...lines.slice(0, at), ...theirs.slice(at)])) < 20) accepted += 1;
    }
    other.clean();
    console.log(`T4: ${2 * lines.length - 1} splices between sessions, ${accepted} accepted`);
    expect(accepted).toBe(0);
  });
});

function withValue(typed: TypedData, name: string, value: string | number): TypedData {
  return { ...typed, message: { ...typed.message, [name]: value } };
}

describe('T5: other forms of the same signature', () => {
  test('are refused on every signed record', async () =>
    expect(await refused('T5', signatureForms(lines))).toBe(0));
});

describe('T6: other spellings, rightly signed', () => {
  test('of every record are malformed', async () => expect(await refused('T6', spellings(lines))).toBe(0));
});

/** How many of the changed journals were accepted. */
async function refused(name: string, mutations: Iterable<Mutation>): Promise<number> {
  let tried = 0;
  const accepted: string[] = [];
  for (const one of mutations) {
    tried += 1;
    if ((await exitOf(one.lines)) < 20) accepted.push(one.what);
  }
  console.log(`${name}: ${tried} changed journals, ${accepted.length} accepted`, ...accepted.slice(0, 5));
  expect(tried).toBeGreaterThan(400);
  return accepted.length;
}

describe('T7: signers', () => {
  /** A later version than the one in the session. */
  const second = () => ({ version: 2, prev_sha256: sha256Hex(made.trust) });
  const revokedAt = (at: string) => ({ at, reason: 'lost', untrusted_since: at });
  const keyOf = (one: Person, change: object) => ({
    address: one.address,
    pubkey: one.pubkey,
    person: one.person,
    type: 'keystore' as const,
    roles: ['performer' as const, 'witness' as const],
    not_before: '2026-01-01T00:00:00.000Z',
    not_after: '2027-01-01T00:00:00.000Z',
    revoked: null,
    ...change,
  });
  const long = { revoked: revokedAt('2026-12-01T00:00:00.000Z') };
  const cases: readonly (readonly [string, readonly [object | null, object | null], number])[] = [
    ['both known', [{}, {}], 0],
    ['the performer is unknown', [null, {}], 30],
    ['the witness is unknown', [{}, null], 30],
    ['the performer has expired', [{ not_after: '2026-05-31T00:00:00.000Z' }, {}], 30],
    ['the performer is not valid yet', [{ not_before: '2026-07-01T00:00:00.000Z' }, {}], 30],
    ['the witness has expired', [{}, { not_after: '2026-05-31T00:00:00.000Z' }], 30],
    ['the witness is not valid yet', [{}, { not_before: '2026-07-01T00:00:00.000Z' }], 30],
    ['the performer was revoked before', [{ revoked: revokedAt('2026-05-01T00:00:00.000Z') }, {}], 30],
    ['the performer was revoked long after, and somebody else sealed before that', [long, {}], 0],
    // Only its own word says when it signed the seal: a thief writes any time there.
    ['the one who sealed was revoked long after', [{}, long], 30],
    ['both were revoked long after', [long, long], 30],
    ['the witness was revoked before', [{}, { revoked: revokedAt('2026-05-01T00:00:00.000Z') }], 30],
    ['the performer may only witness', [{ roles: ['witness'] }, {}], 30],
    ['the witness may only perform', [{}, { roles: ['performer'] }], 30],
    ['the witness is the performer under a second key', [{}, { person: ANNA.person }], 30],
  ];
  test.each(cases)('%s: the right exit code', async (_what, [anna, bert], exit) => {
    const keys = [
      ...(anna === null ? [] : [keyOf(ANNA, anna)]),
      ...(bert === null ? [] : [keyOf(BERT, bert)]),
    ];
    const trust = await trustBytes(trustBody({ ...second(), keys }));
    expect(await exitOf(lines, trust)).toBe(exit);
  });

  test.each([
    ['a countersignature from before the key was lost', '2026-11-01T00:00:00.000Z', false, 0],
    ['a countersignature from after', '2026-12-02T00:00:00.000Z', false, 30],
    ['a countersignature by a key that was lost too', '2026-11-01T00:00:00.000Z', true, 30],
  ])('what a revoked key signed, with %s', async (_what, at, lost, exit) => {
    const carl = person('Carl', 0xca71);
    const body = trustBody({
      ...second(),
      people: [ANNA, BERT, carl].map((one) => ({ person: one.person, name: one.name, org: '' })),
      keys: [keyOf(ANNA, {}), keyOf(BERT, long), keyOf(carl, { roles: ['approver'], ...(lost ? long : {}) })],
    });
    const seal = bodies().at(-1) as RecordBody;
    const ref = { seq: seal.seq, line_sha256: lineHash(Buffer.from(lines.at(-1) as string)) };
    const file = {
      format: 'c138-countersign',
      v: 1,
      estate_id: ESTATE,
      session: seal.session,
      ref,
      witness: witnessOf(carl, seal.session, ref, { meaning: 'reviewed', at }),
    };
    const countersigns = new Map([
      ['countersign-carl.json', Buffer.concat([canonicalBytes(file), Buffer.from('\n')])],
    ]);
    const trust = await trustBytes(body);
    const report = await verifyBytes({ ...session, countersigns }, { trust });
    expect(report.exitCode, JSON.stringify(report.findings)).toBe(exit);
  });

  test('a witness who says that they are the performer, with a second key of theirs, does not count', async () => {
    const other = { ...person('Second', 0x5ec0), person: ANNA.person, name: ANNA.name };
    const trust = await trustBytes(trustBody({ ...second(), keys: [keyOf(ANNA, {}), keyOf(other, {})] }));
    const at = bodies().findIndex((one) => one.kind === 'witness');
    const body = bodies()[at] as RecordBody & { kind: 'witness' };
    const own = { ...body, witness: witnessOf(other, body.session, body.ref) };
    const line = `{"body":${Buffer.from(canonicalBytes(own)).toString()},"sig":null}\n`;
    const cut = upTo(lines, at, line);
    const report = await verifyBytes(
      { ...session, journal: journalInMemory(Buffer.from(cut.join(''))) },
      { trust },
    );
    expect(report.openItems).toContain('witness:one');
    expect(report.exitCode).toBe(10);
  });
});

describe('T13: an open session', () => {
  test('is never complete, wherever it ends', async () => {
    const exits: number[] = [];
    for (let count = 0; count < lines.length; count += 1) exits.push(await exitOf(lines.slice(0, count)));
    expect(exits[0]).toBeGreaterThanOrEqual(40);
    expect(new Set(exits.slice(1))).toEqual(new Set([10]));
    console.log(`T13: ${lines.length} open journals, none complete`);
  });
});

test('what is signed here is what the program signs', () => {
  const at = signedAt()[0] ?? 0;
  const body = bodies()[at] as RecordBody;
  const sig = signDigest(holderOf(body), digestOf(body, canonicalBytes(body), ESTATE));
  expect(sig.slice(2)).toBe(sigOf(lines[at] as string));
});
