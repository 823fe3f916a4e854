import { constants } from 'node:fs';
import type { Files, OpenFile } from '../../../src/evidence/journal/files.ts';

/**
 * A disk in memory that remembers every change since it was last synced, and can lose power: of what was not synced any part
 * may then be there or not, sector by sector and name by name, in any order. It can also run full, or fail at a given call.
 */

const SECTORS = [512, 4096];
const O_WRONLY_OR_RDWR = 3;
const O_CREAT = 0o100;
const O_EXCL = 0o200;

type DataChange =
  | { readonly op: 'write'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly op: 'truncate'; readonly length: number };

interface Inode {
  readonly kind: 'file' | 'folder' | 'link';
  readonly target: string;
  data: Uint8Array;
  durable: Uint8Array;
  pending: DataChange[];
  names: Map<string, Inode>;
  durableNames: Map<string, Inode>;
  /** One change of names is there whole or not at all. */
  pendingNames: (readonly (readonly [name: string, inode: Inode | null])[])[];
}

const inode = (kind: Inode['kind'], target = ''): Inode => ({
  kind,
  target,
  data: new Uint8Array(),
  durable: new Uint8Array(),
  pending: [],
  names: new Map(),
  durableNames: new Map(),
  pendingNames: [],
});

export class DiskError extends Error {
  readonly code: string;
  constructor(code: string, path: string) {
    super(`${code}: ${path}`);
    this.code = code;
  }
}

/** A random source that gives the same numbers again for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface Faults {
  /** Called before each change; throw to make it fail. */
  before?(call: string, path: string): void;
  /** Bytes that files may hold together. */
  capacity?: number;
}

export class CrashDisk implements Files {
  readonly #root = inode('folder');
  faults: Faults = {};
  /** How a file opened with O_DSYNC behaves: each write syncs itself, and nothing else. */
  readonly syncsWrites: boolean;
  /** Called after each change that reached the disk model. */
  onChange: () => void = () => undefined;

  constructor(syncsWrites = false) {
    this.syncsWrites = syncsWrites;
  }

