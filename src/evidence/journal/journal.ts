import { randomBytes } from 'node:crypto';
import { basename, join } from 'node:path';
import { loadNativeRecovery } from '../../chain/recover-native.ts';
import type { Hex } from '../../model/json.ts';
import type { RecordBody, SealBody } from '../../model/record.ts';
import type { Runbook } from '../../model/runbook.ts';
import { claimProblem } from '../claims.ts';
import { JournalState } from '../grammar.ts';
import { sameBytes, sha256Hex } from '../record/canonical.ts';
import { lineHash } from '../record/line.ts';
import { readUnsigned, SignedLine, type UnsignedRecord } from '../signed-line.ts';
import { parseTrust } from '../trust/trust.ts';
import { codeOfError, type Files, isFull, type OpenFile, realFiles, writeDurably } from './files.ts';
import {
  type Appended,
  type CreateOptions,
  JournalError,
  type RecoverOptions,
  type TornTail,
} from './journal-types.ts';
import { Lock } from './lock.ts';
import { ANSWER_MS, patient } from './patience.ts';
import { recoverCopies } from './recover.ts';
import { parseRunbookBytes } from './runbook-bytes.ts';
import { addFile, laterTrustFile, layOut, MAX_BLOB_BYTES, openJournal, takeAway } from './session-folder.ts';

interface Copy {
  readonly name: 'journal' | 'mirror';
  readonly dir: string;
  readonly files: Files;
  readonly file: OpenFile;
  readonly lock: Lock;
}

/** What recovery found: the journal, its records, and the tail it cut off. */
export interface Recovered {
  readonly journal: Journal;
  readonly records: readonly RecordBody[];
  readonly torn: TornTail | null;
  /** True when the mirror held whole lines that the first copy had lost. */
  readonly fromMirror: boolean;
}

/**
 * The append-only journal of one session. The one writer holds an exclusive lock. A record is acknowledged
 * only when it is on the disk, in the mirror too where there is one. After the first failed write or sync nothing
 * more is written: the kernel may have dropped the page, and a second sync would lie.
 */
export class Journal {
  readonly dir: string;
  readonly session: Hex;
  readonly runbook: Runbook;
  readonly #copies: readonly Copy[];
  readonly #state: JournalState;
  #trustSha256: Hex;
  #staged: UnsignedRecord | null = null;
  #queue: Promise<unknown> = Promise.resolve();
  #broken: string | null = null;
  #closed = false;

  private constructor(
    copies: readonly Copy[],
    session: Hex,
    runbook: Runbook,
    trustSha256: Hex,
    state: JournalState,
  ) {
    this.dir = (copies[0] as Copy).dir;
    this.#copies = copies;
    this.session = session;
    this.runbook = runbook;
    this.#trustSha256 = trustSha256;
    this.#state = state;
  }

  /**
   * Makes a new session folder and locks it; when that fails nothing of it is left, on no copy.
   * @throws TrustError, RecordError when the trust store or the runbook is misspelt; JournalError or Error of the file system
   */
  static async create(options: CreateOptions): Promise<Journal> {
    await loadNativeRecovery();
    const runbook = parseRunbookBytes(options.runbookBytes);
    const trust = parseTrust(options.trustBytes);
    const copies: Copy[] = [];
    const laidOut: Place[] = [];
    try {
      for (const place of placesOf(options)) {
        const { dir, files } = place;
        const begin = async (): Promise<void> => {
          await layOut(files, dir, options.runbookBytes, options.trustBytes);
          laidOut.push(place);
          copies.push(await openCopy(place));
        };
        await named(place, () =>
          begin().catch((error: unknown) => {
            throw isFull(error) ? new JournalError(notBegun(place, error), false) : error;
          }),
        );
      }
    } catch (error) {
      await letGo(copies);
      for (const { files, dir } of laidOut) await takeAway(files, dir);
      throw error;
    }
    return new Journal(copies, options.session, runbook, trust.sha256, new JournalState());
  }

  /**
   * Takes over a session that ended or crashed: locks it, cuts off a torn tail in place, brings both copies level.
   * @throws LockError when somebody has it open; JournalError when a whole line is damaged or the copies disagree
   */
  static async recover(options: RecoverOptions): Promise<Recovered> {
    await loadNativeRecovery();
    const copies: Copy[] = [];
    try {
      for (const place of placesOf(options)) copies.push(await named(place, () => openCopy(place)));
      const found = await recoverCopies(copies);
      const journal = new Journal(
        copies,
        found.session,
        found.runbook,
        found.state.trustSha256 ?? found.trustSha256,
        found.state,
      );
      return { journal, records: [...found.state.bodies], torn: found.torn, fromMirror: found.fromMirror };
    } catch (error) {
      await letGo(copies);
      throw error;
    }
  }

