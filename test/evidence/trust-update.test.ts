import { describe, expect, test } from 'vitest';
import { digestOfTyped, trustTypedData } from '../../src/evidence/record/typed-data.ts';
import {
  parseTrust,
  type TrustBody,
  type TrustStore,
  trustBodyBytes,
  trustFileBytes,
} from '../../src/evidence/trust/trust.ts';
import {
  missingSignatures,
  nextVersion,
  refuseSuccessor,
  withChain,
  withKey,
  withoutTrustIn,
  withPolicy,
  withRoots,
  withSignature,
  withValidity,
} from '../../src/evidence/trust/trust-update.ts';
import { ANNA, BERT, type Person, person, ROOT, signDigest, trustBody } from './make.ts';

const SECOND = person('Second', 0xd4);
const THIRD = person('Third', 0xe5);
const STRANGER = person('Stranger', 0xf6);
const NOW = new Date('2026-06-01T00:00:00.000Z');

/** A store as a file would hold it, signed by whom one likes. */
function store(body: TrustBody, signers: readonly Person[], signedBody: TrustBody = body): TrustStore {
  const digest = digestOfTyped(trustTypedData(signedBody, trustBodyBytes(signedBody)));
  const sigs = signers.map((one) => ({ address: one.address, sig: signDigest(one, digest) }));
  return parseTrust(trustFileBytes(body, sigs));
}

const twoRoots = { roots: [ROOT.address, SECOND.address], threshold: 2 };
const first = store(trustBody(), [ROOT]);
const firstOfTwo = store(trustBody(twoRoots), [ROOT, SECOND]);
const next = (change: Partial<TrustBody> = {}, from: TrustStore = first): TrustBody => ({
  ...nextVersion(from, NOW),
  ...change,
});

/** Each case: what is offered after what, and what must be said; null where it must be taken. */
const cases: readonly (readonly [string, () => TrustStore, TrustStore, RegExp | null])[] = [
  ['the plain next version', () => store(next(), [ROOT]), first, null],
  ['the same file again', () => first, first, /in force already/],
  [
    'another file under the same version',
    () => store(trustBody({ issued: '2026-01-02T00:00:00.000Z' }), [ROOT]),
    first,
    /not after version 1/,
  ],
  ['rollback to an older version', () => first, store(next(), [ROOT]), /not after version 2/],
  [
    'fast-forward over a version',
    () => store(next({ version: 3 }), [ROOT]),
    first,
    /versions between are missing/,
  ],
  [
    'fast-forward to the largest number',
    () => store(next({ version: 1_000_000 }), [ROOT]),
    first,
    /versions between are missing/,
  ],
  [
    'a successor of another version 1',
    () => store(next({ prev_sha256: `0x${'ab'.repeat(32)}` }), [ROOT]),
    first,
    /another version 1/,
  ],
  ['another estate', () => store(next({ estate: 'demo:other' }), [ROOT]), first, /for the estate demo:other/],
  [
    'expired on arrival',
    () => store(next({ issued: '2026-01-02T00:00:00.000Z', expires: '2026-03-01T00:00:00.000Z' }), [ROOT]),
    first,
    /expired at 2026-03-01/,
  ],
  [
    'issued before the one in force',
    () => store(next({ issued: '2025-01-01T00:00:00.000Z' }), [ROOT]),
    first,
    /issued before/,
  ],
  ['no signature at all', () => store(next(), []), first, /0 of 1 roots of the version in force/],
  ['signed by a stranger', () => store(next(), [STRANGER]), first, /0 of 1 roots/],
  ['signed by an operator who is no root', () => store(next(), [ANNA]), first, /0 of 1 roots/],
  [
    'signed over other bytes',
    () => store(next(), [ROOT], next({ version: 3 })),
    first,
    /not by that key over these bytes/,
  ],
  [
    'one of two roots',
    () => store(next({}, firstOfTwo), [ROOT]),
    firstOfTwo,
    /1 of 2 roots of the version in force.*still 0x/,
  ],
  ['two of two roots', () => store(next({}, firstOfTwo), [ROOT, SECOND]), firstOfTwo, null],
  [
    'one root twice does not make two',
    () => store(next({}, firstOfTwo), [ROOT, ROOT]),
    firstOfTwo,
    /signed twice/,
  ],
  ['a root and a stranger', () => store(next({}, firstOfTwo), [ROOT, STRANGER]), firstOfTwo, /1 of 2 roots/],
  [
    'threshold lowered by one root alone',
    () => store(next({ threshold: 1 }, firstOfTwo), [ROOT]),
    firstOfTwo,
    /1 of 2 roots of the version in force/,
  ],
  [
    'threshold lowered by both',
    () => store(next({ threshold: 1 }, firstOfTwo), [ROOT, SECOND]),
    firstOfTwo,
    null,
  ],
  [
    'threshold raised, old quorum only',
    () => store(next({ ...twoRoots }), [ROOT]),
    first,
    /1 of 2 roots of the new version/,
  ],
  ['threshold raised, both', () => store(next({ ...twoRoots }), [ROOT, SECOND]), first, null],
  [
    'root replaced, old quorum only',
    () => store(next({ roots: [SECOND.address] }), [ROOT]),
    first,
    /0 of 1 roots of the new version/,
  ],
  [
    'root replaced, new quorum only',
    () => store(next({ roots: [SECOND.address] }), [SECOND]),
    first,
    /0 of 1 roots of the version in force/,
  ],
  ['root replaced, both', () => store(next({ roots: [SECOND.address] }), [ROOT, SECOND]), first, null],
  [
    'all of three roots replaced at once by one',
    () => store(next({ roots: [THIRD.address], threshold: 1 }, firstOfTwo), [THIRD, ROOT]),
    firstOfTwo,
    /1 of 2 roots of the version in force/,
  ],
];

