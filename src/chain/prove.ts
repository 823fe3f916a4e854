import { decodeExtraData, ExtraDataError, type QbftExtraData } from './extra-data.ts';
import {
  BFT_MIX_HASH,
  blockHash,
  COVERED_FIELDS,
  commitHash,
  EMPTY_ROOT,
  type Header,
  HeaderError,
  NO_UNCLES,
  readHeader,
} from './header.ts';
import { quorumOf, skippedProposers } from './quorum.ts';
import { recoverSigner } from './recover.ts';

/**
 * `proven`: a quorum of the pinned set sealed this very block. `self-consistent`: sealed by a quorum of the set that the
 * block names itself, which proves nothing about who that is. `not-proven`: something does not hold, or this is another
 * consensus' block. `unreadable`: no block at all, or only part of one.
 */
export type ProofVerdict = 'proven' | 'self-consistent' | 'not-proven' | 'unreadable';

export interface ProofResult {
  readonly verdict: ProofVerdict;
  /** Why it is not proven; empty when it is. */
  readonly reasons: readonly string[];
  readonly number: string;
  readonly timestamp: string;
  readonly blockHash: string;
  readonly commitHash: string;
  readonly round: number;
  readonly proposer: string;
  /** The set counted against, sorted. */
  readonly validators: readonly string[];
  readonly committers: readonly string[];
  readonly missing: readonly string[];
  /** Validators whose turn to propose passed. */
  readonly skipped: readonly string[];
  readonly quorum: number;
  /** The validator list in the block is empty: the set comes from a contract. */
  readonly contractMode: boolean;
  readonly vote: QbftExtraData['vote'];
  /** Fields of the block object that are not in its header: neither hash nor seals say anything about them. */
  readonly uncovered: readonly string[];
}

/** A validator set fixed from outside. */
export interface ValidatorPin {
  readonly validators: readonly string[];
  /** First block that the set holds for; from the beginning when it is not given. */
  readonly fromBlock?: number | bigint;
}

const ADDRESS = /^0x[0-9a-f]{40}$/;

/**
 * Proves quorum from one block: recomputes block hash and commit hash, recovers each committed seal and counts
 * distinct committers against the pinned validator set. Never throws; pure.
 * (Besu BftBlockHashing, QbftExtraDataCodec, BftHelpers.)
 * @param block a block object as eth_getBlockByNumber(n, false) gives it
 * @param pin the validator set fixed from outside; null when nothing is pinned
 */
export function proveBlock(block: unknown, pin: ValidatorPin | null): ProofResult {
  let header: Header;
  try {
    header = readHeader(block);
  } catch (error) {
    if (error instanceof HeaderError)
      return nothing(error.incomplete ? 'unreadable' : 'not-proven', error.message);
    throw error;
  }
  let extra: QbftExtraData;
  try {
    extra = decodeExtraData(header.extraData);
  } catch (error) {
    if (!(error instanceof ExtraDataError)) throw error;
    return {
      ...nothing('not-proven', error.message),
      number: header.number.toString(),
      timestamp: header.timestamp.toString(),
      blockHash: header.claimedHash,
      proposer: header.miner,
    };
  }
  const reasons: string[] = [];
  const named = [...extra.validators].sort();
  const pinned = pin === null ? null : [...new Set(pin.validators.map((one) => one.toLowerCase()))].sort();
  const counted = pinned ?? named;
  checkConstants(header, reasons);
  checkBody(block, header, reasons);
  checkSets(named, pinned, reasons);
  if (pin?.fromBlock !== undefined && header.number < BigInt(pin.fromBlock))
    reasons.push(`the validator set is pinned from block ${pin.fromBlock} on, and this block is older`);
  const computed = blockHash(header, extra);
  if (computed !== header.claimedHash)
    reasons.push(
      'the block hash does not match the header: a field was changed, or this is not the block it claims to be',
    );
  if (header.number > 0n && counted.length > 0 && !counted.includes(header.miner))
    reasons.push(`the proposer ${header.miner} is not one of the validators`);
  const commit = commitHash(header, extra);
  const most = Math.max(counted.length, 1);
  if (extra.seals.length > most)
    reasons.push(`it carries ${extra.seals.length} seals, more than there are validators`);
  const { committers, strangers, bad } = recoverSeals(extra.seals.slice(0, most), commit, counted);
  if (bad > 0) reasons.push(`${bad} committed seal${bad > 1 ? 's are' : ' is'} not a valid signature`);
  if (strangers.length > 0)
    reasons.push(
      `sealed by ${strangers.length} address${strangers.length > 1 ? 'es' : ''} outside the validator set: ${strangers.join(', ')}`,
    );
  if (new Set(committers).size !== committers.length)
    reasons.push('the same validator sealed more than once');
  const distinct = [...new Set(committers)].sort();
  const quorum = quorumOf(Math.max(counted.length, 1));
  if (header.number === 0n)
    reasons.push('the genesis block carries no seals, so it proves nothing by itself');
  else if (counted.length === 0) reasons.push('the block names no validators and none are pinned');
  else if (distinct.length < quorum)
    reasons.push(`${distinct.length} of ${counted.length} validators sealed it; a quorum needs ${quorum}`);
  return {
    verdict: reasons.length > 0 ? 'not-proven' : pinned === null ? 'self-consistent' : 'proven',
    reasons,
    number: header.number.toString(),
    timestamp: header.timestamp.toString(),
    blockHash: header.claimedHash,
    commitHash: commit,
    round: extra.round,
    proposer: header.miner,
    validators: counted,
    committers: distinct,
    missing: counted.filter((one) => !distinct.includes(one)),
    skipped: skippedProposers(counted, header.miner, extra.round),
    quorum,
    contractMode: extra.validators.length === 0,
    vote: extra.vote,
    uncovered: uncoveredOf(block),
  };
}

