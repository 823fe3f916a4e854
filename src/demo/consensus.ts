import { randomBytes } from 'node:crypto';
import { computeAddress } from 'ethers';
import { type BlockJson, buildGenesisBlock, buildSealedBlock, proposerOf, quorumOf } from '../chain/index.ts';

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

/**
 * A QBFT chain that really proposes and seals. Blocks come only while a quorum of validators is up;
 * each validator that is down costs a round when its turn comes.
 */
export class Consensus {
  readonly validators: readonly Validator[];
  readonly #blocks: BlockJson[];
  readonly #periodS: number;
  readonly #isUp: (validator: Validator, index: number) => boolean;

  constructor(options: {
    readonly validators: readonly Validator[];
    readonly blocks: readonly BlockJson[];
    readonly periodS: number;
    readonly isUp: (validator: Validator, index: number) => boolean;
  }) {
    this.validators = options.validators;
    this.#blocks = [...options.blocks];
    this.#periodS = options.periodS;
    this.#isUp = options.isUp;
  }

  /** A fresh chain: genesis and `count` blocks up to the second `until`. */
  static start(options: {
    readonly validators: readonly Validator[];
    readonly count: number;
    readonly until: number;
    readonly periodS: number;
    readonly isUp: (validator: Validator, index: number) => boolean;
  }): Consensus {
    const { validators, count, until, periodS, isUp } = options;
    const genesis = buildGenesisBlock(
      validators.map((one) => one.address),
      until - (count + 1) * periodS,
    );
    const chain = new Consensus({ validators, blocks: [genesis], periodS, isUp });
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
    return new Consensus({ validators: this.validators, blocks: this.#blocks, periodS: this.#periodS, isUp });
  }

  /**
   * Proposes and seals the next block, if a quorum is up.
   * @param timestamp seconds since the Unix epoch
   * @param stateRoot where two futures must differ
   */
  produce(timestamp: number, stateRoot?: string): BlockJson | null {
    const up = this.validators.filter((one, index) => this.#isUp(one, index));
    const quorum = quorumOf(this.validators.length);
    if (up.length < quorum) return null;
    const parent = this.head;
    const sorted = this.validators.map((one) => one.address);
    const parentProposer = this.height === 0 ? null : parent.miner;
    let round = 0;
    let proposer = proposerOf(sorted, parentProposer, 0);
    while (!up.some((one) => one.address === proposer)) {
      round += 1;
      proposer = proposerOf(sorted, parentProposer, round);
    }
    const number = this.height + 1;
    // A node imports as soon as a quorum of seals is there, so the others are normally absent.
    const offset = number % up.length;
    const sealers = Array.from({ length: quorum }, (_, index) => up[(offset + index) % up.length]?.key ?? '');
    const block = buildSealedBlock({
      number,
      parentHash: parent.hash,
      timestamp: Math.max(timestamp, Number(BigInt(parent.timestamp)) + 1),
      validators: sorted,
      round,
      proposer,
      sealers,
      ...(stateRoot === undefined ? {} : { fields: { stateRoot } }),
    });
    this.#blocks.push(block);
    return block;
  }
}
