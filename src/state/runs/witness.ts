import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type AskedMeaning,
  ExchangeError,
  readAnswer,
  spokenCode,
  toFile,
  toPaste,
  type WitnessAnswer,
  type WitnessRequest,
} from '../../evidence/exchange.ts';
import { parseRunbookBytes } from '../../evidence/journal/runbook-bytes.ts';
import { splitJournal } from '../../evidence/journal/tail.ts';
import { lineHash, parseLine } from '../../evidence/record/line.ts';
import { parseBody } from '../../evidence/record/record.ts';
import { findKey, keyProblem, nameOf, type TrustStore } from '../../evidence/trust/trust.ts';
import type { RecordBody, Runbook, WitnessBody } from '../../model/index.ts';
import { replay, wantsSignature } from '../../runbooks/index.ts';
import type { WitnessAsk } from '../backend.ts';
import type { Position } from './run-bodies.ts';
import { recordContext } from './run-context.ts';
import type { Run } from './run-in-hand.ts';

/** The record that most wants a signature of somebody else now: the last answer that waits for one, else the last answer. */
export function recordToWitness(runbook: Runbook, records: readonly RecordBody[]): number | null {
  const answers = replay(runbook, records)
    .steps.filter((one) => one.seq !== null)
    .sort((a, b) => (b.seq ?? 0) - (a.seq ?? 0));
  return (answers.find(wantsSignature) ?? answers[0])?.seq ?? null;
}

/** What the signature of another person has to say over a record: the approval that its step asks for, or that it was witnessed. */
export function meaningWanted(runbook: Runbook, record: RecordBody | undefined): AskedMeaning {
  if (record?.kind !== 'confirm' && record?.kind !== 'correction' && record?.kind !== 'deviation')
    return 'witnessed';
  const { id } = record.step;
  return runbook.steps.some((one) => one.id === id && one.approval) ? 'approved' : 'witnessed';
}

/**
 * Records and runbook of a session folder, read without a lock and without checking a signature.
 * @throws ExchangeError
 */
export async function readSessionRecords(
  dir: string,
): Promise<{ readonly records: readonly RecordBody[]; readonly runbook: Runbook }> {
  try {
    const { lines } = splitJournal(await readFile(join(dir, 'journal.jsonl')));
    return {
      records: lines.map((line) => parseBody(parseLine(line).bodyBytes)),
      runbook: parseRunbookBytes(await readFile(join(dir, 'runbook.json'))),
    };
  } catch (error) {
    throw new ExchangeError(
      `${dir} is not a session folder that can be read (${error instanceof Error ? error.message : ''})`,
    );
  }
}

/**
 * The request for one record of a session folder. Reads only.
 * @throws ExchangeError when there is no such record
 */
export async function witnessRequest(
  dir: string,
  seq: number,
  meaning: AskedMeaning = 'witnessed',
): Promise<WitnessRequest> {
  const { lines } = splitJournal(await readFile(join(dir, 'journal.jsonl')));
  const [first, line] = [lines[0], lines[seq]];
  if (first === undefined || line === undefined) throw new ExchangeError(`there is no record ${seq}`);
  const open = parseBody(parseLine(first).bodyBytes);
  if (open.kind !== 'open') throw new ExchangeError('the session was never opened');
  return {
    format: 'c138-witness-request',
    v: 1,
    estate_id: open.open.estate_id,
    session: open.session,
    ref: { seq, line_sha256: lineHash(line) },
    line: Buffer.from(line.subarray(0, -1)).toString('utf8'),
    ...(meaning === 'witnessed' ? {} : { meaning }),
  };
}

/** Folder of requests, beside the sessions. */
const REQUESTS = 'requests';

/**
 * Writes the request for a record into a file (0600) beside the sessions.
 * @throws ExchangeError
 */
export async function writeWitnessRequest(
  { dir, runbook, records }: Pick<Run, 'dir' | 'runbook' | 'records'>,
  evidenceDir: string,
  seq: number,
): Promise<WitnessAsk> {
  const meaning = meaningWanted(runbook, records[seq]);
  const request = await witnessRequest(dir, seq, meaning);
  const folder = join(evidenceDir, REQUESTS);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const name = `${request.session.slice(2, 10)}-${seq}.json`;
  const path = join(folder, `witness-${name}`);
  await writeFile(path, toFile(request), { mode: 0o600 });
  return {
    path,
    answerPath: join(folder, `answer-${name}`),
    text: toPaste(request),
    spoken: spokenCode(request.ref),
    seq,
    meaning,
  };
}

/** The text of an answer: what was pasted, or what the file of that name holds. */
export async function answerText(answer: string): Promise<string> {
  const text = answer.trim();
  if (text.startsWith('c138:') || text.startsWith('{')) return text;
  try {
    return await readFile(text, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ExchangeError(
      code === 'ENOENT' ? `there is no file ${text}` : `${text} can not be read (${code ?? 'error'})`,
    );
  }
}

/** What the session that an answer is taken into must know. */
export interface Taking {
  readonly position: Position;
  readonly estateId: string;
  readonly records: readonly RecordBody[];
  readonly hashes: { at(index: number): string | undefined };
  readonly trust: TrustStore;
}

/**
 * The witness record for an answer that came back, after everything that the verifier will ask was asked here.
 * @throws ExchangeError saying why it does not count
 */
export function takeAnswer(input: string, taking: Taking): WitnessBody {
  const answer = readAnswer(input);
  refuseForeign(answer, taking);
  const target = taking.records[answer.ref.seq];
  const { witness } = answer;
  if (
    target?.actor !== null &&
    (target?.actor.person === witness.person || target?.actor.address === witness.address)
  )
    throw new ExchangeError(`${witness.name} signed this record; its witness must be another person`);
  if (witness.meaning === 'accepted')
    throw new ExchangeError('this answer accepts a handover; it is no witness signature');
  const again = taking.records.some(
    (one) =>
      one.kind === 'witness' &&
      one.ref.seq === answer.ref.seq &&
      one.witness.person === witness.person &&
      one.witness.meaning === witness.meaning,
  );
  if (again) throw new ExchangeError(`${witness.name} ${witness.meaning} this record already`);
  return {
    ...recordContext(),
    ...taking.position,
    kind: 'witness',
    actor: null,
    ref: answer.ref,
    witness,
  };
}

function refuseForeign(answer: WitnessAnswer, taking: Taking): void {
  const { witness } = answer;
  if (answer.session !== taking.position.session || answer.estate_id !== taking.estateId)
    throw new ExchangeError('this answer belongs to another session');
  if (taking.hashes.at(answer.ref.seq) !== answer.ref.line_sha256)
    throw new ExchangeError('this answer is about another record than this session holds');
  const key = findKey(taking.trust, witness.address);
  if (key === null)
    throw new ExchangeError(
      `the key ${witness.address} is not in the trust store; add it with: c138 trust add --role witness`,
    );
  if (key.person !== witness.person || nameOf(taking.trust, key.person) !== witness.name)
    throw new ExchangeError(`the key ${witness.address} belongs to ${key.person}, not to ${witness.person}`);
  const problem = keyProblem(key, witness.at, 'witness');
  if (problem !== null) throw new ExchangeError(problem);
}