/** The round in which a block was made, without looking at its seals; null when it is no QBFT block. */
export function roundOf(block: unknown): number | null {
  try {
    return decodeExtraData(readHeader(block).extraData).round;
  } catch (error) {
    if (error instanceof HeaderError || error instanceof ExtraDataError) return null;
    throw error;
  }
}

/** Which validators' turns passed before this block was made, by the set that it names; empty for round 0 or no QBFT block. */
export function skippedIn(block: unknown): readonly string[] {
  try {
    const header = readHeader(block);
    const { validators, round } = decodeExtraData(header.extraData);
    return skippedProposers([...validators].sort(), header.miner, round);
  } catch (error) {
    if (error instanceof HeaderError || error instanceof ExtraDataError) return [];
    throw error;
  }
}

function uncoveredOf(block: unknown): readonly string[] {
  return Object.keys(block as object)
    .filter((name) => !COVERED_FIELDS.has(name) && /^[A-Za-z]{1,40}$/.test(name))
    .sort()
    .slice(0, 40);
}

/** The lists beside the header are not hashed themselves, but must not contradict the roots that are. */
function checkBody(block: unknown, header: Header, reasons: string[]): void {
  const { uncles, transactions } = block as Record<string, unknown>;
  if (Array.isArray(uncles) && uncles.length > 0) reasons.push('it lists uncles, and a BFT block has none');
  if (Array.isArray(transactions) && (transactions.length === 0) !== (header.transactionsRoot === EMPTY_ROOT))
    reasons.push('the list of transactions does not fit the transactions root');
}

function checkConstants(header: Header, reasons: string[]): void {
  if (header.mixHash !== BFT_MIX_HASH) reasons.push('the mixHash is not that of a Besu BFT block');
  if (header.difficulty !== 1n) reasons.push('the difficulty is not 1');
  if (header.sha3Uncles !== NO_UNCLES) reasons.push('sha3Uncles is not that of an empty list');
  if (header.nonce !== '0x0000000000000000') reasons.push('the nonce is not zero');
}

function checkSets(named: readonly string[], pinned: readonly string[] | null, reasons: string[]): void {
  if (new Set(named).size !== named.length) reasons.push('the block names a validator twice');
  if (pinned === null) return;
  const malformed = pinned.filter((one) => !ADDRESS.test(one));
  if (malformed.length > 0) reasons.push(`a pinned validator is not an address: ${malformed.join(', ')}`);
  if (
    named.length > 0 &&
    (named.length !== pinned.length || named.some((one, index) => one !== pinned[index]))
  ) {
    const extra = named.filter((one) => !pinned.includes(one));
    const gone = pinned.filter((one) => !named.includes(one));
    const parts = [
      extra.length > 0 ? `names ${extra.join(', ')} besides` : '',
      gone.length > 0 ? `does not name ${gone.join(', ')}` : '',
    ];
    reasons.push(
      `the block's validator set differs from the pinned one: it ${parts.filter((part) => part !== '').join(' and ')}`,
    );
  }
}

function recoverSeals(
  seals: readonly string[],
  digest: string,
  counted: readonly string[],
): { committers: string[]; strangers: string[]; bad: number } {
  const committers: string[] = [];
  const strangers: string[] = [];
  let bad = 0;
  for (const seal of seals) {
    const address = recoverSeal(seal, digest);
    if (address === null) bad += 1;
    else if (counted.includes(address)) committers.push(address);
    else strangers.push(address);
  }
  return { committers, strangers, bad };
}

/** Recovers the signer of one committed seal (r|s|v, v 0 or 1), or null when it is not a signature. */
function recoverSeal(seal: string, digest: string): string | null {
  const v = Number.parseInt(seal.slice(130), 16);
  if (v !== 0 && v !== 1) return null;
  return recoverSigner(digest, seal.slice(0, 130), v);
}

function nothing(verdict: 'unreadable' | 'not-proven', reason: string): ProofResult {
  return {
    verdict,
    reasons: [reason],
    number: '0',
    timestamp: '0',
    blockHash: '',
    commitHash: '',
    round: 0,
    proposer: '',
    validators: [],
    committers: [],
    missing: [],
    skipped: [],
    quorum: 0,
    contractMode: false,
    vote: null,
    uncovered: [],
  };
}
