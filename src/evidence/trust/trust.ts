import type { Hex, Rfc3339 } from '../../model/json.ts';
import { ROLES } from '../../model/record.ts';
import { canonicalBytes, parseCanonical, sha256Hex } from '../record/canonical.ts';
import {
  address,
  type Check,
  exactly,
  flag,
  hash,
  integer,
  list,
  oneOf,
  orNull,
  pattern,
  RecordError,
  signature,
  text,
  time,
} from '../record/record-check.ts';
import { recoverAddress } from '../record/record-signature.ts';
import { digestOfTyped, trustTypedData } from '../record/typed-data.ts';

/** A trust store that is misspelt or whose signatures do not hold. */
export class TrustError extends Error {
  override readonly name = 'TrustError';
}

/** A key, whose it is, what it may do and when. */
export interface TrustKey {
  readonly address: Hex;
  /** Uncompressed public key, `0x04…`; null when only the address is known. */
  readonly pubkey: Hex | null;
  readonly person: string;
  readonly type: 'throw-away' | 'keystore' | 'hardware' | 'external';
  readonly roles: readonly (typeof ROLES)[number][];
  readonly not_before: Rfc3339;
  readonly not_after: Rfc3339;
  /** `untrusted_since`: signatures given from then on are void. */
  readonly revoked: {
    readonly at: Rfc3339;
    readonly reason: string;
    readonly untrusted_since: Rfc3339;
  } | null;
}

export interface TrustPolicy {
  /** Answers that need a witness besides what the runbook asks: to critical steps, to all steps, to the seal. */
  readonly witness_for: readonly ('critical' | 'all' | 'seal')[];
  /** Least number of countersignatures over the seal, by different persons. */
  readonly countersigners: number;
  /** The witness must be another person than the performer (always another key). */
  readonly distinct_persons: boolean;
  readonly max_clock_step_ms: number;
  readonly max_session_h: number;
}

/** The signed content of `trust.json`. */
export interface TrustBody {
  readonly v: 1;
  readonly estate: string;
  readonly version: number;
  readonly issued: Rfc3339;
  readonly expires: Rfc3339;
  readonly threshold: number;
  readonly roots: readonly Hex[];
  readonly people: readonly { readonly person: string; readonly name: string; readonly org: string }[];
  readonly keys: readonly TrustKey[];
  readonly policy: TrustPolicy;
  /** Validator set pinned for quorum proofs. */
  readonly chain: {
    readonly genesis_hash: Hex;
    readonly validators: readonly Hex[];
    readonly from_block: number;
  } | null;
  /** Digest of the whole file of the version before, or null for the first. */
  readonly prev_sha256: Hex | null;
}

export interface TrustSignature {
  readonly address: Hex;
  readonly sig: Hex;
}

/** A trust store as read: its content, its signatures, the digest of the file. */
export interface TrustStore {
  readonly body: TrustBody;
  readonly bodyBytes: Uint8Array;
  readonly sigs: readonly TrustSignature[];
  readonly sha256: Hex;
}

const NAME = text(200, 1);
const trustKey: Check = exactly({
  address,
  pubkey: orNull(pattern(/^0x04[0-9a-f]{128}$/, 'an uncompressed public key')),
  person: NAME,
  type: oneOf(['throw-away', 'keystore', 'hardware', 'external']),
  roles: list(oneOf(ROLES), 3),
  not_before: time,
  not_after: time,
  revoked: orNull(exactly({ at: time, reason: text(2_000), untrusted_since: time })),
});

const trustBody: Check = exactly({
  v: oneOf([1]),
  estate: NAME,
  version: integer(1, 1_000_000),
  issued: time,
  expires: time,
  threshold: integer(1, 32),
  roots: list(address, 32),
  people: list(exactly({ person: NAME, name: NAME, org: text(200) }), 1_000),
  keys: list(trustKey, 1_000),
  policy: exactly({
    witness_for: list(oneOf(['critical', 'all', 'seal']), 3),
    countersigners: integer(0, 32),
    distinct_persons: flag,
    max_clock_step_ms: integer(0),
    max_session_h: integer(1, 100_000),
  }),
  chain: orNull(exactly({ genesis_hash: hash, validators: list(address, 1_000), from_block: integer(0) })),
  prev_sha256: orNull(hash),
});

