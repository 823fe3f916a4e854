import type { Hex } from '../model/json.ts';
import type { DetachedSignature, LineRef, SealBody } from '../model/record.ts';
import type { Runbook } from '../model/runbook.ts';
import { CanonicalError, canonicalBytes, parseCanonical, sameBytes, sha256Hex } from './canonical.ts';
import { claimProblem } from './claims.ts';
import { checkDetached, checkSignatures, GrammarError, JournalState, openItems } from './grammar.ts';
import { LineError, lineHash, parseLine } from './line.ts';
import { parseBody, RecordError } from './record.ts';
import { countersignSchema } from './record-schema.ts';
import { SignatureError } from './record-signature.ts';
import { parseRunbookBytes } from './runbook-bytes.ts';
import { splitJournal } from './tail.ts';
import { findKey, keyProblem, type TrustStore } from './trust.ts';
import { readSession, type SessionBytes } from './verify-read.ts';
import {
  EXIT,
  VERDICT_TEXT,
  type VerifyExit,
  type VerifyFinding,
  type VerifyReport,
  VerifyStop,
} from './verify-report.ts';
import { checkSigners, type PinnedTrust, settleTrust } from './verify-trust.ts';

export interface VerifyOptions extends PinnedTrust {
  /** A second copy of the same session, to look for a fork. */
  readonly second?: string;
}

/** What is known so far; the report is made from it at whatever step verification ends. */
interface Progress {
  state: JournalState;
  signers: VerifyReport['signers'];
  openItems: readonly string[];
  assurance: VerifyReport['assurance'];
  readonly findings: VerifyFinding[];
}

/**
 * Verifies a session folder offline, steps V0 to V14 in order, and stops at the first hard failure. Never throws for what it finds.
 * A trust store inside the folder is data: without `trust` or `root` from outside the answer is at best 30.
 */
export async function verifySession(path: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  const progress: Progress = {
    state: new JournalState(),
    signers: [],
    openItems: [],
    assurance: 'L0',
    findings: [],
  };
  let exitCode: VerifyExit;
  try {
    exitCode = await run(path, options, progress);
  } catch (error) {
    if (!(error instanceof VerifyStop)) throw error;
    progress.findings.push(error.finding);
    exitCode = error.exitCode;
  }
  const { state } = progress;
  return {
    format: 'c138-verify',
    v: 1,
    exitCode,
    verdict: VERDICT_TEXT[exitCode],
    assurance:
      exitCode === EXIT.met || exitCode === EXIT.open || exitCode === EXIT.policy ? progress.assurance : 'L0',
    path,
    session: state.open?.session ?? null,
    estateId: state.open?.open.estate_id ?? null,
    runbook:
      state.open === null
        ? null
        : { id: state.open.open.runbook.id, version: state.open.open.runbook.version },
    openedAt: state.open?.at ?? null,
    sealedAt: state.seal?.at ?? null,
    records: state.bodies.length,
    signers: progress.signers,
    openItems: progress.openItems,
    findings: progress.findings,
  };
}

async function run(path: string, options: VerifyOptions, progress: Progress): Promise<VerifyExit> {
  const bytes = await readSession(path);
  const { lines, torn } = splitJournal(bytes.journal);
  readLines(lines, progress.state);
  const { state, findings } = progress;
  if (torn !== null) {
    if (state.seal !== null)
      throw new VerifyStop(
        EXIT.tampered,
        'V1',
        `${torn.bytes} bytes stand after the seal; sealed means closed`,
      );
    findings.push({
      step: 'V1',
      severity: 'warn',
      line: lines.length + 1,
      text: `${torn.bytes} bytes after the last whole line were never acknowledged`,
    });
  }
  if (state.open === null) throw new VerifyStop(EXIT.malformed, 'V7', 'the journal holds no record');
  if (options.second !== undefined) await refuseFork(lines, options.second);
  const runbook = checkRunbook(bytes, state);
  await checkBlobs(bytes, state);
  checkSeal(state, runbook);
  for (const name of bytes.strange)
    findings.push({
      step: 'V0',
      severity: 'warn',
      line: null,
      text: `${name} is no part of the evidence, and nothing vouches for it`,
    });
  const store = settleTrust(bytes, state, options);
  progress.signers = checkSigners(state, store);
  progress.openItems = openItems(state, runbook);
  if (store === null)
    throw new VerifyStop(
      EXIT.untrusted,
      'V6',
      'no trust was pinned from outside: give --trust FILE or --root ADDRESS. The trust store in the folder cannot vouch for itself',
    );
  progress.assurance = assuranceOf(state);
  if (state.seal === null) {
    findings.push({
      step: 'V7',
      severity: 'warn',
      line: null,
      text: `there is no seal: complete only up to record ${state.bodies.length - 1}; what came after it, if anything, cannot be known from this file`,
    });
    return EXIT.open;
  }
  return checkPolicy(bytes, state, store, progress);
}

