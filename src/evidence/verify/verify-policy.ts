import type { Hex } from '../../model/json.ts';
import {
  ABORTED_EVENT,
  type CountersignFile,
  type DetachedSignature,
  type RecordKind,
} from '../../model/record.ts';
import type { Runbook } from '../../model/runbook.ts';
import { claimProblem } from '../claims.ts';
import { checkDetached, type JournalState, type StepAnswer } from '../grammar.ts';
import { CanonicalError, parseCanonical } from '../record/canonical.ts';
import { countersignSchema } from '../record/record-schema.ts';
import { findKey, keyProblem, nameOf, type TrustStore } from '../trust/trust.ts';
import type { SessionBytes } from './verify-read.ts';
import { EXIT, type VerifyExit, type VerifyFinding, type VerifyReport, VerifyStop } from './verify-report.ts';

/** What is known so far; the report is made from it at whatever step verification ends. */
export interface Progress {
  state: JournalState;
  signers: VerifyReport['signers'];
  openItems: readonly string[];
  assurance: VerifyReport['assurance'];
  chainTime: VerifyReport['chainTime'];
  readonly findings: VerifyFinding[];
}

type Miss = (step: VerifyFinding['step'], text: string, line?: number | null) => void;

/** Records that only the performer writes. */
const PERFORMERS_OWN: ReadonlySet<RecordKind> = new Set<RecordKind>([
  'open',
  'confirm',
  'deviation',
  'handover',
  'resume',
  'correction',
  'seal',
]);

/** V8, V10 to V12 and V14: what the runbook, the trust store and the claims rules ask for. */
export function checkPolicy(
  countersigns: ReadonlyMap<string, DetachedSignature>,
  runbook: Runbook,
  store: TrustStore,
  progress: Progress,
): VerifyExit {
  const { findings, state } = progress;
  const miss: Miss = (step, text, line = null) => {
    findings.push({ step, severity: 'fail', line, text });
  };
  for (const item of progress.openItems)
    if (item.startsWith('witness:')) miss('V10', unwitnessed(runbook, item.slice('witness:'.length)));
    else miss('V8', `step ${item} was never answered`);
  for (const stepId of state.repeated) miss('V8', `step ${stepId} was answered twice without a correction`);
  checkSteps(state, runbook, miss);
  checkAfterAbort(state, miss);
  checkPerformers(state, miss);
  checkWitnesses(state, runbook, store, miss);
  for (const body of state.bodies) {
    if (body.kind !== 'confirm' && body.kind !== 'correction') continue;
    const problem = claimProblem(body, state.evidence);
    if (problem !== null) miss('V11', problem, body.seq + 1);
  }
  const wanted = Math.max(
    store.body.policy.countersigners,
    store.body.policy.witness_for.includes('seal') ? 1 : 0,
  );
  const countersigners = countersigned(countersigns, state, store, miss, (text) => {
    findings.push({ step: 'V10', severity: 'info', line: null, text });
  });
  if (countersigners.size < wanted)
    miss('V10', `${countersigners.size} of ${wanted} countersignatures over the seal`);
  if ([...countersigners.values()].some((elsewhere) => elsewhere)) progress.assurance = 'L2';
  checkTimes(state, store, progress, miss);
  return findings.some((one) => one.severity === 'fail') ? EXIT.policy : EXIT.met;
}

function unwitnessed(runbook: Runbook, stepId: string): string {
  const approval = runbook.steps.find((one) => one.id === stepId)?.approval === true;
  return approval
    ? `step ${stepId} needs the approval of another person, signed as "approved"`
    : `step ${stepId} needs a witness who is another person`;
}

/** V8: what was signed is a step of this runbook, as the runbook has it, with a verdict that it allows. */
function checkSteps(state: JournalState, runbook: Runbook, miss: Miss): void {
  for (const body of state.bodies) {
    if (body.kind !== 'confirm' && body.kind !== 'correction' && body.kind !== 'deviation') continue;
    const step = runbook.steps.find((one) => one.id === body.step.id);
    const line = body.seq + 1;
    if (step === undefined) {
      miss('V8', `record ${body.seq} answers step ${body.step.id}, which the runbook does not have`, line);
      continue;
    }
    const { mode, critical, subject } = body.step;
    if (mode !== step.mode || critical !== step.critical || subject !== step.subject)
      miss('V8', `record ${body.seq} shows step ${step.id} otherwise than the runbook has it`, line);
    if (body.kind !== 'deviation' && !step.verdicts.includes(body.verdict))
      miss('V8', `record ${body.seq}: step ${step.id} does not allow the verdict "${body.verdict}"`, line);
  }
}

