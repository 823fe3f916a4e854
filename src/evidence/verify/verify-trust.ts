import type { Hex } from '../../model/json.ts';
import type { JournalState } from '../grammar.ts';
import { sha256Hex } from '../record/canonical.ts';
import {
  checkTrust,
  findKey,
  keyProblem,
  nameOf,
  parseTrust,
  TrustError,
  type TrustStore,
} from '../trust/trust.ts';
import type { Records } from './record-list.ts';
import type { SessionBytes } from './verify-read.ts';
import { EXIT, type SignerFinding, type VerifyFinding, VerifyStop } from './verify-report.ts';

/** What the checker trusts from outside the bundle. */
export interface PinnedTrust {
  /** Bytes of a trust store of the checker's own. */
  readonly trust?: Uint8Array;
  /** Address of a root; the bundle's own store then counts if that root signed it. */
  readonly root?: Hex;
}

/**
 * V4: the trust stores of the session are whole and are those that its records name; the pinned one is sound.
 * @returns the store that decides, or null when nothing was pinned
 * @throws VerifyStop 31
 */
export function settleTrust(
  bytes: SessionBytes,
  state: JournalState,
  pinned: PinnedTrust,
): TrustStore | null {
  const stores = new Map<Hex, TrustStore>();
  for (const one of [bytes.trust, ...bytes.laterTrust.values()]) {
    const store = parsed(one, "the session's trust store");
    stores.set(store.sha256, store);
  }
  const first = state.open?.open.trust_sha256;
  if (first !== sha256Hex(bytes.trust))
    throw new VerifyStop(
      EXIT.trustBad,
      'V4',
      'trust.json is not the trust store that the opening record names',
    );
  for (const body of state.bodies)
    if (body.kind === 'resume' && !stores.has(body.resume.trust_sha256))
      throw new VerifyStop(
        EXIT.trustBad,
        'V4',
        `the trust store that record ${body.seq} names is missing`,
        body.seq + 1,
      );
  for (const [name, one] of bytes.laterTrust)
    if (name !== `trust-${sha256Hex(one).slice(2)}.json` || !named(state.bodies, sha256Hex(one)))
      throw new VerifyStop(EXIT.trustBad, 'V4', `${name} is not a trust store that a record names`);
  for (const store of stores.values()) {
    signed(store, "the session's trust store");
    if (store.body.estate !== state.open?.open.estate_id)
      throw new VerifyStop(EXIT.trustBad, 'V4', `the session's trust store is for ${store.body.estate}`);
  }
  refuseRollback(state, stores);
  refuseExpired(state, stores);
  if (pinned.trust !== undefined) {
    const store = parsed(pinned.trust, 'the pinned trust store');
    signed(store, 'the pinned trust store');
    if (store.body.estate !== state.open?.open.estate_id)
      throw new VerifyStop(
        EXIT.untrusted,
        'V6',
        `the pinned trust store is for the estate ${store.body.estate}, the session is of ${state.open?.open.estate_id ?? 'none'}`,
      );
    for (const own of stores.values())
      if (own.body.version === store.body.version && own.sha256 !== store.sha256)
        throw new VerifyStop(
          EXIT.trustBad,
          'V4',
          `the session holds another trust store than the pinned one under the same version ${store.body.version}`,
        );
    return store;
  }
  if (pinned.root === undefined) return null;
  const { root } = pinned;
  const last = stores.get(state.trustSha256 ?? '0x') ?? null;
  if (last === null || !last.body.roots.includes(root) || !last.sigs.some((one) => one.address === root))
    throw new VerifyStop(EXIT.untrusted, 'V6', `the root ${root} did not sign the session's trust store`);
  return last;
}

/** A session never goes back to a store from before a key was revoked, so the one in force at its end is the newest in it. */
function refuseRollback(state: JournalState, stores: ReadonlyMap<Hex, TrustStore>): void {
  let before: TrustStore | undefined;
  for (const body of state.bodies) {
    if (body.kind !== 'open' && body.kind !== 'resume') continue;
    const store = stores.get(body.kind === 'open' ? body.open.trust_sha256 : body.resume.trust_sha256);
    if (store !== undefined && before !== undefined && store.sha256 !== before.sha256) {
      const [version, earlier] = [store.body.version, before.body.version];
      if (version <= earlier)
        throw new VerifyStop(
          EXIT.trustBad,
          'V4',
          version === earlier
            ? `record ${body.seq} names another trust store under the same version ${version}`
            : `record ${body.seq} goes back to version ${version} of the trust store, from version ${earlier}`,
          body.seq + 1,
        );
    }
    before = store;
  }
}

