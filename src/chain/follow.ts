import { type ProofResult, proveBlock, type ValidatorPin } from './prove.ts';
import { votesNeeded } from './quorum.ts';

/** A vote that a proven header carries. */
export interface HeaderVote {
  readonly number: string;
  readonly by: string;
  readonly recipient: string;
  readonly add: boolean;
}

/** A change of the validator set that was followed. */
export interface SetChange {
  /** First block that the new set sealed. */
  readonly number: string;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Proposers whose proven votes were seen. */
  readonly votes: number;
  readonly votesNeeded: number;
}

/** What a run of consecutive headers shows. */
export interface Followed {
  readonly proofs: readonly ProofResult[];
  /** The set in force after the last header that held; null when nothing is pinned. */
  readonly validators: readonly string[] | null;
  readonly changes: readonly SetChange[];
  /** Votes seen whose change has not come, newest per voter and recipient. */
  readonly inFlight: readonly HeaderVote[];
  /** Why the run could not be followed to its end; null when it could. */
  readonly broken: string | null;
}

/**
 * Proves consecutive headers one after another against a set that is followed through its changes. A change is accepted only
 * where the parent is proven under the old set and linked by hash, exactly one validator comes or goes, and a majority of the old set's
 * proposers was seen to vote for it in proven headers; what happened before the run counts for nothing. Where that cannot be shown
 * the run is broken there, and the operators must pin the new set themselves. (Besu: a block lists the set that sealed it.)
 * @param blocks as eth_getBlockByNumber gives them, oldest first, without a gap
 * @param pin the set for the first block; null when nothing is pinned: then each block is only checked against itself
 */
export function followValidators(blocks: readonly unknown[], pin: ValidatorPin | null): Followed {
  const proofs: ProofResult[] = [];
  const changes: SetChange[] = [];
  let votes: HeaderVote[] = [];
  let set = pin === null ? null : [...new Set(pin.validators.map((one) => one.toLowerCase()))].sort();
  let parent: ProofResult | null = null;
  for (const block of blocks) {
    let proof = proveBlock(block, set === null ? null : { validators: set });
    const linked = parent === null || parentHashOf(block) === parent.blockHash;
    if (!linked)
      return done(
        proofs,
        set,
        changes,
        votes,
        `block ${proof.number} does not follow block ${parent?.number}`,
      );
    if (set !== null && proof.verdict === 'not-proven' && parent !== null) {
      const named = proveBlock(block, null);
      const change = changeBetween(set, named, votes);
      if (change !== null) {
        changes.push(change);
        set = [...named.validators];
        // Votes are counted anew after a change of the set.
        votes = votes.filter(
          (one) => !change.added.includes(one.recipient) && !change.removed.includes(one.recipient),
        );
        proof = proveBlock(block, { validators: set });
      }
    }
    proofs.push(proof);
    if (proof.verdict === 'not-proven' || proof.verdict === 'unreadable')
      return done(proofs, set, changes, votes, `block ${proof.number}: ${proof.reasons[0] ?? 'not proven'}`);
    votes = takeVote(votes, proof);
    parent = proof;
  }
  return done(proofs, set, changes, votes, null);
}

function done(
  proofs: readonly ProofResult[],
  validators: readonly string[] | null,
  changes: readonly SetChange[],
  inFlight: readonly HeaderVote[],
  broken: string | null,
): Followed {
  return { proofs, validators, changes, inFlight, broken };
}

/** The newest vote of each proposer on each recipient counts. */
function takeVote(votes: readonly HeaderVote[], proof: ProofResult): HeaderVote[] {
  if (proof.vote === null) return [...votes];
  const { recipient, add } = proof.vote;
  const rest = votes.filter((one) => one.by !== proof.proposer || one.recipient !== recipient);
  return [...rest, { number: proof.number, by: proof.proposer, recipient, add }];
}

function changeBetween(
  set: readonly string[],
  named: ProofResult,
  votes: readonly HeaderVote[],
): SetChange | null {
  if (named.verdict !== 'self-consistent' || named.contractMode) return null;
  const added = named.validators.filter((one) => !set.includes(one));
  const removed = set.filter((one) => !named.validators.includes(one));
  if (added.length + removed.length !== 1) return null;
  const recipient = added[0] ?? removed[0];
  const add = added.length === 1;
  const voters = votes.filter(
    (one) => one.recipient === recipient && one.add === add && set.includes(one.by),
  );
  const needed = votesNeeded(set.length);
  if (voters.length < needed) return null;
  return { number: named.number, added, removed, votes: voters.length, votesNeeded: needed };
}

function parentHashOf(block: unknown): string {
  const hash = (block as { readonly parentHash?: unknown } | null)?.parentHash;
  return typeof hash === 'string' ? hash.toLowerCase() : '';
}

/** Who took part in a run of proven headers. Counts of blocks. */
export interface Participation {
  readonly address: string;
  readonly proposed: number;
  /** Seals found; one that is missing says nothing by itself, since a node imports at quorum. */
  readonly sealed: number;
  /** Turns to propose that passed. */
  readonly skipped: number;
}

/** Counts proposals, seals and passed turns of each validator over a run of headers. */
export function participationOf(proofs: readonly ProofResult[]): readonly Participation[] {
  const counts = new Map<string, { proposed: number; sealed: number; skipped: number }>();
  for (const proof of proofs) {
    for (const one of proof.validators)
      if (!counts.has(one)) counts.set(one, { proposed: 0, sealed: 0, skipped: 0 });
    const bump = (address: string, what: 'proposed' | 'sealed' | 'skipped'): void => {
      const entry = counts.get(address);
      if (entry !== undefined) entry[what] += 1;
    };
    bump(proof.proposer, 'proposed');
    for (const one of proof.committers) bump(one, 'sealed');
    for (const one of proof.skipped) bump(one, 'skipped');
  }
  return [...counts].map(([address, count]) => ({ address, ...count }));
}
