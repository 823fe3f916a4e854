import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDemo } from '../../src/demo/start.ts';
import { run } from './run.ts';

const root = resolve(import.meta.dirname, '../..');
const bin = join(root, 'bin', 'c138');
const haveStrace = spawnSync('strace', ['-V']).status === 0;
let folder = '';
let snapshot = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'c138-offline-'));
  const demo = await startDemo({ scenario: 'stalled' });
  await run(['discover', '--config', demo.configPath, '--out', join(folder, 'seen')]);
  await demo.stop();
  snapshot = join(folder, 'seen', 'snapshot');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the program in line mode with these lines typed, and returns what it printed. */
function plain(
  command: string,
  argv: readonly string[],
  typed: string,
): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((done) => {
    const child = spawn(command, [...argv], {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, C138_FROM_SOURCES: '1' },
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      err += String(chunk);
    });
    child.on('close', (code) => done({ code, out, err }));
    child.stdin.end(typed);
  });
}

describe('offline', () => {
  it('shows what the snapshot holds, as of its capture, and refuses to run anything', async () => {
    const ran = await plain(
      process.execPath,
      [bin, '--offline', snapshot, '--plain'],
      'guests\nrefresh\nrun phase3-follow-ups\nquit\n',
    );
    expect(ran.out).toMatch(/no block for \d+ s on any of \d+ nodes/);
    expect(ran.out).toMatch(/OFFLINE/);
    expect(ran.out).toMatch(/start c138 without --offline/);
    expect(ran.out).toMatch(/This is a snapshot of \d[^\n]* UTC: nothing can be asked again\./);
    expect(ran.out).not.toMatch(/Asking every source|Asked every source/);
    expect(ran).toMatchObject({ code: 0, err: '' });
  });

  it.skipIf(!haveStrace)('opens no internet socket at all (strace)', async () => {
    const log = join(folder, 'strace.txt');
    const traced = ['-f', '-qq', '-e', 'trace=socket,connect,bind', '-o', log, process.execPath, bin];
    const ran = await plain(
      'strace',
      [...traced, '--offline', snapshot, '--plain'],
      'hosts\nrefresh\nquit\n',
    );
    expect(ran.code).toBe(0);
    expect(readFileSync(log, 'utf8')).not.toMatch(/AF_INET/);
    // The same eyes see a socket where there is one.
    execFileSync(
      'strace',
      [
        ...traced.slice(0, -1),
        '-e',
        "require('node:net').connect({host:'127.0.0.1',port:9}).on('error',()=>0)",
      ],
      { cwd: folder },
    );
    expect(readFileSync(log, 'utf8')).toMatch(/AF_INET/);
  });

  it('says what is wrong with a snapshot that can not be read', async () => {
    const ran = await run(['--offline', join(folder, 'none'), '--plain'], { HOME: folder });
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(/none: there is no snapshot \(ENOENT\)/);
  });

  it('says how to do without a terminal, and what to do without an estate', async () => {
    const noTerminal = await run(['--offline', snapshot], { HOME: folder });
    expect(noTerminal.code).toBe(2);
    expect(noTerminal.err).toMatch(/not a terminal\. Use --plain/);
    const noEstate = await run(['--plain'], { XDG_CONFIG_HOME: join(folder, 'none') });
    expect(noEstate.code).toBe(2);
    expect(noEstate.err).toMatch(/no estate is configured: .*c138 demo/);
  });
});
