import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Journal, JournalError } from '../../../src/evidence/journal/journal.ts';
import { journalInMemory } from '../../../src/evidence/journal/journal-bytes.ts';
import { verifyBytes } from '../../../src/evidence/verify/verify.ts';
import type { SessionBytes } from '../../../src/evidence/verify/verify-read.ts';
import { put } from '../make.ts';
import { CrashDisk, DiskError, randomOf } from './crash-disk.ts';
import { type Acknowledged, FULL, lostFrom, probeOnce, resumeAfter, storyTrust, tell } from './story.ts';

const DIR = '/d/session';
const MIRROR = '/m';
const COPY = '/m/session';

async function freshDisk(syncsWrites = false): Promise<CrashDisk> {
  const disk = new CrashDisk(syncsWrites);
  await disk.mkdir('/d', 0o700);
  await disk.mkdir('/m', 0o700);
  await disk.syncFolder('/');
  return disk;
}

/** What a checker finds on the disk. */
async function verdictOf(disk: CrashDisk, dir: string): Promise<string> {
  const need = (name: string): Uint8Array => disk.bytes(join(dir, name)) ?? new Uint8Array();
  const session: SessionBytes = {
    folder: dir,
    journal: journalInMemory(need('journal.jsonl')),
    runbook: need('runbook.json'),
    trust: need('trust.json'),
    laterTrust: new Map(),
    countersigns: new Map(),
    outside: new Map(),
    anchors: new Map(),
    blobNames: await disk.list(join(dir, 'blobs')),
    strange: [],
    readBlob: async (name) => need(join('blobs', name)),
  };
  const report = await verifyBytes(session, { trust: (await storyTrust()).bytes });
  return `${report.exitCode} ${report.findings.map((one) => one.text).join('; ')}`;
}

/** Recovers, goes on by one record, and returns what is wrong with the result. */
async function faultsAfter(
  disk: CrashDisk,
  acknowledged: readonly Acknowledged[],
  mirror: string | null = MIRROR,
): Promise<readonly string[]> {
  const faults: string[] = [];
  try {
    const found = await Journal.recover({ dir: DIR, mirror, files: disk });
    if (found.records.at(-1)?.kind !== 'seal')
      await put(found.journal, resumeAfter(found.journal, found.torn, found.fromMirror));
    await found.journal.close();
  } catch (error) {
    // Nothing was ever promised before the opening was acknowledged: then there may be no session at all.
    if (acknowledged.length > 0) return [`not recovered: ${String(error)}`];
    return error instanceof JournalError || error instanceof DiskError ? [] : [`crashed: ${String(error)}`];
  }
  for (const dir of mirror === null ? [DIR] : [DIR, COPY]) {
    const lost = lostFrom(disk.bytes(join(dir, 'journal.jsonl')), acknowledged);
    if (lost.length > 0) faults.push(`${dir} lost ${lost.join()}`);
    const verdict = await verdictOf(disk, dir);
    if (!/^(0|10) /.test(verdict)) faults.push(`${dir}: ${verdict}`);
  }
  return faults;
}

/** What a file system does with the journal: a sync after each write, or writes that sync themselves. */
const WAYS = [
  ['written, then synced', false],
  ['written with O_DSYNC', true],
] as const;

describe.each(WAYS)('D3: power loss, journal %s', (way, syncsWrites) => {
  const sparing = (n: number): number => [0, 0.5, 0.9, 1][n % 4] as number;

  test('at any moment, whatever part of the unsynced changes survives, loses nothing acknowledged', async () => {
    const each = FULL ? 60 : 4;
    const random = randomOf(20_261_123);
    const disk = await freshDisk(syncsWrites);
    const acknowledged: Acknowledged[] = [];
    const states: { readonly disk: CrashDisk; readonly promised: readonly Acknowledged[] }[] = [];
    disk.onChange = () => {
      for (let n = 0; n < each; n += 1)
        states.push({ disk: disk.afterPowerLoss(random, sparing(n)), promised: [...acknowledged] });
    };
    await tell({ dir: DIR, mirror: MIRROR, files: disk, told: (one) => acknowledged.push(one) });
    const faults: string[] = [];
    for (const state of states)
      for (const fault of await faultsAfter(state.disk, state.promised)) faults.push(fault);
    console.info(
      `D3 (${way}): ${states.length} crash states, ${acknowledged.length} records, ${faults.length} faults`,
    );
    expect(faults.slice(0, 5)).toEqual([]);
    expect(states.length).toBeGreaterThan(FULL ? 5_000 : 200);
    expect(acknowledged).toHaveLength(10);
  }, 1_200_000);

  test('after a kill at any moment, going on and the same raw answer again, too', async () => {
    const each = FULL ? 60 : 4;
    const random = randomOf(20_261_127);
    const disk = await freshDisk(syncsWrites);
    const acknowledged: Acknowledged[] = [];
    const killed: { readonly disk: CrashDisk; readonly promised: readonly Acknowledged[] }[] = [];
    disk.onChange = () => killed.push({ disk: disk.afterKill(), promised: [...acknowledged] });
    await tell({ dir: DIR, mirror: MIRROR, files: disk, told: (one) => acknowledged.push(one) });
    const faults: string[] = [];
    let states = 0;
    for (const state of killed) {
      // Nothing was promised before the opening was: there may be nothing to go on from.
      if (state.promised.length === 0) continue;
      const { journal, records, torn, fromMirror } = await Journal.recover({
        dir: DIR,
        mirror: MIRROR,
        files: state.disk,
      });
      const promised = [...state.promised];
      if (records.at(-1)?.kind !== 'seal') {
        promised.push(await put(journal, resumeAfter(journal, torn, fromMirror)));
        promised.push(await probeOnce(journal));
      }
      for (let n = 0; n < each; n += 1) {
        states += 1;
        faults.push(...(await faultsAfter(state.disk.afterPowerLoss(random, sparing(n)), promised)));
      }
      await journal.close();
    }
    console.info(`D3 (${way}): ${states} states after a kill and going on, ${faults.length} faults`);
    expect(faults.slice(0, 5)).toEqual([]);
    expect(states).toBeGreaterThan(FULL ? 1_500 : 100);
  }, 1_200_000);

  test('a raw answer that a killed program left in memory is on the disk when it is stored again', async () => {
    const random = randomOf(20_261_128);
    const disk = await freshDisk(syncsWrites);
    const killed: CrashDisk[] = [];
    await tell({
      dir: DIR,
      mirror: null,
      files: disk,
      told: ({ seq }) => {
        disk.onChange = () => {
          if (seq === 0) killed.push(disk.afterKill());
        };
      },
    });
    const faults: string[] = [];
    for (const left of killed) {
      const { journal, torn, fromMirror } = await Journal.recover({ dir: DIR, mirror: null, files: left });
      const promised = [await put(journal, resumeAfter(journal, torn, fromMirror)), await probeOnce(journal)];
      for (let n = 0; n < 8; n += 1)
        faults.push(...(await faultsAfter(left.afterPowerLoss(random, sparing(n)), promised, null)));
      await journal.close();
    }
    console.info(`D3 (${way}): ${killed.length} kills around a raw answer, ${faults.length} faults`);
    expect(faults.slice(0, 5)).toEqual([]);
    expect(killed.length).toBeGreaterThan(4);
  }, 1_200_000);
});