/** What can not even be read as a trust store. */
const malformed: readonly (readonly [string, Partial<TrustBody>, RegExp])[] = [
  ['a threshold that nobody can reach', { threshold: 2 }, /asks for 2 of 1/],
  ['a threshold of nothing', { threshold: 0 }, /threshold/],
  ['the same root twice', { roots: [ROOT.address, ROOT.address] }, /twice/],
  ['the same key twice', { keys: [...trustBody().keys, ...trustBody().keys] }, /twice/],
  ['the same person twice', { people: [...trustBody().people, ...trustBody().people] }, /twice/],
  ['a key of nobody', { people: [] }, /belongs to nobody/],
  ['expiry before issue', { expires: '2025-01-01T00:00:00.000Z' }, /not after issued/],
  ['version 0', { version: 0 }, /version/],
  ['version 2 without a predecessor', { version: 2 }, /prev_sha256/],
  ['version 1 with a predecessor', { prev_sha256: `0x${'11'.repeat(32)}` }, /prev_sha256/],
  [
    'an address in capitals',
    { roots: [ROOT.address.toUpperCase().replace('0X', '0x') as `0x${string}`] },
    /roots/,
  ],
  ['a field too many', { extra: 1 } as unknown as Partial<TrustBody>, /extra/],
  ['another format', { v: 2 } as unknown as Partial<TrustBody>, /v/],
];

describe('T8: one version of a trust store after another', () => {
  test.each(cases)('%s', (_name, offered, current, said) => {
    const take = () => refuseSuccessor(offered(), current, NOW);
    if (said === null) expect(take).not.toThrow();
    else expect(take).toThrow(said);
  });

  test.each(malformed)('%s is no trust store', (_name, change, said) => {
    expect(() => store(trustBody(change), [ROOT])).toThrow(said);
  });

  test('counts its cases', () => {
    console.info(`T8: ${cases.length + malformed.length} cases`);
    expect(cases.length + malformed.length).toBeGreaterThan(35);
  });
});

