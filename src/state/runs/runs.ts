import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Journal, newSession } from '../../evidence/journal/journal.ts';
import { canonicalBytes } from '../../evidence/record/canonical.ts';
import { firstPrev } from '../../evidence/record/line.ts';
import type { DocumentedEstate, Hex, Observation } from '../../model/index.ts';
import { type TimelineEntry, timelineOf } from '../../reports/run-story.ts';
import {
  compileRunbook,
  gateObservations,
  judgeGates,
  type LibraryEntry,
  openingOf,
  runbookLibrary,
} from '../../runbooks/index.ts';
import type {
  AttachRequest,
  BackendEvent,
  PrepareRequest,
  Prompt,
  RunBackend,
  RunView,
  SessionSummary,
  WitnessAsk,
} from '../backend.ts';
import type { WorkerInput } from '../worker-client.ts';
import { recentHeader } from './chain-header.ts';
import { askHandover } from './handover.ts';
import { stepToLookAt } from './run-advance.ts';
import { attachmentOf } from './run-attach.ts';
import { beginBody } from './run-begin.ts';
import { checkpointBody, type Position, probeBody } from './run-bodies.ts';
import { changedDefinition, refuseOtherText } from './run-definitions.ts';
import { type Identity, RunIdentity } from './run-identity.ts';
import { checkpointAfter, type Pending, type Run, RunError, runOf, take } from './run-in-hand.ts';
import { lookAt } from './run-look.ts';
import { bringHome } from './run-mirror.ts';
import { recordFor } from './run-requests.ts';
import { folderOf, listSessions, sealBefore } from './run-sessions.ts';
import { isInForce, refuseOtherTrust } from './run-trust.ts';
import { viewOfRun } from './run-view.ts';
import { verifySummary } from './verify-summary.ts';
import {
  answerText,
  readSessionRecords,
  recordToWitness,
  takeAnswer,
  writeWitnessRequest,
} from './witness.ts';

export interface RunsInput {
  readonly estate: DocumentedEstate;
  readonly vantage: string;
  readonly input: WorkerInput;
  readonly tell: (event: BackendEvent) => void;
  /** Who signs; by default the key of this machine, in the signer process. */
  readonly identity?: Identity;
}

/** Starts what works with runbooks and evidence. It is the only writer of journals. */
export function startRuns(input: RunsInput): RunBackend {
  const runs = new Runs(input);
  return {
    runbooks: async () => (await runs.library()).map(({ compiled }) => compiled.runbook),
    sessions: () => runs.sessions(),
    locked: () => runs.identity.locked(),
    unlock: () => runs.identity.unlock(),
    openRun: async (what, values) => {
      const opening = openingOf(what);
      return runs.open(opening.id, values ?? opening.values);
    },
    resumeRun: (session, oneCopy) => runs.resume(session, oneCopy === true),
    gateStep: (session, stepId) => runs.gateStep(session, stepId),
    prepare: (request) => runs.prepare(request),
    confirm: (promptId, code) => runs.confirm(promptId, code),
    cancel: (promptId) => runs.cancel(promptId),
    askWitness: (session) => runs.askWitness(session),
    takeWitness: (session, answer) => runs.takeWitness(session, answer),
    checkpoint: (session) => runs.checkpoint(session),
    askHandover: (session, person) => runs.askHandover(session, person),
    attach: (session, request) => runs.attach(session, request),
    timeline: (session) => runs.timeline(session),
    verify: (path) => verifySummary(path, input.input.trustFile),
    close: () => runs.close(),
  };
}

class Runs {
  readonly identity: Identity;
  readonly #input: RunsInput;
  readonly #runs = new Map<string, Run>();
  readonly #abort = new AbortController();
  #pending: Pending | null = null;

  constructor(input: RunsInput) {
    this.#input = input;
    this.identity = input.identity ?? new RunIdentity(input.estate, input.input);
  }

