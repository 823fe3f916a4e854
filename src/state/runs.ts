import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalBytes, cleanForEvidence } from '../evidence/canonical.ts';
import { Journal, newSession } from '../evidence/journal.ts';
import { firstPrev } from '../evidence/line.ts';
import type { Actor, DocumentedEstate, DocumentedSubject, Hex, RecordBody, Step } from '../model/index.ts';
import { admit, bundledRunbooks, type GateState, judgeGates, offered, replay } from '../runbooks/index.ts';
import type { BackendEvent, PrepareRequest, Prompt, RunBackend, RunView, WitnessAsk } from './backend.ts';
import {
  type AnswerInput,
  confirmBody,
  openBody,
  type Position,
  probeBody,
  resumeBody,
  sealBody,
} from './run-bodies.ts';
import { RunIdentity } from './run-identity.ts';
import { GATE_MS, type Gate, type Pending, type Run, RunError } from './run-in-hand.ts';
import { lookAt } from './run-look.ts';
import { folderOf, listSessions } from './run-sessions.ts';
import { verifySummary } from './verify-summary.ts';
import { answerText, recordToWitness, takeAnswer, witnessStates, writeWitnessRequest } from './witness.ts';
import type { WorkerInput } from './worker-client.ts';

export interface RunsInput {
  readonly estate: DocumentedEstate;
  readonly vantage: string;
  readonly input: WorkerInput;
  readonly tell: (event: BackendEvent) => void;
}

/** Starts what works with runbooks and evidence. It is the only writer of journals. */
export function startRuns(input: RunsInput): RunBackend {
  const runs = new Runs(input);
  return {
    runbooks: async () => (await bundledRunbooks()).map(({ runbook }) => runbook),
    sessions: () => listSessions(input.input.evidenceDir),
    locked: () => runs.identity.locked(),
    unlock: () => runs.identity.unlock(),
    openRun: (runbookId) => runs.open(runbookId),
    resumeRun: (session) => runs.resume(session),
    gateStep: (session, stepId) => runs.gateStep(session, stepId),
    prepare: (request) => runs.prepare(request),
    confirm: (promptId, code) => runs.confirm(promptId, code),
    cancel: (promptId) => runs.cancel(promptId),
    askWitness: (session) => runs.askWitness(session),
    takeWitness: (session, answer) => runs.takeWitness(session, answer),
    verify: (path) => verifySummary(path, input.input.trustFile),
    close: () => runs.close(),
  };
}

class Runs {
  readonly identity: RunIdentity;
  readonly #input: RunsInput;
  readonly #runs = new Map<string, Run>();
  readonly #abort = new AbortController();
  #pending: Pending | null = null;

  constructor(input: RunsInput) {
    this.#input = input;
    this.identity = new RunIdentity(input.estate, input.input);
  }

