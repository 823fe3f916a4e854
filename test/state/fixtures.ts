import type {
  DocumentedEstate,
  DocumentedSubject,
  Endpoint,
  Observation,
  Snapshot,
  SubjectId,
} from '../../src/model/index.ts';

export function subjectOf(id: SubjectId, more: Partial<DocumentedSubject> = {}): DocumentedSubject {
  return {
    id,
    kind: id.slice(0, id.indexOf(':')) as DocumentedSubject['kind'],
    name: id,
    status: 'deployed',
    expectedRun: 'any',
    owner: 'TBD',
    region: 'TBD',
    critical: false,
    absenceTolerated: false,
    dependsOn: [],
    sources: [],
    extra: {},
    ...more,
  };
}

export function endpointOf(id: string, more: Partial<Endpoint> = {}): Endpoint {
  return {
    id,
    subject: 'vmid:1000',
    kind: 'json-rpc',
    url: 'http://127.0.0.1:8545',
    via: 'direct',
    ...more,
  };
}

export function observationOf(more: Partial<Observation> = {}): Observation {
  return {
    probe: 'besu-head',
    subject: 'vmid:1000',
    endpoint: 'rpc-1000',
    level: 'app',
    request: 'eth_blockNumber []',
    answer: { class: 'ok', facts: {}, checks: [] },
    vantage: 'test',
    started: '2026-11-23T03:04:05.000Z',
    ended: '2026-11-23T03:04:05.100Z',
    raw: null,
    ...more,
  };
}

export function estateOf(more: Partial<DocumentedEstate> = {}): DocumentedEstate {
  return {
    id: 'test',
    name: 'Test estate',
    simulated: false,
    chainId: 138,
    thresholds: {
      blockPeriodS: 2,
      emptyBlockPeriodS: 2,
      requestTimeoutS: 4,
      headSpreadBlocks: 3,
      minPeers: 1,
      evidenceTtlS: 900,
      explorerLagBlocks: 20,
    },
    subjects: [subjectOf('vmid:1000', { vmid: 1000, critical: true })],
    endpoints: [endpointOf('rpc-1000')],
    conflicts: [],
    notes: [],
    mirror: null,
    ...more,
  };
}

export function snapshotOf(more: Partial<Snapshot> = {}): Snapshot {
  return {
    format: 'c138-snapshot',
    v: 1,
    tool: { name: 'c138', version: '0.1.0' },
    vantage: 'test',
    started: '2026-11-23T03:04:04.000Z',
    ended: '2026-11-23T03:04:06.000Z',
    complete: true,
    estate: estateOf(),
    observations: [observationOf()],
    attestations: [],
    outages: [],
    ...more,
  };
}
