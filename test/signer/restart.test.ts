import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { makeKeystore } from '../../src/evidence/keystore.ts';
import { RunIdentity } from '../../src/state/runs/run-identity.ts';
import { eventually } from '../eventually.ts';
import { estateOf } from '../state/fixtures.ts';

let folder = '';
let identity: RunIdentity | null = null;
afterEach(async () => {
  await identity?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function identityOf(demo: boolean): Promise<RunIdentity> {
  folder = mkdtempSync(join(tmpdir(), 'c138-restart-'));
  const keysDir = join(folder, 'keys');
  mkdirSync(keysDir);
  writeFileSync(join(keysDir, 'one.json'), await makeKeystore(`0x${'11'.repeat(32)}`, 'a passphrase', 1024), {
    mode: 0o600,
  });
  const input = {
    kind: 'c138-worker' as const,
    configPath: '',
    configDir: folder,
    stateDir: folder,
    trustFile: join(folder, 'trust.json'),
    keysDir,
    evidenceDir: folder,
    demoDir: demo ? folder : null,
  };
  identity = new RunIdentity(estateOf(), input);
  return identity;
}

/** Processes that this one started and that hold a key. */
function signers(): readonly number[] {
  return readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter((pid) => pid !== '' && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('signer'))
    .map(Number);
}

it('a signer that was killed is started anew for the key in its file, and is locked again', async () => {
  const one = await identityOf(false);
  expect(await one.locked()).toBe(true);
  const [first = 0] = signers();
  process.kill(first, 'SIGKILL');
  await eventually(async () => expect(await one.locked()).toBe(true));
  expect(signers().filter((pid) => pid !== first)).toHaveLength(1);
});

it('a throw-away key is gone with its signer, and that is said', async () => {
  const one = await identityOf(true);
  expect(await one.locked()).toBe(false);
  process.kill(signers()[0] ?? 0, 'SIGKILL');
  await eventually(async () =>
    expect(await one.locked().catch((error: Error) => error.message)).toMatch(
      /throw-away key.*start the demonstration again/,
    ),
  );
});

it('Ctrl-Z does not stop a signer alone', async () => {
  const one = await identityOf(false);
  await one.locked();
  process.kill(signers()[0] ?? 0, 'SIGTSTP');
  expect(await one.locked()).toBe(true);
});