/** V1 to V3 and V5: form, order and signature of every line. */
function readLines(lines: readonly Uint8Array[], state: JournalState): void {
  for (const [index, bytes] of lines.entries()) {
    const at = index + 1;
    try {
      const { bodyBytes, sig } = parseLine(bytes);
      const body = parseBody(bodyBytes);
      state.check(body);
      const estateId = body.kind === 'open' ? body.open.estate_id : (state.open?.open.estate_id ?? '');
      checkSignatures(body, bodyBytes, sig, estateId);
      state.accept(body, bytes, lineHash(bytes));
    } catch (error) {
      if (error instanceof LineError || error instanceof RecordError || error instanceof CanonicalError)
        throw new VerifyStop(EXIT.malformed, 'V2', `line ${at}: ${error.message}`, at);
      if (error instanceof GrammarError)
        throw new VerifyStop(EXIT.tampered, 'V3', `line ${at}: ${error.message}`, at);
      if (error instanceof SignatureError)
        throw new VerifyStop(EXIT.tampered, 'V5', `line ${at}: ${error.message}`, at);
      throw error;
    }
  }
}

/** Two copies that go on differently after the same beginning convict whoever signed both. */
async function refuseFork(lines: readonly Uint8Array[], second: string): Promise<void> {
  const other = await readSession(second);
  const theirs = splitJournal(other.journal).lines;
  readLines(theirs, new JournalState());
  const shorter = Math.min(lines.length, theirs.length);
  for (let index = 0; index < shorter; index += 1)
    if (!sameBytes(lines[index] as Uint8Array, theirs[index] as Uint8Array))
      throw new VerifyStop(
        EXIT.fork,
        'V3',
        `the two copies go on differently from line ${index + 1}; both endings carry valid signatures`,
        index + 1,
      );
}

/** V8: the runbook in the folder is the one that was opened. */
function checkRunbook(bytes: SessionBytes, state: JournalState): Runbook {
  const expected = state.open?.open.runbook;
  if (expected?.sha256 !== sha256Hex(bytes.runbook))
    throw new VerifyStop(
      EXIT.tampered,
      'V8',
      'runbook.json is not the runbook that the opening record names',
    );
  let runbook: Runbook;
  try {
    runbook = parseRunbookBytes(bytes.runbook);
  } catch (error) {
    throw new VerifyStop(
      EXIT.malformed,
      'V8',
      `runbook.json: ${error instanceof Error ? error.message : ''}`,
    );
  }
  if (runbook.id !== expected.id || runbook.version !== expected.version)
    throw new VerifyStop(
      EXIT.tampered,
      'V8',
      'runbook.json has another id or version than the opening record',
    );
  for (const body of state.bodies)
    if (body.kind === 'resume' && body.resume.runbook.sha256 !== expected.sha256)
      throw new VerifyStop(
        EXIT.tampered,
        'V8',
        `record ${body.seq} resumes under another runbook`,
        body.seq + 1,
      );
  return runbook;
}

/** V9: every raw answer that a record names is there, whole, and no other is. */
async function checkBlobs(bytes: SessionBytes, state: JournalState): Promise<void> {
  for (const [name, size] of state.blobs) {
    if (!bytes.blobNames.includes(name))
      throw new VerifyStop(EXIT.tampered, 'V9', `the raw answer ${name} is missing`);
    const blob = await bytes.readBlob(name);
    if (blob.length !== size || sha256Hex(blob).slice(2) !== name)
      throw new VerifyStop(EXIT.tampered, 'V9', `the raw answer ${name} was changed`);
  }
  // A raw answer is stored before the record that names it, so an open session may hold one more after a crash.
  const surplus = bytes.blobNames.filter((name) => !state.blobs.has(name));
  if (surplus.length > 0 && state.seal !== null)
    throw new VerifyStop(
      EXIT.tampered,
      'V9',
      `${surplus.length} raw answer${surplus.length > 1 ? 's' : ''} that no record names: ${surplus[0]}`,
    );
}

