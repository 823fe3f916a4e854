import { createHash } from 'node:crypto';
import type { Hex } from '../model/json.ts';

function hashOf(prefix: number, ...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256').update(Uint8Array.of(prefix));
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Leaf hash of RFC 6962 section 2.1: SHA-256 over 0x00 and the entry. */
export function merkleLeaf(entry: Uint8Array): Uint8Array {
  return hashOf(0, entry);
}

/**
 * Merkle tree hash of RFC 6962 section 2.1 over leaf hashes, in order.
 * The root of no entries is the SHA-256 of nothing.
 */
export function merkleRootOfLeaves(leaves: readonly Uint8Array[]): Hex {
  if (leaves.length === 0) return `0x${createHash('sha256').digest('hex')}`;
  return `0x${Buffer.from(subtree(leaves, 0, leaves.length)).toString('hex')}`;
}

function subtree(leaves: readonly Uint8Array[], from: number, to: number): Uint8Array {
  const size = to - from;
  if (size === 1) return leaves[from] as Uint8Array;
  let left = 1;
  while (left * 2 < size) left *= 2;
  return hashOf(1, subtree(leaves, from, from + left), subtree(leaves, from + left, to));
}

/** Merkle tree hash over whole journal lines (with signature and LF). */
export function merkleRoot(lines: readonly Uint8Array[]): Hex {
  return merkleRootOfLeaves(lines.map(merkleLeaf));
}
