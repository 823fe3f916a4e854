import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Actor, Observation, RecordBody, Runbook, Verdict } from '../../src/model/index.ts';
import { VERDICTS } from '../../src/model/index.ts';
import {
  admit,
  admitAbort,
  admitAgain,
  compileRunbook,
  deployedByRun,
  gateAt,
  replay,
  type StepState,
} from '../../src/runbooks/index.ts';
import { ANNA, BERT, person, Records } from './records.ts';

/** Sequences of random events; `npm run model` runs 100,000. */
const SEQUENCES = Number(process.env.C138_SEQUENCES ?? 4_000);
const CARL = person('Carl', 'c');
const FIVE_MINUTES = 300_000;

const gate = (subject: string): string => `gates: [{ subject: "${subject}", expect: [ok] }]`;
const runbookOf = (name: string, steps: readonly string[]): Runbook =>
  compileRunbook(
    `v: 1\nid: ${name}\nversion: 1.0.0\ntitle: T\norigin: operator\nsteps:\n${steps.map((one) => `  - { instructions: x, expected: y, ${one} }\n`).join('')}`,
    name,
  ).runbook;

/** Every rule of the engine is in one of these. */
const RUNBOOKS: readonly Runbook[] = [
  runbookOf('way', [
    `id: a, title: A, subject: "vmid:1000", ${gate('vmid:1000')}`,
    'id: b, title: B, optional: true',
    `id: c, title: C, mode: read-do, command: look, subject: "vmid:2000", ${gate('vmid:2000')}, on_failure: { action: back-out, step: u }`,
    'id: go, title: Go, pause: true',
    'id: d, title: D, mode: challenge-response, witness: true',
    'id: e, title: E, on_failure: { action: abort }',
    `id: u, title: U, back_out: back, ${gate('vmid:1000')}`,
    'id: v, title: V, back_out: back, on_failure: { action: abort }',
  ]),
  runbookOf('held', [
    `id: a, title: A, witness: true, subject: "vmid:1000", verdicts: [confirmed, failed, still_planned, deviated, skipped], ${gate('vmid:1000')}`,
    'id: b, title: B, approval: true',
    'id: go, title: Go, pause: true, on_failure: { action: back-out, step: u }',
    `id: p, title: P, subject: "vmid:6000", verdicts: [confirmed, still_planned, deviated, failed], ${gate('vmid:6000')}`,
    'id: u, title: U, back_out: back',
  ]),
];
const REGISTERED = [
  'deployed',
  'under-validation',
  'under-validation',
  'under-validation',
  'planned',
  'placeholder',
  'retired',
  null,
] as const;

