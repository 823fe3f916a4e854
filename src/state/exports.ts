import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Keeps a text that was taken out of the console in a file of its own (0600, in a folder 0700); nothing is ever overwritten.
 * @param name such as `guests.csv`; the time is put before it
 * @returns the path
 * @throws Error saying which folder can not be written
 */
export async function saveExport(folder: string, name: string, text: string): Promise<string> {
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '');
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (let count = 1; ; count += 1) {
      const path = join(folder, `${time}Z-${count === 1 ? '' : `${count}-`}${name}`);
      try {
        await writeFile(path, text, { mode: 0o600, flag: 'wx' });
        return path;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || count >= 1_000) throw error;
      }
    }
  } catch (error) {
    throw new Error(
      `${folder} can not be written (${(error as NodeJS.ErrnoException).code ?? 'error'}). Choose another folder with --state-dir.`,
    );
  }
}
