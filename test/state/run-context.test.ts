import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../src/evidence/record/canonical.ts';
import { parseBody } from '../../src/evidence/record/record.ts';
import { readSynchronised, refreshClockSource } from '../../src/state/runs/clock-source.ts';
import { checkpointBody } from '../../src/state/runs/run-bodies.ts';
import { recordContext, sshPeer } from '../../src/state/runs/run-context.ts';

describe('where and when a record is made', () => {
  it('fits the format, whatever this machine is', () => {
    const hash = `0x${'12'.repeat(32)}` as const;
    const body = checkpointBody({ session: hash, seq: 3, prev: hash }, hash, 'pause point one', null);
    expect(parseBody(canonicalBytes(body))).toEqual(body);
    expect(recordContext().where.vmid).toBeNull();
  });

  it('names an SSH peer by digest only, and nothing that is no address', () => {
    const of = (text: string): string => createHash('sha256').update(text).digest('hex');
    expect(sshPeer({ SSH_CONNECTION: '192.0.2.7 50000 192.0.2.1 22' })).toBe(of('192.0.2.7'));
    expect(sshPeer({ SSH_CONNECTION: 'fe80::1%eth0 50000 fe80::2 22' })).toBe(of('fe80::1%eth0'));
    for (const bad of ['', ' ', '\u001b[31m 1 2 3']) expect(sshPeer({ SSH_CONNECTION: bad })).toBeNull();
    expect(sshPeer({})).toBeNull();
  });

  it('says of the clock what systemd says, and nothing more', async () => {
    expect(readSynchronised('yes\n').synced).toBe(true);
    expect(readSynchronised('no\n').synced).toBe(false);
    for (const other of ['', 'n/a', 'Failed to connect to bus'])
      expect(readSynchronised(other).synced).toBeNull();
    let said = 'nothing';
    try {
      said = execFileSync('timedatectl', ['show', '--property=NTPSynchronized', '--value'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    } catch {
      // No systemd here: then nothing is known.
    }
    expect(await refreshClockSource()).toEqual(readSynchronised(said));
    expect(recordContext().clock.synced).toBe(readSynchronised(said).synced);
  });
});
