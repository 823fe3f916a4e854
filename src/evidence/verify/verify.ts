import { loadNativeRecovery } from '../../chain/recover-native.ts';
import type { Hex } from '../../model/json.ts';
import type { SealBody } from '../../model/record.ts';
import type { Runbook } from '../../model/runbook.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { GrammarError, JournalState, openItems } from '../grammar.ts';
import { type JournalBytes, LineSplitter } from '../journal/journal-bytes.ts';
import type { TornTail } from '../journal/journal-types.ts';
import { parseRunbookBytes } from '../journal/runbook-bytes.ts';
import { CanonicalError, canonicalBytes, sameBytes, sha256Hex } from '../record/canonical.ts';
import { LineError, lineHash, parseLine } from '../record/line.ts';
import { parseBody, RecordError } from '../record/record.ts';
import { SignaturePool } from './signature-pool.ts';
import { SlimRecords } from './slim.ts';
import { checkChain } from './verify-chain.ts';
import { checkNoted } from './verify-checkpoint.ts';
import { checkOutside, type OutsidePins } from './verify-outside.ts';
import {
  abortFindings,
  assuranceOf,
  checkPolicy,
  type Progress,
  readCountersigns,
  sameMachine,
} from './verify-policy.ts';
import { readSession, type SessionBytes, unreadable } from './verify-read.ts';
import { EXIT, VERDICT_TEXT, type VerifyExit, type VerifyReport, VerifyStop } from './verify-report.ts';
import { besideVouchers, checkRevoked, countersignVouchers } from './verify-revoked.ts';
import { checkSigners, expiredPin, type PinnedTrust, settleTrust } from './verify-trust.ts';

export interface VerifyOptions extends PinnedTrust, OutsidePins {
  /** A second copy of the same session, to look for a fork. */
  readonly second?: string;
  /** What somebody noted of the session while it was open: it must still hold all of that. */
  readonly checkpoint?: Checkpoint | { readonly code: string };
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
export function verifyBytes(
  bytes: SessionBytes,
  options: Omit<VerifyOptions, 'second'> = {},
): Promise<VerifyReport> {
  return report(bytes.folder, (progress) => run(bytes, null, options, progress));
}

async function report(
  path: string,
  work: (progress: Progress) => Promise<VerifyExit>,
): Promise<VerifyReport> {
  const progress: Progress = {
    state: new JournalState(new SlimRecords()),
    signers: [],
    openItems: [],
    assurance: 'L0',
    chainTime: { notBefore: null, notAfter: null },
    findings: [],
  };
  let exitCode: VerifyExit;
  try {
    exitCode = await work(progress);
  } catch (error) {
    // A file may become unreadable while it is read: the mount goes away, the rights change.
    const stop = error instanceof Error && 'syscall' in error ? unreadable(path, error) : error;
    if (!(stop instanceof VerifyStop)) throw error;
    progress.findings.push(stop.finding);
    exitCode = stop.exitCode;
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
    prevSeal: state.open?.open.prev_seal ?? null,
    chainTime: progress.chainTime,
    signers: progress.signers,
    openItems: progress.openItems,
    findings: progress.findings,
  };
}

async function run(
  bytes: SessionBytes,
  second: SessionBytes | null,
  options: Omit<VerifyOptions, 'second'>,
  progress: Progress,
): Promise<VerifyExit> {
  const { state, findings } = progress;
  const { checkpoint } = options;
  const wanted = checkpoint !== undefined && 'size' in checkpoint ? checkpoint.size : null;
  const { torn, rootThen } = await readJournal(bytes.journal, state, wanted);
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
      line: state.bodies.length + 1,
      text: `${torn.bytes} bytes after the last whole line were never acknowledged`,
    });
  }
  if (state.open === null) throw new VerifyStop(EXIT.malformed, 'V7', 'the journal holds no record');
  if (second !== null) await refuseFork(state, second);
  if (checkpoint !== undefined) findings.push(checkNoted(state, checkpoint, rootThen));
  const runbook = checkRunbook(bytes, state);
  await checkBlobs(bytes, state);
  checkSeal(state, runbook);
  const outside = await checkOutside(bytes, state, options);
  findings.push(...outside.findings);
  for (const name of bytes.strange)
    findings.push({
      step: 'V0',
      severity: 'warn',
      line: null,
      text: `${name} is no part of the evidence, and nothing vouches for it`,
    });
  const store = settleTrust(bytes, state, options);
  findings.push(...expiredPin(state, store));
  progress.signers = checkSigners(state, store);
  progress.openItems = openItems(state, runbook);
  const chain = checkChain(bytes, state, store);
  findings.push(...chain.findings);
  progress.chainTime = chain.bracket;
  if (store === null)
    throw new VerifyStop(
      EXIT.untrusted,
      'V6',
      'no trust was pinned from outside: give --trust FILE or --root ADDRESS. The trust store in the folder cannot vouch for itself',
    );
  const countersigns = readCountersigns(bytes, state);
  findings.push(
    ...checkRevoked(state, store, [
      ...besideVouchers(state, outside.notAfter, chain.bracket.notAfter),
      ...countersignVouchers(state, store, [...countersigns.values()]),
    ]),
  );
  progress.assurance = assuranceOf(state);
  findings.push(...sameMachine(state), ...abortFindings(state));
  if (state.seal === null) {
    findings.push({
      step: 'V7',
      severity: 'warn',
      line: null,
      text: `there is no seal: complete only up to record ${state.bodies.length - 1}; what came after it, if anything, cannot be known from this file`,
    });
    return EXIT.open;
  }
  const exitCode = checkPolicy(countersigns, runbook, store, progress);
  if (outside.notAfter !== null && exitCode === EXIT.met) progress.assurance = 'L3';
  return exitCode;
}

