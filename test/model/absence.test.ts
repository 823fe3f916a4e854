import { describe, expect, it } from 'vitest';
import { assessEstate } from '../../src/model/assess.ts';
import { ABSENCE_VERDICTS, type AnswerClass, type Observation } from '../../src/model/index.ts';
import { AT, guest, observation, snapshotOf, subject } from './make.ts';

const placeholder = subject({ status: 'placeholder', expectedRun: 'stopped', category: 'dlt' });

/** One layer inside the container, or on its disk. */
function layer(name: string, facts: Observation['answer']['facts'], ageS = 1): Observation {
  return observation({
    probe: `pve-ct-${name}`,
    endpoint: 'ssh',
    level: 'runtime',
    ageS,
    answer: { class: 'ok', facts, checks: [] },
  });
}
const silent = layer('listeners', { listeners: 1, others: [] });
const busy = layer('listeners', {
  listeners: 2,
  others: [{ protocol: 'tcp', port: 7051, process: 'nc', local: false }],
});
const port = (cls: AnswerClass): Observation =>
  observation({
    probe: 'tcp-connect',
    endpoint: 'tcp',
    level: cls === 'ok' ? 'runtime' : 'none',
    answer: { class: cls, facts: {}, checks: [] },
  });
const empty = layer('payload', { payload: [] });
const full = layer('payload', { payload: ['/etc/hyperledger (2 entries)'] });

function look(observations: readonly Observation[], one = placeholder) {
  const assessed = assessEstate(snapshotOf([one], observations), AT).subjects[0];
  if (assessed === undefined) throw new Error('nothing was assessed');
  return assessed;
}

describe('proof of absence', () => {
  it.each([
    ['running-proven', [guest('running'), observation({ probe: 'fabric-peer' })]],
    ['listening-unidentified', [guest('running'), port('ok')]],
    ['listening-unidentified', [guest('running'), port('reset'), silent]],
    ['listening-unidentified', [guest('running'), port('refused'), busy]],
    ['running-no-service', [guest('running'), port('refused'), silent]],
    ['running-no-service', [guest('running'), silent, full]],
    ['stopped-with-payload', [guest('stopped'), full]],
    ['stopped-empty', [guest('stopped'), port('refused'), empty]],
    ['not-found', [guest('absent')]],
    // A refusal is about one port; what else listens nobody saw.
    ['unknown', [guest('running'), port('refused')]],
    ['unknown', [guest('running'), port('timeout')]],
    ['unknown', [guest('running')]],
    ['unknown', [guest('stopped')]],
    ['unknown', [guest('stopped'), port('refused')]],
    ['unknown', [guest('unknown'), empty]],
    // Stopped, and somebody answers at its address: not its own answer.
    ['unknown', [guest('stopped'), empty, port('ok')]],
    ['unknown', []],
    // Past its time-to-live a look is none.
    ['unknown', [guest('stopped'), layer('payload', { payload: [] }, 100_000)]],
    ['unknown', [guest('running'), layer('listeners', { others: [] }, 100_000)]],
  ] as const)('%s', (verdict, observations) => {
    const { absence, status } = look(observations);
    expect(absence?.verdict).toBe(verdict);
    expect(absence?.layers.map((one) => one.layer)).toEqual([
      'cluster',
      'network',
      'inside',
      'payload',
      'disk',
    ]);
    expect(absence?.reason).not.toBe('');
    expect(status === 'deployed').toBe(verdict === 'running-proven' && placeholder.status !== 'placeholder');
  });

  it('gives every verdict that there is in the table above, and no default', () => {
    expect(ABSENCE_VERDICTS).toHaveLength(7);
  });

  it('keeps a layer that could not be looked at apart from one that found nothing', () => {
    const closed = {
      ...layer('listeners', {}),
      answer: { class: 'not-configured', detail: 'no ss', facts: {}, checks: [] },
    } as const;
    const { absence, health } = look([guest('running'), port('refused'), closed]);
    expect(absence?.verdict).toBe('unknown');
    expect(absence?.layers[2]).toEqual({ layer: 'inside', looked: false, text: 'no ss' });
    // The layers judge nothing: health comes from the guest that runs and should not.
    expect(health).toBe('degraded');
  });

  it('says nothing of guests that should serve, and of a FireFly that runs', () => {
    expect(look([guest('running')], subject({ category: 'besu_sentry' })).absence).toBeNull();
    expect(look([guest('running')], subject({ category: 'firefly' })).absence).toBeNull();
    expect(
      look([guest('stopped')], subject({ category: 'firefly', expectedRun: 'stopped' })).absence,
    ).not.toBeNull();
    // Fabric or Indy, whatever the documents call it.
    expect(look([guest('running')], subject({ category: 'dlt' })).absence?.verdict).toBe('unknown');
  });

  it('never makes a layer of an active guest its failure', () => {
    const failed = {
      ...layer('units', {}),
      answer: { class: 'exit', code: 1, facts: {}, checks: [] },
    } as const;
    const one = subject({ category: 'dlt' });
    const answers = observation({ probe: 'fabric-peer' });
    expect(look([guest('running'), answers, failed], one).health).toBe('ok');
  });
});
