import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'c138-bin-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function bin(path: string, argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return new Promise<{ code: number; out: string; err: string }>((done) => {
    execFile(
      process.execPath,
      [path, ...argv],
      { cwd: folder, env: { PATH: process.env.PATH, HOME: folder, ...env } },
      (error, out, err) => done({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

describe('bin/c138', () => {
  it('runs the sources from any folder', async () => {
    const ran = await bin(join(root, 'bin', 'c138'), ['--version'], { C138_FROM_SOURCES: '1' });
    expect(ran).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  it('passes exit codes on', async () => {
    const ran = await bin(join(root, 'bin', 'c138'), ['nonsense'], { C138_FROM_SOURCES: '1' });
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(/^c138: there is no command "nonsense"/);
  });

  it.skipIf(!existsSync(join(root, 'dist', 'c138.mjs')))(
    'runs the bundle in a folder with nothing else in it',
    async () => {
      const lone = join(folder, 'lone');
      mkdirSync(join(lone, 'bin'), { recursive: true });
      cpSync(join(root, 'bin', 'c138'), join(lone, 'bin', 'c138'));
      cpSync(join(root, 'dist'), join(lone, 'dist'), { recursive: true });
      cpSync(join(root, 'package.json'), join(lone, 'package.json'));
      const list = await bin(join(lone, 'bin', 'c138'), ['runbook', 'list']);
      expect(list).toMatchObject({ code: 0, err: '' });
      expect(list.out).toMatch(/^phase3-follow-ups /);
      const scenarios = await bin(join(lone, 'dist', 'c138.mjs'), ['demo', '--scenario', 'list']);
      expect(scenarios.out).toMatch(/^healthy /);
    },
  );

  it('says how to mend it when there is neither bundle nor sources', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(join(empty, 'bin'), { recursive: true });
    cpSync(join(root, 'bin', 'c138'), join(empty, 'bin', 'c138'));
    cpSync(join(root, 'package.json'), join(empty, 'package.json'));
    const ran = await bin(join(empty, 'bin', 'c138'), ['--version']);
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(/^c138: there is neither dist\/c138\.mjs nor .*npm ci/);
  });
});
