import { describe, expect, it } from 'vitest';
import type { Observation, Runbook, Step, Verdict } from '../../src/model/index.ts';
import { assessEstate, VERDICTS } from '../../src/model/index.ts';
import {
  admit,
  bundledRunbooks,
  compileRunbook,
  conflictOf,
  deployedByRun,
  type GateState,
  gateAt,
  judgeGates,
  offered,
  RunbookError,
  replay,
} from '../../src/runbooks/index.ts';
import { AT, observation, snapshotOf, subject } from '../model/make.ts';
import { ANNA, BERT, person, Records } from './records.ts';

const YAML = `v: 1
id: test
version: 1.0.0
title: Test
origin: operator
steps:
  - { id: one, title: One, instructions: Do it, expected: done, subject: "vmid:1000", gates: [{ subject: "vmid:1000", expect: [ok] }], on_failure: { action: abort } }
  - { id: two, title: Two, instructions: Do it, expected: done, optional: true }
  - { id: three, title: Three, instructions: Do it, expected: done, on_failure: { action: back-out, step: undo } }
  - { id: undo, title: Undo, instructions: Undo it, expected: undone, back_out: back }
  - { id: unlock, title: Unlock, instructions: Unlock it, expected: unlocked, back_out: back, on_failure: { action: abort } }
`;
const compiled = compileRunbook(YAML, 'test.yaml');
const { runbook } = compiled;

