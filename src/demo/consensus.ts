import { randomBytes } from 'node:crypto';
import { computeAddress } from 'ethers';
import {
  type BlockJson,
  type BlockPlan,
  buildGenesisBlock,
  buildSealedBlock,
  decodeExtraData,
  proposerOf,
  quorumOf,
} from '../chain/index.ts';

export interface Validator {
  readonly key: string;
  readonly address: string;
}

/** Makes validators with fresh test keys, sorted by address as QBFT sorts them. */
export function makeValidators(count: number): Validator[] {
  return Array.from({ length: count }, () => {
    const key = `0x${randomBytes(32).toString('hex')}`;
    return { key, address: computeAddress(key).toLowerCase() };
  }).sort((a, b) => (a.address < b.address ? -1 : 1));
}

/** How a chain differs from the plainest one. */
export interface ConsensusOptions {
  readonly validators: readonly Validator[];
  readonly periodS: number;
  readonly isUp: (validator: Validator, index: number) => boolean;
  /** A contract selects the validators: blocks name none. */
  readonly contract?: boolean;
  /** What a validator votes for in each block that it proposes. */
  readonly voteOf?: (proposer: Validator, index: number) => BlockPlan['vote'];
}

/**
 * A QBFT chain that really proposes and seals. Blocks come only while a quorum of validators is up;
 * each validator that is down costs a round when its turn comes.
 */
export class Consensus {
  readonly validators: readonly Validator[];
  readonly #blocks: BlockJson[];
  readonly #options: ConsensusOptions;

  constructor(options: ConsensusOptions, blocks: readonly BlockJson[]) {
    this.validators = options.validators;
    this.#options = options;
    this.#blocks = [...blocks];
  }

  /** A fresh chain: genesis and `count` blocks up to the second `until`. */
  static start(options: ConsensusOptions & { readonly count: number; readonly until: number }): Consensus {
    const { validators, count, until, periodS, contract = false } = options;
    const named = contract ? [] : validators.map((one) => one.address);
    const genesis = buildGenesisBlock(named, until - (count + 1) * periodS);
    const chain = new Consensus(options, [genesis]);
    for (let index = count; index >= 1; index -= 1) chain.produce(until - (index - 1) * periodS);
    return chain;
  }

  get head(): BlockJson {
    const head = this.#blocks.at(-1);
    if (head === undefined) throw new RangeError('the chain has no genesis block');
    return head;
  }

  get height(): number {
    return this.#blocks.length - 1;
  }

  block(number: number): BlockJson | null {
    return this.#blocks[number] ?? null;
  }

  byHash(hash: string): BlockJson | null {
    return this.#blocks.findLast((block) => block.hash === hash) ?? null;
  }

  /** The same history with a future of its own. */
  fork(isUp: (validator: Validator, index: number) => boolean): Consensus {
    return new Consensus({ ...this.#options, isUp }, this.#blocks);
  }

  /**
   * Proposes and seals the next block, if a quorum is up.
   * @param timestamp seconds since the Unix epoch
   * @param more a state root where two futures must differ; the least round where the rounds before it failed for everybody; header
   *   fields that follow from the block's transactions
   */
  produce(
    timestamp: number,
    more: {
      readonly stateRoot?: string;
      readonly round?: number;
      readonly fields?: BlockPlan['fields'];
    } = {},
  ): BlockJson | null {
    const { isUp, contract = false, voteOf } = this.#options;
    const up = this.validators.filter((one, index) => isUp(one, index));
    const quorum = quorumOf(this.validators.length);
    if (up.length < quorum) return null;
    const parent = this.head;
    const sorted = this.validators.map((one) => one.address);
    const parentProposer = this.height === 0 ? null : parent.miner;
    let round = more.round ?? 0;
    let proposer = proposerOf(sorted, parentProposer, round);
    while (!up.some((one) => one.address === proposer)) {
      round += 1;
      proposer = proposerOf(sorted, parentProposer, round);
    }
    const number = this.height + 1;
    const index = sorted.indexOf(proposer);
    const own = this.validators[index];
    const vote = own === undefined ? undefined : voteOf?.(own, index);
    const block = buildSealedBlock({
      number,
      parentHash: parent.hash,
      timestamp: Math.max(timestamp, Number(BigInt(parent.timestamp)) + 1),
      validators: contract ? [] : sorted,
      round,
      proposer,
      sealers: this.#sealers(up, number, 0),
      ...(vote === undefined ? {} : { vote }),
      fields: { ...more.fields, ...(more.stateRoot === undefined ? {} : { stateRoot: more.stateRoot }) },
    });
    this.#blocks.push(block);
    return block;
  }

  /** The same block with the seals of another quorum, as another node may have stored it: the same hash. */
  resealed(number: number): BlockJson | null {
    const block = this.block(number);
    if (block === null || number === 0) return block;
    const extra = decodeExtraData(block.extraData);
    const { extraData: _extra, hash: _hash, ...rest } = block;
    return buildSealedBlock({
      number,
      parentHash: block.parentHash,
      timestamp: Number(BigInt(block.timestamp)),
      validators: extra.validators,
      round: extra.round,
      proposer: block.miner,
      vote: extra.vote,
      sealers: this.#sealers(this.validators, number, 1),
      fields: rest as BlockPlan['fields'] & object,
    });
  }

  /** A node imports as soon as a quorum of seals is there, so the others are normally absent. */
  #sealers(up: readonly Validator[], number: number, shift: number): readonly string[] {
    const quorum = quorumOf(this.validators.length);
    const offset = (number + shift) % up.length;
    return Array.from({ length: quorum }, (_, index) => up[(offset + index) % up.length]?.key ?? '');
  }
}