/** V8: nothing is answered in a run that was aborted. */
function checkAfterAbort(state: JournalState, miss: Miss): void {
  const first = aborts(state)[0];
  if (first === undefined) return;
  for (const body of state.bodies)
    if (body.seq > first && (body.kind === 'confirm' || body.kind === 'correction'))
      miss(
        'V8',
        `record ${body.seq} answers step ${body.step.id}, but the run was aborted in record ${first}`,
        body.seq + 1,
      );
}

/** V8: an end before the end, which whoever reads only the answers would not see. */
export function abortFindings(state: JournalState): readonly VerifyFinding[] {
  return aborts(state).map((seq) => ({
    step: 'V8',
    severity: 'warn',
    line: seq + 1,
    text: `the run was aborted in record ${seq}`,
  }));
}

function aborts(state: JournalState): readonly number[] {
  const seqs: number[] = [];
  for (const body of state.bodies)
    if (body.kind === 'event' && body.event.name === ABORTED_EVENT) seqs.push(body.seq);
  return seqs;
}

/** V10: answers come from the performer in charge, who changes by handover or resume only. */
function checkPerformers(state: JournalState, miss: Miss): void {
  let inCharge: Hex | null = null;
  for (const body of state.bodies) {
    const { actor } = body;
    if (actor === null || !PERFORMERS_OWN.has(body.kind)) continue;
    if (actor.role !== 'performer')
      miss(
        'V10',
        `record ${body.seq} (${body.kind}) is signed as ${actor.role}, not as performer`,
        body.seq + 1,
      );
    if (inCharge === null || body.kind === 'resume') inCharge = actor.address;
    if (actor.address !== inCharge)
      miss('V10', `record ${body.seq} is signed by ${actor.name}, who was not in charge`, body.seq + 1);
    if (body.kind === 'handover') inCharge = body.to.address;
  }
}

/** V10: witnesses that the trust store asks for, besides those of the runbook. */
function checkWitnesses(state: JournalState, runbook: Runbook, store: TrustStore, miss: Miss): void {
  const { witness_for } = store.body.policy;
  for (const answer of state.answers.values()) {
    const critical = runbook.steps.find((one) => one.id === answer.stepId)?.critical === true;
    const wanted = witness_for.includes('all') || (critical && witness_for.includes('critical'));
    if (wanted && witnessesOf(state, answer).length === 0)
      miss('V10', `the trust store asks for a witness to step ${answer.stepId}`, answer.seq + 1);
  }
}

function witnessesOf(state: JournalState, answer: StepAnswer): JournalState['witnessings'] {
  const { actor } = answer.body;
  return state.witnessings.filter(
    ({ ref, by }) => ref.seq === answer.seq && by.person !== actor?.person && by.address !== actor?.address,
  );
}

/** V12: clocks and length of the session. */
function checkTimes(state: JournalState, store: TrustStore, progress: Progress, miss: Miss): void {
  const { max_clock_step_ms, max_session_h } = store.body.policy;
  if (state.maxClockStepMs > max_clock_step_ms)
    progress.findings.push({
      step: 'V12',
      severity: 'warn',
      line: null,
      text: `the clock moved by ${state.maxClockStepMs} ms against the monotonic clock during the session`,
    });
  const hours = (Date.parse(state.seal?.at ?? '') - Date.parse(state.open?.at ?? '')) / 3_600_000;
  if (hours > max_session_h)
    miss('V12', `the session was open for ${Math.floor(hours)} hours; ${max_session_h} are allowed`);
}

/**
 * V10: the countersignatures beside the journal, by the name of their file. One that does not hold is tampering, and so is one where
 * there is no seal: it shows that there was one.
 * @throws VerifyStop 20
 */
