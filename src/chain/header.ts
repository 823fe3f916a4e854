import { decodeRlp, encodeRlp, keccak256 } from 'ethers';
import { decodeExtraData, encodeExtraData, type QbftExtraData, toMinimalHex } from './extra-data.ts';

/** The mixHash of every BFT block of Besu ("ctic byzantine fault tolerance"). */
export const BFT_MIX_HASH = '0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365';

/** A block that cannot be read as a header: says which field is wrong. */
export class HeaderError extends Error {
  override readonly name = 'HeaderError';
  /** True when this is no block at all, or part of one; false when a field holds what no block holds. */
  readonly incomplete: boolean;

  constructor(message: string, incomplete = false) {
    super(message);
    this.incomplete = incomplete;
  }
}

/** keccak256 of the RLP of an empty list: no uncles. */
export const NO_UNCLES = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347';
/** Root of an empty trie: no transactions, no receipts. */
export const EMPTY_ROOT = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';

type FieldKind = 'hash' | 'address' | 'bloom' | 'quantity' | 'nonce' | 'bytes';

/** Header fields in RLP order; those after `nonce` exist from the fork that introduced them. */
const FIELDS: readonly (readonly [name: string, kind: FieldKind, optional: boolean])[] = [
  ['parentHash', 'hash', false],
  ['sha3Uncles', 'hash', false],
  ['miner', 'address', false],
  ['stateRoot', 'hash', false],
  ['transactionsRoot', 'hash', false],
  ['receiptsRoot', 'hash', false],
  ['logsBloom', 'bloom', false],
  ['difficulty', 'quantity', false],
  ['number', 'quantity', false],
  ['gasLimit', 'quantity', false],
  ['gasUsed', 'quantity', false],
  ['timestamp', 'quantity', false],
  ['extraData', 'bytes', false],
  ['mixHash', 'hash', false],
  ['nonce', 'nonce', false],
  ['baseFeePerGas', 'quantity', true],
  ['withdrawalsRoot', 'hash', true],
  ['blobGasUsed', 'quantity', true],
  ['excessBlobGas', 'quantity', true],
  ['parentBeaconBlockRoot', 'hash', true],
  ['requestsHash', 'hash', true],
];

/** Fields of a block that its hash is made of, and the hash itself. */
export const COVERED_FIELDS: ReadonlySet<string> = new Set(['hash', ...FIELDS.map(([name]) => name)]);

const LENGTH: Partial<Record<FieldKind, number>> = { hash: 32, address: 20, bloom: 256, nonce: 8 };
const QUANTITY = /^0x(?:0|[1-9a-f][0-9a-f]*)$/;
const BYTES = /^0x(?:[0-9a-f]{2})*$/;

/** A header as its RLP items in order, with `extraData` apart so that it can be replaced. */
export interface Header {
  readonly items: readonly string[];
  readonly extraIndex: number;
  readonly number: bigint;
  /** Seconds since the Unix epoch. */
  readonly timestamp: bigint;
  readonly miner: string;
  readonly sha3Uncles: string;
  readonly transactionsRoot: string;
  readonly extraData: string;
  readonly mixHash: string;
  readonly difficulty: bigint;
  readonly nonce: string;
  /** The hash the block gives for itself. */
  readonly claimedHash: string;
}

/**
 * Reads the header out of a block as `eth_getBlockByNumber` gives it.
 * Hexadecimal is taken in either letter case and held in lower case.
 * @throws HeaderError naming the field
 */
