import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkTrust, parseTrust, type TrustStore } from '../evidence/trust/trust.ts';
import { sanitiseLine } from '../model/index.ts';
import { type SignerClient, startSigner } from '../signer/client.ts';
import type { Paths } from '../state/paths.ts';
import { CliError, describeError } from './io.ts';

const NO_FILE = 'there is no such file';
/** Who lacks the team's trust store and made one instead would be the root of a team of their own. */
const NOT_INSTALLED =
  'no trust store is installed here. A new witness or approver installs that of the team with c138 trust update FILE --root ADDRESS (a root of the team, told by another way), or gives --trust FILE to a command that takes it; only who founds the team makes one, with c138 trust init.';

/**
 * The installed trust store, or one that is named, signed by enough of its roots.
 * @throws CliError saying how to get one
 */
export async function readTrustStore(
  installed: string,
  named?: string,
): Promise<{ readonly store: TrustStore; readonly bytes: Uint8Array }> {
  const file = named ?? installed;
  const read = await readTrustFile(file, named === undefined ? NOT_INSTALLED : NO_FILE);
  try {
    checkTrust(read.store);
    return read;
  } catch (error) {
    throw new CliError(`${sanitiseLine(file)}: ${describeError(error)}`);
  }
}

/**
 * A trust store or a proposal for one: well-formed, but perhaps not signed by enough roots yet.
 * @throws CliError
 */
export async function readTrustFile(
  file: string,
  missing = NO_FILE,
): Promise<{ readonly store: TrustStore; readonly bytes: Uint8Array }> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CliError(
      `${sanitiseLine(file)}: ${code === 'ENOENT' ? missing : `it can not be read (${code})`}`,
    );
  }
  try {
    return { store: parseTrust(bytes), bytes };
  } catch (error) {
    throw new CliError(`${sanitiseLine(file)}: ${describeError(error)}`);
  }
}

/**
 * Starts the signer with the one key of this machine, and ends it afterwards.
 * @throws CliError when there is no key, or more than one
 */
export async function withSigner(
  paths: Paths,
  work: (signer: SignerClient) => Promise<number>,
): Promise<number> {
  const names = (await readdir(paths.keysDir).catch(() => [])).filter((one) => one.endsWith('.json'));
  const [only] = names;
  if (only === undefined || names.length > 1)
    throw new CliError(
      `${paths.keysDir} holds ${names.length} keys; exactly one signs. ${names.length === 0 ? 'Make one with c138 key new.' : 'Keep the others elsewhere.'}`,
    );
  try {
    const signer = await startSigner({ kind: 'keystore', path: join(paths.keysDir, only) });
    try {
      return await work(signer);
    } finally {
      await signer.close();
    }
  } catch (error) {
    throw error instanceof CliError ? error : new CliError(describeError(error));
  }
}
