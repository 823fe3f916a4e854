import { encodeRlp, Transaction } from 'ethers';
import { trieRoot } from '../chain/index.ts';

/** A transaction that the simulated node does not take, with Besu's code and words. */
export class RefusedTransaction extends Error {
  override readonly name = 'RefusedTransaction';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const hex = (value: number | bigint): string => `0x${value.toString(16)}`;
const NO_BLOOM = `0x${'0'.repeat(512)}`;

/** Transactions of the simulated chain: those that wait, and those in each block. Nothing is executed; nonces are kept. */
export class Transactions {
  readonly #chainId: number;
  #waiting: Transaction[] = [];
  readonly #inBlock = new Map<number, readonly Transaction[]>();
  readonly #nonces = new Map<string, number>();

  constructor(chainId: number) {
    this.#chainId = chainId;
  }

  /** @returns its hash @throws RefusedTransaction */
  send(raw: unknown): string {
    let tx: Transaction;
    try {
      tx = Transaction.from(String(raw));
      if (tx.from === null) throw new TypeError('not signed');
    } catch {
      throw new RefusedTransaction(-32602, 'Invalid transaction params (parsing error)');
    }
    if (tx.chainId !== BigInt(this.#chainId))
      throw new RefusedTransaction(-32000, 'Wrong chainId in transaction signature');
    const expected = this.nonceOf(tx.from);
    if (tx.nonce < expected) throw new RefusedTransaction(-32001, 'Nonce too low');
    if (tx.nonce > expected)
      throw new RefusedTransaction(-32006, 'Transaction nonce is too distant from current sender nonce');
    this.#nonces.set(tx.from.toLowerCase(), expected + 1);
    this.#waiting.push(tx);
    return tx.hash ?? '';
  }

  /** What the next transaction of this account is to be numbered, those that wait counted. */
  nonceOf(address: unknown): number {
    return this.#nonces.get(String(address).toLowerCase()) ?? 0;
  }

  /** Takes everything that waits into a block, and gives the header fields that follow. */
  takeInto(number: number): Readonly<Record<string, string | readonly string[]>> {
    const taken = this.#waiting;
    if (taken.length === 0) return {};
    this.#waiting = [];
    this.#inBlock.set(number, taken);
    const receipts = taken.map((_tx, index) =>
      encodeRlp(['0x01', hexBytes(21_600 * (index + 1)), NO_BLOOM, []]),
    );
    return {
      transactionsRoot: trieRoot(taken.map((tx) => tx.serialized)),
      receiptsRoot: trieRoot(receipts),
      gasUsed: hex(21_600 * taken.length),
      transactions: taken.map((tx) => tx.hash ?? ''),
    };
  }

  /** The transactions of a block as objects, as eth_getBlockByNumber gives them in full. */
  inBlock(number: number, blockHash: string): readonly object[] {
    return (this.#inBlock.get(number) ?? []).map((tx, index) => ({
      blockHash,
      blockNumber: hex(number),
      chainId: hex(tx.chainId),
      from: tx.from?.toLowerCase(),
      gas: hex(tx.gasLimit),
      gasPrice: hex(tx.gasPrice ?? 0n),
      hash: tx.hash,
      input: tx.data,
      nonce: hex(tx.nonce),
      to: tx.to?.toLowerCase() ?? null,
      transactionIndex: hex(index),
      type: hex(tx.type ?? 0),
      value: hex(tx.value),
      r: minimalHex(tx.signature?.r),
      s: minimalHex(tx.signature?.s),
      v: hex(tx.signature?.networkV ?? 27n),
    }));
  }

  /** Where a transaction stands; null while it waits, or is not known. */
  placeOf(hash: unknown): { readonly number: number; readonly index: number } | null {
    for (const [number, list] of this.#inBlock) {
      const index = list.findIndex((tx) => tx.hash === hash);
      if (index >= 0) return { number, index };
    }
    return null;
  }
}

function hexBytes(value: number): string {
  const text = value.toString(16);
  return `0x${text.length % 2 === 0 ? '' : '0'}${text}`;
}

/** Quantities have no leading zeros. */
function minimalHex(value: string | undefined): string {
  return hex(BigInt(value ?? 0));
}
