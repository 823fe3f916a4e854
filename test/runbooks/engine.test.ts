import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConfirmBody, RecordBody, Runbook, Step, Verdict } from '../../src/model/index.ts';
import { assessEstate, VERDICTS } from '../../src/model/index.ts';
import {
  admit,
  bundledRunbooks,
  compileRunbook,
  type GateState,
  judgeGates,
  offered,
  RunbookError,
  replay,
} from '../../src/runbooks/index.ts';
import { AT, observation, snapshotOf, subject } from '../model/make.ts';

const YAML = `v: 1
id: test
version: 1.0.0
title: Test
origin: operator
steps:
  - { id: one, title: One, instructions: Do it, expected: done, subject: "vmid:1000", gates: [{ subject: "vmid:1000", expect: [ok] }], on_failure: { action: abort } }
  - { id: two, title: Two, instructions: Do it, expected: done, optional: true }
  - { id: three, title: Three, instructions: Do it, expected: done, on_failure: { action: back-out, step: undo } }
  - { id: undo, title: Undo, instructions: Undo it, expected: undone }
`;
const compiled = compileRunbook(YAML, 'test.yaml');
const { runbook } = compiled;

let seq = 0;
function confirm(stepId: string, verdict: Verdict): RecordBody {
  seq += 1;
  const body: Pick<ConfirmBody, 'kind' | 'seq' | 'verdict' | 'note' | 'at'> & {
    step: { id: string };
    actor: { name: string };
  } = {
    kind: 'confirm',
    seq,
    verdict,
    note: 'n',
    at: 't',
    step: { id: stepId },
    actor: { name: 'A' },
  };
  return body as unknown as RecordBody;
}

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

describe('the engine', () => {
  const proposal = (stepId: string, verdict: Verdict, gate: GateState, note = 'why') => ({
    stepId,
    verdict,
    note,
    gate,
    registeredStatus: null,
  });

  it('wants the gate before it lets anybody confirm', () => {
    const state = replay(runbook, []);
    for (const gate of ['not-run', 'fails', 'unknown'] as const)
      expect(admit(runbook, state, proposal('one', 'confirmed', gate))).toMatchObject({ ok: false });
    expect(admit(runbook, state, proposal('one', 'confirmed', 'holds', ''))).toEqual({ ok: true });
  });

  it('wants a reason for everything but confirmed, keeps the order, and offers only what the step allows', () => {
    const state = replay(runbook, []);
    expect(admit(runbook, state, proposal('one', 'failed', 'fails', ' '))).toMatchObject({ ok: false });
    expect(admit(runbook, state, proposal('two', 'confirmed', 'none'))).toMatchObject({ ok: false });
    expect(admit(runbook, state, proposal('one', 'skipped', 'holds'))).toMatchObject({ ok: false });
  });

  it('retries, backs out and aborts as the step says', () => {
    expect(replay(runbook, [confirm('one', 'failed')]).current).toBeNull();
    const early = [confirm('one', 'confirmed'), confirm('two', 'skipped')];
    expect(replay(runbook, [...early, confirm('three', 'failed')]).current).toBe('undo');
    const retrying: Runbook = {
      ...runbook,
      steps: runbook.steps.map((step) => ({ ...step, onFailure: { action: 'retry', step: null } })),
    };
    const again = replay(retrying, [...early, confirm('three', 'failed')]);
    expect([again.current, again.steps[2]?.attempts]).toEqual(['three', 1]);
  });

  it('never offers to confirm a planned, placeholder or retired subject', () => {
    const step: Step = { ...(runbook.steps[0] as Step), verdicts: VERDICTS };
    for (const status of ['planned', 'placeholder', 'retired'] as const)
      for (const gate of ['none', 'holds', 'fails', 'unknown', 'not-run'] as const) {
        const { verdicts } = offered(step, gate, status);
        expect(verdicts.filter((one) => !['still_planned', 'deviated', 'failed'].includes(one))).toEqual([]);
      }
  });

  it('keeps its rules over random sequences of events', () => {
    const event = fc.record({
      stepId: fc.constantFrom('one', 'two', 'three', 'undo', 'nowhere'),
      verdict: fc.constantFrom(...VERDICTS),
      gate: fc.constantFrom('none', 'not-run', 'holds', 'fails', 'unknown' as const),
      note: fc.constantFrom('', 'why'),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), (events) => {
        const records: RecordBody[] = [];
        const answered = new Map<string, Verdict>();
        for (const one of events) {
          const before = replay(runbook, records);
          const admission = admit(runbook, before, { ...one, registeredStatus: null });
          if (!admission.ok) continue;
          const known = answered.get(one.stepId);
          expect(known === undefined || known === 'failed').toBe(true);
          if (one.verdict === 'confirmed') expect(['holds', 'none']).toContain(one.gate);
          else expect(one.note).not.toBe('');
          expect(before.current).toBe(one.stepId);
          records.push(confirm(one.stepId, one.verdict));
          answered.set(one.stepId, one.verdict);
        }
        const state = replay(runbook, records);
        expect(replay(runbook, records)).toEqual(state);
        expect(state.steps.filter((step) => step.verdict !== null)).toHaveLength(answered.size);
      }),
      { numRuns: 2000 },
    );
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
});
