import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { diagnosticBundle, writeDiagnostic } from '../../src/state/snapshots/snapshot-bundle.ts';
import { redactSnapshot } from '../../src/state/snapshots/snapshot-redact.ts';
import { faultOfSnapshot } from '../../src/state/snapshots/snapshot-shape.ts';
import { endpointOf, estateOf, observationOf, snapshotOf, subjectOf } from './fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'c138-redact-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SECRET = [
  '10.20.30.40',
  'fd00::20:1',
  'aa:bb:cc:dd:ee:0f',
  'rpc.inside.example',
  'key-in-the-path-123456',
  'operator7',
  '/srv/secret/place',
  'alice',
  'bob',
  'my-laptop',
  'abcdef0123456789-token',
  'deadbeefdeadbeef',
];
const snapshot = snapshotOf({
  vantage: 'my-laptop',
  estate: estateOf({
    repository: '/srv/secret/place',
    mirror: '/srv/secret/place/mirror',
    subjects: [
      subjectOf('vmid:1000', {
        vmid: 1000,
        name: 'made-validator',
        address: '10.20.30.40/24',
        sources: [{ document: '/srv/secret/place/t.json', rank: 1 }],
      }),
    ],
    endpoints: [
      endpointOf('a', {
        url: 'https://rpc.inside.example:8545/v3/key-in-the-path-123456?x=abcdef0123456789-token',
      }),
      endpointOf('b', {
        kind: 'ssh',
        url: 'ssh://operator7@10.20.30.40:22',
        ssh: { identityFile: '/srv/secret/place/id' },
      }),
      endpointOf('c', { token: { command: ['cat', '/srv/secret/place/token'] } }),
      endpointOf('d', { kind: 'proxmox-api', url: 'local:///usr/bin/pvesh' }),
    ],
    notes: [{ level: 'info', text: 'read from /srv/secret/place/t.json' }],
  }),
  observations: [
    observationOf({
      endpoint: 'a',
      vantage: 'my-laptop',
      request: 'GET /v3/key-in-the-path-123456',
      answer: {
        class: 'timeout',
        detail: 'connect 10.20.30.40:8545, then fd00::20:1, at rpc.inside.example',
        facts: {
          addresses: ['10.20.30.40/24'],
          mac: 'AA:BB:CC:DD:EE:0F',
          peer: 'enode://deadbeefdeadbeef@10.20.30.40:30303',
          when: '03:04:05',
        },
        checks: [
          {
            id: 'x',
            result: 'fail',
            reason: 'PVEAPIToken=a@pve!t=abcdef0123456789-token',
            next: 'ask aa:bb:cc:dd:ee:0f',
          },
        ],
      },
    }),
  ],
  attestations: [
    {
      subject: 'vmid:1000',
      claim: 'deployed',
      at: '2026-11-23T03:04:05.000Z',
      performer: 'alice',
      witness: 'bob',
      session: '0x1',
      seq: 1,
    },
  ],
  outages: [
    {
      subject: 'vmid:1000',
      reason: 'alice is at it',
      by: 'alice',
      from: '2026-11-23T00:00:00.000Z',
      until: '2026-11-24T00:00:00.000Z',
    },
  ],
});

describe('a redacted snapshot', () => {
  it('holds nothing of addresses, names, paths, people and secrets, and is still a snapshot', () => {
    const { snapshot: redacted, counts } = redactSnapshot(snapshot);
    const text = JSON.stringify(redacted).toLowerCase();
    for (const secret of SECRET) expect(text).not.toContain(secret);
    expect(faultOfSnapshot(redacted)).toBeNull();
    expect(text).toContain('made-validator');
    expect(text).toContain('03:04:05');
    expect(counts.ip).toBeGreaterThan(3);
  });

  it('gives one value one stand-in, so that what belongs together still does', () => {
    const { snapshot: redacted } = redactSnapshot(snapshot);
    const address = redacted.estate.subjects[0]?.address;
    expect(address).toMatch(/^ip-\d+\/24$/);
    expect(redacted.observations[0]?.answer.facts.addresses).toEqual([address]);
    expect(redacted.attestations[0]?.performer).toBe(redacted.outages[0]?.by);
    expect(redacted.attestations[0]?.witness).not.toBe(redacted.attestations[0]?.performer);
  });

  it('goes into a tar file that tar reads, without raw answers, and never over another', async () => {
    const to = join(folder, 'd.tar');
    await writeDiagnostic(diagnosticBundle(snapshot, 'test'), to);
    expect(statSync(to).mode & 0o777).toBe(0o600);
    execFileSync('tar', ['-xf', to, '-C', folder]);
    const manifest: unknown = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
    expect(manifest).toMatchObject({ format: 'c138-diagnostic' });
    const all = readFileSync(to, 'latin1').toLowerCase();
    for (const secret of SECRET) expect(all).not.toContain(secret);
    await expect(writeDiagnostic(diagnosticBundle(snapshot, 'test'), to)).rejects.toThrow(/exists already/);
  });
});