const trustSigs: Check = list(exactly({ address, sig: signature }), 32);

/** Largest trust store that is read, in bytes. */
export const MAX_TRUST_BYTES = 1_048_576;

/**
 * Reads the bytes of a trust store: `{"body":{…},"sigs":[…]}` in canonical form and LF. Says nothing of whether its
 * signatures hold: that is `checkTrust`.
 * @throws TrustError
 */
export function parseTrust(bytes: Uint8Array): TrustStore {
  try {
    if (bytes.length > MAX_TRUST_BYTES) throw new TrustError(`longer than ${MAX_TRUST_BYTES} bytes`);
    if (bytes.at(-1) !== 0x0a) throw new TrustError('does not end with a line feed');
    const value = parseCanonical(bytes.subarray(0, -1));
    exactly({ body: trustBody, sigs: trustSigs })(value, '');
    const { body, sigs } = value as unknown as { body: TrustBody; sigs: TrustSignature[] };
    checkContent(body);
    return { body, bodyBytes: canonicalBytes(body), sigs, sha256: sha256Hex(bytes) };
  } catch (error) {
    throw new TrustError(`the trust store is not well-formed: ${messageOf(error)}`);
  }
}

/**
 * Reads the exact bytes that the roots sign, strictly.
 * @throws TrustError
 */