  /** Place and predecessor of the next record. */
  get next(): { readonly seq: number; readonly prev: Hex } {
    return this.#state.next(this.session);
  }

  /** The records so far, as the grammar sees them. */
  get state(): JournalState {
    return this.#state;
  }

  /** Why nothing can be written any more, or null. */
  get broken(): string | null {
    return this.#broken;
  }

  /** Digest of the trust store in force. */
  get trustSha256(): Hex {
    return this.#trustSha256;
  }

  /** Estate id of the open record; null before it is written. */
  get estateId(): string | null {
    return this.#state.open?.open.estate_id ?? null;
  }

  /** What the seal must say of the records so far. */
  sealFields(): SealBody['seal'] {
    return this.#state.sealFields(this.runbook, this.#trustSha256);
  }

  /**
   * Examines a record before it is signed: a refusal comes before anybody types a code, and afterwards only the signature is left to
   * check before the line is written.
   * @throws RecordError, GrammarError, JournalError when the record is refused
   */
  stage(bodyBytes: Uint8Array): void {
    const record = this.#read(Uint8Array.from(bodyBytes));
    this.#check(record.body);
    this.#staged = record;
  }

  #read(bytes: Uint8Array): UnsignedRecord {
    return readUnsigned(bytes, this.estateId);
  }

  /**
   * Checks every signature of a record: afterwards the line is in hand, and nothing is left but to write it.
   * @param bodyBytes canonical bytes of the body, as signed
   * @param sig the signature, or null for a record of the machine
   * @throws RecordError, GrammarError, LineError, JournalError when the record is refused
   */
  signed(bodyBytes: Uint8Array, sig: Hex | null): SignedLine {
    const staged = this.#staged;
    this.#staged = null;
    const known = staged !== null && sameBytes(staged.bytes, bodyBytes);
    const record = known ? staged : this.#read(Uint8Array.from(bodyBytes));
    // Its place first: that says more of what is wrong than a signature that does not fit.
    this.#check(record.body);
    return SignedLine.of(record, sig);
  }

  /**
   * Stores a signed line. Resolves only when every copy is on the disk.
   * @throws GrammarError when another record took its place (nothing was written);
   *   JournalError when it contradicts the session, or when writing failed (the journal is read-only from then on)
   */
  write(line: SignedLine): Promise<Appended> {
    return this.#inTurn(() => this.#write(line));
  }

  /** `signed` and `write` in one. */
  async append(bodyBytes: Uint8Array, sig: Hex | null): Promise<Appended> {
    return this.write(this.signed(bodyBytes, sig));
  }

  async #write({ body, bytes }: SignedLine): Promise<Appended> {
    this.#check(body);
    for (const { name, dir, file, lock } of this.#copies)
      await this.#orBreak(name, dir, async () => {
        if (!(await lock.stillOurs())) throw new Error('another program took over the lock');
        await writeDurably(file, bytes);
      });
    const lineSha256 = lineHash(bytes);
    this.#state.accept(body, bytes, lineSha256);
    if (this.#state.trustSha256 !== null) this.#trustSha256 = this.#state.trustSha256;
    return { seq: body.seq, lineSha256, body };
  }

  #check(body: RecordBody): void {
    if (body.session !== this.session)
      throw new JournalError(`the record belongs to session ${body.session}`, false);
    this.#state.check(body);
    if (body.kind === 'confirm' || body.kind === 'correction') {
      const own = body.kind === 'confirm' && body.claims.length > 0 ? body.observations : null;
      const { evidence: known } = this.#state;
      const evidence = own === null ? known : new Map(known).set(body.seq, own);
      const problem = claimProblem(body, evidence);
      if (problem !== null) throw new JournalError(problem, false);
    }
    if (body.kind === 'open' && body.open.trust_sha256 !== this.#trustSha256)
      throw new JournalError('the open record names another trust store than the session holds', false);
    if (body.kind === 'seal') {
      const expected = sha256Hex(JSON.stringify(sorted(this.sealFields())));
      if (sha256Hex(JSON.stringify(sorted(body.seal))) !== expected)
        throw new JournalError('the seal does not say what the journal holds', false);
    }
  }

  /**
   * Keeps raw bytes content-addressed under `blobs/`, on every copy, durable on return.
   * @returns the digest as 64 hexadecimal digits, as a `RawRef` holds it
   * @throws JournalError when too large or not writable
   */
  putBlob(bytes: Uint8Array): Promise<string> {
    if (bytes.length > MAX_BLOB_BYTES)
      return Promise.reject(
        new JournalError(`a raw answer of ${bytes.length} bytes; at most ${MAX_BLOB_BYTES} are kept`, false),
      );
    const copy = Uint8Array.from(bytes);
    return this.#inTurn(async () => {
      const digest = sha256Hex(copy).slice(2);
      for (const { name, dir, files } of this.#copies)
        await this.#orBreak(name, dir, () => addFile(files, join(dir, 'blobs'), digest, copy));
      return digest;
    });
  }

  /**
   * Keeps the trust store that a resume record is about to name.
   * @throws TrustError, JournalError
   */
  putTrust(bytes: Uint8Array): Promise<Hex> {
    return this.#inTurn(async () => {
      const { sha256 } = parseTrust(bytes);
      if (sha256 === this.#trustSha256) return sha256;
      for (const { name, dir, files } of this.#copies)
        await this.#orBreak(name, dir, () => addFile(files, dir, laterTrustFile(sha256), bytes));
      return sha256;
    });
  }

  /** Releases lock and files. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#queue.catch(() => undefined);
    await letGo(this.#copies);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(() => {
      if (this.#broken !== null) throw new JournalError(this.#broken, true);
      if (this.#closed) throw new JournalError('the journal is closed', true);
      return work();
    });
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  /** Nothing was acknowledged, and what is there stands in the way of beginning again. */
  async #takeBack(): Promise<void> {
    this.#closed = true;
    await letGo(this.#copies);
    for (const { files, dir } of this.#copies) await takeAway(files, dir);
  }

  async #orBreak(name: Copy['name'], dir: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isFull(error) && this.#state.open === null) {
        this.#broken = notBegun({ name, dir }, error);
        await this.#takeBack();
        throw new JournalError(this.#broken, true);
      }
      const what = error instanceof Error ? error.message : String(error);
      this.#broken = `${name === 'mirror' ? 'the mirror' : 'the journal'} in ${dir} can not be written (${what}); nothing more is written, what was acknowledged is safe${name === 'mirror' ? MEND_MIRROR : mend(error)}`;
      throw new JournalError(this.#broken, true);
    }
  }
}