describe('D4: the disk fails at the k-th call', () => {
  test.each(['EIO', 'ENOSPC', 'EROFS'])(
    '%s: nothing more is acknowledged, no second sync, and all is there afterwards',
    async (code) => {
      let calls = Number.POSITIVE_INFINITY;
      let tried = 0;
      for (let k = 1; k <= calls; k += 1) {
        const disk = await freshDisk();
        const acknowledged: Acknowledged[] = [];
        const synced: string[] = [];
        let count = 0;
        let failedAt = '';
        disk.faults = {
          before: (call, path) => {
            count += 1;
            if (failedAt !== '' && call === 'sync') synced.push(path);
            if (count !== k) return;
            failedAt = path;
            throw new DiskError(code, path);
          },
        };
        let after = 0;
        const error = await tell({
          dir: DIR,
          mirror: MIRROR,
          files: disk,
          told: (one) => {
            if (failedAt !== '') after += 1;
            acknowledged.push(one);
          },
        }).then(
          () => null,
          (problem: unknown) => problem,
        );
        if (failedAt === '') {
          calls = count;
          break;
        }
        tried += 1;
        if (failedAt.endsWith('journal.jsonl')) {
          expect(error, `call ${k} on ${failedAt}`).toBeInstanceOf(Error);
          expect(after, `acknowledged after call ${k} on ${failedAt}`).toBe(0);
          expect(synced, `synced again after call ${k}`).not.toContain(failedAt);
        }
        disk.faults = {};
        expect(
          await faultsAfter(
            disk.afterPowerLoss(() => 0, 1),
            acknowledged,
          ),
          `call ${k} on ${failedAt}`,
        ).toEqual([]);
      }
      console.info(`D4 ${code}: ${tried} calls failed, one at a time`);
      expect(tried).toBeGreaterThan(50);
    },
    600_000,
  );
});

describe('D5: a full disk', () => {
  test('at any byte of a record keeps the earlier records whole, and recovery needs no free byte', async () => {
    const whole = await freshDisk();
    const sizes: number[] = [];
    await tell({
      dir: DIR,
      mirror: null,
      files: whole,
      padding: 200,
      told: () => sizes.push(whole.used()),
    });
    const [from, to] = [sizes[4] as number, sizes[6] as number];
    const step = FULL ? 1 : 37;
    let tried = 0;
    for (let capacity = from; capacity < to; capacity += step) {
      const disk = await freshDisk();
      disk.faults = { capacity };
      const acknowledged: Acknowledged[] = [];
      const error = await tell({
        dir: DIR,
        mirror: null,
        files: disk,
        padding: 200,
        told: (one) => acknowledged.push(one),
      }).then(
        () => null,
        (problem: unknown) => problem,
      );
      expect(String(error)).toMatch(/ENOSPC.*Make room on the disk/);
      expect(acknowledged.length).toBeGreaterThanOrEqual(5);
      // Not a byte more is free, and yet the torn tail is cut off and every record is there.
      disk.faults = { capacity: disk.used() };
      const again = disk.afterPowerLoss(() => 0, 1);
      again.faults = { capacity: again.used() };
      const { journal, records } = await Journal.recover({ dir: DIR, mirror: null, files: again });
      await journal.close();
      expect(records).toHaveLength(acknowledged.length);
      expect(lostFrom(again.bytes(join(DIR, 'journal.jsonl')), acknowledged)).toEqual([]);
      tried += 1;
    }
    console.info(`D5: ${tried} capacities`);
    expect(tried).toBeGreaterThan(20);
  }, 1_200_000);
});
