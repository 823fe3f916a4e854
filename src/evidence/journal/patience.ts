import type { Files, OpenFile } from './files.ts';

/** How long one call to a file system may take, in milliseconds: a disk that wakes up answers within this time, a mount whose server is gone does not. */
export const ANSWER_MS = 20_000;

/** A file system that does not answer; `code` is that of a connection which timed out. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
  readonly code = 'ETIMEDOUT';
  constructor(folder: string, ms: number) {
    super(
      `ETIMEDOUT: ${folder} did not answer within ${ms / 1_000} s; look for a mount whose server is gone`,
    );
  }
}

/** Calls of this process that ran out of time and are still under way, by the folder they are for. */
const overdue = new Map<string, Set<symbol>>();

/**
 * The same files, but a call that takes longer than `ms` milliseconds fails with NoAnswerError. It can not be taken back, and may still be
 * carried out later: until it is, every other call for the folder fails at once, also from whoever opens the folder anew. Else a record
 * that comes late could land behind the ones that were written instead of it.
 */
export function patient(files: Files, folder: string, ms: number): Files {
  const inTime = async <T>(call: () => Promise<T>): Promise<T> => {
    if (overdue.has(folder)) throw new NoAnswerError(folder, ms);
    const { promise: tooLate, reject } = Promise.withResolvers<never>();
    const mark = Symbol(folder);
    const timer = setTimeout(() => {
      overdue.set(folder, (overdue.get(folder) ?? new Set()).add(mark));
      reject(new NoAnswerError(folder, ms));
    }, ms);
    const answer = call().finally(() => {
      clearTimeout(timer);
      const late = overdue.get(folder);
      late?.delete(mark);
      if (late?.size === 0) overdue.delete(folder);
    });
    return Promise.race([answer, tooLate]);
  };
  const fileInTime = (file: OpenFile): OpenFile => ({
    syncsItself: file.syncsItself,
    write: (bytes) => inTime(() => file.write(bytes)),
    read: (length, position) => inTime(() => file.read(length, position)),
    size: () => inTime(() => file.size()),
    chmod: (mode) => inTime(() => file.chmod(mode)),
    sync: () => inTime(() => file.sync()),
    truncate: (length) => inTime(() => file.truncate(length)),
    close: () => inTime(() => file.close()),
  });
  return {
    open: async (path, flags, mode) => fileInTime(await inTime(() => files.open(path, flags, mode))),
    mkdir: (path, mode) => inTime(() => files.mkdir(path, mode)),
    list: (folder) => inTime(() => files.list(folder)),
    symlink: (target, path) => inTime(() => files.symlink(target, path)),
    readlink: (path) => inTime(() => files.readlink(path)),
    rename: (from, to) => inTime(() => files.rename(from, to)),
    unlink: (path) => inTime(() => files.unlink(path)),
    rmdir: (path) => inTime(() => files.rmdir(path)),
    syncFolder: (folder) => inTime(() => files.syncFolder(folder)),
  };
}
