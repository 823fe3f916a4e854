import { describe, expect, it } from 'vitest';
import {
  ANSWER_CLASSES,
  type Assessment,
  type Attestation,
  assessEstate,
  compareLevels,
  type DocumentedSubject,
  LEVELS,
  type Observation,
  STATUSES,
} from '../../src/model/index.ts';
import { AT, guest, observation, snapshotOf, subject } from './make.ts';

function one(
  documented: DocumentedSubject,
  observations: readonly Observation[],
  more: Parameters<typeof snapshotOf>[2] = {},
): Assessment {
  const found = assessEstate(snapshotOf([documented], observations, more), AT).subjects[0];
  if (found === undefined) throw new Error('no subject');
  return found;
}

const attestation = (witness: string | null): Attestation => ({
  subject: 'vmid:1000',
  claim: 'deployed',
  at: new Date(AT).toISOString(),
  performer: 'a',
  witness,
  session: '0x',
  seq: 1,
});

describe('what nobody looked at', () => {
  it('is told as not looked at yet while the pass runs, and afterwards as what is missing in the estate file', () => {
    const early = one(subject(), [guest('running')], { complete: false });
    expect(early.findings.map((each) => each.rule)).toContain('not-looked-yet');
    const late = one(subject(), [guest('running')]);
    expect(late.findings.map((each) => each.rule)).toContain('service-not-asked');
    expect([early.health, late.health]).toEqual(['unknown', 'unknown']);
  });

  it('is as expected when it is planned and was looked for in vain, never ok', () => {
    const absent = observation({ level: 'none', answer: { class: 'ok-null', facts: {}, checks: [] } });
    expect(one(subject({ status: 'planned' }), [absent]).health).toBe('as-expected');
    expect(one(subject({ status: 'planned' }), []).health).toBe('unknown');
  });
});

describe('a tier of which not every node was looked at', () => {
  const tier = subject({ id: 'tier:core', kind: 'tier', name: 'core' });
  const nodes = ['a', 'b', 'c'].map((name) => subject({ id: `vmid:${name}`, name, tier: 'core' }));
  const tierOf = (observations: readonly Observation[], complete: boolean): Assessment => {
    const { subjects } = assessEstate(snapshotOf([...nodes, tier], observations, { complete }), AT);
    const found = subjects.find((each) => each.subject.id === tier.id);
    if (found === undefined) throw new Error('no tier');
    return found;
  };
  const told = (observations: readonly Observation[], complete = false) => {
    const { health, findings } = tierOf(observations, complete);
    return [health, ...findings.map((each) => each.reason)];
  };
  const stopped = guest('stopped', { subject: 'vmid:a' });

  it('says so, and calls nobody unwell before the first look', () => {
    const none = 'nodes not looked at yet: not every source has been asked';
    expect(told([])).toEqual(['unknown', `3 of 3 ${none}`]);
    expect(told([observation({ subject: 'vmid:a' })])).toEqual(['unknown', `2 of 3 ${none}`]);
    expect(told([guest('running', { subject: 'vmid:a' })])).toEqual(['unknown', `3 of 3 ${none}`]);
  });

  it('counts who was looked at and is not well, and afterwards everybody', () => {
    expect(told([stopped])).toEqual(['degraded', '1 of 3 nodes are not well: a failed; 2 not looked at yet']);
    expect(told([], true)).toEqual(['unknown', '3 of 3 nodes are not well: a unknown, b unknown, c unknown']);
  });
});

