import { execFileSync } from 'node:child_process';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  readSnapshot,
  SnapshotError,
  sha256Of,
  verifySnapshot,
  writeSnapshot,
} from '../../src/state/snapshots/snapshot-file.ts';
import { faultOfSnapshot } from '../../src/state/snapshots/snapshot-shape.ts';
import { observationOf, snapshotOf } from './fixtures.ts';

const raw = Buffer.from('{"jsonrpc":"2.0","id":1,"result":"0x1"}');
const sha256 = sha256Of(raw);
const snapshot = snapshotOf({
  observations: [observationOf({ raw: { sha256, bytes: raw.length, truncated: false, redactions: [] } })],
});

let parent = '';
let folder = '';
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'c138-snap-'));
  folder = join(parent, 'out', 'snapshot');
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const write = (): Promise<string> => writeSnapshot(folder, snapshot, new Map([[sha256, raw]]));

describe('snapshot folder', () => {
  it('is written whole, private, and reads back as it was', async () => {
    await write();
    expect((await readSnapshot(folder)).snapshot).toEqual(snapshot);
    expect((await readSnapshot(join(parent, 'out'))).folder).toBe(folder);
    expect((await readSnapshot(join(folder, 'snapshot.json'))).folder).toBe(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of ['snapshot.json', 'SHA256SUMS', `raw/${sha256}`])
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(parent, 'out'))).toEqual(['snapshot']);
    execFileSync('sha256sum', ['-c', '--quiet', 'SHA256SUMS'], { cwd: folder });
  });

  it('is never written over another', async () => {
    await write();
    await expect(write()).rejects.toThrow(/exists already/);
    expect(readdirSync(join(parent, 'out'))).toEqual(['snapshot']);
  });

  it('leaves nothing behind when it can not be written', async () => {
    writeFileSync(join(parent, 'out'), 'a file where a folder has to be');
    await expect(write()).rejects.toThrow(SnapshotError);
    expect(readdirSync(parent)).toEqual(['out']);
  });

  it('verifies, and every changed, missing or added file is found', async () => {
    const damage: [string, () => void, RegExp][] = [
      ['raw', () => writeFileSync(join(folder, 'raw', sha256), 'other'), /does not hold what its name says/],
      ['missing', () => rmSync(join(folder, 'raw', sha256)), /is missing/],
      ['added', () => writeFileSync(join(folder, 'raw', 'f'.repeat(64)), ''), /not listed/],
      ['json', () => writeFileSync(join(folder, 'snapshot.json'), `${JSON.stringify(snapshot)}`), /digest/],
      ['sums', () => writeFileSync(join(folder, 'SHA256SUMS'), 'x\n'), /not understood/],
      ['link', () => symlinkSync('/etc/hostname', join(folder, 'raw', 'e'.repeat(64))), /not a plain file/],
    ];
    for (const [, spoil, expected] of damage) {
      rmSync(join(parent, 'out'), { recursive: true, force: true });
      await write();
      expect((await verifySnapshot(folder, snapshot)).faults).toEqual([]);
      spoil();
      expect((await verifySnapshot(folder, snapshot)).faults.join('\n')).toMatch(expected);
    }
  });

  it('refuses what is not a snapshot with place and advice', async () => {
    await expect(readSnapshot(join(parent, 'nowhere'))).rejects.toThrow(/there is no snapshot \(ENOENT\)/);
    await expect(readSnapshot(parent)).rejects.toThrow(/can not be read \(ENOENT\)/);
    writeFileSync(join(parent, 'snapshot.json'), '{');
    await expect(readSnapshot(parent)).rejects.toThrow(/not JSON/);
    writeFileSync(join(parent, 'snapshot.json'), JSON.stringify({ ...snapshot, v: 2 }));
    await expect(readSnapshot(parent)).rejects.toThrow(/snapshot\.v is not one of 1/);
  });

  it('makes strings of a foreign snapshot safe', async () => {
    const evil = snapshotOf({ vantage: 'a\u001b[2Jb\u202e' });
    await writeSnapshot(folder, evil, new Map());
    expect((await readSnapshot(folder)).snapshot.vantage).toBe('a\\u{1b}[2Jb\\u{202e}');
    expect(readFileSync(join(folder, 'snapshot.json'), 'utf8')).not.toContain('\u001b');
  });
});

describe('strict form', () => {
  it('accepts a snapshot and names the place of every kind of fault', () => {
    expect(faultOfSnapshot(snapshot)).toBeNull();
    const cases: [unknown, string][] = [
      [null, 'snapshot is not an object'],
      [{ ...snapshot, complete: 'yes' }, 'snapshot.complete is not true or false'],
      [{ ...snapshot, extra: 1 }, 'snapshot.extra is not a known key'],
      [{ ...snapshot, ended: '2026-11-23' }, 'snapshot.ended is not a UTC time with milliseconds'],
      [{ ...snapshot, observations: [{}] }, 'snapshot.observations[0].probe is missing'],
      [
        { ...snapshot, observations: [observationOf({ subject: 'nothing' as 'vmid:1' })] },
        'snapshot.observations[0].subject is not a subject such as vmid:1000',
      ],
    ];
    for (const [value, fault] of cases) expect(faultOfSnapshot(value)).toBe(fault);
  });
});
