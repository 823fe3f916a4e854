import { Transaction } from 'ethers/transaction';
import type { Hex } from '../../model/json.ts';
import { EVIDENCE_CHAIN_ID } from './typed-data.ts';

/** A transaction that is no anchor of a seal; the message says why. */
export class AnchorError extends Error {
  override readonly name = 'AnchorError';
}

/** First bytes of the data of every anchor. */
export const ANCHOR_MARK = '0xdbe1';
/** Gas that an anchor may use: 21,000 and 34 bytes of data, with the floor price of EIP-7623 and room to spare. */
export const ANCHOR_GAS = 30_000;

/** What an operator decides by anchoring: everything else of the transaction follows. */
export interface AnchorPlan {
  readonly from: Hex;
  readonly nonce: number;
  /** Wei for each unit of gas. */
  readonly gasPrice: string;
  /** SHA-256 of the seal's line. */
  readonly sealSha256: Hex;
}

/**
 * The one transaction that c138 can send: nothing to oneself, with the digest of a seal as data. A legacy transaction bound to
 * chain 138 (EIP-155), which every Besu takes, with free gas or without. docs/evidence-format.md section 7c.
 */
export function anchorTransaction(plan: AnchorPlan): Transaction {
  return Transaction.from({
    type: 0,
    chainId: EVIDENCE_CHAIN_ID,
    to: plan.from,
    nonce: plan.nonce,
    gasPrice: BigInt(plan.gasPrice),
    gasLimit: ANCHOR_GAS,
    value: 0,
    data: ANCHOR_MARK + plan.sealSha256.slice(2),
  });
}

/** A signed anchor transaction, read back. */
export interface AnchorTransaction {
  readonly from: Hex;
  readonly hash: Hex;
  readonly sealSha256: Hex;
}

/**
 * Reads a signed transaction and makes sure that it is an anchor in its one spelling.
 * @param raw lower-case hexadecimal with `0x`
 * @throws AnchorError
 */
export function readAnchorTransaction(raw: string): AnchorTransaction {
  let tx: Transaction;
  let from: Hex | undefined;
  try {
    tx = Transaction.from(raw);
    // Recovers the sender, which no signature of nobody does.
    from = tx.from?.toLowerCase() as Hex | undefined;
    if (tx.serialized !== raw) throw new AnchorError('another spelling');
  } catch {
    throw new AnchorError('the transaction is not a signed transaction in its one spelling');
  }
  if (tx.type !== 0 || tx.chainId !== BigInt(EVIDENCE_CHAIN_ID))
    throw new AnchorError(`the transaction is not one for chain ${EVIDENCE_CHAIN_ID}`);
  if (from === undefined || tx.to?.toLowerCase() !== from || tx.value !== 0n)
    throw new AnchorError('the transaction does more than an anchor does: it is not nothing to oneself');
  if (tx.data.length !== 2 + 2 * 34 || !tx.data.startsWith(ANCHOR_MARK))
    throw new AnchorError('the data of the transaction is not the digest of a seal');
  return { from, hash: tx.hash as Hex, sealSha256: `0x${tx.data.slice(ANCHOR_MARK.length)}` };
}