  /** The definitions that can be run; what is wrong with others is told in the log. */
  async library(): Promise<readonly LibraryEntry[]> {
    const { entries, faults } = await runbookLibrary(join(this.#input.input.configDir, 'runbooks'));
    for (const fault of faults) this.#complain(fault.describe());
    return entries;
  }

  /** The sessions here and on the mirror; where the mirror can not be looked at, the log says so. */
  sessions(): Promise<readonly SessionSummary[]> {
    const { input, estate } = this.#input;
    return listSessions(input.evidenceDir, estate.mirror, (text) => this.#complain(text));
  }

  #complain(text: string): void {
    this.#input.tell({ type: 'log', at: Date.now(), level: 'error', text, count: 1 });
  }

  async open(runbookId: string, values: Readonly<Record<string, string>>): Promise<RunView> {
    const entry = (await this.library()).find((one) => one.compiled.runbook.id === runbookId);
    if (entry === undefined)
      throw new RunError(`there is no runbook "${runbookId}"; c138 runbook list names them`);
    const compiled = compileRunbook(entry.text, entry.file, values);
    await refuseOtherText(this.#input.input.evidenceDir, compiled);
    const session = newSession();
    const run = runOf({
      session,
      dir: join(this.#input.input.evidenceDir, folderOf(runbookId, session)),
      runbook: compiled.runbook,
      compiled,
      records: [],
      takingUp: null,
      journal: null,
      begun: false,
    });
    this.#runs.set(session, run);
    return this.#show(run);
  }

  async resume(session: string, oneCopy: boolean): Promise<RunView> {
    const known = this.#runs.get(session);
    if (known !== undefined && (await isInForce(known, this.identity))) return this.#show(known);
    await known?.journal?.close();
    const { input, estate } = this.#input;
    const { mirror } = estate;
    const summary = (await this.sessions()).find((one) => one.session === session);
    if (summary === undefined) throw new RunError('there is no such session on this machine');
    const dir = summary.mirrorOnly ? await bringHome(summary.path, input.evidenceDir) : summary.path;
    const found = await Journal.recover({ dir, mirror: oneCopy ? null : mirror });
    if (found.journal.estateId !== estate.id) {
      await found.journal.close();
      throw new RunError(`the session belongs to the estate ${found.journal.estateId}, not to ${estate.id}`);
    }
    const run = runOf({
      session: found.journal.session,
      dir,
      runbook: found.journal.runbook,
      compiled: null,
      records: [...found.records],
      takingUp: {
        torn: found.torn,
        fromMirror: found.fromMirror,
        oneCopy: oneCopy ? mirror : null,
        changed: changedDefinition(found.records, await this.library()),
      },
      journal: found.journal,
      begun: found.records.at(-1)?.kind === 'seal',
    });
    this.#runs.set(run.session, run);
    return this.#show(run);
  }

  async gateStep(session: string, stepId: string): Promise<RunView> {
    const run = this.#get(session);
    this.#writable(run);
    const step = run.runbook.steps.find((one) => one.id === stepId);
    if (step === undefined) throw new RunError(`there is no step "${stepId}"`);
    if (step.gates.length === 0) return this.#show(run);
    await this.#dropPending(run);
    const look = await lookAt(this.#input.estate, step, this.#input.vantage, this.#abort.signal);
    const { each } = judgeGates(step, look.assessments, look.observations);
    const seq = await this.#record(
      run,
      step.id,
      [...gateObservations(each, look), ...look.observations],
      look.raws,
    );
    run.gates.set(step.id, { look, seq });
    return this.#show(run);
  }

  async attach(session: string, request: AttachRequest): Promise<RunView> {
    const run = this.#get(session);
    this.#writable(run);
    const step = run.runbook.steps.find((one) => one.id === request.stepId);
    if (step === undefined) throw new RunError(`there is no step "${request.stepId}"`);
    await this.#dropPending(run);
    const made = await attachmentOf(step, run.runbook.id, this.#input.vantage, request);
    const raws = new Map([[made.observation.raw?.sha256 ?? '', made.bytes]]);
    await this.#record(run, step.id, [made.observation], raws);
    return this.#show(run);
  }

  /** Stores raw answers, then the machine's record that names them. Gives the `seq` of the record. */
  async #record(
    run: Run,
    stepId: string,
    observations: readonly Observation[],
    raws: ReadonlyMap<string, Uint8Array>,
  ): Promise<number> {
    const journal = this.#writable(run);
    try {
      for (const { raw } of observations) {
        const bytes = raw === null ? undefined : raws.get(raw.sha256);
        if (bytes !== undefined) await journal.putBlob(bytes);
      }
    } finally {
      // A copy that takes no more makes the run read-only, and the screen says so.
      this.#show(run);
    }
    const { seq } = journal.next;
    await this.#append(run, canonicalBytes(probeBody(this.#position(run), stepId, observations)), null);
    return seq;
  }

  async prepare(request: PrepareRequest): Promise<Prompt> {
    const run = this.#get(request.session);
    const actor = await this.identity.actor();
    const trust = await this.identity.trust();
    run.signer = actor.address;
    const unseen = stepToLookAt(run, request);
    if (unseen !== null) await this.gateStep(run.session, unseen);
    const body =
      request.kind === 'begin'
        ? await beginBody(run, request.note ?? '', {
            at: this.#position(run),
            actor,
            estateId: this.#input.estate.id,
            trustSha256: trust.sha256,
            prevSeal: () => sealBefore(this.#input.input.evidenceDir, this.#input.estate.id),
            chainHeader: () => recentHeader(this.#input.estate, this.#abort.signal),
          })
        : await recordFor(request, {
            run,
            at: this.#position(run),
            actor,
            estate: this.#input.estate,
            trust: trust.store,
            sealFields: this.#sealFields(run),
          });
    await refuseOtherTrust(run, trust);
    const bytes = canonicalBytes(body);
    run.journal?.stage(bytes);
    const prompt = await this.identity.prepare(bytes);
    this.#pending = { promptId: prompt.promptId, run, bytes, trustBytes: trust.bytes };
    return prompt;
  }

  #sealFields(run: Run): () => ReturnType<Journal['sealFields']> {
    const journal = this.#writable(run);
    return () => journal.sealFields();
  }

  async confirm(promptId: string, code: string): Promise<RunView> {
    const pending = this.#pending;
    if (pending === null || pending.promptId !== promptId)
      throw new RunError('nothing waits to be signed under this prompt');
    const { run, bytes, trustBytes } = pending;
    const sig = await this.identity.sign(promptId, code);
    this.#pending = null;
    if (run.journal === null) run.journal = await this.#createJournal(run, trustBytes);
    else if (!run.begun) await run.journal.putTrust(trustBytes);
    const closed = run.state.current;
    await this.#append(run, bytes, sig);
    run.begun = true;
    const occasion = checkpointAfter(run.records.at(-1), run.runbook, closed);
    if (occasion !== null) await this.#checkpoint(run, occasion);
    return this.#show(run);
  }

  async checkpoint(session: string): Promise<RunView> {
    const run = this.#get(session);
    this.#writable(run);
    await this.#dropPending(run);
    await this.#checkpoint(run, 'asked for by the operator');
    return this.#show(run);
  }

  async #checkpoint(run: Run, occasion: string): Promise<void> {
    const journal = this.#writable(run);
    const header = await recentHeader(this.#input.estate, this.#abort.signal);
    const body = checkpointBody(this.#position(run), journal.state.merkleRoot, occasion, header);
    await this.#append(run, canonicalBytes(body), null);
  }

  async cancel(promptId: string): Promise<void> {
    if (this.#pending?.promptId !== promptId) return;
    this.#pending = null;
    await this.identity.cancel(promptId);
  }

  /** A record that is about to be made moves the place of the one that was to be signed. */
  async #dropPending(run: Run): Promise<void> {
    if (this.#pending?.run === run) await this.cancel(this.#pending.promptId);
  }

  /** The request is a file of its own beside the sessions, so that nothing is added to the evidence by asking. */
  async askWitness(session: string): Promise<WitnessAsk> {
    const run = this.#get(session);
    this.#writable(run);
    const seq = recordToWitness(run.runbook, run.records);
    if (seq === null) throw new RunError('no step is answered yet, so there is nothing to witness');
    return writeWitnessRequest(run, this.#input.input.evidenceDir, seq);
  }

  async takeWitness(session: string, answer: string): Promise<RunView> {
    const run = this.#get(session);
    const journal = this.#writable(run);
    await this.#dropPending(run);
    const body = takeAnswer(await answerText(answer), {
      position: this.#position(run),
      estateId: this.#input.estate.id,
      records: run.records,
      hashes: journal.state.hashes,
      trust: (await this.identity.trust()).store,
    });
    await this.#append(run, canonicalBytes(body), null);
    return this.#show(run);
  }

  async askHandover(session: string, person: string): Promise<WitnessAsk> {
    const run = this.#get(session);
    const { next } = this.#writable(run);
    const { evidenceDir } = this.#input.input;
    const { store } = await this.identity.trust();
    const inCharge = run.state.inCharge?.person ?? '';
    return askHandover({ dir: run.dir, evidenceDir }, next.seq - 1, person, store, inCharge);
  }

  async timeline(session: string): Promise<readonly TimelineEntry[]> {
    const run = this.#runs.get(session);
    if (run !== undefined) return timelineOf(run.runbook, run.records);
    const found = (await this.sessions()).find((one) => one.session === session);
    if (found === undefined) throw new RunError('there is no such session on this machine');
    const { runbook, records } = await readSessionRecords(found.path);
    return timelineOf(runbook, records);
  }

  async close(): Promise<void> {
    this.#abort.abort();
    for (const run of this.#runs.values()) await run.journal?.close();
    await this.identity.close();
  }

  async #createJournal(run: Run, trustBytes: Uint8Array): Promise<Journal> {
    if (run.compiled === null) throw new RunError('the runbook of this run is gone; open it again');
    await mkdir(this.#input.input.evidenceDir, { recursive: true, mode: 0o700 });
    return Journal.create({
      dir: run.dir,
      session: run.session,
      runbookBytes: run.compiled.bytes,
      trustBytes,
      mirror: this.#input.estate.mirror,
    });
  }

  async #append(run: Run, bytes: Uint8Array, sig: Hex | null): Promise<void> {
    if (run.journal === null) throw new RunError('the run has not begun');
    try {
      const { body } = await run.journal.append(bytes, sig);
      take(run, body);
    } finally {
      // A disk that was full at the first record took nothing, and nothing is left: beginning again lays it out anew.
      if (run.journal.broken !== null && run.journal.estateId === null) run.journal = null;
      this.#show(run);
    }
  }

  #position(run: Run): Position {
    const next = run.journal === null ? { seq: 0, prev: firstPrev(run.session) } : run.journal.next;
    return { session: run.session, ...next };
  }

  #get(session: string): Run {
    const run = this.#runs.get(session);
    if (run === undefined) throw new RunError('this run is not open; open it from the Runbooks screen');
    return run;
  }

  #writable(run: Run): Journal {
    if (!run.begun || run.journal === null) throw new RunError('sign the beginning of this run first');
    if (run.journal.broken !== null) throw new RunError(run.journal.broken);
    return run.journal;
  }

  #show(run: Run): RunView {
    const view = viewOfRun(run, this.#input.estate);
    this.#input.tell({ type: 'run', run: view });
    return view;
  }
}