export function parseTrustBody(bytes: Uint8Array): TrustBody {
  try {
    const body = parseCanonical(bytes);
    trustBody(body, '');
    checkContent(body as unknown as TrustBody);
    return body as unknown as TrustBody;
  } catch (error) {
    throw new TrustError(`the trust store is not well-formed: ${messageOf(error)}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function checkContent(body: TrustBody): void {
  refuseTwice('roots', body.roots);
  refuseTwice(
    'people',
    body.people.map(({ person }) => person),
  );
  refuseTwice(
    'keys',
    body.keys.map((key) => key.address),
  );
  if (body.threshold > body.roots.length)
    throw new RecordError('threshold', `asks for ${body.threshold} of ${body.roots.length} roots`);
  if (body.expires <= body.issued) throw new RecordError('expires', 'is not after issued');
  if ((body.prev_sha256 === null) !== (body.version === 1))
    throw new RecordError('prev_sha256', 'is null for version 1 and only for it');
  const people = new Set(body.people.map(({ person }) => person));
  for (const key of body.keys)
    if (!people.has(key.person)) throw new RecordError('keys', `${key.address} belongs to nobody in people`);
}

function refuseTwice(key: string, values: readonly string[]): void {
  if (new Set(values).size !== values.length) throw new RecordError(key, 'names something twice');
}

/**
 * Checks that the quorum of roots signed the store.
 * @param roots the roots that count: the store's own, or those of the version before for a successor
 * @throws TrustError
 */
export function checkTrust(
  store: TrustStore,
  roots: readonly Hex[] = store.body.roots,
  threshold: number = store.body.threshold,
): readonly Hex[] {
  const digest = digestOfTyped(trustTypedData(store.body, store.bodyBytes));
  const signed = new Set<Hex>();
  for (const { address: by, sig } of store.sigs) {
    let recovered: Hex;
    try {
      recovered = recoverAddress(digest, sig);
    } catch (error) {
      throw new TrustError(`signature of ${by}: ${error instanceof Error ? error.message : ''}`);
    }
    if (recovered !== by)
      throw new TrustError(`the signature given as ${by} is not by that key over these bytes`);
    if (signed.has(by)) throw new TrustError(`${by} signed twice`);
    signed.add(by);
  }
  const counted = roots.filter((root) => signed.has(root));
  if (counted.length < threshold)
    throw new TrustError(`signed by ${counted.length} of the roots; ${threshold} must sign`);
  return counted;
}

/** The key with this address, or null. */
export function findKey(store: TrustStore, by: Hex): TrustKey | null {
  return store.body.keys.find((key) => key.address === by) ?? null;
}

/** Printed name of a person, or null when the store does not know them. */
export function nameOf(store: TrustStore, person: string): string | null {
  return store.body.people.find((one) => one.person === person)?.name ?? null;
}

/** Why a key may not have signed at that time in that role, or null. */
export function keyProblem(key: TrustKey, at: Rfc3339, role: string): string | null {
  if (at < key.not_before) return `the key ${key.address} is valid only from ${key.not_before}`;
  if (at > key.not_after) return `the key ${key.address} was valid only until ${key.not_after}`;
  if (key.revoked !== null && at >= key.revoked.untrusted_since)
    return `the key ${key.address} is not trusted since ${key.revoked.untrusted_since}`;
  if (!key.roles.some((one) => one === role)) return `the key ${key.address} may not act as ${role}`;
  return null;
}

/** The exact bytes that the roots sign. */
export function trustBodyBytes(body: TrustBody): Uint8Array {
  return canonicalBytes(body);
}

/** The bytes of a file: content and signatures, whether these are enough or not. */
export function trustFileBytes(body: TrustBody, sigs: readonly TrustSignature[]): Uint8Array {
  return Buffer.concat([canonicalBytes({ body, sigs }), Buffer.from('\n')]);
}

/**
 * Makes the bytes of a trust store. Each signer is given the body bytes and returns its signature, so that
 * no key passes through here.
 * @throws TrustError when the content is refused or the quorum is not reached
 */
export async function createTrust(
  body: TrustBody,
  signers: readonly ((bodyBytes: Uint8Array) => Promise<TrustSignature>)[],
): Promise<Uint8Array> {
  const bodyBytes = trustBodyBytes(body);
  const sigs: TrustSignature[] = [];
  for (const sign of signers) sigs.push(await sign(bodyBytes));
  const bytes = trustFileBytes(body, sigs);
  checkTrust(parseTrust(bytes));
  return bytes;
}

/** Policy of a trust store that asks for nothing beyond the runbook. */
export const PLAIN_POLICY: TrustPolicy = {
  witness_for: [],
  countersigners: 0,
  distinct_persons: true,
  max_clock_step_ms: 5_000,
  max_session_h: 72,
};

/**
 * Content of a trust store for one throw-away key, which is root and performer at once and says so in the
 * person's name. With `previous` the earlier keys stay known: a session resumed under a new throw-away key.
 * @param at now
 */
export function throwAwayTrust(
  key: { readonly address: Hex; readonly pubkey: Hex },
  estate: string,
  at: Date,
  previous: TrustStore | null = null,
): TrustBody {
  const person = `throw-away-${key.address.slice(2, 10)}`;
  const day = 86_400_000;
  return {
    v: 1,
    estate,
    version: (previous?.body.version ?? 0) + 1,
    issued: at.toISOString(),
    expires: new Date(at.getTime() + 30 * day).toISOString(),
    threshold: 1,
    roots: [key.address],
    people: [
      ...(previous?.body.people ?? []),
      { person, name: `Throw-away key ${key.address.slice(0, 10)} (not a real person)`, org: 'simulated' },
    ],
    keys: [
      ...(previous?.body.keys ?? []),
      {
        address: key.address,
        pubkey: key.pubkey,
        person,
        type: 'throw-away',
        roles: ['performer'],
        not_before: new Date(at.getTime() - 60_000).toISOString(),
        not_after: new Date(at.getTime() + 30 * day).toISOString(),
        revoked: null,
      },
    ],
    policy: PLAIN_POLICY,
    chain: previous?.body.chain ?? null,
    prev_sha256: previous?.sha256 ?? null,
  };
}
