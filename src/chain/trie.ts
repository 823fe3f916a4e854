import { decodeRlp, encodeRlp, keccak256 } from 'ethers';

/**
 * The Merkle Patricia trie of a list, as a block header's `transactionsRoot` commits to it: key RLP(index), value the encoded
 * transaction. (Ethereum Yellow Paper, appendix D; EIP-2718 for the values.) Only what a list needs: insert once, prove, check.
 */

/** A proof that does not lead from the root to the value; the message says where it breaks. */
export class TrieError extends Error {
  override readonly name = 'TrieError';
}

type Nibbles = readonly number[];
/** A value of the trie at what is left of its key. */
interface Entry {
  readonly path: Nibbles;
  readonly value: string;
}
/** An encoded node: RLP items, where a child is the node itself when that is shorter than 32 bytes, else its hash. */
type Item = string | Item[];

const EMPTY_ITEM = '0x';

/** Root of the trie over a list, `0x` and 64 hexadecimal digits. */
export function trieRoot(values: readonly string[]): string {
  return keccak256(values.length === 0 ? encodeRlp('0x') : encodeRlp(nodeOf(entriesOf(values), [])));
}

/**
 * The nodes on the way from the root to one value of a list, root first, RLP in hexadecimal.
 * @throws RangeError when the list has no such index
 */
export function trieProof(values: readonly string[], index: number): readonly string[] {
  if (index < 0 || index >= values.length) throw new RangeError(`the list has no item ${index}`);
  const proof: string[] = [];
  nodeOf(entriesOf(values), proof, keyOf(index));
  return proof.reverse();
}

/**
 * The value that a proof leads to.
 * @param root what the header says
 * @param proof nodes, root first; every one must be used, and in the one spelling of RLP
 * @throws TrieError
 */
export function valueByProof(root: string, index: number, proof: readonly string[]): string {
  let path = keyOf(index);
  let expected: string | null = root;
  let node: unknown = null;
  let used = 0;
  for (;;) {
    if (expected !== null) {
      const raw = proof[used];
      if (raw === undefined) throw new TrieError('the trie proof ends before the transaction');
      if (!/^0x(?:[0-9a-f]{2})+$/.test(raw))
        throw new TrieError(`node ${used} of the trie proof is not bytes`);
      if (keccak256(raw) !== expected)
        throw new TrieError(`node ${used} of the trie proof is not the one that the node above it names`);
      node = decoded(raw);
      used += 1;
    }
    const step = descend(node, path);
    if (step.value !== undefined) {
      if (used !== proof.length) throw new TrieError('the trie proof has nodes that lead nowhere');
      return step.value;
    }
    path = step.path;
    expected = typeof step.child === 'string' ? step.child : null;
    node = step.child;
  }
}

type Step =
  | { readonly value: string }
  | { readonly value?: undefined; readonly child: unknown; readonly path: Nibbles };

function descend(node: unknown, path: Nibbles): Step {
  if (!Array.isArray(node)) throw new TrieError('a node of the trie proof is no node');
  if (node.length === 17) {
    const [first] = path;
    if (first === undefined) return { value: bytesOf(node[16]) };
    return { child: childOf(node[first]), path: path.slice(1) };
  }
  if (node.length !== 2) throw new TrieError('a node of the trie proof is no node');
  const { leaf, nibbles } = unpack(bytesOf(node[0]));
  const fits = nibbles.every((one, at) => path[at] === one);
  if (!fits || (leaf && nibbles.length !== path.length))
    throw new TrieError('the trie proof leads to another key');
  return leaf ? { value: bytesOf(node[1]) } : { child: childOf(node[1]), path: path.slice(nibbles.length) };
}

function childOf(item: unknown): unknown {
  if (item === EMPTY_ITEM) throw new TrieError('the block has no transaction at that place');
  if (Array.isArray(item)) return item;
  if (typeof item === 'string' && item.length === 66) return item;
  throw new TrieError('a node of the trie proof is no node');
}

function bytesOf(item: unknown): string {
  if (typeof item !== 'string') throw new TrieError('a node of the trie proof is no node');
  return item;
}

function decoded(raw: string): unknown {
  try {
    const node = decodeRlp(raw);
    if (encodeRlp(node) === raw) return node;
  } catch {
    // Told below.
  }
  throw new TrieError('a node of the trie proof is not RLP in its one spelling');
}

function keyOf(index: number): Nibbles {
  const hex = encodeRlp(index === 0 ? '0x' : minimal(index)).slice(2);
  return [...hex].map((digit) => Number.parseInt(digit, 16));
}

function minimal(value: number): string {
  const hex = value.toString(16);
  return `0x${hex.length % 2 === 0 ? '' : '0'}${hex}`;
}

function entriesOf(values: readonly string[]): Entry[] {
  return values.map((value, index) => ({ path: keyOf(index), value }));
}

/** The node over these entries as its parent holds it; where `wanted` leads through it, its RLP goes to `proof`, deepest first. */
function nodeOf(entries: readonly Entry[], proof: string[], wanted?: Nibbles, root = true): Item {
  const node = bare(entries, proof, wanted);
  const raw = encodeRlp(node);
  const small = (raw.length - 2) / 2 < 32;
  if (wanted !== undefined && (root || !small)) proof.push(raw);
  if (root || small) return node;
  return keccak256(raw);
}

function bare(entries: readonly Entry[], proof: string[], wanted: Nibbles | undefined): Item {
  const [first] = entries;
  if (first === undefined) return EMPTY_ITEM;
  if (entries.length === 1) return [pack(first.path, true), first.value];
  const shared = sharedLength(entries);
  if (shared > 0) {
    const rest = entries.map(({ path, value }) => ({ path: path.slice(shared), value }));
    const child = nodeOf(rest, proof, wanted?.slice(shared), false);
    return [pack(first.path.slice(0, shared), false), child];
  }
  const children: Item[] = [];
  for (let nibble = 0; nibble < 16; nibble += 1) {
    const under = entries
      .filter(({ path }) => path[0] === nibble)
      .map(({ path, value }) => ({ path: path.slice(1), value }));
    const onWay = wanted?.[0] === nibble ? wanted.slice(1) : undefined;
    children.push(under.length === 0 ? EMPTY_ITEM : nodeOf(under, proof, onWay, false));
  }
  return [...children, entries.find(({ path }) => path.length === 0)?.value ?? EMPTY_ITEM];
}

function sharedLength(entries: readonly Entry[]): number {
  const [first] = entries;
  let length = first?.path.length ?? 0;
  for (const { path } of entries) {
    let same = 0;
    while (same < length && path[same] === first?.path[same]) same += 1;
    length = same;
  }
  return length;
}

/** Hex-prefix encoding. */
function pack(nibbles: Nibbles, leaf: boolean): string {
  const odd = nibbles.length % 2 === 1;
  const flag = (leaf ? 2 : 0) + (odd ? 1 : 0);
  const all = odd ? [flag, ...nibbles] : [flag, 0, ...nibbles];
  return `0x${all.map((one) => one.toString(16)).join('')}`;
}

function unpack(hex: string): { readonly leaf: boolean; readonly nibbles: Nibbles } {
  const all = [...hex.slice(2)].map((digit) => Number.parseInt(digit, 16));
  const [flag = 4] = all;
  const odd = flag % 2 === 1;
  if (flag > 3 || (!odd && all[1] !== 0)) throw new TrieError('a node of the trie proof is no node');
  return { leaf: flag >= 2, nibbles: all.slice(odd ? 1 : 2) };
}
