import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { codeOfError, type Files } from './files.ts';

/**
 * One writer for a journal. The lock is a symbolic link `journal.lock-<n>` to nowhere whose target names its holder: making it
 * is one step that exactly one process can do, and needs no free block on a full disk. The highest n decides; it is never
 * removed, only replaced by `released`, so that a slow process that saw an older state can not slip in. A lock is stale when
 * its process is gone or belongs to an earlier boot of the same machine.
 */
export class LockError extends Error {
  override readonly name = 'LockError';
}

/** What a lock says of its holder. Together under 60 bytes, which file systems keep beside the name. */
interface Holder {
  readonly pid: string;
  /** Start time of the process in clock ticks since boot, so that a reused pid is not taken for it. */
  readonly started: string;
  readonly boot: string;
  readonly namespace: string;
  readonly host: string;
}

const NAME = /^journal\.lock-(\d{1,9})$/;
const TARGET = /^(\d{1,10})\.(\d{0,20})\.([0-9a-f]{8})\.([0-9a-f]{8})\.([0-9a-f]{8})$/;
const RELEASED = 'released';

/** Boot id of this machine, or an empty string where the system has none. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

function startedOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return null;
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

/** A few digits that tell two apart. */
function short(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

function ourselves(): Holder {
  return {
    pid: String(process.pid),
    started: startedOf(process.pid) ?? '',
    boot: short(bootId()),
    namespace: short(pidNamespace()),
    host: short(hostname()),
  };
}

function targetOf(holder: Holder): string {
  return `${holder.pid}.${holder.started}.${holder.boot}.${holder.namespace}.${holder.host}`;
}

function alive(holder: Holder): boolean {
  const us = ourselves();
  if (holder.host !== us.host) return true;
  if (holder.boot !== us.boot) return false;
  if (holder.namespace !== us.namespace) return true;
  const started = startedOf(Number(holder.pid));
  return started !== null && started === holder.started;
}

/** Locks of this process that nothing here holds: their file system was away when they were taken, or were to be marked as released. */
const abandoned = new Set<string>();

export class Lock {
  readonly #files: Files;
  readonly #folder: string;
  readonly #path: string;
  readonly #number: number;
  private constructor(files: Files, folder: string, number: number) {
    this.#files = files;
    this.#folder = folder;
    this.#number = number;
    this.#path = join(folder, `journal.lock-${number}`);
  }

  /**
   * Takes the lock of a session folder.
   * @throws LockError naming the holder when another program has it
   */
  static async take(files: Files, folder: string): Promise<Lock> {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const highest = await highestIn(files, folder);
      if (highest !== null) await refuseHeld(files, folder, highest);
      const number = (highest ?? 0) + 1;
      const path = join(folder, `journal.lock-${number}`);
      try {
        await files.symlink(targetOf(ourselves()), path);
      } catch (error) {
        if (codeOfError(error) === 'EEXIST') continue;
        // Where it did not answer, the lock may still come to be.
        abandoned.add(path);
        throw error;
      }
      abandoned.delete(path);
      const now = await highestIn(files, folder);
      if (now === number) {
        await removeLower(files, folder, number);
        return new Lock(files, folder, number);
      }
      await files.unlink(path);
    }
    throw new LockError(`other programs are contending for ${folder}; try again`);
  }

  /** True while no later lock has been taken over our head. */
  async stillOurs(): Promise<boolean> {
    return (await highestIn(this.#files, this.#folder)) === this.#number;
  }

  /** Lets go; the file stays, marked as released. */
  async release(): Promise<void> {
    const marker = join(this.#folder, `.lock-${randomBytes(6).toString('hex')}`);
    try {
      await this.#files.symlink(RELEASED, marker);
      await this.#files.rename(marker, this.#path);
    } catch (error) {
      abandoned.add(this.#path);
      throw error;
    }
  }
}

async function highestIn(files: Files, folder: string): Promise<number | null> {
  let highest: number | null = null;
  for (const name of await files.list(folder)) {
    const match = NAME.exec(name);
    if (match !== null) highest = Math.max(highest ?? 0, Number(match[1]));
  }
  return highest;
}

async function removeLower(files: Files, folder: string, number: number): Promise<void> {
  for (const name of await files.list(folder)) {
    const match = NAME.exec(name);
    if (match !== null && Number(match[1]) < number)
      await files.unlink(join(folder, name)).catch((error: unknown) => {
        if (codeOfError(error) !== 'ENOENT') throw error;
      });
  }
}

async function refuseHeld(files: Files, folder: string, number: number): Promise<void> {
  const path = join(folder, `journal.lock-${number}`);
  const link = await files.readlink(path).catch((error: unknown) => {
    if (codeOfError(error) === 'ENOENT') return RELEASED;
    return '';
  });
  // Some programs that copy folders make the target of a link absolute.
  const target = basename(link);
  if (target === RELEASED) return;
  const match = TARGET.exec(target);
  if (match === null)
    throw new LockError(
      `${path} can not be read as a lock; remove it when no other c138 has this session open`,
    );
  const [, pid = '', started = '', boot = '', namespace = '', host = ''] = match;
  const holder = { pid, started, boot, namespace, host };
  if (targetOf(holder) === targetOf(ourselves()) && abandoned.has(path)) return;
  if (alive(holder))
    throw new LockError(
      `process ${pid} ${host === short(hostname()) ? 'on this machine' : 'on another machine'} has this session open; close it there, or remove ${path} when that program is gone`,
    );
}
