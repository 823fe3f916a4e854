import { type FileHandle, open } from 'node:fs/promises';
import { READ } from '../journal/files.ts';

/**
 * The one form of tar that evidence travels in: POSIX ustar (IEEE Std 1003.1, pax), plain files only, names sorted by their bytes,
 * mode 0600, owner and times zero, nothing behind the two zero blocks. The same session always gives the same bytes, and a reader
 * can refuse every other spelling by writing each header again.
 */

const BLOCK = 512;
const MAX_NAME = 100;
const MAX_ENTRIES = 20_000;

export interface TarEntry {
  readonly name: string;
  readonly size: number;
}

/** An archive that is not in the one form; the message says where. */
export class TarError extends Error {
  override readonly name = 'TarError';
}

/** The header block of a file. @throws TarError for a name or size that has no place in it */
export function tarHeader({ name, size }: TarEntry): Uint8Array {
  if (Buffer.byteLength(name) > MAX_NAME || !/^[\x21-\x7e]+$/.test(name))
    throw new TarError(`the name ${JSON.stringify(name)} has no place in a bundle`);
  if (!Number.isSafeInteger(size) || size < 0 || size >= 8 ** 11)
    throw new TarError(`${name} has ${size} bytes, which is too much for a bundle`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  block.write(name, 0, 'latin1');
  block.write(octal(0o600, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
  block.fill(0x20, 148, 156);
  block.write('0', 156);
  block.write('ustar\x0000', 257, 'latin1');
  block.write(octal(0, 7), 329);
  block.write(octal(0, 7), 337);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** Zero bytes that fill a file up to whole blocks. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);
}

export const TAR_END = new Uint8Array(2 * BLOCK);

/** Names in the order in which they stand in a bundle. */
export function tarOrder(names: readonly string[]): readonly string[] {
  return [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** Where each file of an archive lies. */
export interface TarIndex {
  readonly places: ReadonlyMap<string, { readonly at: number; readonly size: number }>;
}

/**
 * Reads the headers of an archive and checks that everything but the contents is exactly as `tarHeader` writes it.
 * @throws TarError
 */
export async function readTarIndex(handle: FileHandle, size: number): Promise<TarIndex> {
  const places = new Map<string, { at: number; size: number }>();
  let last = '';
  let at = 0;
  for (;;) {
    const header = await readExactly(handle, at, BLOCK, size);
    if (header.every((byte) => byte === 0)) break;
    const entry = entryOf(header, at);
    if (Buffer.compare(Buffer.from(last), Buffer.from(entry.name)) >= 0)
      throw new TarError(`${JSON.stringify(entry.name)} is out of order or there twice`);
    if (places.size >= MAX_ENTRIES) throw new TarError(`more than ${MAX_ENTRIES} files`);
    last = entry.name;
    places.set(entry.name, { at: at + BLOCK, size: entry.size });
    const padding = tarPadding(entry.size).length;
    const filled = await readExactly(handle, at + BLOCK + entry.size, padding, size);
    if (filled.some((byte) => byte !== 0)) throw new TarError(`bytes hidden behind ${entry.name}`);
    at += BLOCK + entry.size + padding;
  }
  const end = await readExactly(handle, at, TAR_END.length, size);
  if (end.some((byte) => byte !== 0) || at + TAR_END.length !== size)
    throw new TarError('it does not end with two zero blocks and nothing else');
  return { places };
}

function entryOf(header: Uint8Array, at: number): TarEntry {
  const text = Buffer.from(header);
  const nul = text.indexOf(0);
  const name = text.toString('latin1', 0, Math.min(nul === -1 ? MAX_NAME : nul, MAX_NAME));
  const size = Number.parseInt(text.toString('latin1', 124, 135), 8);
  if (name === '' || !Number.isSafeInteger(size))
    throw new TarError(`at byte ${at} there is no header of a plain file`);
  if (Buffer.compare(tarHeader({ name, size }), header) !== 0)
    throw new TarError(`the header of ${JSON.stringify(name)} is not in the one form of a bundle`);
  return { name, size };
}

async function readExactly(
  handle: FileHandle,
  at: number,
  length: number,
  size: number,
): Promise<Uint8Array> {
  if (at + length > size) throw new TarError('it ends in the middle');
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, at);
  if (bytesRead !== length) throw new TarError('it ends in the middle');
  return buffer;
}

/** Opens a file for reading; a symbolic link in its place is refused. */
export function openTar(path: string): Promise<FileHandle> {
  return open(path, READ);
}
