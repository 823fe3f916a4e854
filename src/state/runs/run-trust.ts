import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { laterTrustFile, TRUST_FILE } from '../../evidence/journal/session-folder.ts';
import { parseTrust } from '../../evidence/trust/trust.ts';
import type { Hex } from '../../model/index.ts';
import type { Identity, Trust } from './run-identity.ts';
import { type Run, RunError, wayOn } from './run-in-hand.ts';

/** True when a run in hand can go on as it is; else it is taken up anew from the disk. */
export async function isInForce(run: Run, identity: Identity): Promise<boolean> {
  if (run.journal?.broken != null) return false;
  if (run.journal === null || !run.begun) return true;
  return (await identity.trust()).sha256 === run.journal.trustSha256;
}

/**
 * A checker judges each record by the trust store that its session named last, so nothing is signed under another; and it refuses, for
 * good, a session that goes back to an older store, so none is taken up under one.
 * @throws RunError; Error of the file system when the session's store can not be read
 */
export async function refuseOtherTrust({ session, dir, journal, begun }: Run, trust: Trust): Promise<void> {
  if (journal === null || journal.trustSha256 === trust.sha256) return;
  if (begun)
    throw new RunError(
      `another trust store is in force than the one that this session names; take it up under the new one, ${wayOn(session)}`,
    );
  const { path, version } = await storeOf(dir, journal.trustSha256);
  const here = trust.store.body.version;
  if (here > version) return;
  throw new RunError(
    here === version
      ? `this session was worked under another trust store of the same version ${version}, ${path}; settle which one is yours before anything is signed`
      : `this session was worked under version ${version} of the trust store, and version ${here} is in force here; install the newer one: c138 trust update ${path}`,
  );
}

/** The trust store that a session names last, where the writer put it. */
async function storeOf(
  dir: string,
  sha256: Hex,
): Promise<{ readonly path: string; readonly version: number }> {
  for (const path of [join(dir, laterTrustFile(sha256)), join(dir, TRUST_FILE)]) {
    const bytes = await readFile(path).catch(() => null);
    const store = bytes === null ? null : parseTrust(bytes);
    if (store?.sha256 === sha256) return { path, version: store.body.version };
  }
  throw new RunError(
    `the trust store that this session names last is missing in ${dir}; see c138 evidence verify`,
  );
}