/**
 * V1 to V3, and V5 behind them: form and order of every line, which is cheap, and meanwhile, on the other cores, the signatures.
 * Where both fail, what is wrong with the form is reported.
 */
async function readJournal(
  journal: JournalBytes,
  state: JournalState,
  rootAt: number | null = null,
): Promise<{ readonly torn: TornTail | null; readonly rootThen: Hex | null }> {
  await loadNativeRecovery();
  const pool = new SignaturePool(journal.size);
  const splitter = new LineSplitter();
  let rootThen: Hex | null = rootAt === 0 ? state.merkleRoot : null;
  try {
    for await (const chunk of journal.chunks())
      for (const line of splitter.push(chunk)) {
        orStop(state.bodies.length + 1, () => {
          const body = parseBody(parseLine(line).bodyBytes);
          state.check(body);
          state.accept(body, line, lineHash(line));
        });
        if (state.bodies.length === rootAt) rootThen = state.merkleRoot;
        await pool.add(line, state.open?.open.estate_id ?? '');
      }
    const bad = await pool.done(state.open?.open.estate_id ?? '');
    if (bad !== null)
      throw new VerifyStop(EXIT.tampered, 'V5', `line ${bad.index + 1}: ${bad.text}`, bad.index + 1);
    return { torn: splitter.torn(), rootThen };
  } finally {
    await pool.close();
  }
}

function orStop<T>(line: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const text = `line ${line}: ${error instanceof Error ? error.message : ''}`;
    if (error instanceof LineError || error instanceof RecordError || error instanceof CanonicalError)
      throw new VerifyStop(EXIT.malformed, 'V2', text, line);
    if (error instanceof GrammarError) throw new VerifyStop(EXIT.tampered, 'V3', text, line);
    throw error;
  }
}

/** Two copies that go on differently after the same beginning convict whoever signed both. */
async function refuseFork(state: JournalState, other: SessionBytes): Promise<void> {
  const theirs = new JournalState(new SlimRecords());
  try {
    await readJournal(other.journal, theirs);
  } catch (error) {
    if (!(error instanceof VerifyStop)) throw error;
    throw new VerifyStop(
      error.exitCode,
      error.finding.step,
      `the second copy, ${other.folder}: ${error.message}`,
    );
  }
  if (theirs.open?.session !== state.open?.session)
    throw new VerifyStop(EXIT.unreadable, 'V0', `${other.folder} is no copy of this session but another one`);
  const shorter = Math.min(state.hashes.length, theirs.hashes.length);
  for (let index = 0; index < shorter; index += 1)
    if (state.hashes.at(index) !== theirs.hashes.at(index))
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
  const expected: SealBody['seal'] = state.sealFields(
    runbook,
    state.trustSha256 ?? state.seal.seal.trust_sha256,
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
