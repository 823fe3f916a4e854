import {
  appendFileSync,
  constants,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Files, realFiles } from '../../src/evidence/journal/files.ts';
import { Journal } from '../../src/evidence/journal/journal.ts';
import { Lock } from '../../src/evidence/journal/lock.ts';
import { canonicalBytes } from '../../src/evidence/record/canonical.ts';
import { digestOf } from '../../src/evidence/record/typed-data.ts';
import { eventually } from '../eventually.ts';
import { keeping } from './keeping.ts';
import {
  ANNA,
  BERT,
  base,
  confirmBody,
  ESTATE,
  type Made,
  observation,
  put,
  runbookStep,
  sealBody,
  sealedSession,
  signDigest,
  startSession,
} from './make.ts';

const keep = keeping();
const start = async (options: Parameters<typeof startSession>[0] = {}): Promise<Made> =>
  keep(await startSession(options));

const step = (one: Made, index: number) => one.steps[index] as Made['steps'][number];

describe('the journal as a file', () => {
  test('has private modes whatever the umask, and no link is followed', async () => {
    for (const mask of [0o000, 0o022, 0o077, 0o777]) {
      const before = process.umask(mask);
      try {
        const one = await start();
        await one.journal.putBlob(Buffer.from('x'));
        for (const name of readdirSync(one.dir, { recursive: true }) as string[]) {
          const stat = lstatSync(join(one.dir, name));
          if (stat.isSymbolicLink()) {
            expect(name).toMatch(/^journal\.lock-/);
            continue;
          }
          expect([name, (stat.mode & 0o777).toString(8)]).toEqual([name, stat.isDirectory() ? '700' : '600']);
        }
        expect((statSync(one.dir).mode & 0o777).toString(8)).toBe('700');
      } finally {
        process.umask(before);
      }
    }
  });

  test("a symbolic link in the journal's place is refused", async () => {
    const one = await start();
    await one.journal.close();
    const path = join(one.dir, 'journal.jsonl');
    const aside = join(one.root, 'aside');
    writeFileSync(aside, readFileSync(path));
    rmSync(path);
    symlinkSync(aside, path);
    await expect(Journal.recover({ dir: one.dir, mirror: null })).rejects.toThrow(/ELOOP/);
  });

  test('goes on after being closed, with the same records', async () => {
    const one = await start();
    await put(one.journal, confirmBody(one.journal, step(one, 0)));
    await one.journal.close();
    const again = await Journal.recover({ dir: one.dir, mirror: null });
    expect(again.records.map(({ kind }) => kind)).toEqual(['open', 'confirm']);
    expect(again.torn).toBeNull();
    await put(again.journal, confirmBody(again.journal, step(one, 1)));
    await put(again.journal, sealBody(again.journal));
    await again.journal.close();
  });
});

describe('a torn tail', () => {
  test('of any length is cut off in place and its digest kept', async () => {
    const one = await start();
    await put(one.journal, confirmBody(one.journal, step(one, 0)));
    await one.journal.close();
    const path = join(one.dir, 'journal.jsonl');
    const whole = readFileSync(path);
    const firstLine = whole.indexOf(0x0a) + 1;
    for (let length = firstLine + 1; length < whole.length; length += 7) {
      writeFileSync(path, whole.subarray(0, length));
      const { journal, records, torn } = await Journal.recover({ dir: one.dir, mirror: null });
      await journal.close();
      expect(records).toHaveLength(1);
      expect(torn?.bytes).toBe(length - firstLine);
      expect(statSync(path).size).toBe(firstLine);
    }
  });

  test('of zero bytes, as a power loss leaves it, is cut off too', async () => {
    const one = await start();
    await one.journal.close();
    const path = join(one.dir, 'journal.jsonl');
    appendFileSync(path, Buffer.concat([Buffer.alloc(300), Buffer.from('"sig":null}\n')]));
    const { journal, records, torn } = await Journal.recover({ dir: one.dir, mirror: null });
    await journal.close();
    expect([records.length, torn?.bytes]).toEqual([1, 312]);
  });

  test('never hides a damaged whole line', async () => {
    const one = await start();
    await put(one.journal, confirmBody(one.journal, step(one, 0)));
    await one.journal.close();
    const path = join(one.dir, 'journal.jsonl');
    const bytes = readFileSync(path);
    bytes[bytes.length - 40] = (bytes[bytes.length - 40] as number) ^ 1;
    writeFileSync(path, bytes);
    await expect(Journal.recover({ dir: one.dir, mirror: null })).rejects.toThrow(/line 2 .* damaged/);
    expect(readFileSync(path)).toEqual(bytes);
  });
});