/** A small generator, so that a sequence is known by its number. */
function randomOf(seed: number): (below: number) => number {
  let state = (seed * 0x9e3779b9) >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** One random run: what people try, what machines do, and what nobody should have been able to write. */
class Sequence {
  readonly runbook: Runbook;
  readonly #pick: (below: number) => number;
  run: Records;
  /** Answers that were let pass and are therefore durable. */
  readonly acknowledged: number[] = [];
  /** Records that were written past the rules. */
  readonly forced: number[] = [];
  #boots = 1;

  constructor(seed: number) {
    this.#pick = randomOf(seed);
    this.runbook = RUNBOOKS[seed % RUNBOOKS.length] as Runbook;
    this.run = new Records(this.runbook).open();
    const events = 5 + this.#pick(30);
    for (let event = 0; event < events; event += 1) this.#event();
  }

  #one<T>(from: readonly T[]): T {
    return from[this.#pick(from.length)] as T;
  }

  #state(): StepState {
    const { current } = this.run.state;
    const wanted = this.#pick(5) === 0 ? this.#one(this.runbook.steps).id : current;
    return (this.run.state.steps.find(({ step }) => step.id === wanted) ??
      this.run.state.steps[0]) as StepState;
  }

  #event(): void {
    const { run } = this;
    run.ms += this.#pick(8) === 0 ? 200_000 : 2_000;
    const kind = this.#pick(20);
    const { step } = this.#state();
    if (kind < 6)
      run.look(step.id, this.#one(['holds', 'holds', 'holds', 'fails', 'unknown']), this.#seen(step.subject));
    else if (kind < 14) this.#answer(this.#pick(8) === 0);
    else if (kind === 14)
      run.witness(step.id, this.#one([ANNA, BERT, CARL]), this.#one(['witnessed', 'approved']));
    else if (kind === 15) this.#crash();
    else if (kind === 16 && run.state.inCharge !== null && !run.state.sealed)
      run.handover(this.#inCharge(), this.#inCharge() === ANNA ? BERT : ANNA);
    else if (kind === 17) this.#decide();
    else if (kind === 18) run.attach(step.id, this.#pick(2));
    else run.event('note', { step: step.id, text: 'n' }, this.#inCharge());
  }

  #inCharge(): Actor {
    return this.run.state.inCharge?.person === 'bert' ? BERT : ANNA;
  }

  #seen(subject: string | null): readonly Observation[] {
    if (subject === null || this.#pick(4) === 0) return [];
    const at = new Date(this.run.ms).toISOString();
    return [
      {
        probe: 'p',
        subject: subject as Observation['subject'],
        endpoint: 'e',
        level: this.#one(['app', 'app', 'runtime', 'presence']),
        request: 'r',
        answer: { class: this.#one(['ok', 'ok', 'timeout']), facts: {}, checks: [] },
        vantage: 't',
        started: at,
        ended: at,
        raw: null,
      },
    ];
  }

  /** Somebody answers; with `force`, past the engine. */
  #answer(force: boolean): void {
    const { run } = this;
    const state = this.#state();
    const { step } = state;
    const correction =
      this.#pick(6) === 0 ||
      (run.state.phase === 'back-out' && state.verdict === 'confirmed' && this.#pick(3) > 0);
    const verdict: Verdict = this.#pick(3) > 0 ? 'confirmed' : this.#one(VERDICTS);
    const note = this.#pick(3) === 0 ? '' : 'why';
    const by = this.#pick(8) === 0 ? CARL : this.#inCharge();
    const registered = step.subject === null ? null : this.#one(REGISTERED);
    const claims =
      step.subject !== null && verdict === 'confirmed' && this.#pick(4) > 0
        ? [{ subject: step.subject, state: 'deployed', evidence: this.#evidence() }]
        : [];
    const moment = {
      at: new Date(run.ms).toISOString(),
      clock: { boot_id: run.boot, mono_ns: `${BigInt(run.ms) * 1_000_000n}` },
    };
    const admission = admit(run.state, {
      stepId: step.id,
      verdict,
      note,
      gate: gateAt(state, moment),
      registeredStatus: registered,
      correction,
      by: by.address,
    });
    if (!admission.ok && !force) return;
    if (correction && state.seq === null) return;
    const seq = run.all.length;
    const more = { by, note, registered, claims };
    if (correction) run.correct(step.id, verdict, more);
    else run.answer(step.id, verdict, more);
    if (admission.ok) this.acknowledged.push(seq);
    else this.forced.push(seq);
  }

  #evidence(): readonly number[] {
    const probes = this.run.all.filter((one) => one.kind === 'probe' && one.observations.length > 0);
    return probes.length === 0 ? [] : [(this.#pick(3) > 0 ? probes.at(-1) : this.#one(probes))?.seq ?? 0];
  }

  #decide(): void {
    const { run } = this;
    if (admitAgain(run.state, 'r').ok)
      run.event('again', { step: run.state.failed, text: 'r' }, this.#inCharge());
    else if (this.#pick(6) === 0 && admitAbort(run.state, 'r').ok)
      run.event('aborted', { step: run.state.current, text: 'r' }, this.#inCharge());
  }

  /** The program dies with half a line on the disk; another machine takes up what the file holds. */
  #crash(): void {
    const before = this.run;
    const file = before.all.map((one) => `${JSON.stringify(one)}\n`).join('');
    const torn = `${file}{"kind":"confirm","seq":${before.all.length},"ver`;
    const read = torn
      .split('\n')
      .slice(0, -1)
      .map((one) => JSON.parse(one) as RecordBody);
    const after = new Records(this.runbook);
    for (const { kind, actor, ...rest } of read) {
      const {
        seq: _s,
        prev: _p,
        at,
        clock,
        session: _x,
        v: _v,
        where: _w,
        tool: _t,
        ...own
      } = rest as Record<string, unknown> & RecordBody;
      after.ms = Date.parse(at);
      after.boot = clock.boot_id;
      after.add(kind, actor, own);
    }
    if (!isDeepStrictEqual(after.state, before.state)) throw new Error('another state after the crash');
    this.#boots += 1;
    after.ms = before.ms + 60_000;
    after.boot = `boot-${this.#boots}`;
    after.add('resume', this.#pick(4) === 0 ? BERT : this.#inCharge(), { resume: {} });
    this.run = after;
  }
}

/** What the test knows of gates without the engine: the last look since the last answer, resume and handover, not older than five minutes. */
function gateWasHeld(all: readonly RecordBody[], confirm: RecordBody, runbook: Runbook): boolean {
  if (confirm.kind !== 'confirm' && confirm.kind !== 'correction') return false;
  const step = runbook.steps.find(({ id }) => id === confirm.step.id);
  if (step === undefined) return false;
  if (step.gates.length === 0) return true;
  for (const one of all.slice(0, confirm.seq).toReversed()) {
    if (one.kind === 'resume' || one.kind === 'handover') return false;
    if ((one.kind === 'confirm' || one.kind === 'correction') && one.step.id === step.id) return false;
    if (one.kind !== 'probe' || one.step !== step.id) continue;
    const gates = one.observations.filter(({ probe }) => probe === 'c138-gate');
    if (gates.length === 0) continue;
    const age = Date.parse(confirm.at) - Date.parse(one.at);
    return age <= FIVE_MINUTES && gates.every(({ answer }) => answer.facts.state === 'holds');
  }
  return false;
}

/** A step that is read and then done, with a command of which nothing is attached. */
function wantsOutput(
  all: readonly RecordBody[],
  answer: Extract<RecordBody, { kind: 'confirm' | 'correction' }>,
  runbook: Runbook,
): boolean {
  const step = runbook.steps.find(({ id }) => id === answer.step.id);
  if (step?.mode !== 'read-do' || step.command === null) return false;
  return !all
    .slice(0, answer.seq)
    .some(
      (one) =>
        one.kind === 'probe' &&
        one.step === step.id &&
        one.observations.some(({ probe }) => probe === 'attached-output'),
    );
}

/** What the test knows of `deployed` without the engine. */
function mayBeDeployed(all: readonly RecordBody[], subject: string): boolean {
  return all.some((one) => {
    if (one.kind !== 'confirm' && one.kind !== 'correction') return false;
    const claim = one.claims.find((each) => each.subject === subject && each.state === 'deployed');
    if (claim === undefined || one.verdict !== 'confirmed') return false;
    const { registered_status } = one.step;
    if (
      registered_status !== 'deployed' &&
      registered_status !== 'under-validation' &&
      registered_status !== null
    )
      return false;
    const seen = claim.evidence.some((seq) => {
      const body = all[seq];
      return (
        body?.kind === 'probe' &&
        body.observations.some(
          (each) => each.subject === subject && each.level === 'app' && each.answer.class === 'ok',
        )
      );
    });
    const witnessed = all.some(
      (each) =>
        each.kind === 'witness' && each.ref.seq === one.seq && each.witness.person !== one.actor?.person,
    );
    return seen && (registered_status === 'deployed' || witnessed);
  });
}

describe(`the engine under ${SEQUENCES} random sequences`, () => {
  it('confirms nothing without its gate, loses and repeats nothing, replays to the same state, calls nothing deployed unseen', () => {
    const seen = {
      confirmed: 0,
      forced: 0,
      crashed: 0,
      backedOut: 0,
      aborted: 0,
      done: 0,
      deployed: 0,
      corrected: 0,
    };
    for (let seed = 0; seed < SEQUENCES; seed += 1) {
      const { run, runbook, acknowledged, forced } = new Sequence(seed);
      const { all, state } = run;
      const say = (what: string): string => `sequence ${seed}: ${what}`;
      if (!isDeepStrictEqual(replay(runbook, all), state)) throw new Error(say('replay differs'));
      const irregular = new Set(state.irregular.map((one) => one.seq));
      for (const seq of acknowledged) {
        const body = all[seq];
        if (body?.kind !== 'confirm' && body?.kind !== 'correction')
          throw new Error(say(`answer ${seq} is lost`));
        if (body.verdict === 'confirmed' && !gateWasHeld(all, body, runbook))
          throw new Error(say(`record ${seq} confirms without its gate`));
        if (body.verdict !== 'confirmed' && body.note === '')
          throw new Error(say(`record ${seq} has no reason`));
        if (body.note === '' && wantsOutput(all, body, runbook))
          throw new Error(say(`record ${seq} says nothing of the output of its command`));
        if (body.kind === 'confirm' && body.verdict === 'confirmed' && repeated(all, body))
          throw new Error(say(`record ${seq} repeats a confirmation`));
      }
      for (const seq of forced)
        if (!irregular.has(seq)) throw new Error(say(`record ${seq} passed for regular`));
      const standing = state.steps.filter((one) => one.seq !== null);
      for (const one of standing) {
        const last = all.findLast(
          (body) => (body.kind === 'confirm' || body.kind === 'correction') && body.step.id === one.step.id,
        );
        if (last?.seq !== one.seq) throw new Error(say(`the answer to ${one.step.id} is not the last one`));
      }
      for (const subject of deployedByRun(state, all)) {
        seen.deployed += 1;
        if (!mayBeDeployed(all, subject)) throw new Error(say(`${subject} is called deployed`));
      }
      seen.confirmed += acknowledged.length;
      seen.forced += forced.length;
      seen.crashed += all.filter((one) => one.kind === 'resume').length;
      seen.corrected += state.corrections.length;
      seen.backedOut += Number(state.steps.some((one) => one.step.backOut !== null && one.verdict !== null));
      seen.aborted += Number(state.aborted);
      seen.done += Number(state.phase === 'done');
    }
    // Every road was taken, or the sequences prove nothing.
    for (const [road, times] of Object.entries(seen)) expect(times, road).toBeGreaterThan(0);
    if (process.env.C138_SEQUENCES !== undefined) console.log(`${SEQUENCES} sequences:`, seen);
  });
});

/** A confirmation of a step that stood confirmed already, with nothing between that opened it again. */
function repeated(all: readonly RecordBody[], confirm: RecordBody): boolean {
  if (confirm.kind !== 'confirm') return false;
  const before = all
    .slice(0, confirm.seq)
    .findLast(
      (one) => (one.kind === 'confirm' || one.kind === 'correction') && one.step.id === confirm.step.id,
    );
  return before !== undefined && 'verdict' in before && before.verdict !== 'failed';
}
