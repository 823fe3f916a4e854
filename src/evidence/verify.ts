import { loadNativeRecovery } from '../chain/recover-native.ts';
import type { Hex } from '../model/json.ts';
import type { SealBody } from '../model/record.ts';
import type { Runbook } from '../model/runbook.ts';
import { CanonicalError, canonicalBytes, sameBytes, sha256Hex } from './canonical.ts';
import { checkSignatures, GrammarError, JournalState, openItems } from './grammar.ts';
import { LineError, lineHash, parseLine } from './line.ts';
import { parseBody, RecordError } from './record.ts';
import { SignatureError } from './record-signature.ts';
import { parseRunbookBytes } from './runbook-bytes.ts';
import { splitJournal } from './tail.ts';
import { assuranceOf, checkPolicy, type Progress } from './verify-policy.ts';
import { readSession, type SessionBytes } from './verify-read.ts';
import { EXIT, VERDICT_TEXT, type VerifyExit, type VerifyReport, VerifyStop } from './verify-report.ts';
import { checkSigners, type PinnedTrust, settleTrust } from './verify-trust.ts';

export interface VerifyOptions extends PinnedTrust {
  /** A second copy of the same session, to look for a fork. */
  readonly second?: string;
}

/**
 * Verifies a session folder offline, steps V0 to V14 in order, and stops at the first hard failure. Never throws for what it finds.
 * A trust store inside the folder is data: without `trust` or `root` from outside the answer is at best 30.
 */
export async function verifySession(path: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  return report(path, async (progress) => {
    const bytes = await readSession(path);
    const second = options.second === undefined ? null : await readSession(options.second);
    return run(bytes, second, options, progress);
  });
}

/** Verifies a session that was read already, as `verifySession` does. */
export function verifyBytes(bytes: SessionBytes, options: PinnedTrust = {}): Promise<VerifyReport> {
  return report(bytes.folder, (progress) => run(bytes, null, options, progress));
}

async function report(
  path: string,
  work: (progress: Progress) => Promise<VerifyExit>,
): Promise<VerifyReport> {
  const progress: Progress = {
    state: new JournalState(),
    signers: [],
    openItems: [],
    assurance: 'L0',
    findings: [],
  };
  let exitCode: VerifyExit;
  try {
    exitCode = await work(progress);
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

async function run(
  bytes: SessionBytes,
  second: SessionBytes | null,
  options: PinnedTrust,
  progress: Progress,
): Promise<VerifyExit> {
  await loadNativeRecovery();
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
  if (second !== null) refuseFork(lines, state, second);
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
  return checkPolicy(bytes, runbook, store, progress);
}

/** V1 to V3, then V5: form and order of every line, which is cheap, and then the signatures. */
function readLines(lines: readonly Uint8Array[], state: JournalState): void {
  const parsed = lines.map((bytes, index) =>
    orStop(index + 1, () => {
      const { bodyBytes, sig } = parseLine(bytes);
      const body = parseBody(bodyBytes);
      state.check(body);
      state.accept(body, bytes, lineHash(bytes));
      return { body, bodyBytes, sig };
    }),
  );
  const estateId = state.open?.open.estate_id ?? '';
  for (const [index, { body, bodyBytes, sig }] of parsed.entries())
    orStop(index + 1, () => checkSignatures(body, bodyBytes, sig, estateId), 'V5');
}

function orStop<T>(line: number, work: () => T, step: 'V3' | 'V5' = 'V3'): T {
  try {
    return work();
  } catch (error) {
    const text = `line ${line}: ${error instanceof Error ? error.message : ''}`;
    if (error instanceof LineError || error instanceof RecordError || error instanceof CanonicalError)
      throw new VerifyStop(EXIT.malformed, 'V2', text, line);
    if (error instanceof GrammarError) throw new VerifyStop(EXIT.tampered, step, text, line);
    if (error instanceof SignatureError) throw new VerifyStop(EXIT.tampered, 'V5', text, line);
    throw error;
  }
}

/** Two copies that go on differently after the same beginning convict whoever signed both. */
function refuseFork(lines: readonly Uint8Array[], state: JournalState, other: SessionBytes): void {
  const theirs = splitJournal(other.journal).lines;
  const theirState = new JournalState();
  try {
    readLines(theirs, theirState);
  } catch (error) {
    if (!(error instanceof VerifyStop)) throw error;
    throw new VerifyStop(
      error.exitCode,
      error.finding.step,
      `the second copy, ${other.folder}: ${error.message}`,
    );
  }
  if (theirState.open?.session !== state.open?.session)
    throw new VerifyStop(EXIT.unreadable, 'V0', `${other.folder} is no copy of this session but another one`);
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

export type { VerifyReport } from './verify-report.ts';
