import { Signature, Transaction, type TransactionLike } from 'ethers';

/** A transaction that cannot be written out as it was signed; the message says which and why. */
export class TransactionError extends Error {
  override readonly name = 'TransactionError';
}

const HASH = /^0x[0-9a-f]{64}$/;

/**
 * The signed bytes of a transaction from its JSON form in a block (`eth_getBlockByNumber` with full transactions), so that the trie
 * of a block can be rebuilt without any method that nodes do not offer by default. Its hash is recomputed and must agree.
 * @returns lower-case hexadecimal with `0x`
 * @throws TransactionError
 */
export function rawTransaction(json: unknown): string {
  const source = (json ?? {}) as Record<string, unknown>;
  const hash = typeof source.hash === 'string' && HASH.test(source.hash) ? source.hash : null;
  if (hash === null) throw new TransactionError('a transaction in the block has no hash');
  try {
    const tx = Transaction.from(fieldsOf(source));
    if (tx.hash === hash) return tx.serialized;
  } catch {
    // Told below, together with what does not hash to what it says.
  }
  throw new TransactionError(
    `the transaction ${hash} (type ${String(source.type ?? '0x0').slice(0, 10)}) can not be written out as it was signed`,
  );
}

function fieldsOf(source: Record<string, unknown>): TransactionLike<string> {
  const type = Number(source.type ?? 0);
  const { r, s } = source as { r: string; s: string };
  const v = String(source.yParity ?? source.v);
  const signature = Signature.from({ r: wide(r), s: wide(s), v: type === 0 ? String(source.v) : v });
  const fees =
    type >= 2
      ? { maxFeePerGas: source.maxFeePerGas, maxPriorityFeePerGas: source.maxPriorityFeePerGas }
      : { gasPrice: source.gasPrice };
  const more: Record<string, unknown> = {
    ...fees,
    ...(type >= 1 ? { accessList: source.accessList ?? [] } : {}),
    ...(type === 3
      ? { maxFeePerBlobGas: source.maxFeePerBlobGas, blobVersionedHashes: source.blobVersionedHashes }
      : {}),
    ...(type === 4 ? { authorizationList: source.authorizationList } : {}),
  };
  return {
    type,
    chainId: type === 0 ? (signature.legacyChainId ?? 0) : String(source.chainId),
    to: (source.to as string | null) ?? null,
    nonce: Number(source.nonce),
    gasLimit: String(source.gas),
    value: String(source.value),
    data: String(source.input ?? source.data),
    signature,
    ...more,
  };
}

/** Quantities drop leading zeros; a signature needs its 32 bytes. */
function wide(quantity: string): string {
  return `0x${quantity.slice(2).padStart(64, '0')}`;
}
