import { expect, test } from 'vitest';
import { Journal, JournalError } from '../../src/evidence/journal/journal.ts';
import { openBody, put, runbookBytes, runbookStep, trustBytes } from './make.ts';
import { CrashDisk, DiskError } from './suites/crash-disk.ts';
import { SESSION } from './suites/story.ts';

const STEPS = [runbookStep('one')];

async function begin(files: CrashDisk, mirror: string | null): Promise<Journal> {
  const journal = await Journal.create({
    dir: '/d/session',
    mirror,
    files,
    session: SESSION,
    runbookBytes: runbookBytes(STEPS),
    trustBytes: await trustBytes(),
  });
  await put(journal, openBody(journal, STEPS));
  return journal;
}

test.each([
  ['on one copy', null],
  ['on two copies', '/m'],
])('a disk that is full at any moment of the opening leaves nothing behind, %s', async (_what, mirror) => {
  let failed = 0;
  for (let k = 1; ; k += 1) {
    const disk = new CrashDisk();
    await disk.mkdir('/d', 0o700);
    await disk.mkdir('/m', 0o700);
    let calls = 0;
    disk.faults = {
      before: (call, path) => {
        // Removing needs no room.
        if (!['mkdir', 'create', 'write'].includes(call) && !path.includes('journal.lock-')) return;
        calls += 1;
        if (calls === k) throw new DiskError('ENOSPC', path);
      },
    };
    const outcome = await begin(disk, mirror).catch((error: unknown) => error);
    if (outcome instanceof Journal) break;
    failed += 1;
    expect(outcome, `call ${k}`).toBeInstanceOf(JournalError);
    expect(String(outcome)).toMatch(/ENOSPC.*nothing was begun.*Make room on the disk, then begin again/);
    expect([await disk.list('/d'), await disk.list('/m')], `call ${k}`).toEqual([[], []]);
    disk.faults = {};
    await (await begin(disk, mirror)).close();
  }
  expect(failed).toBeGreaterThan(8);
});

test('what was there before the opening is not touched', async () => {
  const disk = new CrashDisk();
  await disk.mkdir('/d', 0o700);
  await (await begin(disk, null)).close();
  const before = await disk.list('/d/session');
  await expect(begin(disk, null)).rejects.toThrow('EEXIST');
  expect(await disk.list('/d/session')).toEqual(before);
});
