/** QBFT arithmetic for N validators (Besu BftHelpers; the table is in docs). All functions take N >= 1. */

/** Commit seals needed: ceil(2N/3). */
export function quorumOf(validators: number): number {
  return Math.ceil((2 * validators) / 3);
}

/** Validators that may be down while the chain still makes blocks: N - quorum. */
export function mayBeDown(validators: number): number {
  return validators - quorumOf(validators);
}

/** Byzantine validators tolerated: floor((N-1)/3). Differs from `mayBeDown` at N = 3, 6, 9. */
export function byzantine(validators: number): number {
  return Math.floor((validators - 1) / 3);
}

/** Votes needed to change the validator set: floor(N/2) + 1. */
export function votesNeeded(validators: number): number {
  return Math.floor(validators / 2) + 1;
}

/**
 * The round a network is in, estimated from how long its last block has stood alone.
 * Round r lasts T * 2^r seconds, so round r begins about P + T * (2^r - 1) after the parent.
 * @param headAgeS seconds since the last block
 * @param periodS block period P in seconds
 * @param requestTimeoutS round-0 request time-out T in seconds
 */
export function estimateRound(headAgeS: number, periodS: number, requestTimeoutS: number): number {
  if (headAgeS <= periodS || requestTimeoutS <= 0) return 0;
  return Math.max(0, Math.floor(Math.log2((headAgeS - periodS) / requestTimeoutS + 1)));
}

/** Longest wait in seconds until the next round begins, once round `round` has begun. */
export function roundLengthS(round: number, requestTimeoutS: number): number {
  return requestTimeoutS * 2 ** round;
}

/**
 * Validators whose turn to propose passed without a block: in a block of round r whose proposer is at index i of the
 * sorted set, those at i-r … i-1 (modulo N), oldest first.
 */
export function skippedProposers(
  sorted: readonly string[],
  proposer: string,
  round: number,
): readonly string[] {
  const index = sorted.indexOf(proposer);
  if (index < 0 || round <= 0) return [];
  const count = Math.min(round, sorted.length);
  const skipped: string[] = [];
  for (let back = count; back >= 1; back -= 1) {
    const one = sorted[(((index - back) % sorted.length) + sorted.length) % sorted.length];
    if (one !== undefined) skipped.push(one);
  }
  return skipped;
}

/**
 * The proposer of round `round` after a parent proposed by `parentProposer` (Besu ProposerSelector): the validator after the
 * parent's proposer, one further each round. A parent proposer that has left the set is counted where it would stand.
 * @param parentProposer null for the first block, whose parent nobody proposed
 * @throws RangeError when the set is empty
 */
export function proposerOf(sorted: readonly string[], parentProposer: string | null, round: number): string {
  const before = parentProposer === null ? 0 : sorted.filter((one) => one <= parentProposer).length;
  const proposer = sorted[(before + round) % sorted.length];
  if (proposer === undefined) throw new RangeError('the validator set is empty');
  return proposer;
}
