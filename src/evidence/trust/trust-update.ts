import type { Hex, Rfc3339 } from '../../model/json.ts';
import {
  checkTrust,
  type TrustBody,
  TrustError,
  type TrustKey,
  type TrustPolicy,
  type TrustSignature,
  type TrustStore,
} from './trust.ts';

/**
 * How one version of a trust store follows another, by the rules of The Update Framework (specification 1.0, section 5.3): the
 * version rises by one, the old quorum signs and the new one too, nothing older is ever taken again.
 */

const YEAR_MS = 365 * 86_400_000;

/**
 * Refuses a store that may not follow the one in force.
 * @param at now; a successor that has expired already is refused
 * @throws TrustError saying which rule it breaks
 */
export function refuseSuccessor(next: TrustStore, current: TrustStore, at: Date): void {
  const { body } = next;
  if (body.estate !== current.body.estate)
    throw new TrustError(`it is for the estate ${body.estate}, not for ${current.body.estate}`);
  if (next.sha256 === current.sha256) throw new TrustError('this version is in force already');
  if (body.version <= current.body.version)
    throw new TrustError(
      `version ${body.version} is not after version ${current.body.version}, which is in force: nothing older is taken`,
    );
  if (body.version !== current.body.version + 1)
    throw new TrustError(
      `version ${body.version} does not follow version ${current.body.version}: the versions between are missing; take them in one by one`,
    );
  if (body.prev_sha256 !== current.sha256)
    throw new TrustError(`it follows another version ${current.body.version} than the one in force here`);
  if (body.issued < current.body.issued) throw new TrustError('it was issued before the version in force');
  if (body.expires <= at.toISOString()) throw new TrustError(`it expired at ${body.expires}`);
  const missing = missingSignatures(next, current);
  if (missing.length > 0) throw new TrustError(`${missing.join('; ')}`);
}

/**
 * What signatures a version still lacks, in words; none when it may come into force.
 * @param current the version before; null for the first
 * @throws TrustError when a signature that is there does not hold
 */
export function missingSignatures(next: TrustStore, current: TrustStore | null): readonly string[] {
  const missing: string[] = [];
  const count = (what: string, roots: readonly Hex[], threshold: number): void => {
    const signed = checkTrust(next, roots, 0);
    if (signed.length >= threshold) return;
    const others = roots.filter((root) => !signed.includes(root));
    missing.push(`${signed.length} of ${threshold} ${what} have signed (still ${others.join(', ')})`);
  };
  if (current !== null) count('roots of the version in force', current.body.roots, current.body.threshold);
  count('roots of the new version', next.body.roots, next.body.threshold);
  return missing;
}

/** The next version with nothing changed: number, times and the digest of the one before. */
export function nextVersion(current: TrustStore, at: Date): TrustBody {
  return {
    ...current.body,
    version: current.body.version + 1,
    issued: at.toISOString(),
    expires: new Date(at.getTime() + YEAR_MS).toISOString(),
    prev_sha256: current.sha256,
  };
}

/** @throws TrustError when the key is there already, or the person has another name */
export function withKey(body: TrustBody, key: TrustKey, person: TrustBody['people'][number]): TrustBody {
  if (body.keys.some((one) => one.address === key.address))
    throw new TrustError(`${key.address} is in the trust store already`);
  const known = body.people.find((one) => one.person === person.person);
  if (known !== undefined && known.name !== person.name)
    throw new TrustError(`${known.person} is ${known.name} in the trust store; give that name`);
  return {
    ...body,
    people: known === undefined ? [...body.people, person] : body.people,
    keys: [...body.keys, key],
  };
}

/**
 * The key is not trusted from a moment on; what it signed before stands where somebody else shows that it was before.
 * @throws TrustError when it is not known, or was revoked from an earlier moment already
 */
export function withoutTrustIn(
  body: TrustBody,
  address: Hex,
  since: Rfc3339,
  reason: string,
  at: Rfc3339,
): TrustBody {
  const key = body.keys.find((one) => one.address === address);
  if (key === undefined) throw new TrustError(`${address} is not in the trust store`);
  if (key.revoked !== null && key.revoked.untrusted_since <= since)
    throw new TrustError(`${address} is not trusted since ${key.revoked.untrusted_since} already`);
  return {
    ...body,
    keys: body.keys.map((one) =>
      one.address === address ? { ...one, revoked: { at, reason, untrusted_since: since } } : one,
    ),
  };
}

/**
 * The key is valid until another moment: longer, or no longer where it is to be used no more and nobody else can have it.
 * @throws TrustError when it is not known, is revoked, or would never have been valid
 */
export function withValidity(body: TrustBody, address: Hex, until: Rfc3339): TrustBody {
  const key = body.keys.find((one) => one.address === address);
  if (key === undefined) throw new TrustError(`${address} is not in the trust store`);
  if (key.revoked !== null)
    throw new TrustError(`${address} is revoked, and stays so; make a new key for its holder`);
  if (until <= key.not_before) throw new TrustError(`${address} is valid only from ${key.not_before}`);
  return {
    ...body,
    keys: body.keys.map((one) => (one.address === address ? { ...one, not_after: until } : one)),
  };
}

/**
 * The store with the validators that the estate file pins now.
 * @throws TrustError when nothing changes
 */
export function withChain(body: TrustBody, chain: TrustBody['chain']): TrustBody {
  if (JSON.stringify(chain) === JSON.stringify(body.chain))
    throw new TrustError('the trust store pins these validators already');
  return { ...body, chain };
}

/** @throws TrustError when a root is not there, is there twice, or too few are left */
export function withRoots(
  body: TrustBody,
  change: {
    readonly add: readonly Hex[];
    readonly remove: readonly Hex[];
    readonly threshold: number | null;
  },
): TrustBody {
  for (const one of change.remove)
    if (!body.roots.includes(one)) throw new TrustError(`${one} is no root of the trust store`);
  for (const one of change.add)
    if (body.roots.includes(one)) throw new TrustError(`${one} is a root already`);
  const roots = [...body.roots.filter((one) => !change.remove.includes(one)), ...change.add];
  const threshold = change.threshold ?? body.threshold;
  if (roots.length < threshold || threshold < 1)
    throw new TrustError(`${threshold} of ${roots.length} roots would have to sign, which nobody could`);
  return { ...body, roots, threshold };
}

/** The store with other rules for witnesses and countersignatures. */
export function withPolicy(body: TrustBody, change: Partial<TrustPolicy>): TrustBody {
  return { ...body, policy: { ...body.policy, ...change } };
}

/**
 * A version with one signature more.
 * @throws TrustError when this key signed already
 */
export function withSignature(store: TrustStore, signature: TrustSignature): readonly TrustSignature[] {
  if (store.sigs.some((one) => one.address === signature.address))
    throw new TrustError(`${signature.address} has signed it already`);
  return [...store.sigs, signature];
}
