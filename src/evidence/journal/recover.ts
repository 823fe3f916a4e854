import { join } from 'node:path';
import type { Hex } from '../../model/json.ts';
import type { Runbook } from '../../model/runbook.ts';
import { checkSignatures, JournalState } from '../grammar.ts';
import { sha256Hex } from '../record/canonical.ts';
import { lineHash, parseLine } from '../record/line.ts';
import { parseBody } from '../record/record.ts';
import { MAX_TRUST_BYTES, parseTrust } from '../trust/trust.ts';
import { type Files, type OpenFile, readWhole, writeAll } from './files.ts';
import { JournalError, type TornTail } from './journal-types.ts';
import { parseRunbookBytes } from './runbook-bytes.ts';
import {
  addFile,
  laterTrustFile,
  MAX_BLOB_BYTES,
  MAX_JOURNAL_BYTES,
  RUNBOOK_FILE,
  TRUST_FILE,
} from './session-folder.ts';
import { type SplitJournal, splitJournal } from './tail.ts';

interface CopyFiles {
  readonly dir: string;
  readonly files: Files;
  readonly file: OpenFile;
}

export interface RecoveredCopies {
  readonly session: Hex;
  readonly runbook: Runbook;
  readonly trustSha256: Hex;
  readonly state: JournalState;
  readonly torn: TornTail | null;
  readonly fromMirror: boolean;
}

/**
 * Makes all copies of a journal end with the same whole line. Cutting happens in place and needs no free space. A whole
 * line that only one copy has was on its way when the program ended: it is kept and copied to the other.
 * @throws JournalError when a line is damaged, or when the copies tell two stories
 */
export async function recoverCopies(copies: readonly CopyFiles[]): Promise<RecoveredCopies> {
  const splits: SplitJournal[] = [];
  for (const copy of copies) splits.push(await readCopy(copy));
  const best = splits.reduce((a, b) => (b.lines.length > a.lines.length ? b : a));
  refuseFork(copies, splits, best);
  const first = copies[0] as CopyFiles;
  const state = replayLines(best.lines, first.dir);
  if (state.open === null)
    throw new JournalError(
      `${first.dir} holds no record: the session was never opened. Nothing was acknowledged; the folder can be removed`,
      false,
    );
  if (copies.length > 1) await levelFiles(copies, state);
  for (const [index, copy] of copies.entries()) await level(copy, splits[index] as SplitJournal, best);
  const runbook = parseRunbookBytes(
    await readWhole(first.files, join(first.dir, RUNBOOK_FILE), MAX_TRUST_BYTES * 4),
  );
  const trust = parseTrust(await readWhole(first.files, join(first.dir, TRUST_FILE), MAX_TRUST_BYTES));
  return {
    session: state.open.session,
    runbook,
    trustSha256: trust.sha256,
    state,
    torn: splits[0]?.torn ?? splits.find((split) => split.torn !== null)?.torn ?? null,
    fromMirror: best !== splits[0],
  };
}

/**
 * Raw answers and later trust stores that only one copy has whole, after a time on one copy or a kill while one was written; before the
 * lines that name them. A file that is another than its name says, and not merely cut short, is left for the checker to find.
 */
async function levelFiles(copies: readonly CopyFiles[], state: JournalState): Promise<void> {
  const named = [
    ...[...state.blobs.keys()].map((name) => ({
      folder: 'blobs',
      name,
      max: MAX_BLOB_BYTES,
      isWhole: (bytes: Uint8Array) => sha256Hex(bytes) === `0x${name}`,
    })),
    ...[...state.bodies]
      .filter((body) => body.kind === 'resume')
      .map(({ resume: { trust_sha256: sha256 } }) => ({
        folder: '',
        name: laterTrustFile(sha256),
        max: MAX_TRUST_BYTES,
        isWhole: (bytes: Uint8Array) => isTrust(bytes, sha256),
      })),
  ];
  for (const { folder, name, max, isWhole } of named) {
    const here = await Promise.all(
      copies.map(({ dir, files }) => readWhole(files, join(dir, folder, name), max).catch(() => null)),
    );
    const whole = here.find((one) => one !== null && isWhole(one));
    if (whole === undefined || whole === null) continue;
    for (const [index, { dir, files }] of copies.entries())
      if (isCutShort(here[index] ?? new Uint8Array(), whole))
        await addFile(files, join(dir, folder), name, whole);
  }
}

function isTrust(bytes: Uint8Array, sha256: Hex): boolean {
  try {
    return parseTrust(bytes).sha256 === sha256;
  } catch {
    return false;
  }
}

function isCutShort(part: Uint8Array, whole: Uint8Array): boolean {
  return part.length < whole.length && Buffer.compare(part, whole.subarray(0, part.length)) === 0;
}

async function readCopy({ dir, file }: CopyFiles): Promise<SplitJournal> {
  const size = await file.size();
  if (size > MAX_JOURNAL_BYTES)
    throw new JournalError(
      `the journal in ${dir} has ${size} bytes; at most ${MAX_JOURNAL_BYTES} are read`,
      false,
    );
  return splitJournal(await file.read(size, 0));
}

function refuseFork(copies: readonly CopyFiles[], splits: readonly SplitJournal[], best: SplitJournal): void {
  for (const [index, split] of splits.entries()) {
    const at = split.lines.findIndex(
      (line, place) => Buffer.compare(line, best.lines[place] as Uint8Array) !== 0,
    );
    if (at !== -1)
      throw new JournalError(
        `the two copies of this journal differ from line ${at + 1} on (${copies[index]?.dir}); keep both and run "c138 evidence verify" on them`,
        false,
      );
  }
}

async function level(copy: CopyFiles, split: SplitJournal, best: SplitJournal): Promise<void> {
  const missing = best.lines.slice(split.lines.length);
  if (split.torn !== null) await copy.file.truncate(split.wholeBytes);
  for (const line of missing) await writeAll(copy.file, line);
  // Whole lines of a program that was killed may not be on the disk either, and the next record syncs only itself.
  await copy.file.sync();
}

/** Reads whole lines strictly, as the writer accepted them. */
function replayLines(lines: readonly Uint8Array[], dir: string): JournalState {
  const state = new JournalState();
  for (const [index, bytes] of lines.entries()) {
    try {
      const { bodyBytes, sig } = parseLine(bytes);
      const body = parseBody(bodyBytes);
      state.check(body);
      checkSignatures(body, bodyBytes, sig, state.open?.open.estate_id ?? openEstate(body));
      state.accept(body, bytes, lineHash(bytes));
    } catch (error) {
      throw new JournalError(
        `line ${index + 1} of the journal in ${dir} is damaged (${error instanceof Error ? error.message : ''}); it was not changed. Run "c138 evidence verify" on it and compare with the mirror`,
        false,
      );
    }
  }
  return state;
}

function openEstate(body: ReturnType<typeof parseBody>): string {
  return body.kind === 'open' ? body.open.estate_id : '';
}