export function readHeader(block: unknown): Header {
  if (block === null || typeof block !== 'object' || Array.isArray(block))
    throw new HeaderError('this is not a block object', true);
  const source = block as Record<string, unknown>;
  const items: string[] = [];
  const values = new Map<string, string>();
  let missing: string | null = null;
  for (const [name, kind, optional] of FIELDS) {
    const raw = source[name];
    if (raw === undefined || raw === null) {
      if (!optional) throw new HeaderError(`the field ${name} is missing`, true);
      missing ??= name;
      continue;
    }
    if (missing !== null)
      throw new HeaderError(`the field ${missing} is missing, though the later field ${name} is there`);
    const value = checkField(name, kind, raw);
    values.set(name, value);
    items.push(kind === 'quantity' ? toMinimalHex(BigInt(value)) : value);
  }
  if (source.hash === undefined || source.hash === null)
    throw new HeaderError('the field hash is missing', true);
  const claimed = checkField('hash', 'hash', source.hash);
  const get = (name: string): string => values.get(name) ?? '0x';
  return {
    items,
    extraIndex: FIELDS.findIndex(([name]) => name === 'extraData'),
    number: BigInt(get('number')),
    timestamp: BigInt(get('timestamp')),
    miner: get('miner'),
    sha3Uncles: get('sha3Uncles'),
    transactionsRoot: get('transactionsRoot'),
    extraData: get('extraData'),
    mixHash: get('mixHash'),
    difficulty: BigInt(get('difficulty')),
    nonce: get('nonce'),
    claimedHash: claimed,
  };
}

/**
 * The header as RLP, with its seals, in lower-case hexadecimal: all that a proof needs of a block.
 * @throws HeaderError naming the field
 */
export function headerRlp(block: unknown): string {
  return encodeRlp([...readHeader(block).items]);
}

/**
 * A block object with the header's fields only, from its RLP; `hash` is computed, so it says nothing by itself.
 * @throws HeaderError
 */
export function blockOfRlp(rlp: string): Readonly<Record<string, string>> {
  let items: unknown;
  try {
    items = decodeRlp(rlp);
    if (encodeRlp(items as string[]) !== rlp) throw new Error('another spelling');
  } catch {
    throw new HeaderError('the header is not RLP in its one spelling');
  }
  if (!Array.isArray(items) || items.length > FIELDS.length)
    throw new HeaderError('the header is not a list of header fields');
  const block: Record<string, string> = { hash: `0x${'0'.repeat(64)}` };
  FIELDS.forEach(([name, kind], index) => {
    const item: unknown = items[index];
    if (item === undefined) return;
    if (typeof item !== 'string') throw new HeaderError(`the field ${name} is not bytes`);
    if (kind === 'quantity' && item.startsWith('0x00'))
      throw new HeaderError(`the field ${name} is a number with leading zeros`);
    block[name] = kind === 'quantity' ? `0x${BigInt(item === '0x' ? 0 : item).toString(16)}` : item;
  });
  const header = readHeader(block);
  return { ...block, hash: blockHash(header, decodeExtraData(header.extraData)) };
}

function checkField(name: string, kind: FieldKind, raw: unknown): string {
  if (typeof raw !== 'string') throw new HeaderError(`the field ${name} is not a hexadecimal string`);
  if (raw.length > 200_000) throw new HeaderError(`the field ${name} is too long`);
  const value = raw.toLowerCase();
  const pattern = kind === 'quantity' ? QUANTITY : BYTES;
  if (!pattern.test(value)) throw new HeaderError(`the field ${name} is not a ${kind}`);
  const length = LENGTH[kind];
  if (length !== undefined && value.length !== 2 + 2 * length)
    throw new HeaderError(`the field ${name} is not ${length} bytes long`);
  if (kind === 'quantity' && value.length > 2 + 64) throw new HeaderError(`the field ${name} is too large`);
  return value;
}

function hashWith(header: Header, extraData: string): string {
  const items = [...header.items];
  items[header.extraIndex] = extraData;
  return keccak256(encodeRlp(items));
}

/** The block hash: round 0 and no seals in extraData; the genesis block is hashed as it stands. */
export function blockHash(header: Header, extra: QbftExtraData): string {
  if (header.number === 0n) return hashWith(header, header.extraData);
  return hashWith(header, encodeExtraData({ ...extra, round: 0, seals: [] }));
}

/** The hash the validators sign when they commit: the real round, no seals. */
export function commitHash(header: Header, extra: QbftExtraData): string {
  return hashWith(header, encodeExtraData({ ...extra, seals: [] }));
}