describe('changes of a trust store', () => {
  const body = nextVersion(first, NOW);

  test('number, times and predecessor follow by themselves', () => {
    expect(body).toMatchObject({ version: 2, prev_sha256: first.sha256, issued: NOW.toISOString() });
  });

  test('a key is added once, and to the person it belongs to', () => {
    const key = { ...(body.keys[0] as TrustBody['keys'][number]), address: STRANGER.address, person: 'carl' };
    const carl = { person: 'carl', name: 'Carl', org: '' };
    const added = withKey(body, key, carl);
    expect(added.people.at(-1)).toEqual(carl);
    expect(() => withKey(added, key, carl)).toThrow(/already/);
    expect(() =>
      withKey(body, { ...key, person: 'anna' }, { person: 'anna', name: 'Somebody else', org: '' }),
    ).toThrow(/is Anna in the trust store/);
  });

  test('a key is revoked from a moment on, and never from a later one', () => {
    const at = NOW.toISOString();
    const revoked = withoutTrustIn(body, ANNA.address, '2026-03-01T00:00:00.000Z', 'lost', at);
    expect(revoked.keys[0]?.revoked).toEqual({
      at,
      reason: 'lost',
      untrusted_since: '2026-03-01T00:00:00.000Z',
    });
    expect(revoked.keys[1]).toEqual(body.keys[1]);
    expect(() => withoutTrustIn(revoked, ANNA.address, at, 'later', at)).toThrow(/already/);
    expect(() =>
      withoutTrustIn(revoked, ANNA.address, '2026-02-01T00:00:00.000Z', 'earlier', at),
    ).not.toThrow();
    expect(() => withoutTrustIn(body, STRANGER.address, at, 'x', at)).toThrow(/is not in/);
  });

  test('a key is valid longer or used no more, and never again once it is revoked', () => {
    const until = '2026-03-01T00:00:00.000Z';
    expect(withValidity(body, ANNA.address, until).keys[0]).toMatchObject({
      not_after: until,
      revoked: null,
    });
    expect(withValidity(body, ANNA.address, until).keys[1]).toEqual(body.keys[1]);
    expect(() => withValidity(body, ANNA.address, '2020-01-01T00:00:00.000Z')).toThrow(/valid only from/);
    expect(() => withValidity(body, STRANGER.address, until)).toThrow(/is not in/);
    const revoked = withoutTrustIn(body, ANNA.address, until, 'lost', NOW.toISOString());
    expect(() => withValidity(revoked, ANNA.address, until)).toThrow(/is revoked, and stays so/);
  });

  test('other validators are pinned, and the same ones are no change', () => {
    const chain = {
      genesis_hash: `0x${'11'.repeat(32)}`,
      validators: [ANNA.address],
      from_block: 7,
    } as const;
    expect(withChain(body, chain)).toEqual({ ...body, chain });
    expect(() => withChain(withChain(body, chain), { ...chain })).toThrow(/already/);
  });

  test('roots and rules change as asked', () => {
    expect(withRoots(body, { add: [SECOND.address], remove: [], threshold: 2 })).toMatchObject(twoRoots);
    expect(() => withRoots(body, { add: [ROOT.address], remove: [], threshold: null })).toThrow(/already/);
    expect(() => withRoots(body, { add: [], remove: [BERT.address], threshold: null })).toThrow(/no root/);
    expect(() => withRoots(body, { add: [], remove: [ROOT.address], threshold: null })).toThrow(
      /nobody could/,
    );
    expect(withPolicy(body, { countersigners: 2 }).policy.countersigners).toBe(2);
  });

  test('signatures gather one by one, each root once', () => {
    const changed = next({}, firstOfTwo);
    const half = store(changed, [ROOT]);
    expect(missingSignatures(half, firstOfTwo)).toHaveLength(2);
    const digest = digestOfTyped(trustTypedData(changed, trustBodyBytes(changed)));
    const sig = { address: SECOND.address, sig: signDigest(SECOND, digest) };
    const whole = parseTrust(trustFileBytes(changed, withSignature(half, sig)));
    expect(missingSignatures(whole, firstOfTwo)).toEqual([]);
    expect(() => withSignature(whole, sig)).toThrow(/signed it already/);
  });
});
