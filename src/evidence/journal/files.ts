import { constants } from 'node:fs';
import { mkdir, open, readdir, readlink, rename, symlink, unlink } from 'node:fs/promises';

/** An open file, as far as the journal needs one. */
export interface OpenFile {
  /** Writes once and returns how many bytes were taken, which may be fewer than offered. */
  write(bytes: Uint8Array): Promise<number>;
  read(length: number, position: number): Promise<Uint8Array>;
  size(): Promise<number>;
  chmod(mode: number): Promise<void>;
  /** fdatasync(2): the data and what is needed to find it again are on the disk. */
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/** The file system as the journal uses it; tests put a failing one in its place. */
export interface Files {
  open(path: string, flags: number, mode: number): Promise<OpenFile>;
  mkdir(path: string, mode: number): Promise<void>;
  list(folder: string): Promise<string[]>;
  /** Fails with EEXIST when the name is taken. */
  symlink(target: string, path: string): Promise<void>;
  readlink(path: string): Promise<string>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** fsync(2) on a folder: names created or removed in it are on the disk. */
  syncFolder(folder: string): Promise<void>;
}

/** The real file system. */
export const realFiles: Files = {
  async open(path, flags, mode) {
    const handle = await open(path, flags, mode);
    return {
      write: async (bytes) => (await handle.write(bytes)).bytesWritten,
      read: async (length, position) => {
        const buffer = Buffer.alloc(length);
        let filled = 0;
        while (filled < length) {
          const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return buffer.subarray(0, filled);
      },
      size: async () => (await handle.stat()).size,
      chmod: (value) => handle.chmod(value),
      sync: () => handle.datasync(),
      truncate: (length) => handle.truncate(length),
      close: () => handle.close(),
    };
  },
  mkdir: async (path, mode) => {
    await mkdir(path, { mode });
    const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      await handle.chmod(mode);
    } finally {
      await handle.close();
    }
  },
  list: (folder) => readdir(folder),
  symlink,
  readlink: (path) => readlink(path),
  rename,
  unlink,
  syncFolder: async (folder) => {
    const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

export const READ = constants.O_RDONLY | constants.O_NOFOLLOW;
export const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
export const APPEND = constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW;

/** The error code of the system, such as `ENOSPC`, or an empty string. */
export function codeOfError(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Writes all bytes, however small the bites the system takes. */
export async function writeAll(file: OpenFile, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  while (rest.length > 0) {
    const taken = await file.write(rest);
    if (taken <= 0) throw new Error('the system took no bytes');
    rest = rest.subarray(taken);
  }
}

/** A new file of mode 0600 whatever the umask, its bytes on the disk. The caller syncs the folder. */
export async function writeNew(files: Files, path: string, bytes: Uint8Array): Promise<void> {
  const file = await files.open(path, CREATE, 0o600);
  try {
    await file.chmod(0o600);
    await writeAll(file, bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Reads a file that must not be a symbolic link and not be longer than `max` bytes.
 * @throws Error saying which path is too long
 */
export async function readWhole(files: Files, path: string, max: number): Promise<Uint8Array> {
  const file = await files.open(path, READ, 0);
  try {
    const size = await file.size();
    if (size > max) throw new Error(`${path} has ${size} bytes; at most ${max} are read`);
    return await file.read(size, 0);
  } finally {
    await file.close();
  }
}