  async open(runbookId: string): Promise<RunView> {
    const compiled = (await bundledRunbooks()).find((one) => one.runbook.id === runbookId);
    if (compiled === undefined)
      throw new RunError(`there is no runbook "${runbookId}"; c138 runbook list names them`);
    const session = newSession();
    const run: Run = {
      session,
      dir: join(this.#input.input.evidenceDir, folderOf(runbookId, session)),
      runbook: compiled.runbook,
      compiled,
      records: [],
      gates: new Map(),
      takingUp: null,
      journal: null,
      begun: false,
    };
    this.#runs.set(session, run);
    return this.#show(run);
  }

  async resume(session: string): Promise<RunView> {
    const known = this.#runs.get(session);
    if (known !== undefined && known.journal?.broken == null) return this.#show(known);
    if (known !== undefined) await known.journal?.close();
    const summary = (await listSessions(this.#input.input.evidenceDir)).find(
      (one) => one.session === session,
    );
    if (summary === undefined) throw new RunError('there is no such session on this machine');
    const found = await Journal.recover({ dir: summary.path, mirror: this.#input.estate.mirror });
    if (found.journal.estateId !== this.#input.estate.id) {
      await found.journal.close();
      throw new RunError(
        `the session belongs to the estate ${found.journal.estateId}, not to ${this.#input.estate.id}`,
      );
    }
    const sealed = found.records.at(-1)?.kind === 'seal';
    const run: Run = {
      session: found.journal.session,
      dir: summary.path,
      runbook: found.journal.runbook,
      compiled: null,
      records: [...found.records],
      gates: new Map(),
      takingUp: { torn: found.torn, fromMirror: found.fromMirror },
      journal: found.journal,
      begun: sealed,
    };
    this.#runs.set(run.session, run);
    return this.#show(run);
  }

  async gateStep(session: string, stepId: string): Promise<RunView> {
    const run = this.#get(session);
    const journal = this.#writable(run);
    const step = this.#stepAtHand(run, stepId);
    if (step.gates.length === 0) return this.#show(run);
    if (this.#pending?.run === run) await this.cancel(this.#pending.promptId);
    const look = await lookAt(this.#input.estate, step, this.#input.vantage, this.#abort.signal);
    const { gate, lines } = judgeGates(step, look.assessments);
    for (const one of look.observations) {
      const bytes = one.raw === null ? undefined : look.raws.get(one.raw.sha256);
      if (bytes !== undefined) await journal.putBlob(bytes);
    }
    const { seq } = journal.next;
    await this.#append(run, canonicalBytes(probeBody(this.#position(run), step.id, look.observations)), null);
    run.gates.set(step.id, { state: gate, lines, look, seq, at: Date.now() });
    return this.#show(run);
  }

  async prepare(request: PrepareRequest): Promise<Prompt> {
    const run = this.#get(request.session);
    const actor = await this.identity.actor();
    const body =
      request.kind === 'begin' ? await this.#beginBody(run, actor) : this.#laterBody(run, actor, request);
    const bytes = canonicalBytes(body);
    const prompt = await this.identity.prepare(bytes);
    this.#pending = { promptId: prompt.promptId, run, bytes };
    return prompt;
  }

  async #beginBody(run: Run, actor: Actor): Promise<RecordBody> {
    if (run.begun) throw new RunError('this run has begun already');
    const trustSha256 = (await this.identity.trust()).sha256;
    if (run.journal === null) {
      if (run.compiled === null) throw new RunError('the runbook of this run is gone; open it again');
      return openBody(this.#position(run), actor, {
        estateId: this.#input.estate.id,
        trustSha256,
        compiled: run.compiled,
      });
    }
    const open = run.records.find((one) => one.kind === 'open');
    if (open === undefined) throw new RunError('the session was never opened');
    const { id, version, sha256 } = open.open.runbook;
    const { prev } = run.journal.next;
    return resumeBody(this.#position(run), actor, {
      last_line_sha256: prev,
      torn: run.takingUp?.torn ?? null,
      from_mirror: run.takingUp?.fromMirror ?? false,
      runbook: { id, version, sha256 },
      trust_sha256: trustSha256,
      note: '',
    });
  }

  #laterBody(run: Run, actor: Actor, request: Exclude<PrepareRequest, { kind: 'begin' }>): RecordBody {
    const journal = this.#writable(run);
    if (request.kind === 'seal') return sealBody(this.#position(run), actor, journal.sealFields());
    const step = this.#stepAtHand(run, request.stepId);
    const subject = this.#subject(step);
    const gate = this.#gate(run, step);
    const admission = admit(run.runbook, replay(run.runbook, run.records), {
      stepId: step.id,
      verdict: request.verdict,
      note: request.note,
      gate: this.#gateState(run, step),
      registeredStatus: subject?.status ?? null,
    });
    if (!admission.ok) throw new RunError(admission.reason);
    const answer: AnswerInput = {
      step,
      subject,
      verdict: request.verdict,
      note: request.note,
      gate:
        gate === null
          ? null
          : { seq: gate.seq, assessments: gate.look.assessments, observations: gate.look.observations },
    };
    return confirmBody(this.#position(run), actor, answer);
  }

  async confirm(promptId: string, code: string): Promise<RunView> {
    const pending = this.#pending;
    if (pending === null || pending.promptId !== promptId)
      throw new RunError('nothing waits to be signed under this prompt');
    const { run, bytes } = pending;
    const sig = await this.identity.sign(promptId, code);
    this.#pending = null;
    if (run.journal === null) run.journal = await this.#createJournal(run);
    else if (!run.begun) await run.journal.putTrust((await this.identity.trust()).bytes);
    await this.#append(run, bytes, sig);
    run.begun = true;
    return this.#show(run);
  }

  async cancel(promptId: string): Promise<void> {
    if (this.#pending?.promptId !== promptId) return;
    this.#pending = null;
    await this.identity.cancel(promptId);
  }

  /** The request is a file of its own beside the sessions, so that nothing is added to the evidence by asking. */
  async askWitness(session: string): Promise<WitnessAsk> {
    const run = this.#get(session);
    this.#writable(run);
    const seq = recordToWitness(run.runbook, run.records);
    if (seq === null) throw new RunError('no step is answered yet, so there is nothing to witness');
    return writeWitnessRequest(run.dir, this.#input.input.evidenceDir, seq);
  }

  async takeWitness(session: string, answer: string): Promise<RunView> {
    const run = this.#get(session);
    const journal = this.#writable(run);
    if (this.#pending?.run === run) await this.cancel(this.#pending.promptId);
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

  async close(): Promise<void> {
    this.#abort.abort();
    for (const run of this.#runs.values()) await run.journal?.close();
    await this.identity.close();
  }

  async #createJournal(run: Run): Promise<Journal> {
    const { evidenceDir } = this.#input.input;
    if (run.compiled === null) throw new RunError('the runbook of this run is gone; open it again');
    await mkdir(evidenceDir, { recursive: true, mode: 0o700 });
    return Journal.create({
      dir: run.dir,
      session: run.session,
      runbookBytes: run.compiled.bytes,
      trustBytes: (await this.identity.trust()).bytes,
      mirror: this.#input.estate.mirror,
    });
  }

  async #append(run: Run, bytes: Uint8Array, sig: Hex | null): Promise<void> {
    if (run.journal === null) throw new RunError('the run has not begun');
    try {
      const { body } = await run.journal.append(bytes, sig);
      run.records.push(body);
    } finally {
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

  #stepAtHand(run: Run, stepId: string): Step {
    const step = run.runbook.steps.find((one) => one.id === stepId);
    if (step === undefined) throw new RunError(`there is no step "${stepId}"`);
    return step;
  }

  #subject(step: Step): DocumentedSubject | undefined {
    return this.#input.estate.subjects.find((one) => one.id === step.subject);
  }

  /** The reading of a step's probes, while it still stands. */
  #gate(run: Run, step: Step): Gate | null {
    const gate = run.gates.get(step.id);
    return gate === undefined || Date.now() - gate.at > GATE_MS ? null : gate;
  }

  #gateState(run: Run, step: Step): GateState {
    if (step.gates.length === 0) return 'none';
    return this.#gate(run, step)?.state ?? 'not-run';
  }

  #show(run: Run): RunView {
    const view = this.#view(run);
    this.#input.tell({ type: 'run', run: view });
    return view;
  }

  #view(run: Run): RunView {
    const state = replay(run.runbook, run.records);
    const last = run.records.at(-1);
    const witnesses = witnessStates(run.runbook, run.records);
    return {
      session: run.session,
      path: run.dir,
      runbook: run.runbook,
      state: state.sealed ? 'sealed' : 'open',
      begun: run.begun,
      current: state.current,
      records: run.records.length,
      lastRecord: last === undefined ? null : { kind: last.kind, seq: last.seq, at: last.at },
      broken: run.journal?.broken ?? null,
      steps: state.steps.map((one) => {
        const gate = this.#gateState(run, one.step);
        const { verdicts, blocked } = offered(one.step, gate, this.#subject(one.step)?.status ?? null);
        const current = one.step.id === state.current && run.begun;
        return {
          step: one.step,
          verdict: one.verdict,
          note: one.note,
          by: one.by,
          at: one.at,
          gate,
          gateLines: cleanForEvidence(this.#gate(run, one.step)?.lines ?? []) as readonly string[],
          offered: current ? verdicts : [],
          blocked: current ? blocked : '',
          needsWitness: witnesses.get(one.step.id)?.needed ?? one.step.witness,
          witnessedBy: witnesses.get(one.step.id)?.by ?? [],
        };
      }),
    };
  }
}
