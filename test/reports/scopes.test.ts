import { describe, expect, it } from 'vitest';
import {
  assessEstate,
  type JsonObject,
  type Observation,
  type Snapshot,
  type SubjectId,
} from '../../src/model/index.ts';
import { networkOf } from '../../src/reports/scope-facts.ts';
import { scopesMarkdown, scopesOf } from '../../src/reports/scopes.ts';
import { estateOf, observationOf, snapshotOf, subjectOf } from '../state/fixtures.ts';

const at = Date.parse('2026-11-23T03:04:06.000Z');
const source = { document: 't.json', rank: 1 as const };
const scopes = (snapshot: Snapshot) => scopesOf(snapshot, assessEstate(snapshot, at));
const saw = (probe: string, subject: SubjectId, facts: JsonObject, more: Partial<Observation> = {}) =>
  observationOf({
    probe,
    subject,
    endpoint: 'pve',
    level: 'runtime',
    answer: { class: 'ok', facts, checks: [] },
    ...more,
  });

describe('the eight scopes', () => {
  it('are unknown where nobody could look, and say so', () => {
    const empty = scopes(snapshotOf({ observations: [] }));
    expect(empty.map((one) => one.scope)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(empty.map((one) => one.verdict)).toEqual(Array(8).fill('unknown'));
    expect(empty[5]?.not_looked).toContain('pve-storage: not asked');
    const refused = scopes(
      snapshotOf({
        observations: [
          saw('pve-storage', 'host:a', {}, { answer: { class: 'not-allowed', facts: {}, checks: [] } }),
        ],
      }),
    );
    expect(refused[5]).toMatchObject({ verdict: 'unknown' });
    expect(refused[5]?.not_looked).toContain('pve-storage: not-allowed for host:a');
  });

  it('compare the guests with the template: missing, unexpected, moved', () => {
    const estate = estateOf({
      subjects: [
        subjectOf('vmid:1', { vmid: 1, preferredHost: 'a', sources: [source] }),
        subjectOf('vmid:2', { vmid: 2, sources: [source] }),
      ],
    });
    const found = scopes(
      snapshotOf({
        estate,
        observations: [
          saw('pve-guest', 'vmid:1', { run: 'running', node: 'b' }),
          saw(
            'pve-guest',
            'vmid:2',
            { run: 'absent' },
            { answer: { class: 'ok-null', facts: { run: 'absent' }, checks: [] } },
          ),
          saw('pve-guest', 'vmid:3', { run: 'running', node: 'b', name: 'x' }),
        ],
      }),
    )[1];
    expect(found?.facts).toEqual([
      'documented 2, seen 2',
      'documented, not in the cluster: 1: 2',
      'in the cluster, not documented: 1: 3',
      'not on the preferred host: 1: 1',
      'stopped though documented as running: none',
      'nobody could see: none',
    ]);
  });

  it('never take a storage entry or the plan for Ceph', () => {
    const entry = saw('pve-storage', 'host:a', {
      storages: [{ name: 'c', type: 'rbd', active: true, percent: 3 }],
    });
    const only = scopes(snapshotOf({ observations: [entry] }))[5];
    expect(only?.facts.find((line) => line.startsWith('Ceph'))).toMatch(/not looked at; .* no evidence/);
    const none = saw(
      'pve-ceph',
      'program:ceph',
      {},
      { answer: { class: 'ok-null', facts: { present: false }, checks: [] } },
    );
    expect(scopes(snapshotOf({ observations: [entry, none] }))[5]?.facts.join('\n')).toMatch(
      /none is set up.*roadmap/,
    );
    const real = saw('pve-ceph', 'program:ceph', { present: true, health: 'HEALTH_OK', osds: 4, osdsUp: 3 });
    expect(scopes(snapshotOf({ observations: [real] }))[5]?.facts).toContain(
      'Ceph: HEALTH_OK, 3 of 4 OSDs up',
    );
  });

  it('tell backups by category against an RPO only where one was decided', () => {
    const subjects = [
      subjectOf('vmid:1', { vmid: 1, category: 'explorer', expectedRun: 'running', sources: [source] }),
    ];
    const observations = [
      saw('pve-guest', 'vmid:1', { run: 'running', node: 'a' }),
      saw('pve-backup', 'vmid:1', { newest: '2026-11-21T03:04:06.000Z', count: 2 }),
    ];
    const rules = (rpoHours?: Record<string, number>) => {
      const estate = estateOf({ subjects, ...(rpoHours === undefined ? {} : { rpoHours }) });
      return assessEstate(snapshotOf({ estate, observations }), at).findings.map((one) => one.rule);
    };
    expect(rules()).not.toContain('backup-older-than-rpo');
    expect(rules({ explorer: 24 })).toContain('backup-older-than-rpo');
    expect(rules({ explorer: 72 })).not.toContain('backup-older-than-rpo');
  });

  it('set networks against the six layers without calling a shared one separate', () => {
    const net = (vmid: number, category: string, vlan: number | null, address: string) =>
      [
        subjectOf(`vmid:${vmid}`, { vmid, category, sources: [source] }),
        saw('pve-guest-config', `vmid:${vmid}`, { nets: [{ name: 'eth0', bridge: 'vmbr0', vlan, address }] }),
      ] as const;
    const layers = (guests: readonly ReturnType<typeof net>[]) =>
      scopes(
        snapshotOf({
          estate: estateOf({ subjects: guests.map(([one]) => one) }),
          observations: guests.map(([, one]) => one),
        }),
      )[6]?.facts ?? [];
    const flat = layers([
      net(1, 'besu_validator', null, '10.0.0.1/24'),
      net(2, 'rpc_public', null, '10.0.0.2/24'),
    ]);
    expect(flat.find((line) => line.startsWith('Validator / P2P'))).toMatch(
      /shared with other guests.*roadmap/,
    );
    const apart = layers([
      net(1, 'besu_validator', 30, '10.3.0.1/24'),
      net(2, 'rpc_public', 50, '10.5.0.2/24'),
    ]);
    expect(apart.find((line) => line.startsWith('Validator / P2P'))).toMatch(
      /of its own \(vmbr0\.30 10\.3\.0\.0\/24\); filtering .* not seen/,
    );
    expect(networkOf('192.168.11.77/24')).toBe('192.168.11.0/24');
    expect(networkOf('10.1.2.3/8')).toBe('10.0.0.0/8');
    expect(networkOf('nonsense')).toBeNull();
  });

  it('call an unreachable ml110 normal, and a working one what it is', () => {
    const estate = estateOf({
      subjects: [subjectOf('host:ml110', { absenceTolerated: true, role: 'legacy' })],
    });
    const away = saw(
      'pve-node',
      'host:ml110',
      { online: false },
      {
        answer: {
          class: 'ok',
          facts: { online: false },
          checks: [{ id: 'pve-node-offline', result: 'fail', reason: 'x', next: '' }],
        },
      },
    );
    const gone = scopes(snapshotOf({ estate, observations: [away] }))[7];
    expect(gone?.verdict).toBe('as-expected');
    expect(gone?.facts.at(-1)).toMatch(/normal state under the migration plan/);
    const there = scopes(
      snapshotOf({
        estate,
        observations: [
          saw('pve-node', 'host:ml110', { online: true }),
          saw('pve-guest', 'vmid:9', { run: 'running', node: 'ml110' }),
        ],
      }),
    )[7];
    expect(there?.facts.at(-1)).toMatch(/still a working member with 1 running guests/);
  });

  it('tell different releases of the hosts', () => {
    const estate = estateOf({ subjects: [subjectOf('cluster:h'), subjectOf('host:a'), subjectOf('host:b')] });
    const found = (a: string, b: string) =>
      assessEstate(
        snapshotOf({
          estate,
          observations: [saw('pve-api', 'host:a', { version: a }), saw('pve-api', 'host:b', { version: b })],
        }),
        at,
      ).findings.find((one) => one.rule === 'releases-differ');
    expect(found('8.4.1', '8.4.1')).toBeUndefined();
    expect(found('8.4.1', '8.4.2')?.severity).toBe('info');
    expect(found('8.4.1', '9.1.1')?.severity).toBe('warn');
  });

  it('are written for people', () => {
    const snapshot = snapshotOf();
    expect(scopesMarkdown(snapshot, assessEstate(snapshot, at))).toMatch(/## 8\. ml110: real role/);
  });
});
