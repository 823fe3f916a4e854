import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { codeOfError, type Files, readWhole, writeNew } from './files.ts';

/**
 * One writer for a journal. The lock is a file `journal.lock-<n>`; the highest n decides. It is taken by
 * hard-linking n + 1, which exactly one process can do; the highest file is never removed, only replaced by
 * `released`, so that a slow process that saw an older state can not slip in. A lock is stale when its
 * process is gone or belongs to an earlier boot of the same machine.
 */
export class LockError extends Error {
  override readonly name = 'LockError';
}

interface Holder {
  readonly pid: number;
  /** Start time of the process in clock ticks since boot, so that a reused pid is not taken for it. */
  readonly started: string;
  readonly boot_id: string;
  readonly pid_namespace: string;
  readonly host: string;
}

const NAME = /^journal\.lock-(\d{1,9})$/;
const RELEASED = new TextEncoder().encode('released\n');

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

function ourselves(): Holder {
  return {
    pid: process.pid,
    started: startedOf(process.pid) ?? '',
    boot_id: bootId(),
    pid_namespace: pidNamespace(),
    host: hostname(),
  };
}

function alive(holder: Holder): boolean {
  const us = ourselves();
  if (holder.host !== us.host) return true;
  if (holder.boot_id !== us.boot_id) return false;
  if (holder.pid_namespace !== us.pid_namespace) return true;
  const started = startedOf(holder.pid);
  return started !== null && started === holder.started;
}

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
    const own = join(folder, `.lock-${process.pid}-${randomBytes(6).toString('hex')}`);
    await writeNew(files, own, new TextEncoder().encode(JSON.stringify(ourselves())));
    try {
      for (let attempt = 0; attempt < 20; attempt += 1) {
        const highest = await highestIn(files, folder);
        if (highest !== null) await refuseHeld(files, folder, highest);
        const number = (highest ?? 0) + 1;
        try {
          await files.link(own, join(folder, `journal.lock-${number}`));
        } catch (error) {
          if (codeOfError(error) === 'EEXIST') continue;
          throw error;
        }
        const now = await highestIn(files, folder);
        if (now === number) {
          await removeLower(files, folder, number);
          return new Lock(files, folder, number);
        }
        await files.unlink(join(folder, `journal.lock-${number}`));
      }
    } finally {
      await files.unlink(own);
    }
    throw new LockError(`other programs are contending for ${folder}; try again`);
  }

  /** True while no later lock has been taken over our head. */
  async stillOurs(): Promise<boolean> {
    return (await highestIn(this.#files, this.#folder)) === this.#number;
  }

  /** Lets go; the file stays, marked as released. */
  async release(): Promise<void> {
    const marker = `${this.#path}.${randomBytes(6).toString('hex')}`;
    await writeNew(this.#files, marker, RELEASED);
    await this.#files.rename(marker, this.#path);
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
  let holder: Holder;
  try {
    const bytes = await readWhole(files, path, 4_096);
    const text = new TextDecoder().decode(bytes);
    if (text === 'released\n') return;
    holder = JSON.parse(text) as Holder;
  } catch (error) {
    if (codeOfError(error) === 'ENOENT') return;
    throw new LockError(
      `${path} can not be read as a lock; remove it when no other c138 has this session open`,
    );
  }
  if (alive(holder))
    throw new LockError(
      `process ${Number(holder.pid)} on ${String(holder.host).slice(0, 64)} has this session open; close it there, or remove ${path} when that program is gone`,
    );
}
