import { createHash } from 'node:crypto';
import type { JournalState } from '../grammar.ts';
import type { JournalBytes } from '../journal/journal-bytes.ts';
import { type AllowedSigner, principalOf } from '../outside/ssh-allowed.ts';
import { checkSshSignature, readSshSignature, SshSigError } from '../outside/sshsig.ts';
import { checkTimestamp, TimestampError, type TsaPin, timestampName } from '../outside/timestamp.ts';
import type { SessionBytes } from './verify-read.ts';
import { EXIT, type VerifyFinding, VerifyStop } from './verify-report.ts';

/** What the checker brings for proofs that come from outside the journal. */
export interface OutsidePins {
  /** Whose SSH keys count. */
  readonly sshSigners?: readonly AllowedSigner[];
  /** The authorities whose time stamps count. */
  readonly tsa?: TsaPin;
}

export interface Outside {
  readonly findings: readonly VerifyFinding[];
  /** The earliest time by which an authority outside the estate saw the sealed journal; null where none did. */
  readonly notAfter: string | null;
}

/**
 * V13: SSH signatures and time stamps beside a sealed journal. One that does not hold is tampering; one that holds, by somebody whom
 * nobody vouched for, counts for nothing and says so.
 * @throws VerifyStop 20
 */
export async function checkOutside(
  bytes: SessionBytes,
  state: JournalState,
  pins: OutsidePins,
): Promise<Outside> {
  const findings: VerifyFinding[] = [];
  const note = (severity: VerifyFinding['severity'], text: string): void => {
    findings.push({ step: 'V13', severity, line: null, text });
  };
  let notAfter: string | null = null;
  if (bytes.outside.size === 0) return { findings, notAfter };
  if (state.seal === null)
    throw new VerifyStop(
      EXIT.tampered,
      'V13',
      `${[...bytes.outside.keys()][0]} vouches for a journal that is not sealed`,
    );
  const digests = await digestsOf(bytes.journal);
  for (const [name, file] of bytes.outside)
    try {
      if (name.endsWith('.sig')) {
        const signature = readSshSignature(file);
        checkSshSignature(signature, digests[signature.hash]);
        const who = principalOf(pins.sshSigners ?? [], signature, new Date(state.seal.at));
        if (who === null)
          note(
            'warn',
            `${name}: holds, by the SSH key ${signature.fingerprint}, which nobody here vouches for`,
          );
        else note('info', `${name}: signed by ${who} with the SSH key ${signature.fingerprint}`);
      } else {
        if (name !== timestampName(file)) throw new TimestampError('its name is not the digest of its bytes');
        const stamp = checkTimestamp(file, digests.sha256, pins.tsa ?? null);
        if (stamp.trusted) {
          if (notAfter === null || stamp.at < notAfter) notAfter = stamp.at;
          note('info', `${name}: the sealed journal existed at ${stamp.at}, says ${stamp.authority}`);
        } else
          note(
            'warn',
            `${name}: holds, and says ${stamp.at}, but ${stamp.authority} is no authority that was pinned`,
          );
      }
    } catch (error) {
      if (error instanceof SshSigError || error instanceof TimestampError)
        throw new VerifyStop(EXIT.tampered, 'V13', `${name}: ${error.message}`);
      throw error;
    }
  return { findings, notAfter };
}

async function digestsOf(
  journal: JournalBytes,
): Promise<{ readonly sha256: Uint8Array; readonly sha512: Uint8Array }> {
  const sha256 = createHash('sha256');
  const sha512 = createHash('sha512');
  for await (const chunk of journal.chunks()) {
    sha256.update(chunk);
    sha512.update(chunk);
  }
  return { sha256: sha256.digest(), sha512: sha512.digest() };
}
