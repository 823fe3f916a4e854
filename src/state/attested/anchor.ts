import { headerRlp, rawTransaction, TransactionError, trieProof, trieRoot } from '../../chain/index.ts';
import type { AnchorFile } from '../../evidence/outside/anchor.ts';
import {
  AnchorError,
  type AnchorTransaction,
  readAnchorTransaction,
} from '../../evidence/record/anchor-tx.ts';
import { EVIDENCE_CHAIN_ID } from '../../evidence/record/typed-data.ts';
import type { Hex } from '../../model/index.ts';
import { type AnchorCall, NodeError } from './anchor-rpc.ts';

const QUANTITY = /^0x(0|[1-9a-f][0-9a-f]{0,63})$/;
/** Milliseconds between two looks for a transaction that waits. */
const LOOK_MS = 500;

function quantity(value: unknown, what: string): bigint {
  if (typeof value !== 'string' || !QUANTITY.test(value)) throw new NodeError(`the node gave no ${what}`);
  return BigInt(value);
}

/**
 * What the next transaction of an account needs.
 * @throws NodeError, also for a node of another chain
 */
export async function anchorTerms(
  call: AnchorCall,
  from: Hex,
): Promise<{ readonly nonce: number; readonly gasPrice: string }> {
  const chainId = quantity(await call('eth_chainId', []), 'chain id');
  if (chainId !== BigInt(EVIDENCE_CHAIN_ID))
    throw new NodeError(`the node is of chain ${chainId}, not of ${EVIDENCE_CHAIN_ID}; nothing was sent`);
  const nonce = quantity(await call('eth_getTransactionCount', [from, 'pending']), 'transaction count');
  const gasPrice = quantity(await call('eth_gasPrice', []), 'gas price');
  return { nonce: Number(nonce), gasPrice: gasPrice.toString() };
}

/** @throws NodeError when the node does not take it */
export async function sendAnchor(call: AnchorCall, raw: string): Promise<AnchorTransaction> {
  const tx = readAnchorTransaction(raw);
  const hash = await call('eth_sendRawTransaction', [raw]);
  if (hash !== tx.hash) throw new NodeError('the node gave another hash for the transaction than it has');
  return tx;
}

/**
 * Waits until a transaction is in a block, and makes the proof from that block. Nothing that the node says is believed: whoever reads
 * the file recomputes all of it.
 * @param untilMs when to give up, milliseconds since the epoch
 * @returns null when it is in no block yet
 * @throws NodeError, AnchorError
 */
export async function anchorProof(
  call: AnchorCall,
  hash: string,
  session: Hex,
  untilMs: number,
): Promise<AnchorFile | null> {
  for (;;) {
    const receipt = (await call('eth_getTransactionReceipt', [hash])) as { blockNumber?: unknown } | null;
    if (receipt !== null)
      return proofFrom(call, hash, session, quantity(receipt.blockNumber, 'block number'));
    if (Date.now() >= untilMs) return null;
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
}

async function proofFrom(call: AnchorCall, hash: string, session: Hex, number: bigint): Promise<AnchorFile> {
  const block = await call('eth_getBlockByNumber', [`0x${number.toString(16)}`, true]);
  const { transactions, transactionsRoot } = (block ?? {}) as {
    transactions?: unknown;
    transactionsRoot?: unknown;
  };
  if (!Array.isArray(transactions)) throw new NodeError(`the node does not give block ${number}`);
  const index = transactions.findIndex((one: { hash?: unknown } | null) => one?.hash === hash);
  if (index < 0) throw new NodeError(`block ${number} does not hold the transaction`);
  try {
    const raws = transactions.map(rawTransaction);
    if (trieRoot(raws) !== transactionsRoot)
      throw new AnchorError(
        `the transactions that the node gives for block ${number} are not those of its header`,
      );
    return {
      format: 'c138-anchor',
      v: 1,
      session,
      tx: raws[index] ?? '',
      index,
      proof: trieProof(raws, index),
      header: headerRlp(block),
    };
  } catch (error) {
    if (error instanceof TransactionError) throw new AnchorError(error.message);
    throw error;
  }
}