export function readCountersigns(
  bytes: SessionBytes,
  state: JournalState,
): ReadonlyMap<string, DetachedSignature> {
  const read = new Map<string, DetachedSignature>();
  for (const [name, file] of bytes.countersigns) {
    const { session, ref, witness, estate_id } = readCountersign(name, file);
    const ours = session === state.open?.session && estate_id === state.open.open.estate_id;
    if (ours && state.seal === null)
      throw new VerifyStop(
        EXIT.tampered,
        'V13',
        `${name} was made over record ${ref.seq} as the seal of this session, and the journal has no seal: its end was taken away`,
      );
    if (!ours || ref.seq !== state.bodies.length - 1 || ref.line_sha256 !== state.hashes.at(ref.seq))
      throw new VerifyStop(EXIT.tampered, 'V13', `${name} is about another seal`);
    read.set(name, witness);
  }
  return read;
}

/** Persons other than those who signed in the session who countersigned the seal, each with whether it was on another machine at least once. */
function countersigned(
  countersigns: ReadonlyMap<string, DetachedSignature>,
  state: JournalState,
  store: TrustStore,
  miss: Miss,
  note: (text: string) => void,
): ReadonlyMap<string, boolean> {
  const persons = new Map<string, boolean>();
  const signers = new Set<string>();
  for (const { actor } of state.bodies) if (actor !== null) signers.add(actor.person);
  for (const [name, witness] of countersigns) {
    const problem = countersignProblem(store, witness);
    if (problem !== null) miss('V10', `${name} does not count: ${problem}`);
    else if (signers.has(witness.person))
      miss('V10', `${name} does not count: the same person took part in the session`);
    else {
      const other = witness.boot_id !== state.seal?.clock.boot_id;
      if (!other) note(`${name} was signed on the machine of the seal, so it counts as level L1`);
      persons.set(witness.person, other || persons.get(witness.person) === true);
    }
  }
  return persons;
}

/** Why a countersignature that holds may not be counted, or null. */
function countersignProblem(store: TrustStore, witness: DetachedSignature): string | null {
  const key = findKey(store, witness.address);
  if (key === null) return 'the key is not in the trust store';
  if (key.person !== witness.person || nameOf(store, key.person) !== witness.name)
    return 'the key belongs to another person';
  if (key.revoked !== null)
    return `the key ${key.address} is revoked, and nothing shows that this was signed before`;
  return keyProblem(key, witness.at, 'approver');
}

function readCountersign(name: string, file: Uint8Array): CountersignFile {
  try {
    if (file.at(-1) !== 0x0a) throw new CanonicalError('does not end with a line feed');
    const json: unknown = parseCanonical(file.subarray(0, -1));
    countersignSchema(json, '');
    const value = json as CountersignFile;
    checkDetached(value.session, value.ref, value.witness, value.estate_id);
    return value;
  } catch (error) {
    throw new VerifyStop(EXIT.tampered, 'V13', `${name}: ${error instanceof Error ? error.message : ''}`);
  }
}

/** L2 when every answer was witnessed by another person on another machine, else L1. */
export function assuranceOf(state: JournalState): 'L1' | 'L2' {
  const answers = [...state.answers.values()];
  const witnessed = answers.every((answer) => witnessesOf(state, answer).some(elsewhere(answer)));
  return answers.length > 0 && witnessed ? 'L2' : 'L1';
}

/** Answers whose witnesses all signed on the machine of the performer: a second person, but perhaps not a second pair of eyes. */
export function sameMachine(state: JournalState): readonly VerifyFinding[] {
  const steps = [...state.answers.values()]
    .filter((answer) => {
      const witnesses = witnessesOf(state, answer);
      return witnesses.length > 0 && !witnesses.some(elsewhere(answer));
    })
    .map((answer) => answer.stepId);
  if (steps.length === 0) return [];
  return [
    {
      step: 'V10',
      severity: 'info',
      line: null,
      text: `the witness to ${steps.join(', ')} signed on the machine of the performer, so this counts as level L1`,
    },
  ];
}

function elsewhere({ body }: StepAnswer): (one: JournalState['witnessings'][number]) => boolean {
  return ({ by }) => by.boot_id !== body.clock.boot_id;
}