/** Nobody may sign under a trust store that has expired. */
function refuseExpired(state: JournalState, stores: ReadonlyMap<Hex, TrustStore>): void {
  let inForce: TrustStore | undefined;
  for (const body of state.bodies) {
    if (body.kind === 'open') inForce = stores.get(body.open.trust_sha256);
    if (body.kind === 'resume') inForce = stores.get(body.resume.trust_sha256);
    if (inForce !== undefined && body.at > inForce.body.expires)
      throw new VerifyStop(
        EXIT.trustBad,
        'V4',
        `record ${body.seq} was made after its trust store expired (${inForce.body.expires})`,
        body.seq + 1,
      );
  }
}

/** V6: a store that expired before a record was signed still decides, but does not know what was decided since. */
export function expiredPin(state: JournalState, store: TrustStore | null): readonly VerifyFinding[] {
  if (store === null) return [];
  const { expires, version } = store.body;
  for (const { actor, at, seq } of state.bodies)
    if (actor !== null && at > expires)
      return [
        {
          step: 'V6',
          severity: 'warn',
          line: seq + 1,
          text: `the pinned trust store, version ${version}, expired at ${expires}, before record ${seq} was signed: keys that were revoked since then are not revoked in it`,
        },
      ];
  return [];
}

function named(bodies: Records, digest: Hex): boolean {
  for (const body of bodies) if (body.kind === 'resume' && body.resume.trust_sha256 === digest) return true;
  return false;
}

function parsed(bytes: Uint8Array, what: string): TrustStore {
  try {
    return parseTrust(bytes);
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    throw new VerifyStop(EXIT.trustBad, 'V4', `${what}: ${error.message}`);
  }
}

function signed(store: TrustStore, what: string): void {
  try {
    checkTrust(store);
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    throw new VerifyStop(EXIT.trustBad, 'V4', `${what}: ${error.message}`);
  }
}

/**
 * V6: every signer, witnesses too, and whoever is put in charge is a key of the deciding store, belongs to the person named, and was valid for the role at that time.
 * @throws VerifyStop 30
 */
export function checkSigners(state: JournalState, store: TrustStore | null): readonly SignerFinding[] {
  const counts = new Map<Hex, SignerFinding>();
  const count = (address: Hex, person: string, name: string): void => {
    const known = counts.get(address);
    counts.set(address, { address, person, name, records: (known?.records ?? 0) + 1 });
  };
  for (const body of state.bodies) {
    if (body.actor !== null) {
      const { address, person, name, role } = body.actor;
      count(address, person, name);
      if (store !== null) judge(store, { address, person, name, role, at: body.at }, body.seq);
    }
    if (body.kind === 'witness') {
      const { address, person, name, at } = body.witness;
      count(address, person, name);
      if (store !== null) judge(store, { address, person, name, role: 'witness', at }, body.seq);
    }
    if (body.kind === 'handover' && store !== null) {
      judge(store, { ...body.to, role: 'performer', at: body.at }, body.seq);
      if (body.accept !== null) judge(store, { ...body.accept, role: 'performer' }, body.seq);
    }
  }
  return [...counts.values()];
}

function judge(
  store: TrustStore,
  by: {
    readonly address: Hex;
    readonly person: string;
    readonly name: string;
    readonly role: string;
    readonly at: string;
  },
  seq: number,
): void {
  const stop = (text: string): VerifyStop =>
    new VerifyStop(EXIT.untrusted, 'V6', `record ${seq}: ${text}`, seq + 1);
  const key = findKey(store, by.address);
  if (key === null) throw stop(`the trust store does not know the key ${by.address}`);
  if (key.person !== by.person || nameOf(store, key.person) !== by.name)
    throw stop(`the key ${by.address} belongs to ${key.person}, not to ${by.person}`);
  const problem = keyProblem(key, by.at, by.role);
  if (problem !== null) throw stop(problem);
}
