import type { Hex } from '../model/json.ts';
import { sha256Hex } from './record/canonical.ts';
import { groupedCode } from './record/code.ts';

/** How many records there were, and their Merkle root: what a person outside the journal can hold on to. */
export interface Checkpoint {
  readonly session: Hex;
  /** Records before the checkpoint. */
  readonly size: number;
  readonly root: Hex;
}

/** First line of every checkpoint, before the session. */
const ORIGIN = 'dbis-evidence/';

/**
 * The checkpoint as three lines of text: origin, size, root in base64. Nobody signs it; it is written down elsewhere.
 * (C2SP tlog-checkpoint, the body.)
 */
export function checkpointText({ session, size, root }: Checkpoint): string {
  return `${ORIGIN}${session.slice(2)}\n${size}\n${Buffer.from(root.slice(2), 'hex').toString('base64')}\n`;
}

/** Eight characters that a witness can write down or photograph. */
export function checkpointCode(checkpoint: Checkpoint): string {
  return groupedCode(sha256Hex(checkpointText(checkpoint)));
}

/** Reads three lines as `checkpointText` writes them; null when they are anything else. Carriage returns of a copied file are forgiven. */
export function parseCheckpoint(text: string): Checkpoint | null {
  const match = /^dbis-evidence\/([0-9a-f]{64})\n(0|[1-9]\d{0,6})\n([A-Za-z0-9+/]{43}=)\n?$/.exec(
    text.replaceAll('\r\n', '\n'),
  );
  if (match === null) return null;
  const [, session = '', size = '', root = ''] = match;
  const found: Checkpoint = {
    session: `0x${session}`,
    size: Number(size),
    root: `0x${Buffer.from(root, 'base64').toString('hex')}`,
  };
  // Base64 can spell the same bytes in several ways.
  return checkpointText(found).startsWith(text.replaceAll('\r\n', '\n').trimEnd()) ? found : null;
}

/** A code as a person writes it down, in its one spelling; null when it is none. */
export function parseCheckpointCode(text: string): string | null {
  const code = text.trim().toUpperCase();
  return /^[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}$/.test(code) ? code : null;
}
