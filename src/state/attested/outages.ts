import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalBytes, evidenceText } from '../../evidence/record/canonical.ts';
import { encodeLine, firstPrev, lineHash, parseLine } from '../../evidence/record/line.ts';
import { parseBody } from '../../evidence/record/record.ts';
import { recoverAddress } from '../../evidence/record/record-signature.ts';
import { digestOfTyped, witnessTypedData } from '../../evidence/record/typed-data.ts';
import { checkTrust, findKey, keyProblem, parseTrust, type TrustStore } from '../../evidence/trust/trust.ts';
import {
  type DetachedSignature,
  type EventBody,
  type Hex,
  type PlannedOutage,
  type SubjectId,
  sanitiseJson,
  sanitiseLine,
} from '../../model/index.ts';
import { recordContext } from '../runs/run-context.ts';

/** Names of the events that an outage file can hold. */
export const OUTAGE_EVENTS = { planned: 'c138.outage-planned', ended: 'c138.outage-ended' } as const;

/** Longest outage that can be planned, in days: a failure is not put out of sight for good. */
export const MAX_OUTAGE_DAYS = 31;
const DAY_MS = 86_400_000;
/** A record may be this much older than the beginning that it names, in milliseconds; nothing is planned backwards. */
const SLACK_MS = 60_000;

/** One outage on record. */
export interface OutageRecord extends PlannedOutage {
  /** First eight digits of the digest of its record. */
  readonly id: string;
  readonly file: string;
  /** When it was ended before its time, or null. */
  readonly ended: string | null;
}

/** Every outage on record, and the files that count for nothing with the reason. */
export interface Outages {
  readonly records: readonly OutageRecord[];
  readonly rejected: readonly { readonly file: string; readonly reason: string }[];
}

/** The file of one signed event. */
interface OutageFile {
  readonly format: 'c138-outage';
  readonly v: 1;
  readonly estate_id: string;
  /** The record as a line of a journal, without its line feed. */
  readonly line: string;
  readonly signature: DetachedSignature;
}

/** An outage that can not be planned, ended or read; the message says why. */
export class OutageError extends Error {
  override readonly name = 'OutageError';
}

/**
 * The record of a planned outage, ready to be signed.
 * @param from, until milliseconds
 * @throws OutageError
 */
export function plannedLine(
  what: {
    readonly subject: SubjectId;
    readonly reason: string;
    readonly from: number;
    readonly until: number;
  },
  now: number,
): Uint8Array {
  const reason = evidenceText(what.reason, 500);
  if (reason === '') throw new OutageError('a planned outage needs a reason');
  if (what.until <= now || what.until <= what.from)
    throw new OutageError('a planned outage ends in the future, and after it begins');
  if (what.from < now - SLACK_MS)
    throw new OutageError('an outage is planned beforehand; it can not begin in the past');
  if (what.until - what.from > MAX_OUTAGE_DAYS * DAY_MS)
    throw new OutageError(
      `a planned outage lasts at most ${MAX_OUTAGE_DAYS} days; plan it again when it is over`,
    );
  return eventLine(OUTAGE_EVENTS.planned, {
    subject: what.subject,
    reason,
    from: new Date(what.from).toISOString(),
    until: new Date(what.until).toISOString(),
  });
}

/** The record that ends an outage before its time. */
export function endedLine(planned: OutageRecord): Uint8Array {
  return eventLine(OUTAGE_EVENTS.ended, { subject: planned.subject, planned: planned.id });
}

function eventLine(name: string, detail: Readonly<Record<string, string>>): Uint8Array {
  const session = `0x${randomBytes(32).toString('hex')}` as Hex;
  const body: EventBody = {
    ...recordContext(),
    session,
    seq: 0,
    prev: firstPrev(session),
    kind: 'event',
    actor: null,
    event: { name, detail },
  };
  return encodeLine(canonicalBytes(body), null);
}

/**
 * Keeps a signed record, first in the second copy where there is one, then here; whole or not at all.
 * @param folders where it goes, in this order
 */
export async function keepOutage(
  folders: readonly string[],
  estateId: string,
  line: Uint8Array,
  signature: DetachedSignature,
): Promise<string> {
  const file: OutageFile = {
    format: 'c138-outage',
    v: 1,
    estate_id: estateId,
    line: Buffer.from(line).toString('utf8').trimEnd(),
    signature,
  };
  const name = `${signature.at.replaceAll(/[-:]/g, '')}-${lineHash(line).slice(2, 10)}.json`;
  let path = name;
  for (const folder of folders) {
    path = join(folder, name);
    const work = `${path}.${randomBytes(4).toString('hex')}`;
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const handle = await open(work, 'wx', 0o600);
      try {
        await handle.writeFile(`${JSON.stringify(file, null, 1)}\n`);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(work, path);
    } catch (error) {
      await rm(work, { force: true }).catch(() => undefined);
      throw new OutageError(
        `${path} can not be written (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}); nothing counts until every copy is there`,
      );
    }
  }
  return path;
}

