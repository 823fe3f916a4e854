import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoEstateId } from '../../src/cli/demo.ts';
import { describeError, reportError } from '../../src/cli/io.ts';
import { run } from './run.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'c138-main-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('command line', () => {
  it('answers --version and --help on stdout with 0', async () => {
    expect(await run(['--version'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    const help = await run(['--help']);
    expect(help.code).toBe(0);
    for (const name of [
      'demo',
      'discover',
      'chain',
      'runbook',
      'evidence',
      'key',
      'trust',
      'snapshot',
      'doctor',
      'gate',
    ])
      expect(help.out).toContain(name);
  });

  it('refuses usage errors with 2, a message on stderr and nothing on stdout', async () => {
    for (const argv of [['nonsense'], ['--nonsense'], ['snapshot'], ['snapshot', 'show'], ['demo', 'x']]) {
      const ran = await run(argv);
      expect(ran.code, argv.join(' ')).toBe(2);
      expect(ran.err).not.toBe('');
      expect(ran.out).toBe('');
    }
    expect((await run(['no\u001b[2Jsense'])).err).not.toContain('\u001b');
  });

  it('lists the scenarios, and refuses one that does not exist by naming those that do', async () => {
    const list = await run(['demo', '--scenario', 'list', '--json']);
    expect(JSON.parse(list.out)).toMatchObject({ format: 'c138-scenarios', v: 1 });
    expect((await run(['demo', '--scenario', 'list'])).out).toMatch(/^healthy +\S/);
    const ran = await run(['demo', '--serve', '--scenario', 'sunny']);
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(/no scenario "sunny".*healthy.*stalled/);
  });

  it('keeps the id of the simulated estate from one start to the next', async () => {
    const id = await demoEstateId(join(folder, 'demo'));
    expect(id).toMatch(/^demo:[0-9a-f]{16}$/);
    expect(await demoEstateId(join(folder, 'demo'))).toBe(id);
    expect(await demoEstateId(join(folder, 'other'))).not.toBe(id);
    writeFileSync(join(folder, 'demo', 'estate-id'), 'real-estate\n');
    expect(await demoEstateId(join(folder, 'demo'))).toMatch(/^demo:/);
  });

  it('doctor says which paths are in force and why, and 1 when something has to be mended', async () => {
    const env = {
      HOME: folder,
      C138_STATE_DIR: join(folder, 'state'),
      C138_CONFIG_DIR: join(folder, 'config'),
    };
    const ran = await run(['doctor', '--config', join(folder, 'none.yaml')], env);
    expect(ran.code).toBe(1);
    expect(ran.out).toMatch(/FIX +estate file +\S+none\.yaml \(--config\)\n +\S+ there is no such file/);
    expect(ran.out).toMatch(/state +\S+state \(not there yet\) \(C138_STATE_DIR\)/);
    const estate = join(folder, 'estate.yaml');
    writeFileSync(estate, 'v: 1\nid: x\nname: y\nchain: {id: 138}\n');
    const good = await run(['doctor', '--json'], { ...env, C138_CONFIG: estate });
    expect(good.code).toBe(0);
    expect(JSON.parse(good.out)).toMatchObject({ format: 'c138-doctor', v: 1 });
  });
});

describe('errors', () => {
  it('are one safe line; the stack goes only where C138_DEBUG says', () => {
    const debug = join(folder, 'debug.txt');
    let err = '';
    const io = {
      out: () => undefined,
      err: (text: string) => {
        err += text;
      },
      env: { C138_DEBUG: debug },
      stdinIsTty: false,
      stdoutIsTty: false,
      stderrIsTty: false,
    };
    expect(reportError(new TypeError('bad\u001b[2J\nthing'), io)).toBe(2);
    expect(err).toBe('c138: bad\\u{1b}[2J\\u{a}thing\n');
    expect(readFileSync(debug, 'utf8')).toMatch(/TypeError: bad[\s\S]*\n +at /);
    expect(describeError({ describe: 1 })).toBe('[object Object]');
  });
});