describe('compileRunbook', () => {
  it('gives the same bytes for the same source', () => {
    expect(compileRunbook(YAML, 'x').sha256).toBe(compiled.sha256);
    expect(compileRunbook(`# a comment\n${YAML}`, 'x')).toMatchObject({ sha256: compiled.sha256 });
    expect(compileRunbook(`# a comment\n${YAML}`, 'x').sourceSha256).not.toBe(compiled.sourceSha256);
  });

  it.each([
    ['steps: [', 1],
    [YAML.replace('expected: done', 'expectd: done'), 7],
    [YAML.replace('id: two', 'id: one'), 8],
    [YAML.replace('step: undo', 'step: nowhere'), 9],
    [YAML.replace('version: 1.0.0', 'version: one'), 3],
    [YAML.replace('title: Two', 'title: "T\\u202ewo"'), 8],
    [YAML.replace('step: undo }', 'step: one }'), 9],
    [YAML.replace('action: back-out, step: undo', 'action: retry, step: undo'), 9],
    [YAML.replaceAll('back_out: back', 'back_out: other').replace('step: undo', 'step: nowhere'), 9],
    [YAML.replace('title: Undo,', 'title: Undo, on_failure: { action: back-out, step: undo },'), 10],
    [YAML.replace('expect: [ok] }', 'expect: [ok], match: [{ fact: number, at_least: 1 }] }'), 7],
    [YAML.replace('title: Two', 'title: "Two {{host}}"'), 8],
    [`${YAML}variables: [{ name: host, title: Host }]\n`, 12],
  ])('points at the line of a fault', (text, line) => {
    let error: unknown;
    try {
      compileRunbook(text, 'bad.yaml');
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(RunbookError);
    expect((error as RunbookError).line).toBe(line);
    expect((error as RunbookError).describe()).toContain(`bad.yaml:${line}:`);
  });
});

describe('the bundled runbooks', () => {
  it('compile, say that they are ours, and offer no confirmation of a placeholder', async () => {
    const all = await bundledRunbooks();
    expect(all.map((one) => one.runbook.id)).toContain('phase3-follow-ups');
    for (const one of all) {
      expect(one.runbook.origin).toBe('bundled-default');
      expect(one.runbook.title).toContain("not the operators' own text");
      for (const step of one.runbook.steps)
        if (/^vmid:(600[0-2]|640[0-2]|6201)$/.test(step.subject ?? ''))
          expect([...step.verdicts].sort()).toEqual(['deviated', 'failed', 'still_planned']);
    }
  });
});

describe('variables', () => {
  const source = YAML.replace('title: Two', 'title: "Two on {{host}}", subject: "host:{{host}}"').replace(
    'steps:',
    'variables: [{ name: host, title: Which host, pattern: "[a-z0-9-]+" }]\nsteps:',
  );

  it('are settled once, stand in texts and subjects, and are kept', () => {
    const { runbook: made, sourceSha256 } = compileRunbook(source, 'x', { host: 'r630-04' });
    expect(made.steps[1]).toMatchObject({ title: 'Two on r630-04', subject: 'host:r630-04' });
    expect(made.variables).toEqual([{ name: 'host', title: 'Which host', value: 'r630-04' }]);
    expect(sourceSha256).toBe(compileRunbook(source, 'x').sourceSha256);
  });

  it.each([
    [{}, /host \(Which host\) has no value/],
    [{ host: 'A B' }, /does not fit/],
    [{ host: 'a\u202eb' }, /invisible/],
    [{ host: 'x', other: 'y' }, /no variable "other"/],
    [{ host: '{{host}}' }, /variable itself/],
  ])('refuses %o', (values: Record<string, string>, message) => {
    expect(() => compileRunbook(source, 'x', values)).toThrow(message);
  });
});

describe('the engine', () => {
  const proposal = (stepId: string, verdict: Verdict, gate: GateState, note = 'why') => ({
    stepId,
    verdict,
    note,
    gate,
    registeredStatus: null,
  });
  const begun = () => new Records(runbook).open();

  it('wants the beginning, then the gate, before it lets anybody confirm', () => {
    expect(admit(replay(runbook, []), proposal('one', 'confirmed', 'holds'))).toMatchObject({ ok: false });
    const { state } = begun();
    for (const gate of ['not-run', 'fails', 'unknown'] as const)
      expect(admit(state, proposal('one', 'confirmed', gate))).toMatchObject({ ok: false });
    expect(admit(state, proposal('one', 'confirmed', 'holds', ''))).toEqual({ ok: true });
  });

  it('wants a reason for everything but confirmed, keeps the order, and offers only what the step allows', () => {
    const { state } = begun();
    expect(admit(state, proposal('one', 'failed', 'fails', ' '))).toMatchObject({ ok: false });
    expect(admit(state, proposal('two', 'confirmed', 'none'))).toMatchObject({ ok: false });
    expect(admit(state, proposal('one', 'skipped', 'holds'))).toMatchObject({ ok: false });
  });

  it('stops a run whose step says abort, and goes down the back-out where it says so', () => {
    expect(begun().look('one', 'fails').answer('one', 'failed').state).toMatchObject({
      phase: 'stopped',
      current: null,
      failed: 'one',
    });
    const run = begun().look('one', 'holds').answer('one', 'confirmed').answer('two', 'skipped');
    expect(run.answer('three', 'failed').state).toMatchObject({ phase: 'back-out', current: 'undo' });
    run.answer('undo', 'failed');
    expect(run.state.current).toBe('undo');
    run.answer('undo', 'confirmed').answer('unlock', 'confirmed');
    expect(run.state).toMatchObject({ phase: 'decision', current: null, failed: 'three' });
    run.event('again', { step: 'three', text: 'the cause is mended' });
    expect(run.state).toMatchObject({ phase: 'steps', current: 'three' });
    // The second failure walks the branch again: the first answers are replaced, not repeated.
    run.answer('three', 'failed');
    expect(run.state).toMatchObject({ phase: 'back-out', current: 'undo' });
    expect(admit(run.state, proposal('undo', 'confirmed', 'none'))).toMatchObject({ ok: false });
    expect(admit(run.state, { ...proposal('undo', 'confirmed', 'none'), correction: true })).toEqual({
      ok: true,
    });
    run
      .correct('undo', 'confirmed')
      .correct('unlock', 'confirmed')
      .event('again', { step: 'three', text: 'once more' });
    expect(run.answer('three', 'confirmed').state).toMatchObject({ phase: 'done', irregular: [] });
  });

  it('stops when the back-out itself fails for good, and never tries again without a decision', () => {
    const run = begun().look('one', 'holds').answer('one', 'confirmed').answer('two', 'skipped');
    run.answer('three', 'failed').answer('undo', 'confirmed').answer('unlock', 'failed');
    expect(run.state).toMatchObject({ phase: 'stopped', current: null });
    run.event('again', { text: 'x' });
    expect(run.state.irregular.at(-1)?.reason).toMatch(/nothing waits for a decision/);
  });

  it('counts failed attempts, and a reading serves one answer', () => {
    const retrying: Runbook = {
      ...runbook,
      steps: runbook.steps.map((step) => ({ ...step, onFailure: { action: 'retry', step: null } })),
    };
    const run = new Records(retrying)
      .open()
      .look('one', 'fails')
      .answer('one', 'failed')
      .answer('one', 'confirmed');
    expect(run.state.steps[0]?.attempts).toBe(1);
    expect(run.state.irregular).toEqual([{ seq: 3, reason: expect.stringMatching(/run the gate first/) }]);
  });

  it('lets a reading grow old, and does not let one program answer on what another has seen', () => {
    const run = begun().look('one', 'holds');
    const gate = (): GateState | undefined => {
      const state = run.state.steps[0];
      return state === undefined || run.state.last === null
        ? undefined
        : gateAt(state, {
            ...run.state.last,
            at: new Date(run.ms).toISOString(),
            clock: { boot_id: run.boot, mono_ns: `${BigInt(run.ms) * 1_000_000n}` },
          });
    };
    expect(gate()).toBe('holds');
    run.ms += 299_000;
    expect(gate()).toBe('holds');
    run.ms += 2_000;
    expect(gate()).toBe('not-run');
    run.look('one', 'holds');
    run.add('resume', ANNA, { resume: {} });
    expect(gate()).toBe('not-run');
    run.look('one', 'holds').handover(ANNA, BERT);
    expect(gate()).toBe('not-run');
  });

  it('asks the probes of a read-do step only when it is at hand, and of a do-confirm step also before', () => {
    const gated = YAML.replace(
      'id: two, title: Two,',
      'id: two, title: Two, subject: "vmid:1000", gates: [{ subject: "vmid:1000", expect: [ok] }],',
    );
    for (const [mode, state] of [
      ['do-confirm', 'holds'],
      ['read-do', 'not-run'],
    ] as const) {
      const { runbook: made } = compileRunbook(
        gated.replace('title: Two,', `title: Two, mode: ${mode},`),
        'x',
      );
      const run = new Records(made)
        .open()
        .look('two', 'holds')
        .look('one', 'holds')
        .answer('one', 'confirmed');
      const last = run.state.steps[1];
      expect(last === undefined || run.state.last === null ? null : gateAt(last, run.state.last)).toBe(state);
    }
  });

  it('takes answers from the one in charge only, who changes by handover', () => {
    const run = begun().look('one', 'holds').handover(ANNA, BERT).look('one', 'holds');
    expect(run.state.inCharge).toMatchObject({ person: 'bert' });
    expect(admit(run.state, { ...proposal('one', 'confirmed', 'holds'), by: ANNA.address })).toEqual({
      ok: false,
      reason: 'Bert is in charge of this run now',
    });
    expect(admit(run.state, { ...proposal('one', 'confirmed', 'holds'), by: BERT.address })).toEqual({
      ok: true,
    });
    run.answer('one', 'confirmed', { by: ANNA });
    expect(run.state.irregular).toHaveLength(1);
  });

  it('keeps deviations beside the answer, replaces answers by corrections, and goes back where one fails', () => {
    const run = begun();
    run.add('deviation', ANNA, { step: { id: 'one' }, note: 'another window' });
    expect(run.state).toMatchObject({ current: 'one' });
    expect(run.state.steps[0]).toMatchObject({ verdict: null, deviations: [{ text: 'another window' }] });
    run.look('one', 'holds').answer('one', 'confirmed').answer('two', 'confirmed');
    expect(admit(run.state, { ...proposal('two', 'failed', 'none', ''), correction: true })).toMatchObject({
      ok: false,
    });
    run.correct('two', 'failed');
    expect(run.state).toMatchObject({ current: 'two', irregular: [] });
    expect(run.state.corrections).toEqual([{ seq: 5, ref: expect.anything(), step: 'two' }]);
  });

  it('holds a go until the signatures before it are there, and a challenge until its response is', () => {
    const text = `v: 1
id: t
version: 1.0.0
title: T
origin: operator
steps:
  - { id: a, title: A, instructions: x, expected: y, witness: true }
  - { id: b, title: B, instructions: x, expected: y, approval: true }
  - { id: go, title: Go, instructions: x, expected: y, pause: true }
  - { id: c, title: C, instructions: x, expected: y, mode: challenge-response }
`;
    const run = new Records(compileRunbook(text, 't').runbook).open();
    run.answer('a', 'confirmed', { note: '' }).answer('b', 'confirmed', { note: '' });
    const go = () => admit(run.state, proposal('go', 'confirmed', 'none', ''));
    expect(go()).toMatchObject({ reason: expect.stringMatching(/signed: a, b$/) });
    run.witness('a', ANNA).witness('b', BERT);
    expect(go()).toMatchObject({ reason: expect.stringMatching(/signed: a, b$/) });
    run.witness('a', BERT).witness('b', BERT, 'approved');
    expect(go()).toEqual({ ok: true });
    run.answer('go', 'confirmed', { note: '' });
    expect(admit(run.state, proposal('c', 'confirmed', 'none', ''))).toMatchObject({
      reason: expect.stringMatching(/response/),
    });
    expect(admit(run.state, proposal('c', 'confirmed', 'none', 'heard'))).toEqual({ ok: true });
  });

  it('says when the operator\u2019s output and our probes disagree, and lets nobody pass over it without a word', () => {
    const run = begun().look('one', 'holds').attach('one', 3);
    const [state] = run.state.steps;
    expect(state?.attached).toMatchObject([{ exitCode: 3, unexpected: true, redacted: 2 }]);
    expect(state === undefined ? null : conflictOf(state, 'holds')).toMatch(
      /ended with 3, not 0, while the probes show/,
    );
    expect(admit(run.state, proposal('one', 'confirmed', 'holds', ''))).toMatchObject({ ok: false });
    expect(
      admit(run.state, proposal('one', 'confirmed', 'holds', 'the script looks at another port')),
    ).toEqual({ ok: true });
    run.attach('one', 0);
    const [after] = run.state.steps;
    expect(after === undefined ? null : conflictOf(after, 'fails')).toMatch(
      /as expected, while the probes do not/,
    );
  });

  it('ends by an abort with a reason, after which nothing is answered', () => {
    const run = begun().event('aborted', { step: 'one', text: 'the window is over' });
    expect(run.state).toMatchObject({ phase: 'aborted', current: null, irregular: [] });
    expect(admit(run.state, proposal('one', 'failed', 'fails'))).toEqual({
      ok: false,
      reason: 'the run was aborted',
    });
  });

  it('never offers to confirm a planned, placeholder or retired subject', () => {
    const step: Step = { ...(runbook.steps[0] as Step), verdicts: VERDICTS };
    for (const status of ['planned', 'placeholder', 'retired'] as const)
      for (const gate of ['none', 'holds', 'fails', 'unknown', 'not-run'] as const) {
        const { verdicts } = offered(step, gate, status);
        expect(verdicts.filter((one) => !['still_planned', 'deviated', 'failed'].includes(one))).toEqual([]);
      }
  });

  it('wants the output of a command that is read and then done, or words about it; not where it is done from memory', () => {
    const made = (mode: string) =>
      new Records(
        compileRunbook(
          `v: 1\nid: t\nversion: 1.0.0\ntitle: T\norigin: operator\nsteps:\n  - { id: a, title: A, mode: ${mode}, instructions: x, expected: y, command: ./look.sh }\n`,
          't',
        ).runbook,
      ).open();
    const bare = proposal('a', 'confirmed', 'none', '');
    expect(admit(made('read-do').state, bare)).toMatchObject({
      reason: expect.stringMatching(/output of the command/),
    });
    expect(admit(made('read-do').state, { ...bare, note: 'in ticket 7' })).toEqual({ ok: true });
    expect(admit(made('read-do').attach('a', 0).state, bare)).toEqual({ ok: true });
    expect(admit(made('do-confirm').state, bare)).toEqual({ ok: true });
    expect(made('read-do').answer('a', 'confirmed', { note: '' }).state.irregular).toHaveLength(1);
  });

  it('counts a claim of deployed only with a look at the service itself, and a witness where the documents did not say so', () => {
    const claims = [{ subject: 'vmid:1000' as const, state: 'deployed', evidence: [1] }];
    const deployed = (level: 'app' | 'runtime', registered: string, witness: boolean) => {
      const run = begun();
      const seen = observation({ level, subject: 'vmid:1000' });
      run.look('one', 'holds', [{ ...seen, ended: new Date(run.ms).toISOString() }]);
      run.answer('one', 'confirmed', { claims, registered });
      if (witness) run.witness('one', person('Carl', 'c'));
      return deployedByRun(run.state, run.all);
    };
    expect(deployed('app', 'deployed', false)).toEqual(['vmid:1000']);
    expect(deployed('runtime', 'deployed', true)).toEqual([]);
    expect(deployed('app', 'under-validation', false)).toEqual([]);
    expect(deployed('app', 'under-validation', true)).toEqual(['vmid:1000']);
    for (const status of ['placeholder', 'retired', 'planned'])
      expect(deployed('app', status, true), status).toEqual([]);
  });

  it('judges gates by assessments: unknown is neither holding nor failing', () => {
    const step = runbook.steps[0] as Step;
    const judge = (observations: Parameters<typeof snapshotOf>[1]) =>
      judgeGates(step, assessEstate(snapshotOf([subject()], observations), AT).subjects).gate;
    expect(judge([observation()])).toBe('holds');
    expect(judge([])).toBe('unknown');
    expect(judge([observation({ answer: { class: 'rpc-error', facts: {}, checks: [] } })])).toBe('fails');
    expect(judgeGates(step, []).gate).toBe('unknown');
  });

  it('compares facts with expected values: another value fails, one that was not seen is unknown', () => {
    const [first] = runbook.steps;
    const judge = (
      is: 'equals' | 'at_least' | 'at_most',
      value: number,
      facts: Observation['answer']['facts'],
    ) => {
      const seen = [observation({ answer: { class: 'ok', facts, checks: [] } })];
      const gate = {
        ...(first as Step).gates[0],
        probe: 'besu-head',
        match: [{ fact: 'peers', is, value }],
      } as Step['gates'][number];
      return judgeGates(
        { ...(first as Step), gates: [gate] },
        assessEstate(snapshotOf([subject()], seen), AT).subjects,
        seen,
      ).gate;
    };
    expect(judge('equals', 5, { peers: 5 })).toBe('holds');
    expect(judge('equals', 5, { peers: 4 })).toBe('fails');
    expect(judge('at_least', 5, { peers: 7 })).toBe('holds');
    expect(judge('at_most', 5, { peers: 7 })).toBe('fails');
    expect(judge('at_least', 5, { peers: '7' })).toBe('fails');
    expect(judge('equals', 5, {})).toBe('unknown');
  });
});
