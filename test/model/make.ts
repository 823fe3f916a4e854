import type {
  Attestation,
  DocumentedEstate,
  DocumentedSubject,
  Observation,
  PlannedOutage,
  Snapshot,
} from '../../src/model/index.ts';

export const AT = Date.parse('2026-01-02T03:04:05.000Z');

export function subject(more: Partial<DocumentedSubject> = {}): DocumentedSubject {
  return {
    id: 'vmid:1000',
    kind: 'vmid',
    name: 'one',
    status: 'deployed',
    expectedRun: 'running',
    owner: 'TBD',
    region: 'TBD',
    critical: true,
    absenceTolerated: false,
    dependsOn: [],
    sources: [],
    extra: {},
    ...more,
  };
}

export function observation(more: Partial<Observation> & { readonly ageS?: number } = {}): Observation {
  const ended = new Date(AT - (more.ageS ?? 1) * 1000).toISOString();
  const { ageS: _age, ...rest } = more;
  return {
    probe: 'besu-head',
    subject: 'vmid:1000',
    endpoint: 'e1',
    level: 'app',
    request: 'r',
    answer: { class: 'ok', facts: {}, checks: [] },
    vantage: 'here',
    started: ended,
    ended,
    raw: null,
    ...rest,
  };
}

export function guest(
  run: string,
  more: Partial<Observation> & { readonly ageS?: number } = {},
): Observation {
  return observation({
    probe: 'pve-guest',
    endpoint: 'pve',
    level: run === 'running' ? 'runtime' : 'presence',
    answer: { class: 'ok', facts: { run, node: 'n1' }, checks: [] },
    ...more,
  });
}

export function snapshotOf(
  subjects: readonly DocumentedSubject[],
  observations: readonly Observation[],
  more: {
    readonly attestations?: readonly Attestation[];
    readonly outages?: readonly PlannedOutage[];
    readonly complete?: boolean;
  } = {},
): Snapshot {
  const estate: DocumentedEstate = {
    id: 'test',
    name: 'Test',
    simulated: false,
    chainId: 138,
    thresholds: {
      blockPeriodS: 2,
      emptyBlockPeriodS: 2,
      requestTimeoutS: 4,
      headSpreadBlocks: 3,
      minPeers: 1,
      evidenceTtlS: 100,
      explorerLagBlocks: 20,
    },
    subjects,
    endpoints: [],
    conflicts: [],
    notes: [],
    mirror: null,
  };
  return {
    format: 'c138-snapshot',
    v: 1,
    tool: { name: 'c138', version: '0' },
    vantage: 'here',
    started: new Date(AT).toISOString(),
    ended: new Date(AT).toISOString(),
    complete: more.complete ?? true,
    estate,
    observations,
    attestations: more.attestations ?? [],
    outages: more.outages ?? [],
  };
}
