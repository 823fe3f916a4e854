import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Journal, newSession } from '../../../src/evidence/journal/journal.ts';
import { writeBundle } from '../../../src/evidence/outside/bundle.ts';
import { verifySession } from '../../../src/evidence/verify/verify.ts';
import { makeKey } from '../../../src/signer/client.ts';
import { printCount } from '../../counted.ts';
import { type Made, runbookBytes, runbookStep, trustBytes } from '../make.ts';
import { everyKind } from './every-kind.ts';

let made: Made;
let root = '';
let copies = 0;
beforeAll(async () => {
  made = await everyKind();
  root = mkdtempSync(join(tmpdir(), 'c138-links-'));
});
afterAll(() => {
  made.clean();
  rmSync(root, { recursive: true, force: true });
});

function copyOf(): string {
  copies += 1;
  const copy = join(root, `copy-${copies}`);
  cpSync(made.dir, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

const FILES = ['journal.jsonl', 'runbook.json', 'trust.json', 'blob'] as const;
const pathIn = (dir: string, file: (typeof FILES)[number]): string =>
  file === 'blob' ? join(dir, 'blobs', readdirSync(join(dir, 'blobs'))[0] ?? '') : join(dir, file);

describe('P2: links in the place of files', () => {
  printCount('P2', 'links');
  test.each(FILES)('a symbolic link to the very same content for %s is refused', async (file) => {
    const dir = copyOf();
    const path = pathIn(dir, file);
    renameSync(path, `${root}/aside-${copies}`);
    symlinkSync(`${root}/aside-${copies}`, path);
    expect((await verifySession(dir, { trust: made.trust })).exitCode).toBe(50);
  });

  test.each(['journal.jsonl', 'runbook.json', 'trust.json'] as const)(
    'the writer does not go on through a symbolic link for %s',
    async (file) => {
      const dir = copyOf();
      const path = pathIn(dir, file);
      const before = readFileSync(path);
      const aside = `${root}/kept-${copies}`;
      renameSync(path, aside);
      symlinkSync(aside, path);
      await expect(Journal.recover({ dir, mirror: null })).rejects.toThrow();
      expect(readFileSync(aside).equals(before)).toBe(true);
    },
  );

  test('a folder, a symbolic link or a hard link that waits where a session is to be made is refused, and nothing is written through', async () => {
    const victim = join(root, 'victim');
    writeFileSync(victim, 'do not touch');
    const trust = await trustBytes();
    const runbook = runbookBytes([runbookStep('one')]);
    const waiting: readonly ((dir: string) => void)[] = [
      (dir) => mkdirSync(dir),
      (dir) => symlinkSync(root, dir),
      (dir) => linkSync(victim, dir),
      (dir) => symlinkSync(join(root, 'nowhere'), dir),
    ];
    for (const [at, put] of waiting.entries()) {
      const dir = join(root, `waiting-${at}`);
      put(dir);
      const before = readdirSync(root).length;
      const create = Journal.create({
        dir,
        session: newSession(),
        runbookBytes: runbook,
        trustBytes: trust,
        mirror: null,
      });
      await expect(create).rejects.toThrow(/EEXIST/);
      expect(readdirSync(root).length).toBe(before);
    }
    expect(readFileSync(victim, 'utf8')).toBe('do not touch');
    expect(existsSync(join(root, 'nowhere'))).toBe(false);
  });

  test('a bundle and a keystore are never written over, nor through a link', async () => {
    const victim = join(root, 'victim-2');
    writeFileSync(victim, 'do not touch');
    const link = join(root, 'key.json');
    symlinkSync(victim, link);
    await expect(makeKey(link, false)).rejects.toThrow(/exists already|no terminal/);
    const bundle = join(root, 'bundle.tar');
    symlinkSync(victim, `${bundle}.${process.pid}`);
    await expect(writeBundle(made.dir, bundle)).rejects.toThrow(/EEXIST|ELOOP/);
    expect(readFileSync(victim, 'utf8')).toBe('do not touch');
  });

  test('a blob folder that leads elsewhere is followed by nobody', async () => {
    const dir = copyOf();
    renameSync(join(dir, 'blobs'), join(root, `blobs-${copies}`));
    symlinkSync(join(root, `blobs-${copies}`), join(dir, 'blobs'));
    expect((await verifySession(dir, { trust: made.trust })).exitCode).toBe(50);
    await expect(Journal.recover({ dir, mirror: null })).rejects.toThrow(/ELOOP/);
  });
});