describe('the journal refuses', () => {
  test('what is out of place, unsigned, or signed by another key', async () => {
    const one = await start();
    const { journal } = one;
    const body = confirmBody(journal, step(one, 0));
    const bytes = canonicalBytes(body);
    await expect(journal.append(bytes, null)).rejects.toThrow(/not signed/);
    await expect(journal.append(bytes, signDigest(BERT, digestOf(body, bytes, ESTATE)))).rejects.toThrow(
      /signature is not by/,
    );
    await expect(journal.append(bytes, signDigest(ANNA, digestOf(body, bytes, 'real')))).rejects.toThrow(
      /signature is not by/,
    );
    await expect(put(journal, { ...body, seq: 7 })).rejects.toThrow(/number 7/);
    await expect(put(journal, { ...body, prev: journal.session })).rejects.toThrow(/prev differs/);
    await expect(put(journal, { ...body, session: body.prev })).rejects.toThrow(/session/);
    await expect(put(journal, { ...body, verdict: 'skipped' } as typeof body)).rejects.toThrow(
      /needs a reason/,
    );
    await expect(
      put(journal, {
        ...base(journal, ANNA),
        kind: 'correction',
        ref: { seq: 0, line_sha256: body.prev },
        step: (body as unknown as { step: never }).step,
        verdict: 'failed',
        claims: [],
        note: 'x',
      }),
    ).rejects.toThrow(/corrects a record/);
    await put(journal, body);
    await put(journal, sealBody(journal));
    await expect(put(journal, confirmBody(journal, step(one, 1)))).rejects.toThrow(/sealed means closed/);
  });

  test('to call planned things deployed', async () => {
    const steps = [runbookStep('p', { subject: 'vmid:1000' })];
    const one = await start({ steps });
    const { journal } = one;
    const confirm = (registered: string, evidence: number[], verdict = 'confirmed') =>
      put(
        journal,
        confirmBody(journal, step(one, 0), {
          verdict: verdict as 'confirmed',
          note: verdict === 'confirmed' ? '' : 'said so',
          step: { registered_status: registered as 'planned' },
          claims: [{ subject: 'vmid:1000', state: 'deployed', evidence }],
        }),
      );
    await expect(confirm('placeholder', [])).rejects.toThrow(/placeholder/);
    await expect(confirm('placeholder', [], 'still_planned')).rejects.toThrow(/called deployed under/);
    await expect(confirm('retired', [])).rejects.toThrow(/retired/);
    await expect(confirm('deployed', [])).rejects.toThrow(/no passing observation/);
    await expect(confirm('deployed', [9])).rejects.toThrow(/record 9/);
    const weak = [
      observation({ level: 'runtime' }),
      observation({ subject: 'vmid:1001' }),
      observation({ answer: { class: 'refused', facts: {}, checks: [] } }),
      observation({
        answer: { class: 'ok', facts: {}, checks: [{ id: 'x', result: 'fail', reason: '', next: '' }] },
      }),
      observation({ ended: '2026-06-01T11:00:00.000Z' }),
    ];
    await put(journal, { ...base(journal, null), kind: 'probe', step: 'p', observations: weak });
    await expect(confirm('deployed', [1])).rejects.toThrow(/no passing observation/);
    await put(journal, { ...base(journal, null), kind: 'probe', step: 'p', observations: [observation()] });
    await confirm('deployed', [2]);
  });
});

