import type { Identity, Trust } from './run-identity.ts';
import { type Run, RunError } from './run-in-hand.ts';

/** True when a run in hand can go on as it is; else it is taken up anew from the disk. */
export async function isInForce(run: Run, identity: Identity): Promise<boolean> {
  if (run.journal?.broken != null) return false;
  if (run.journal === null || !run.begun) return true;
  return (await identity.trust()).sha256 === run.journal.trustSha256;
}

/**
 * A checker judges each record by the trust store that its session named last, so nothing is signed under another.
 * @throws RunError
 */
export function refuseOtherTrust({ session, journal, begun }: Run, trust: Trust): void {
  if (journal !== null && begun && journal.trustSha256 !== trust.sha256)
    throw new RunError(
      `another trust store is in force than the one that this session names; take it up under the new one: resume ${session}`,
    );
}