  #find(path: string): Inode | null {
    let at: Inode | undefined = this.#root;
    for (const part of path.split('/').filter((one) => one !== '')) at = at?.names.get(part);
    return at ?? null;
  }

  #parent(path: string): { readonly folder: Inode; readonly name: string } {
    const cut = path.lastIndexOf('/');
    const folder = this.#find(path.slice(0, cut));
    if (folder === null || folder.kind !== 'folder') throw new DiskError('ENOENT', path);
    return { folder, name: path.slice(cut + 1) };
  }

  /** Bytes that the files hold together. */
  used(): number {
    return usedBy(this.#root);
  }

  #rename(folder: Inode, changes: readonly (readonly [string, Inode | null])[]): void {
    for (const [name, node] of changes)
      if (node === null) folder.names.delete(name);
      else folder.names.set(name, node);
    folder.pendingNames.push(changes);
    this.onChange();
  }

  async open(path: string, flags: number, _mode: number): Promise<OpenFile> {
    const known = this.#find(path);
    if (known !== null && (flags & O_EXCL) !== 0) throw new DiskError('EEXIST', path);
    if (known !== null && known.kind !== 'file') throw new DiskError('ELOOP', path);
    if (known === null && (flags & O_CREAT) === 0) throw new DiskError('ENOENT', path);
    let node = known;
    if (node === null) {
      this.faults.before?.('create', path);
      node = inode('file');
      const { folder, name } = this.#parent(path);
      this.#rename(folder, [[name, node]]);
    }
    return this.#opened(path, node, flags);
  }

  #opened(path: string, node: Inode, flags: number): OpenFile {
    const writable = (flags & O_WRONLY_OR_RDWR) !== 0;
    const syncsItself = this.syncsWrites && (flags & constants.O_DSYNC) !== 0;
    return {
      syncsItself,
      write: async (bytes) => {
        if (!writable) throw new DiskError('EBADF', path);
        this.faults.before?.('write', path);
        const free = (this.faults.capacity ?? Number.POSITIVE_INFINITY) - this.used();
        const taken = Uint8Array.from(bytes.subarray(0, Math.max(0, Math.min(bytes.length, free))));
        if (taken.length === 0 && bytes.length > 0) throw new DiskError('ENOSPC', path);
        const change = { op: 'write', at: node.data.length, bytes: taken } as const;
        node.pending.push(change);
        node.data = Buffer.concat([node.data, taken]);
        this.onChange();
        if (syncsItself) {
          this.faults.before?.('sync', path);
          node.pending = node.pending.filter((one) => one !== change);
          node.durable = withWrite(node.durable, change.at, taken);
          this.onChange();
        }
        return taken.length;
      },
      read: async (length, position) => node.data.slice(position, position + length),
      size: async () => node.data.length,
      chmod: async () => undefined,
      sync: async () => {
        this.faults.before?.('sync', path);
        node.durable = node.data;
        node.pending = [];
        this.onChange();
      },
      truncate: async (length) => {
        this.faults.before?.('truncate', path);
        node.data = node.data.slice(0, length);
        node.pending.push({ op: 'truncate', length });
        this.onChange();
      },
      close: async () => undefined,
    };
  }

  async mkdir(path: string, _mode: number): Promise<void> {
    this.faults.before?.('mkdir', path);
    if (this.#find(path) !== null) throw new DiskError('EEXIST', path);
    const { folder, name } = this.#parent(path);
    this.#rename(folder, [[name, inode('folder')]]);
  }

  async list(path: string): Promise<string[]> {
    const folder = this.#find(path);
    if (folder === null) throw new DiskError('ENOENT', path);
    return [...folder.names.keys()];
  }

  async symlink(target: string, path: string): Promise<void> {
    this.faults.before?.('symlink', path);
    const { folder, name } = this.#parent(path);
    if (folder.names.has(name)) throw new DiskError('EEXIST', path);
    this.#rename(folder, [[name, inode('link', target)]]);
  }

  async readlink(path: string): Promise<string> {
    const node = this.#find(path);
    if (node === null) throw new DiskError('ENOENT', path);
    if (node.kind !== 'link') throw new DiskError('EINVAL', path);
    return node.target;
  }

  async rename(from: string, to: string): Promise<void> {
    this.faults.before?.('rename', to);
    const source = this.#parent(from);
    const node = source.folder.names.get(source.name);
    if (node === undefined) throw new DiskError('ENOENT', from);
    this.#rename(source.folder, [
      [source.name, null],
      [this.#parent(to).name, node],
    ]);
  }

  async unlink(path: string): Promise<void> {
    this.faults.before?.('unlink', path);
    const { folder, name } = this.#parent(path);
    if (!folder.names.has(name)) throw new DiskError('ENOENT', path);
    this.#rename(folder, [[name, null]]);
  }

  async rmdir(path: string): Promise<void> {
    this.faults.before?.('rmdir', path);
    if ((await this.list(path)).length > 0) throw new DiskError('ENOTEMPTY', path);
    const { folder, name } = this.#parent(path);
    this.#rename(folder, [[name, null]]);
  }

  async syncFolder(path: string): Promise<void> {
    this.faults.before?.('sync-folder', path);
    const folder = this.#find(path);
    if (folder === null) throw new DiskError('ENOENT', path);
    folder.durableNames = new Map(folder.names);
    folder.pendingNames = [];
    this.onChange();
  }

  /** The bytes of a file as a reader sees them now, or null. */
  bytes(path: string): Uint8Array | null {
    return this.#find(path)?.data ?? null;
  }

  /**
   * The disk after a power loss and a new boot: everything synced, and a random part of the rest.
   * `sparing` is the share of what was not synced that survives.
   */
  afterPowerLoss(random: () => number, sparing: number): CrashDisk {
    return this.#copied((node, fresh, copy) => {
      fresh.data = surviving(node, random, sparing);
      fresh.durable = fresh.data;
      const names = new Map(node.durableNames);
      for (const change of node.pendingNames)
        if (random() < sparing)
          for (const [name, child] of change)
            if (child === null) names.delete(name);
            else names.set(name, child);
      fresh.names = new Map([...names].map(([name, child]) => [name, copy(child)]));
      fresh.durableNames = new Map(fresh.names);
    });
  }

  /** The disk after the program was killed: all is there, and what was not synced still is not. */
  afterKill(): CrashDisk {
    return this.#copied((node, fresh, copy) => {
      const all = (names: Map<string, Inode>) =>
        new Map([...names].map(([name, child]) => [name, copy(child)]));
      fresh.data = node.data;
      fresh.durable = node.durable;
      fresh.pending = [...node.pending];
      fresh.names = all(node.names);
      fresh.durableNames = all(node.durableNames);
      fresh.pendingNames = node.pendingNames.map((change) =>
        change.map(([name, child]) => [name, child === null ? null : copy(child)] as const),
      );
    });
  }

  /** Another disk with the files of this one, each filled by `fill`. Whoever holds a lock here is of an earlier boot there. */
  #copied(fill: (node: Inode, fresh: Inode, copy: (node: Inode) => Inode) => void): CrashDisk {
    const out = new CrashDisk(this.syncsWrites);
    const copies = new Map<Inode, Inode>();
    const copy = (node: Inode): Inode => {
      const known = copies.get(node);
      if (known !== undefined) return known;
      const fresh = inode(node.kind, node.target.replace(/^(\d+\.\d+)\.[0-9a-f]{8}/, '$1.00000000'));
      copies.set(node, fresh);
      fill(node, fresh, copy);
      return fresh;
    };
    const root = copy(this.#root);
    out.#root.names = root.names;
    out.#root.durableNames = root.durableNames;
    out.#root.pendingNames = root.pendingNames;
    return out;
  }
}

function usedBy(from: Inode): number {
  let sum = from.data.length;
  for (const child of from.names.values()) sum += usedBy(child);
  return sum;
}

/** The bytes with some written over them; what lies before and was never written reads as zeros. */
function withWrite(before: Uint8Array, at: number, bytes: Uint8Array): Buffer<ArrayBuffer> {
  const data = Buffer.alloc(Math.max(before.length, at + bytes.length));
  data.set(before);
  data.set(bytes, at);
  return data;
}

/** Bytes of a file after the loss: its size may be ahead of its content, which then reads as zeros. */
function surviving(node: Inode, random: () => number, sparing: number): Uint8Array {
  let data = Buffer.from(node.durable);
  for (const change of node.pending) {
    if (change.op === 'truncate') {
      if (random() < sparing) data = data.subarray(0, change.length);
      continue;
    }
    const sector = SECTORS[Math.floor(random() * SECTORS.length)] as number;
    const end = change.at + change.bytes.length;
    const grown = random() < sparing;
    for (let at = change.at - (change.at % sector); at < end; at += sector) {
      if (random() >= sparing) continue;
      const from = Math.max(at, change.at);
      const part = change.bytes.subarray(from - change.at, Math.min(at + sector, end) - change.at);
      data = withWrite(data, from, part);
    }
    if (grown && data.length < end) data = Buffer.concat([data, Buffer.alloc(end - data.length)]);
  }
  return Uint8Array.from(data);
}