describe('when the disk fails', () => {
  /** Fails the n-th write or sync on files whose path holds `where`. */
  function failing(
    where: string,
    call: 'write' | 'sync',
    code: string,
  ): { files: Files; arm(): void; calls(): number } {
    let armed = false;
    let calls = 0;
    const files: Files = {
      ...realFiles,
      open: async (path, flags, mode) => {
        const file = await realFiles.open(path, flags, mode);
        if (!path.includes(where)) return file;
        const fail =
          <A extends unknown[], R>(name: string, real: (...args: A) => Promise<R>) =>
          async (...args: A) => {
            if (armed) calls += 1;
            if (armed && name === call) throw Object.assign(new Error(`${code}: injected`), { code });
            return real(...args);
          };
        return {
          ...file,
          // As on a system where a write does not sync itself.
          ...(call === 'sync' ? { syncsItself: false } : {}),
          write: fail('write', file.write),
          sync: fail('sync', file.sync),
        };
      },
    };
    return {
      files,
      arm: () => {
        armed = true;
      },
      calls: () => calls,
    };
  }

  test.each([
    ['write', 'ENOSPC'],
    ['write', 'EIO'],
    ['sync', 'EIO'],
  ] as const)('a failing %s (%s) makes it read-only at once, without a second try', async (call, code) => {
    const fault = failing('journal.jsonl', call, code);
    const one = await start({ files: fault.files });
    fault.arm();
    await expect(put(one.journal, confirmBody(one.journal, step(one, 0)))).rejects.toThrow(
      /nothing more is written/,
    );
    const after = fault.calls();
    await expect(put(one.journal, confirmBody(one.journal, step(one, 0)))).rejects.toThrow(
      /nothing more is written/,
    );
    await expect(one.journal.putBlob(Buffer.from('x'))).rejects.toThrow(/nothing more is written/);
    expect(fault.calls()).toBe(after);
    expect(one.journal.broken).toContain(code);
  });

  test('a failing mirror is named, and the record is not acknowledged', async () => {
    const fault = failing('mirror-', 'sync', 'EIO');
    const one = await start({ files: fault.files, mirror: true });
    fault.arm();
    await expect(put(one.journal, confirmBody(one.journal, step(one, 0)))).rejects.toThrow(
      /the mirror in .*mirror-/,
    );
  });

  test('one byte taken at a time still makes whole lines', async () => {
    const files: Files = {
      ...realFiles,
      open: async (path, flags, mode) => {
        const file = await realFiles.open(path, flags, mode);
        return { ...file, write: (bytes) => file.write(bytes.subarray(0, 100)) };
      },
    };
    const one = await sealedSession({ files });
    keep(one);
    const { journal, records } = await Journal.recover({ dir: one.dir, mirror: null });
    await journal.close();
    expect(records.at(-1)?.kind).toBe('seal');
  });
});