describe('every combination of documents, evidence, age, look, outage and attestation', () => {
  const ages = [1, 1000];
  const classes = ANSWER_CLASSES;
  const witnesses = ['none', null, 'a', 'b'] as const;
  let combinations = 0;

  it.each(STATUSES)('documented as %s: no result claims more than its evidence', (status) => {
    for (const level of LEVELS)
      for (const ageS of ages)
        for (const cls of classes)
          for (const witness of witnesses)
            for (const outage of [false, true])
              for (const run of ['running', 'stopped', null] as const) {
                combinations += 1;
                const expectedRun = status === 'placeholder' || status === 'retired' ? 'stopped' : 'any';
                const documented = subject({ status, expectedRun });
                const observations = [
                  observation({ level, ageS, answer: { class: cls, facts: {}, checks: [] } }),
                  ...(run === null ? [] : [guest(run)]),
                ];
                const result = one(documented, observations, {
                  attestations: witness === 'none' ? [] : [attestation(witness)],
                  outages: outage
                    ? [
                        {
                          subject: 'vmid:1000',
                          reason: 'x',
                          by: 'y',
                          from: new Date(AT - 1000).toISOString(),
                          until: new Date(AT + 1000).toISOString(),
                        },
                      ]
                    : [],
                });
                check(result, { status, level, ageS, cls, witness, run });
              }
    expect(combinations).toBeGreaterThan(1000);
  });

  function check(
    result: Assessment,
    input: {
      status: string;
      level: string;
      ageS: number;
      cls: string;
      witness: string | null;
      run: string | null;
    },
  ): void {
    const answered = ['ok', 'ok-null', 'rpc-error', 'http-error', 'exit'].includes(input.cls);
    const freshApp = answered && input.ageS < 100 && (input.level === 'app' || input.level === 'flow');
    const context = JSON.stringify(input);
    if (result.status === 'deployed') {
      const seenFailing =
        result.health === 'failed' && (input.run !== null || answered) && input.status === 'deployed';
      expect(freshApp || seenFailing, `deployed without fresh app evidence: ${context}`).toBe(true);
      if (input.status !== 'deployed')
        expect(input.witness, `deployed without a witness: ${context}`).toBe('b');
    }
    if (!answered && input.run === null) {
      expect(result.status, `could not look: ${context}`).toBe('unknown');
      expect(result.health, `could not look: ${context}`).toBe('unknown');
    }
    if (result.health === 'ok')
      expect(answered && input.ageS < 100, `ok without a fresh look: ${context}`).toBe(true);
    if (result.health === 'as-expected') {
      const stopped = input.run === 'stopped' && ['placeholder', 'retired'].includes(input.status);
      const weak = input.level === 'none' || input.level === 'presence';
      const absent = input.status === 'planned' && input.run === null && answered && input.ageS < 100 && weak;
      expect(stopped || absent, context).toBe(true);
    }
    expect(compareLevels(result.level, 'app') >= 0 ? freshApp : true, `level: ${context}`).toBe(true);
  }
});

describe('status and health are two answers', () => {
  it('a deployed validator that refuses while its guest runs is deployed and failed', () => {
    const refused = observation({ level: 'none', answer: { class: 'refused', facts: {}, checks: [] } });
    const result = one(subject(), [refused, guest('running')]);
    expect([result.status, result.health]).toEqual(['deployed', 'failed']);
  });

  it('a refusal is no failure when nobody knows whether the guest runs', () => {
    const result = one(subject(), [
      observation({ level: 'none', answer: { class: 'refused', facts: {}, checks: [] } }),
    ]);
    expect([result.status, result.health]).toEqual(['unknown', 'unknown']);
  });

  it('a running container is not proof', () => {
    const result = one(subject(), [guest('running')]);
    expect(result.status).toBe('under-validation');
    expect(result.health).toBe('unknown');
  });

  it('stale evidence only supports under-validation', () => {
    const result = one(subject(), [observation({ ageS: 101 })]);
    expect([result.status, result.health, result.stale]).toEqual(['under-validation', 'unknown', true]);
  });

  it('a placeholder that runs and listens is not as expected, and not deployed', () => {
    const placeholder = subject({
      status: 'placeholder',
      expectedRun: 'stopped',
      category: 'dlt',
      critical: false,
    });
    const listening = observation({ probe: 'tcp-connect', level: 'runtime' });
    const result = one(placeholder, [guest('running'), listening]);
    expect([result.status, result.health]).toEqual(['placeholder', 'degraded']);
    expect(result.findings.map((finding) => finding.rule)).toEqual(
      expect.arrayContaining(['placeholder-running', 'placeholder-listening']),
    );
  });

  it('not allowed to see is its own reason, never an empty list', () => {
    const result = one(subject(), [
      observation({ level: 'none', answer: { class: 'not-allowed', facts: {}, checks: [] } }),
    ]);
    expect(result.findings[0]).toMatchObject({ rule: 'could-not-look-not-allowed', severity: 'unknown' });
    expect(result.findings[0]?.next).toContain('PVEAuditor');
  });

  it('a dead host makes the remembered state of its guests unknown', () => {
    const host = observation({
      probe: 'pve-node',
      subject: 'host:n1',
      level: 'presence',
      answer: { class: 'ok', facts: { online: false }, checks: [] },
    });
    const assessed = assessEstate(snapshotOf([subject()], [host, guest('running')]), AT);
    expect(assessed.subjects.find((item) => item.subject.id === 'vmid:1000')?.health).toBe('unknown');
  });
});

