import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { parseTrust } from '../../src/evidence/trust/trust.ts';
import { RunIdentity } from '../../src/state/runs/run-identity.ts';
import { refuseOtherTrust } from '../../src/state/runs/run-trust.ts';
import { ANNA, trustOf } from './desk.ts';
import { estateOf } from './fixtures.ts';

vi.mock('../../src/signer/client.ts', () => ({
  startSigner: async () => ({
    ended: new Promise(() => undefined),
    facts: async () => ({ locked: false, address: ANNA.address, pubkey: ANNA.pubkey }),
    close: async () => undefined,
  }),
}));

const DAY = 86_400_000;
const ESTATE = estateOf();
let dir = '';
let trustFile = '';
let identity: RunIdentity;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'c138-identity-'));
  trustFile = join(dir, 'trust.json');
  mkdirSync(join(dir, 'keys'));
  writeFileSync(join(dir, 'keys', 'anna.json'), '{}');
  writeFileSync(trustFile, await trustOf(ESTATE.id));
  identity = new RunIdentity(ESTATE, {
    kind: 'c138-worker',
    configPath: '',
    configDir: dir,
    stateDir: dir,
    trustFile,
    keysDir: join(dir, 'keys'),
    evidenceDir: dir,
    demoDir: null,
  });
});
afterEach(async () => {
  vi.useRealTimers();
  await identity.close();
  rmSync(dir, { recursive: true, force: true });
});

it('nobody signs under a trust store that expired while the console was open', async () => {
  expect((await identity.actor()).person).toBe('anna');
  vi.useFakeTimers({ now: Date.now() + 31 * DAY, toFake: ['Date'] });
  await expect(identity.actor()).rejects.toThrow(/it expired at/);
});

it('the trust store that is on the disk is the one that counts', async () => {
  await identity.actor();
  const first = await identity.trust();
  expect(await identity.trust()).toBe(first);
  rmSync(join(dir, 'trust-seen.json'));
  const other = await trustOf(ESTATE.id, Date.now() + DAY / 2);
  writeFileSync(trustFile, other);
  await identity.actor();
  const now = await identity.trust();
  expect(now.sha256).toBe(parseTrust(other).sha256);
  expect(Buffer.from(now.bytes)).toEqual(Buffer.from(other));
  rmSync(trustFile);
  await expect(identity.actor()).rejects.toThrow(/there is no trust store/);
});

it('a session that names another trust store is taken up under the new one first', async () => {
  const trust = await identity.trust();
  const runUnder = (trustSha256: string, begun = true) =>
    ({ session: '0x5e', dir, begun, journal: { trustSha256 } }) as unknown as Parameters<
      typeof refuseOtherTrust
    >[0];
  await refuseOtherTrust(runUnder(trust.sha256), trust);
  await expect(refuseOtherTrust(runUnder('0x00'), trust)).rejects.toThrow(
    /under the new one, session \S*: Enter on screen 7, or "resume/,
  );
  // Taken up: under a newer store than the session's, never under an older one or another of the same version.
  const under = (version: number): typeof trust => ({
    ...trust,
    sha256: '0x01',
    store: { ...trust.store, body: { ...trust.store.body, version } },
  });
  const { version } = trust.store.body;
  await refuseOtherTrust(runUnder(trust.sha256, false), under(version + 1));
  await expect(refuseOtherTrust(runUnder(trust.sha256, false), under(version))).rejects.toThrow(
    /another trust store of the same version/,
  );
  await expect(refuseOtherTrust(runUnder(trust.sha256, false), under(version - 1))).rejects.toThrow(
    /install the newer one: c138 trust update \S+trust\.json/,
  );
  await expect(refuseOtherTrust(runUnder('0x00', false), trust)).rejects.toThrow(/is missing in/);
});