const MEND_MIRROR =
  '. Mend the mirror and resume the session, or go on on one copy, which the record will say (in the console :onecopy, in line mode resume SESSION onecopy)';

function mend(error: unknown): string {
  const code = codeOfError(error);
  if (isFull(error)) return '. Make room on the disk, then resume the session';
  if (code === 'EIO') return '. Check the disk, then resume the session from the good copy';
  return '. Resume the session when the cause is mended';
}

/** What a full disk at the very beginning means: there is no session yet that could be resumed. */
function notBegun({ name, dir }: Pick<Copy, 'name' | 'dir'>, error: unknown): string {
  const what = error instanceof Error ? error.message : String(error);
  return `the ${name} in ${dir} can not be written (${what}); nothing was begun, and nothing is left of it. Make room on the disk, then begin again (in the console b, in line mode begin)`;
}

function sorted(fields: SealBody['seal']): unknown {
  const { totals, ...rest } = fields;
  return [Object.entries(rest).sort(byKey), Object.entries(totals).sort(byKey)];
}

function byKey(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}

type Place = Omit<Copy, 'file' | 'lock'>;

/** Where the copies lie, each with a file system of its own: one that does not answer does not stop the others. */
function placesOf({
  dir,
  mirror,
  files = realFiles,
  answerMs = ANSWER_MS,
}: Pick<CreateOptions, 'dir' | 'mirror' | 'files' | 'answerMs'>): readonly Place[] {
  const place = (name: Copy['name'], folder: string): Place => ({
    name,
    dir: folder,
    files: patient(files, folder, answerMs),
  });
  return [place('journal', dir), ...(mirror === null ? [] : [place('mirror', join(mirror, basename(dir)))])];
}

async function named<T>({ name, dir }: Place, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (name !== 'mirror' || !(error instanceof Error) || codeOfError(error) === '') throw error;
    throw new JournalError(
      `the mirror ${dir} can not be used (${error.message}); mount it, or go on on one copy, which the record will say (in the console :onecopy, in line mode resume SESSION onecopy)`,
      true,
    );
  }
}

async function openCopy(place: Place): Promise<Copy> {
  const { files, dir } = place;
  const lock = await Lock.take(files, dir);
  try {
    return { ...place, file: await openJournal(files, dir), lock };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function letGo(copies: readonly Copy[]): Promise<void> {
  for (const { file, lock } of copies) {
    await file.close().catch(() => undefined);
    await lock.release().catch(() => undefined);
  }
}

/** A fresh session id: 32 random bytes of the operating system. */
export function newSession(): Hex {
  return `0x${randomBytes(32).toString('hex')}`;
}

export { JournalError } from './journal-types.ts';
