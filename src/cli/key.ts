import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { inspectKeystore } from '../evidence/keystore.ts';
import { sanitiseLine } from '../model/index.ts';
import { makeExternal, makeKey } from '../signer/client.ts';
import { parseExternal } from '../signer/external.ts';
import { CliError, describeError, type Io, printJson } from './io.ts';

export interface KeyFlags {
  readonly out?: string | undefined;
  readonly json?: boolean | undefined;
}

/** Nobody chooses a passphrase in vain; the signer looks again when it writes. @throws CliError */
function refuseExisting(path: string): void {
  if (existsSync(path)) throw new CliError(`${path} exists already; a key is never written over another`);
}

/** `c138 key new` and `key import`: the signer process asks on the terminal; nothing secret passes through here. */
export async function keyMake(keysDir: string, imported: boolean, flags: KeyFlags, io: Io): Promise<number> {
  const path = resolve(flags.out ?? join(keysDir, 'operator.json'));
  refuseExisting(path);
  let made: Awaited<ReturnType<typeof makeKey>>;
  try {
    made = await makeKey(path, imported);
  } catch (error) {
    throw new CliError(describeError(error));
  }
  if (flags.json === true) printJson(io, { format: 'c138-key', v: 1, path, ...made });
  else {
    io.out(`${made.address}\n`);
    io.err(
      `c138: keystore written to ${path}; keep a copy of it, and the passphrase, apart from this machine\n`,
    );
  }
  return 0;
}

/** `c138 key external -- COMMAND…`: the program is tested before its description is written. */
export async function keyExternal(
  keysDir: string,
  command: readonly string[],
  flags: KeyFlags,
  io: Io,
): Promise<number> {
  const path = resolve(flags.out ?? join(keysDir, 'external.json'));
  refuseExisting(path);
  let made: Awaited<ReturnType<typeof makeExternal>>;
  try {
    made = await makeExternal(path, command);
  } catch (error) {
    throw new CliError(describeError(error));
  }
  if (flags.json === true) printJson(io, { format: 'c138-key', v: 1, path, ...made });
  else {
    io.out(`${made.address}\n`);
    io.err(`c138: it signs as this address; its description was written to ${path}\n`);
  }
  return 0;
}

/** `c138 key show`: the public part of the keystores, without a passphrase. */
export async function keyShow(
  keysDir: string,
  file: string | undefined,
  flags: KeyFlags,
  io: Io,
): Promise<number> {
  const paths =
    file === undefined
      ? (await readdir(keysDir).catch(() => []))
          .filter((name) => name.endsWith('.json'))
          .sort()
          .map((name) => join(keysDir, name))
      : [resolve(file)];
  if (paths.length === 0) throw new CliError(`there is no key in ${keysDir}. Make one with c138 key new.`);
  const keys = await Promise.all(paths.map(readKey));
  if (flags.json === true) printJson(io, { format: 'c138-keys', v: 1, keys });
  else
    for (const { path, address, weak, external, mode } of keys) {
      io.out(`${address}  ${sanitiseLine(path)}${external ? '  (another program signs)' : ''}\n`);
      if (weak) io.out('  protected with a low key derivation cost; make a new keystore\n');
      if ((mode & 0o077) !== 0) io.out(`  can be read by others; run: chmod 600 ${sanitiseLine(path)}\n`);
    }
  return 0;
}

async function readKey(
  path: string,
): Promise<{ path: string; address: string; weak: boolean; external: boolean; mode: number }> {
  try {
    const { mode } = await stat(path);
    const text = await readFile(path, 'utf8');
    const other = parseExternal(text);
    const facts = other === null ? inspectKeystore(text) : { address: other.address, weak: false };
    return { path, ...facts, external: other !== null, mode: mode & 0o777 };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CliError(
      `${sanitiseLine(path)}: ${code === undefined ? describeError(error) : `it can not be read (${code})`}`,
    );
  }
}
