import { SigningKey } from 'ethers';
import { encodeExtraData, type QbftExtraData } from './extra-data.ts';
import { BFT_MIX_HASH, blockHash, commitHash, EMPTY_ROOT, NO_UNCLES, readHeader } from './header.ts';

const ZERO_HASH = `0x${'0'.repeat(64)}`;

/** A block as eth_getBlockByNumber(n, false) gives it. */
export interface BlockJson {
  readonly [field: string]: string | readonly string[];
  readonly number: string;
  readonly hash: string;
  readonly parentHash: string;
  readonly timestamp: string;
  readonly miner: string;
  readonly extraData: string;
}

export interface BlockPlan {
  readonly number: number;
  readonly parentHash: string;
  /** Seconds since the Unix epoch. */
  readonly timestamp: number;
  /** Sorted, lower case; empty where a contract selects the validators. */
  readonly validators: readonly string[];
  readonly vote?: QbftExtraData['vote'];
  readonly round: number;
  readonly proposer: string;
  /** Private keys (32 bytes of hex) of the validators whose commit seals the block carries. */
  readonly sealers: readonly string[];
  /** Header fields that differ from an empty London block, for example `stateRoot` or later forks' fields. */
  readonly fields?: Readonly<Record<string, string | readonly string[]>>;
}

/**
 * Builds a QBFT block with its real hash and committed seals, in Besu's JSON shape.
 * Used by the simulated estate and by tests; c138 itself never proposes anything to a chain.
 */
export function buildSealedBlock(plan: BlockPlan): BlockJson {
  const extra: QbftExtraData = {
    vanity: ZERO_HASH,
    validators: plan.validators,
    vote: plan.vote ?? null,
    round: plan.round,
    seals: [],
  };
  const unsealed = shape(plan, encodeExtraData(extra));
  const digest = commitHash(readHeader(unsealed), extra);
  const seals = plan.sealers.map((key) => {
    const signature = new SigningKey(key).sign(digest);
    return `${signature.r}${signature.s.slice(2)}0${signature.yParity}`;
  });
  const sealed = { ...unsealed, extraData: encodeExtraData({ ...extra, seals }) };
  return { ...sealed, hash: blockHash(readHeader(sealed), { ...extra, seals }) };
}

/** Builds the genesis block of a QBFT chain; it carries its validators and no seals. */
export function buildGenesisBlock(
  validators: readonly string[],
  timestamp = 0,
  fields?: Readonly<Record<string, string>>,
): BlockJson {
  const extra: QbftExtraData = { vanity: ZERO_HASH, validators, vote: null, round: 0, seals: [] };
  const block = shape(
    {
      number: 0,
      parentHash: ZERO_HASH,
      timestamp,
      validators,
      round: 0,
      proposer: `0x${'0'.repeat(40)}`,
      sealers: [],
      ...(fields === undefined ? {} : { fields }),
    },
    encodeExtraData(extra),
  );
  return { ...block, hash: blockHash(readHeader(block), extra) };
}

function shape(plan: BlockPlan, extraData: string): BlockJson {
  return {
    number: `0x${plan.number.toString(16)}`,
    hash: ZERO_HASH,
    mixHash: BFT_MIX_HASH,
    parentHash: plan.parentHash,
    nonce: '0x0000000000000000',
    sha3Uncles: NO_UNCLES,
    logsBloom: `0x${'0'.repeat(512)}`,
    transactionsRoot: EMPTY_ROOT,
    stateRoot: EMPTY_ROOT,
    receiptsRoot: EMPTY_ROOT,
    miner: plan.proposer,
    difficulty: '0x1',
    totalDifficulty: `0x${(plan.number + 1).toString(16)}`,
    extraData,
    baseFeePerGas: '0x0',
    size: '0x3dc',
    gasLimit: '0x1fffffffffffff',
    gasUsed: '0x0',
    timestamp: `0x${plan.timestamp.toString(16)}`,
    uncles: [],
    transactions: [],
    ...plan.fields,
  };
}
