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
 * Merkle tree hash of RFC 6962 section 2.1 over leaf hashes, built up in order, in memory that grows with the logarithm of
 * their number. The root of no entries is the SHA-256 of nothing.
 */
export class MerkleStack {
  /** Roots of complete subtrees, largest first, with their sizes as powers of two. */
  readonly #stack: { readonly height: number; readonly hash: Uint8Array }[] = [];

  push(leaf: Uint8Array): void {
    let node = { height: 0, hash: leaf };
    for (let last = this.#stack.at(-1); last?.height === node.height; last = this.#stack.at(-1)) {
      this.#stack.pop();
      node = { height: node.height + 1, hash: hashOf(1, last.hash, node.hash) };
    }
    this.#stack.push(node);
  }

  root(): Hex {
    const right = this.#stack.at(-1);
    if (right === undefined) return `0x${createHash('sha256').digest('hex')}`;
    let hash = right.hash;
    for (let index = this.#stack.length - 2; index >= 0; index -= 1)
      hash = hashOf(1, (this.#stack[index] as { hash: Uint8Array }).hash, hash);
    return `0x${Buffer.from(hash).toString('hex')}`;
  }
}
