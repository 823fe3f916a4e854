import { describe, expect, it } from 'vitest';
import type { DocumentedEstate, Endpoint, Relay } from '../../src/model/index.ts';
import { compileRunbook } from '../../src/runbooks/index.ts';
import { stepToLookAt } from '../../src/state/runs/run-advance.ts';
import { type Run, runOf } from '../../src/state/runs/run-in-hand.ts';
import { endpointsFor, type Look } from '../../src/state/runs/run-look.ts';
import { viewOfRun } from '../../src/state/runs/run-view.ts';
import { ANNA, BERT, Records } from '../runbooks/records.ts';
import { estateOf } from './fixtures.ts';

const { runbook } = compileRunbook(
  `v: 1
id: t
version: 1.0.0
title: T
origin: operator
steps:
  - { id: a, title: A, instructions: x, expected: y, gates: [{ subject: "program:ccip", expect: [ok] }] }
  - { id: b, title: B, instructions: x, expected: y }
`,
  't',
);

/** A run of which this program took the readings itself, `agoMs` before now. */
function runWith(make: (records: Records) => Records, agoMs: number): Run {
  const records = new Records(runbook);
  records.ms = Date.now() - agoMs;
  make(records.open());
  const run = runOf({
    session: `0x${'1'.repeat(64)}`,
    dir: '/evidence/t',
    runbook,
    compiled: null,
    records: records.all,
    takingUp: null,
    journal: null,
    begun: true,
  });
  const { reading } = run.state.steps[0] ?? { reading: null };
  if (reading !== null) run.gates.set('a', { look: {} as Look, seq: reading.seq });
  return run;
}

const answer = (stepId: string, verdict: 'confirmed' | 'failed') =>
  ({ kind: 'confirm', session: 's', stepId, verdict, note: '' }) as const;

describe('the probes of a step at the moment of advancing', () => {
  it('are asked when nobody asked them, and again when that was a while ago, but not twice in a moment', () => {
    expect(
      stepToLookAt(
        runWith((one) => one, 2_000),
        answer('a', 'confirmed'),
      ),
    ).toBe('a');
    const seen = (one: Records) => one.look('a', 'holds');
    expect(stepToLookAt(runWith(seen, 3_000), answer('a', 'confirmed'))).toBeNull();
    expect(stepToLookAt(runWith(seen, 60_000), answer('a', 'confirmed'))).toBe('a');
    expect(stepToLookAt(runWith(seen, 600_000), answer('a', 'confirmed'))).toBe('a');
  });

  it('are not asked for a failure, for a step without gates or out of turn, nor for somebody who is not in charge', () => {
    expect(
      stepToLookAt(
        runWith((one) => one, 2_000),
        answer('a', 'failed'),
      ),
    ).toBeNull();
    const answered = runWith((one) => one.look('a', 'holds').answer('a', 'confirmed'), 600_000);
    expect(stepToLookAt(answered, answer('b', 'confirmed'))).toBeNull();
    expect(stepToLookAt(answered, answer('a', 'confirmed'))).toBeNull();
    expect(stepToLookAt(answered, { ...answer('a', 'confirmed'), kind: 'correct' })).toBe('a');
    const elsewhere = runWith((one) => one.handover(ANNA, BERT), 2_000);
    elsewhere.signer = ANNA.address;
    expect(stepToLookAt(elsewhere, answer('a', 'confirmed'))).toBeNull();
    expect(viewOfRun(elsewhere, estateOf()).steps[0]?.blocked).toBe(
      'Bert is in charge now, and goes on with session 11111111: Enter on screen 7, or "resume 11111111" in line mode',
    );
  });

  it('reach both ends of a relay', () => {
    const ends = ['from', 'to', 'other'].map((id) => ({ id, subject: `vmid:${id}`, kind: 'evm-rpc' }));
    const estate = {
      ...estateOf(),
      endpoints: ends as unknown as readonly Endpoint[],
      relays: [
        { subject: 'program:ccip', source: { endpoint: 'from' }, destination: { endpoint: 'to' } },
      ] as unknown as readonly Relay[],
    } satisfies DocumentedEstate;
    const [step] = runbook.steps;
    expect(step === undefined ? [] : endpointsFor(estate, step).map((one) => one.id)).toEqual(['from', 'to']);
  });
});
