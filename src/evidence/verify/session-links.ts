import type { Hex } from '../../model/json.ts';
import type { RecordBody } from '../../model/record.ts';
import { LineSplitter } from '../journal/journal-bytes.ts';
import { LineError, lineHash, parseLine } from '../record/line.ts';
import { parseBody } from '../record/record.ts';
import type { SessionBytes } from './verify-read.ts';

/** What ties a session to the one before it: its opening record names the seal that was made last on that machine. */
export interface SessionLink {
  readonly path: string;
  readonly session: Hex;
  readonly estateId: string;
  readonly openedAt: string;
  /** The seal that the opening record names, or null where it names none. */
  readonly prevSeal: Hex | null;
  /** SHA-256 of the line of the seal and its time; null while the session is open. */
  readonly seal: { readonly sha256: Hex; readonly at: string } | null;
}

/**
 * Reads the first and the last whole line of a journal; what lies between is not looked at, and nothing is verified.
 * @throws LineError, RecordError, CanonicalError when these are no records; VerifyStop, Error of the file system
 */
export async function linkOf(bytes: SessionBytes): Promise<SessionLink> {
  const splitter = new LineSplitter();
  let first: RecordBody | null = null;
  let last: Uint8Array = new Uint8Array();
  for await (const chunk of bytes.journal.chunks())
    for (const line of splitter.push(chunk)) {
      first ??= parseBody(parseLine(line).bodyBytes);
      last = Uint8Array.from(line);
    }
  if (first?.kind !== 'open') throw new LineError('it does not begin with an opening record');
  const end = parseBody(parseLine(last).bodyBytes);
  return {
    path: bytes.folder,
    session: first.session,
    estateId: first.open.estate_id,
    openedAt: first.at,
    prevSeal: first.open.prev_seal,
    seal: end.kind === 'seal' ? { sha256: lineHash(last), at: end.at } : null,
  };
}

/** The seal that was made last among sessions of an estate, which the next opening record names; null where there is none. */
export function lastSeal(links: readonly SessionLink[], estateId: string): Hex | null {
  const sealed = links.flatMap(({ estateId: of, seal }) => (seal !== null && of === estateId ? [seal] : []));
  return (
    sealed.reduce<SessionLink['seal']>((best, one) => (best === null || one.at > best.at ? one : best), null)
      ?.sha256 ?? null
  );
}

/** Something that a set of sessions does not account for. */
export interface LinkGap {
  readonly path: string;
  readonly text: string;
}

/**
 * Whether sessions that claim to be all of them hang together: every seal that an opening record names is among them. A session that
 * was left out is found by the one that names it; the last of all, and one that was never sealed, nobody names.
 */
export function linkGaps(links: readonly SessionLink[]): readonly LinkGap[] {
  const seals = new Set(links.flatMap(({ seal }) => (seal === null ? [] : [seal.sha256])));
  return links.flatMap(({ path, prevSeal }) =>
    prevSeal === null || seals.has(prevSeal)
      ? []
      : [{ path, text: `it follows a session that is not here: its seal is ${prevSeal}` }],
  );
}