/** V13: the seal says exactly what the lines before it hold. */
function checkSeal(state: JournalState, runbook: Runbook): void {
  if (state.seal === null) return;
  const before = new JournalState();
  for (const [index, body] of state.bodies.slice(0, -1).entries())
    before.accept(body, state.lines[index] as Uint8Array, state.hashes[index] as Hex);
  const expected: SealBody['seal'] = before.sealFields(
    runbook,
    before.trustSha256 ?? state.seal.seal.trust_sha256,
  );
  if (!sameBytes(canonicalBytes(expected), canonicalBytes(state.seal.seal)))
    throw new VerifyStop(
      EXIT.tampered,
      'V13',
      'the seal does not say what the journal holds',
      state.bodies.length,
    );
}

/** V10 to V12 and V14: what the runbook and the trust store ask for. */
function checkPolicy(
  bytes: SessionBytes,
  state: JournalState,
  store: TrustStore,
  progress: Progress,
): VerifyExit {
  const { findings } = progress;
  const miss = (step: VerifyFinding['step'], text: string, line: number | null = null): void => {
    findings.push({ step, severity: 'fail', line, text });
  };
  for (const item of progress.openItems)
    miss(
      item.startsWith('witness:') ? 'V10' : 'V8',
      item.startsWith('witness:')
        ? `step ${item.slice(8)} needs a witness who is another person`
        : `step ${item} was never answered`,
    );
  for (const stepId of state.repeated) miss('V8', `step ${stepId} was answered twice without a correction`);
  for (const body of state.bodies) {
    if (body.kind !== 'confirm' && body.kind !== 'correction') continue;
    const problem = claimProblem(body, state.evidence);
    if (problem !== null) miss('V11', problem, body.seq + 1);
  }
  const countersigners = countersigned(bytes, state, store, miss);
  if (countersigners.size < store.body.policy.countersigners)
    miss(
      'V10',
      `${countersigners.size} of ${store.body.policy.countersigners} countersignatures over the seal`,
    );
  if (countersigners.size > 0) progress.assurance = 'L2';
  if (state.maxClockStepMs > store.body.policy.max_clock_step_ms)
    findings.push({
      step: 'V12',
      severity: 'warn',
      line: null,
      text: `the clock moved by ${state.maxClockStepMs} ms against the monotonic clock during the session`,
    });
  return findings.some((one) => one.severity === 'fail') ? EXIT.policy : EXIT.met;
}

/** Persons other than the performer who countersigned the seal. A countersignature that does not hold is tampering. */
function countersigned(
  bytes: SessionBytes,
  state: JournalState,
  store: TrustStore,
  miss: (step: 'V10', text: string) => void,
): ReadonlySet<string> {
  const persons = new Set<string>();
  const sealSeq = state.bodies.length - 1;
  for (const [name, file] of bytes.countersigns) {
    let value: {
      readonly session: Hex;
      readonly estate_id: string;
      readonly ref: LineRef;
      readonly witness: DetachedSignature;
    };
    try {
      if (file.at(-1) !== 0x0a) throw new CanonicalError('does not end with a line feed');
      const json = parseCanonical(file.subarray(0, -1));
      countersignSchema(json, '');
      value = json as unknown as typeof value;
      checkDetached(value.session, value.ref, value.witness, value.estate_id);
    } catch (error) {
      throw new VerifyStop(EXIT.tampered, 'V13', `${name}: ${error instanceof Error ? error.message : ''}`);
    }
    if (
      value.session !== state.open?.session ||
      value.ref.seq !== sealSeq ||
      value.ref.line_sha256 !== state.hashes[sealSeq]
    )
      throw new VerifyStop(EXIT.tampered, 'V13', `${name} is about another seal`);
    const key = findKey(store, value.witness.address);
    const problem =
      key === null
        ? 'the key is not in the trust store'
        : key.person !== value.witness.person
          ? 'the key belongs to another person'
          : keyProblem(key, value.witness.at, 'approver');
    if (problem !== null) miss('V10', `${name} does not count: ${problem}`);
    else if (state.bodies.some((body) => body.actor?.person === value.witness.person))
      miss('V10', `${name} does not count: the same person took part in the session`);
    else persons.add(value.witness.person);
  }
  return persons;
}

/** L2 when every answer was witnessed by another person on another machine, else L1. */
function assuranceOf(state: JournalState): 'L1' | 'L2' {
  const answers = [...state.answers.values()];
  const witnessed = answers.every((answer) =>
    state.witnessings.some(
      (one) =>
        one.ref.seq === answer.seq &&
        one.by.person !== answer.body.actor?.person &&
        one.by.boot_id !== answer.body.clock.boot_id,
    ),
  );
  return answers.length > 0 && witnessed ? 'L2' : 'L1';
}

export type { VerifyReport } from './verify-report.ts';
