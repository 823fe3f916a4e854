import type { Hex, Rfc3339 } from '../../model/json.ts';
import type { DetachedSignature } from '../../model/record.ts';
import type { JournalState } from '../grammar.ts';
import { findKey, nameOf, type TrustKey, type TrustStore } from '../trust/trust.ts';
import { EXIT, type VerifyFinding, VerifyStop } from './verify-report.ts';

/** Something that the holder of one key can not have made alone: it shows that the journal, up to a record, was there at a time. */
export interface Voucher {
  readonly upTo: number;
  readonly at: Rfc3339;
  /** In words, for the report. */
  readonly what: string;
  /** Who signed it; null for an authority or a block. */
  readonly person: string | null;
}

interface Used {
  readonly key: TrustKey;
  /** The records that hold a signature by the key, in order. */
  readonly seqs: number[];
}

/**
 * V6: whoever holds a stolen key can write any time into a record. So what a revoked key signed stands only where somebody else
 * shows that it was there before the key was lost: a time stamp, an anchor, or the signature of another person, over this record or a later one.
 * docs/evidence-format.md section 6.
 * @param outside vouchers from beside the journal, each for all of it
 * @throws VerifyStop 30
 */
export function checkRevoked(
  state: JournalState,
  store: TrustStore,
  outside: readonly Voucher[],
): readonly VerifyFinding[] {
  const used = revokedKeys(state, store);
  if (used.length === 0) return [];
  const vouchers = [...outside, ...inside(state, store)];
  return used.map(({ key, seqs }) => {
    const since = key.revoked?.untrusted_since ?? '';
    const last = vouchers.reduce<Voucher | null>(
      (best, one) =>
        one.at < since && one.person !== key.person && one.upTo > (best?.upTo ?? -1) ? one : best,
      null,
    );
    const beyond = seqs.find((seq) => seq > (last?.upTo ?? -1));
    if (beyond !== undefined)
      throw new VerifyStop(
        EXIT.untrusted,
        'V6',
        `record ${beyond}: the key ${key.address} is not trusted since ${since}, and only its own word says that this was signed before: no time stamp, no anchor and no signature of another person from before that time covers it`,
        beyond + 1,
      );
    return {
      step: 'V6',
      severity: 'warn',
      line: null,
      text: `the key ${key.address} is not trusted since ${since}; what it signed here was there before, by ${last?.what ?? ''} of ${last?.at ?? ''}`,
    };
  });
}

/** A time stamp or an anchor over the seal covers the whole journal. */
export function besideVouchers(
  state: JournalState,
  stamped: Rfc3339 | null,
  anchored: Rfc3339 | null,
): readonly Voucher[] {
  const upTo = state.bodies.length - 1;
  return [
    ...(stamped === null ? [] : [{ upTo, at: stamped, person: null, what: 'a time stamp' }]),
    ...(anchored === null ? [] : [{ upTo, at: anchored, person: null, what: 'an anchor on Chain 138' }]),
  ];
}

/** Countersignatures over the seal cover the whole journal, where the key itself is not revoked. */
export function countersignVouchers(
  state: JournalState,
  store: TrustStore,
  countersigns: readonly DetachedSignature[],
): readonly Voucher[] {
  return countersigns.flatMap((by) => voucher(store, state.bodies.length - 1, by, 'the countersignature'));
}

function revokedKeys(state: JournalState, store: TrustStore): readonly Used[] {
  const revoked = new Map<Hex, Used>(
    store.body.keys
      .filter((key) => key.revoked !== null)
      .map((key) => [key.address, { key, seqs: [] as number[] }]),
  );
  if (revoked.size === 0) return [];
  for (const body of state.bodies) {
    if (body.actor !== null) revoked.get(body.actor.address)?.seqs.push(body.seq);
    if (body.kind === 'witness') revoked.get(body.witness.address)?.seqs.push(body.seq);
    if (body.kind === 'handover' && body.accept !== null)
      revoked.get(body.accept.address)?.seqs.push(body.seq);
  }
  return [...revoked.values()].filter((one) => one.seqs.length > 0);
}

/** Signatures in the journal itself: each record is signed over all that stands before it, a witness over the line it names. */
function inside(state: JournalState, store: TrustStore): readonly Voucher[] {
  const vouchers: Voucher[] = [];
  for (const body of state.bodies) {
    if (body.actor !== null)
      vouchers.push(...voucher(store, body.seq, { ...body.actor, at: body.at }, 'the signature'));
    if (body.kind === 'witness') vouchers.push(...voucher(store, body.ref.seq, body.witness, 'the witness'));
    if (body.kind === 'handover' && body.accept !== null)
      vouchers.push(...voucher(store, body.seq - 1, body.accept, 'the signature'));
  }
  return vouchers;
}

function voucher(
  store: TrustStore,
  upTo: number,
  by: Pick<DetachedSignature, 'address' | 'person' | 'at'>,
  what: string,
): readonly Voucher[] {
  const key = findKey(store, by.address);
  // A key that was lost too vouches for nothing.
  if (key === null || key.revoked !== null) return [];
  return [
    {
      upTo,
      at: by.at,
      person: key.person,
      what: `${what} of ${nameOf(store, key.person) ?? key.person}`,
    },
  ];
}