/**
 * Reads every outage of an estate. A file counts when its signature holds, the trust store in force knows the key as a performer's at that time, and it was
 * planned beforehand; anything else is told with its reason and silences nothing.
 */
export async function readOutages(folder: string, trustFile: string, estateId: string): Promise<Outages> {
  const names = (await readdir(folder).catch(() => [])).filter((one) => one.endsWith('.json')).sort();
  if (names.length === 0) return { records: [], rejected: [] };
  const trust = await readTrust(trustFile);
  const planned: OutageRecord[] = [];
  const ends: { readonly planned: string; readonly subject: string; readonly at: string }[] = [];
  const rejected: { file: string; reason: string }[] = [];
  for (const file of names)
    try {
      if (trust === null)
        throw new OutageError('there is no trust store that could say whose signature counts');
      const { body, id, by } = checkedEvent(await readFile(join(folder, file), 'utf8'), trust, estateId);
      const { detail, name } = body.event;
      if (name === OUTAGE_EVENTS.planned)
        planned.push({ ...outageOf(detail, body.at), id, file, by, ended: null });
      else if (name === OUTAGE_EVENTS.ended && typeof detail.planned === 'string')
        ends.push({ planned: detail.planned, subject: String(detail.subject), at: body.at });
      else throw new OutageError(`the event ${sanitiseLine(name, 40)} is none of an outage`);
    } catch (error) {
      rejected.push({ file, reason: sanitiseLine((error as Error).message, 200) });
    }
  const records = planned.map((one) => {
    const end = ends.find((other) => other.planned === one.id && other.subject === one.subject);
    if (end === undefined) return one;
    return { ...one, ended: end.at, until: end.at < one.until ? end.at : one.until };
  });
  return { records, rejected };
}

async function readTrust(file: string): Promise<TrustStore | null> {
  try {
    const store = parseTrust(await readFile(file));
    checkTrust(store);
    return store;
  } catch {
    return null;
  }
}

/** The event of a file whose signature holds, and who signed it. @throws OutageError or one of the evidence room */
function checkedEvent(
  text: string,
  trust: TrustStore,
  estateId: string,
): { readonly body: EventBody; readonly id: string; readonly by: string } {
  const file = fileOf(text);
  if (file.estate_id !== estateId) throw new OutageError(`it is of the estate ${file.estate_id}`);
  const line = Buffer.from(`${file.line}\n`);
  const body = parseBody(parseLine(line).bodyBytes);
  if (body.kind !== 'event' || body.seq !== 0) throw new OutageError('it holds no event');
  const { sig, address, name: _name, ...statement } = file.signature;
  if (statement.meaning !== 'approved')
    throw new OutageError('it was signed with another meaning than "approved"');
  const ref = { seq: body.seq, line_sha256: lineHash(line) };
  const digest = digestOfTyped(witnessTypedData(body.session, ref, statement, estateId));
  const signer = recoverAddress(digest, sig);
  if (signer !== address) throw new OutageError('the signature is not of the key that it names');
  const key = findKey(trust, signer);
  if (key === null) throw new OutageError(`the trust store does not know the key ${signer}`);
  const problem = keyProblem(key, statement.at, 'performer');
  if (problem !== null) throw new OutageError(problem);
  if (key.person !== statement.person)
    throw new OutageError('the key belongs to another person than it says');
  return { body, id: ref.line_sha256.slice(2, 10), by: key.person };
}

function fileOf(text: string): OutageFile {
  const value = sanitiseJson(JSON.parse(text) as OutageFile, 70_000);
  const { signature } = value;
  const strings = [
    value.line,
    value.estate_id,
    signature?.sig,
    signature?.address,
    signature?.at,
    signature?.person,
  ];
  if (value.format !== 'c138-outage' || value.v !== 1 || strings.some((one) => typeof one !== 'string'))
    throw new OutageError('it is no file of an outage');
  return value;
}

function outageOf(detail: EventBody['event']['detail'], at: string): Omit<PlannedOutage, 'by'> {
  const { subject, reason, from, until } = detail;
  if (
    typeof subject !== 'string' ||
    typeof reason !== 'string' ||
    typeof from !== 'string' ||
    typeof until !== 'string'
  )
    throw new OutageError('subject, reason, beginning or end is missing');
  const [begin, end, made] = [Date.parse(from), Date.parse(until), Date.parse(at)];
  if (!(begin >= made - SLACK_MS) || !(end > begin) || end - begin > MAX_OUTAGE_DAYS * DAY_MS)
    throw new OutageError(`it is not planned beforehand, or for more than ${MAX_OUTAGE_DAYS} days`);
  return { subject: subject as SubjectId, reason, from, until };
}

/** The part that goes into snapshots. */
export function inForce(outages: Outages): readonly PlannedOutage[] {
  return outages.records.map(({ subject, reason, by, from, until }) => ({
    subject,
    reason,
    by,
    from,
    until,
  }));
}
