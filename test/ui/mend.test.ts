import { beforeAll, describe, expect, it } from 'vitest';
import { type Assessment, assessEstate, type Finding, type Runbook } from '../../src/model/index.ts';
import { bundledRunbooks } from '../../src/runbooks/index.ts';
import { mendingStep } from '../../src/ui/commands/mend.ts';
import { AT, snapshotOf, subject } from '../model/make.ts';

let runbooks: readonly Runbook[] = [];
beforeAll(async () => {
  runbooks = (await bundledRunbooks()).map((one) => one.runbook);
});

function found(rule: string, about: Parameters<typeof subject>[0] = {}): Assessment {
  const documented = subject(about);
  const finding: Finding = { rule, subject: documented.id, severity: 'fail', reason: '', next: '' };
  const [one] = assessEstate(snapshotOf([documented], []), AT, [() => [finding]]).subjects;
  if (one === undefined) throw new Error('no subject');
  return one;
}

describe('the step that deals with a finding', () => {
  it.each([
    ['qbft-stalled', { id: 'chain:138', kind: 'chain' }, /Besu makes no blocks/],
    ['quorum-margin', { id: 'chain:138', kind: 'chain' }, /Besu makes no blocks/],
    ['qbft-fork', { id: 'chain:138', kind: 'chain' }, /Besu makes no blocks/],
    ['guest-stopped', { id: 'vmid:1002', category: 'besu_validator' }, /Besu makes no blocks/],
    ['could-not-look-ssh-host-key-changed', { id: 'host:r630-04', kind: 'host' }, /another SSH key/],
    ['placeholder-running', { id: 'vmid:6000' }, /Activate a placeholder/],
    ['anything', { id: 'vmid:6200' }, /./],
    ['anything', { id: 'vmid:2201', tier: 'public' }, /./],
  ] as const)('%s of %j', (rule, about, title) => {
    const step = mendingStep(about.id, found(rule, about), runbooks);
    expect(step?.runbook).toMatch(title);
    expect(runbooks[step?.index ?? -1]?.title).toBe(step?.runbook);
    expect(step?.step).toBeGreaterThan(0);
    expect(step?.step).toBeLessThanOrEqual(step?.of ?? 0);
  });

  it('is none where no runbook speaks of it', () => {
    expect(
      mendingStep('host:r630-03', found('pve-node-offline', { id: 'host:r630-03', kind: 'host' }), runbooks),
    ).toBeNull();
    expect(mendingStep('chain:138', undefined, [])).toBeNull();
  });
});
