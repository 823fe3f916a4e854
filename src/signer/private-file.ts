import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { KeystoreError } from '../evidence/keystore.ts';

const MAX_BYTES = 64 * 1024;

/**
 * Reads a file of keys: a plain file of ours that nobody else can read.
 * @throws KeystoreError
 */
export async function readPrivateFile(path: string): Promise<string> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new KeystoreError(`the keystore ${path} cannot be read (${code}); make one with: c138 key new`);
  }
  try {
    const { mode, size, uid } = await handle.stat();
    if ((mode & 0o077) !== 0)
      throw new KeystoreError(`the keystore ${path} can be read by others; run: chmod 600 ${path}`);
    if (uid !== process.getuid?.()) throw new KeystoreError(`the keystore ${path} belongs to another user`);
    if (size > MAX_BYTES) throw new KeystoreError(`the keystore ${path} is too large to be one`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/**
 * Writes a file of mode 0600 that did not exist before, durably.
 * @throws KeystoreError
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const file = await open(path, flags, 0o600);
    try {
      await file.chmod(0o600);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new KeystoreError(
      code === 'EEXIST'
        ? `${path} exists already; a key is never written over another`
        : `${path} cannot be written (${code})`,
    );
  }
}