describe('what is on the disk when a record is acknowledged', () => {
  test.runIf(process.platform === 'linux')('every write to the journal syncs itself', async () => {
    const one = await start();
    const path = join(one.dir, 'journal.jsonl');
    const number = readdirSync('/proc/self/fd').find((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === path;
      } catch {
        return false;
      }
    });
    const [, flags = ''] = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${number}`, 'utf8')) ?? [];
    expect(Number.parseInt(flags, 8) & constants.O_DSYNC).toBe(constants.O_DSYNC);
  });

  test('recovery syncs whole lines too that a program left behind which was killed', async () => {
    const one = await start({ mirror: true });
    await put(one.journal, confirmBody(one.journal, step(one, 0)));
    await one.journal.close();
    const mirror = join(one.root, readdirSync(one.root).find((name) => name.startsWith('mirror-')) as string);
    const synced: string[] = [];
    const files: Files = {
      ...realFiles,
      open: async (path, flags, mode) => {
        const file = await realFiles.open(path, flags, mode);
        return { ...file, sync: async () => void synced.push(path) };
      },
    };
    const { journal } = await Journal.recover({ dir: one.dir, mirror, files });
    await journal.close();
    expect(synced).toEqual([join(one.dir, 'journal.jsonl'), join(mirror, 'session', 'journal.jsonl')]);
  });
});

describe('a file system that does not answer', () => {
  const ANSWER_MS = 500;

  /** Writes to the journal in one folder wait until they are let go, once it is armed. */
  function hanging(where: string) {
    const gate = Promise.withResolvers<void>();
    let armed = false;
    const files: Files = {
      ...realFiles,
      open: async (path, flags, mode) => {
        const file = await realFiles.open(path, flags, mode);
        if (!path.endsWith('journal.jsonl') || !path.includes(where)) return file;
        const write = async (bytes: Uint8Array): Promise<number> => {
          if (armed) await gate.promise;
          return file.write(bytes);
        };
        return { ...file, write };
      },
    };
    const arm = (): void => {
      armed = true;
    };
    return { files, arm, letGo: gate.resolve };
  }

  async function lines(path: string, count: number): Promise<readonly string[]> {
    const read = () => readFileSync(path, 'utf8').split('\n').slice(0, -1);
    while (read().length < count) await new Promise((done) => setTimeout(done, 5));
    return read();
  }

  test('as the mirror: the record is not acknowledged, and one goes on on one copy', async () => {
    const away = hanging('mirror-');
    const one = await start({ files: away.files, mirror: true, answerMs: ANSWER_MS });
    const mirror = join(one.root, readdirSync(one.root).find((name) => name.startsWith('mirror-')) as string);
    away.arm();
    await expect(put(one.journal, confirmBody(one.journal, step(one, 0)))).rejects.toThrow(
      /the mirror in .* did not answer within 0.5 s.*go on on one copy/,
    );
    await one.journal.close();
    // Opened anew it is refused as long as the late call is under way.
    await expect(Journal.recover({ dir: one.dir, mirror })).rejects.toThrow(/the mirror .*did not answer/);
    const { journal, records } = await Journal.recover({ dir: one.dir, mirror: null });
    expect(records.map(({ kind }) => kind)).toEqual(['open', 'confirm']);
    await put(journal, confirmBody(journal, step(one, 1)));
    await journal.close();
    away.letGo();
    const copy = join(mirror, 'session', 'journal.jsonl');
    const here = await lines(join(one.dir, 'journal.jsonl'), 3);
    expect(await lines(copy, 2)).toEqual(here.slice(0, 2));
    const again = await eventually(() => Journal.recover({ dir: one.dir, mirror }));
    await again.journal.close();
    expect(readFileSync(copy)).toEqual(readFileSync(join(one.dir, 'journal.jsonl')));
  });

  test('as the first copy: nothing is written behind a record that may still come', async () => {
    const away = hanging('session');
    const one = await start({ files: away.files, answerMs: ANSWER_MS });
    away.arm();
    await expect(put(one.journal, confirmBody(one.journal, step(one, 0)))).rejects.toThrow(
      /did not answer within 0.5 s.*mount whose server is gone/,
    );
    await one.journal.close();
    await expect(Journal.recover({ dir: one.dir, mirror: null })).rejects.toThrow(/did not answer/);
    away.letGo();
    const { journal, records } = await eventually(() => Journal.recover({ dir: one.dir, mirror: null }));
    await journal.close();
    expect(records.map(({ kind }) => kind)).toEqual(['open', 'confirm']);
  });

  test('when its lock is taken: it is taken once the file system is back', async () => {
    const one = await start();
    await one.journal.close();
    const gate = Promise.withResolvers<void>();
    const files: Files = {
      ...realFiles,
      symlink: async (target, path) => {
        await gate.promise;
        return realFiles.symlink(target, path);
      },
    };
    await expect(Journal.recover({ dir: one.dir, mirror: null, files, answerMs: ANSWER_MS })).rejects.toThrow(
      /did not answer/,
    );
    gate.resolve();
    const { journal } = await eventually(() => Journal.recover({ dir: one.dir, mirror: null }));
    await journal.close();
  });
});

describe('two copies', () => {
  test('are the same bytes, and a copy that is behind is brought level', async () => {
    const one = await start({ mirror: true });
    await put(one.journal, confirmBody(one.journal, step(one, 0)));
    await one.journal.close();
    const mirror = join(one.root, readdirSync(one.root).find((name) => name.startsWith('mirror-')) as string);
    const a = join(one.dir, 'journal.jsonl');
    const b = join(mirror, 'session', 'journal.jsonl');
    const whole = readFileSync(a);
    expect(readFileSync(b)).toEqual(whole);
    for (const [cut, fromMirror] of [
      [b, false],
      [a, true],
    ] as const) {
      truncateSync(cut, whole.indexOf(0x0a) + 1 + 10);
      const found = await Journal.recover({ dir: one.dir, mirror });
      await found.journal.close();
      expect([found.records.length, found.fromMirror]).toEqual([2, fromMirror]);
      expect(readFileSync(a)).toEqual(whole);
      expect(readFileSync(b)).toEqual(whole);
    }
  });

  test('a raw answer that is cut short on one is made whole from the other; one that is another is left to be found', async () => {
    const one = await start({ mirror: true });
    const raw = Buffer.from('{"result":"0xc"}');
    const sha256 = await one.journal.putBlob(raw);
    await put(one.journal, {
      ...base(one.journal, null),
      kind: 'probe',
      step: null,
      observations: [observation({ raw: { sha256, bytes: raw.length, truncated: false, redactions: [] } })],
    });
    await one.journal.close();
    const mirror = join(one.root, readdirSync(one.root).find((name) => name.startsWith('mirror-')) as string);
    const copies = [join(one.dir, 'blobs', sha256), join(mirror, 'session', 'blobs', sha256)];
    const recovered = async () => {
      const { journal } = await Journal.recover({ dir: one.dir, mirror });
      await journal.close();
      return copies.map((path) => readFileSync(path, 'utf8'));
    };
    for (const path of copies)
      for (const length of [0, 5]) {
        truncateSync(path, length);
        expect(await recovered()).toEqual([raw.toString(), raw.toString()]);
      }
    writeFileSync(copies[1] as string, '{"other":1}');
    expect(await recovered()).toEqual([raw.toString(), '{"other":1}']);
  });
});

describe('the lock', () => {
  test('lets exactly one writer in', async () => {
    const one = await start();
    await expect(Journal.recover({ dir: one.dir, mirror: null })).rejects.toThrow(/has this session open/);
    await one.journal.close();
    const tries = await Promise.allSettled(
      Array.from({ length: 8 }, () => Journal.recover({ dir: one.dir, mirror: null })),
    );
    const won = tries.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(won).toHaveLength(1);
    await won[0]?.journal.close();
  });

  test('of a dead process or an earlier boot is taken over; of another machine it is not', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'c138-lock-'));
    try {
      const first = await Lock.take(realFiles, folder);
      const name = readdirSync(folder).find((entry) => entry.startsWith('journal.lock')) as string;
      const holder = readlinkSync(join(folder, name));
      expect(holder.length).toBeLessThan(60);
      const [pid, started, boot, namespace, host] = holder.split('.');
      const replace = (...parts: readonly (string | undefined)[]): void => {
        const now = readdirSync(folder).find((entry) => entry.startsWith('journal.lock')) as string;
        rmSync(join(folder, now));
        symlinkSync(parts.join('.'), join(folder, now));
      };
      replace(pid, started, boot, namespace, '0'.repeat(8));
      await expect(Lock.take(realFiles, folder)).rejects.toThrow(/on another machine/);
      replace('nonsense');
      await expect(Lock.take(realFiles, folder)).rejects.toThrow(/can not be read as a lock/);
      for (const stale of [
        [String(2 ** 22 + 1), started, boot, namespace, host],
        [pid, '1', boot, namespace, host],
        [pid, started, '0'.repeat(8), namespace, host],
      ]) {
        replace(...stale);
        await (await Lock.take(realFiles, folder)).release();
      }
      expect(await first.stillOurs()).toBe(false);
      expect(readdirSync(folder)).toHaveLength(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
