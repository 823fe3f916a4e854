import {
  blockOfRlp,
  ExtraDataError,
  HeaderError,
  type ProofResult,
  proveBlock,
  TrieError,
  type ValidatorPin,
  valueByProof,
} from '../../chain/index.ts';
import type { Hex } from '../../model/json.ts';
import { AnchorError, type AnchorTransaction, readAnchorTransaction } from '../record/anchor-tx.ts';
import { CanonicalError, canonicalBytes, parseCanonical } from '../record/canonical.ts';
import { exactly, hash, integer, list, oneOf, pattern, RecordError } from '../record/record-check.ts';

/**
 * The proof that a seal was on Chain 138 by some block: `anchor-<transaction hash>.json` beside the journal.
 * docs/evidence-format.md section 7c.
 */
export interface AnchorFile {
  readonly format: 'c138-anchor';
  readonly v: 1;
  readonly session: Hex;
  /** The signed transaction. */
  readonly tx: string;
  /** Its place in the block. */
  readonly index: number;
  /** Nodes of the trie of the block's transactions, root first. */
  readonly proof: readonly string[];
  /** The header with its committed seals, RLP. */
  readonly header: string;
}

const bytes = (max: number) => pattern(new RegExp(`^0x(?:[0-9a-f]{2}){1,${max}}$`), 'lower-case hexadecimal');

const anchorSchema = exactly({
  format: oneOf(['c138-anchor']),
  v: oneOf([1]),
  session: hash,
  tx: bytes(1_000),
  index: integer(0, 1_000_000),
  // A node of a trie holds at most 16 hashes, or the transaction itself.
  proof: list(bytes(20_000), 20),
  header: bytes(60_000),
});

export function anchorName(tx: AnchorTransaction): string {
  return `anchor-${tx.hash.slice(2)}.json`;
}

export function anchorBytes(file: AnchorFile): Uint8Array {
  return canonicalBytes(file);
}

/** What an anchor that holds shows. */
export interface Anchored {
  readonly by: AnchorTransaction;
  readonly block: ProofResult;
  /** Time of the block, by its validators. */
  readonly at: string;
}

/**
 * Checks everything of an anchor but who its validators are: its form, the seal, the transaction, its place in the block, the
 * block's hash and seals. The caller looks at `block.verdict`: `proven` only against a pinned set.
 * @param name name of the file, which is that of the transaction
 * @throws AnchorError saying which link is broken
 */
export function checkAnchor(
  name: string,
  file: Uint8Array,
  seal: { readonly session: Hex; readonly lineSha256: Hex },
  pin: ValidatorPin | null,
): Anchored {
  const anchor = parseAnchor(file);
  const by = readAnchorTransaction(anchor.tx);
  if (anchorName(by) !== name) throw new AnchorError('its name is not the hash of its transaction');
  if (anchor.session !== seal.session || by.sealSha256 !== seal.lineSha256)
    throw new AnchorError('it anchors the seal of another session, or another seal');
  try {
    const block = blockOfRlp(anchor.header);
    if (valueByProof(block.transactionsRoot ?? '', anchor.index, anchor.proof) !== anchor.tx)
      throw new AnchorError('at that place the block has another transaction');
    const proof = proveBlock(block, pin);
    return { by, block: proof, at: blockTime(proof) };
  } catch (error) {
    if (error instanceof HeaderError || error instanceof ExtraDataError || error instanceof TrieError)
      throw new AnchorError(error.message);
    throw error;
  }
}

/** Largest time that a date can hold, in seconds: 100 million days from 1970. */
const MAX_TIME_S = 8_640_000_000_000;

/** @throws AnchorError for a time that no date can hold: a header is made by anybody, and has 64 bits for it */
export function blockTime(block: ProofResult): string {
  const seconds = Number(block.timestamp);
  if (!(seconds <= MAX_TIME_S)) throw new AnchorError('the time of its block is no date');
  return new Date(seconds * 1000).toISOString();
}

function parseAnchor(file: Uint8Array): AnchorFile {
  try {
    const value = parseCanonical(file);
    anchorSchema(value, '');
    return value as unknown as AnchorFile;
  } catch (error) {
    if (error instanceof CanonicalError || error instanceof RecordError)
      throw new AnchorError(`it is no anchor in its one form: ${error.message}`);
    throw error;
  }
}