describe('the verdict', () => {
  const failing = [
    observation({ level: 'none', answer: { class: 'refused', facts: {}, checks: [] } }),
    guest('running'),
  ];

  it('is 0, 1, 3, and 1 beats 3', () => {
    const verdict = (subjects: DocumentedSubject[], observations: Observation[], more = {}): number =>
      assessEstate(snapshotOf(subjects, observations, more), AT).verdict.exitCode;
    expect(verdict([subject()], [observation()])).toBe(0);
    expect(verdict([subject()], failing)).toBe(1);
    expect(verdict([subject()], [])).toBe(3);
    expect(verdict([subject()], [observation()], { complete: false })).toBe(3);
    expect(verdict([subject(), subject({ id: 'vmid:1001' })], failing)).toBe(1);
    expect(verdict([subject({ critical: false })], failing)).toBe(0);
  });

  it('leaves a planned outage visible but off the exit code until it expires', () => {
    const outage = (untilS: number) => ({
      outages: [
        {
          subject: 'vmid:1000' as const,
          reason: 'window',
          by: 'a',
          from: new Date(AT - 10_000).toISOString(),
          until: new Date(AT + untilS * 1000).toISOString(),
        },
      ],
    });
    const during = assessEstate(snapshotOf([subject()], failing, outage(60)), AT);
    expect([during.verdict.exitCode, during.subjects[0]?.health]).toEqual([0, 'failed']);
    expect(assessEstate(snapshotOf([subject()], failing, outage(-1)), AT).verdict.exitCode).toBe(1);
  });
});

describe('interpretation rules', () => {
  const program = (id: string): DocumentedSubject =>
    subject({ id: `program:${id}`, kind: 'program', status: 'deployed', critical: false });
  const runtime = (id: string): Observation => observation({ subject: `program:${id}`, level: 'runtime' });

  it.each([
    'ha',
    'network-segmentation',
    'ceph',
    'hsm',
    'validator-governance',
    'cacti',
    'disaster-recovery',
    'aries',
    'caliper',
    'end-to-end-flow',
  ])('holds %s at planned without its own evidence, even when a document says deployed', (id) =>
    expect(one(program(id), [runtime(id)]).status).toBe('planned'),
  );

  it('never lets Caliper pass as more than planned, and the flow as fully automated', () => {
    expect(one(program('caliper'), [observation({ subject: 'program:caliper', level: 'flow' })]).status).toBe(
      'planned',
    );
    expect(
      one(program('end-to-end-flow'), [observation({ subject: 'program:end-to-end-flow', level: 'flow' })])
        .status,
    ).toBe('under-validation');
  });

  it('does not take a FireFly gateway for a multiparty workflow', () => {
    const firefly = subject({ category: 'firefly' });
    const status = (multiparty: boolean): string =>
      one(firefly, [
        observation({ probe: 'firefly-status', answer: { class: 'ok', facts: { multiparty }, checks: [] } }),
      ]).status;
    expect(status(false)).toBe('under-validation');
    expect(status(true)).toBe('deployed');
  });

  it('never calls Fabric deployed by presence, though a template says active', () => {
    expect(one(subject({ category: 'dlt' }), [guest('running')]).status).toBe('under-validation');
  });
});
