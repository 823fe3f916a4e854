import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDemo } from '../../src/demo/start.ts';
import { run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'c138-more-'));
afterAll(() => rmSync(folder, { recursive: true }));
const pass = async (scenario: string, out: string) => {
  const demo = await startDemo({ scenario });
  try {
    return await run(['discover', '--config', demo.configPath, '--out', join(folder, out)]);
  } finally {
    await demo.stop();
  }
};

describe('snapshots of two passes', () => {
  beforeAll(async () => {
    await pass('healthy', 'one');
    await pass('validator-down', 'two');
  }, 120_000);

  it('differ in what failed between them, with exit code 1, and are equal to themselves', async () => {
    const ran = await run(['snapshot', 'diff', join(folder, 'one'), join(folder, 'two')]);
    expect(ran.code).toBe(1);
    expect(ran.out).toMatch(/\| run \| vmid:1002 .* \| running \| stopped \|/);
    expect(ran.out).toMatch(/\| health \| vmid:1002 .* \| ok \| failed \|/);
    const same = await run(['snapshot', 'diff', join(folder, 'one'), join(folder, 'one'), '--json']);
    expect(same.code).toBe(0);
    expect(JSON.parse(same.out)).toMatchObject({ format: 'c138-snapshot-diff', changes: [] });
    expect((await run(['snapshot', 'diff', join(folder, 'one'), join(folder, 'none')])).code).toBe(2);
  });

  it('give a bundle without the addresses that were asked', async () => {
    const out = join(folder, 'b.tar');
    const ran = await run(['snapshot', 'bundle', join(folder, 'two'), '--out', out]);
    expect(ran).toMatchObject({ code: 0, out: `${out}\n` });
    expect(readFileSync(out, 'latin1')).not.toMatch(/PVEAPIToken|known_hosts"|ssh-key/);
    expect((await run(['snapshot', 'bundle', join(folder, 'two'), '--out', out])).code).toBe(2);
  });

  it('can not hide the block of a proof', async () => {
    const file = join(folder, 'two', 'snapshot', 'snapshot.json');
    const snapshot = JSON.parse(readFileSync(file, 'utf8')) as { observations: { probe: string }[] };
    snapshot.observations = snapshot.observations.filter((one) => one.probe !== 'besu-head');
    writeFileSync(file, JSON.stringify(snapshot));
    const ran = await run(['snapshot', 'verify', join(folder, 'two')]);
    expect(ran.code).toBe(1);
    expect(ran.out).toMatch(/is not in the snapshot, so it can not be recomputed/);
  });
});

describe('an interrupted pass', () => {
  it('keeps what was seen as an incomplete run, and never passes', async () => {
    let asked = (): void => undefined;
    const reached = new Promise<void>((settle) => {
      asked = settle;
    });
    // It takes the connection and says nothing, so that the pass is still at it when the signal comes.
    const silent = createServer((socket) => {
      socket.on('error', () => undefined);
      asked();
    });
    await new Promise<void>((ready) => silent.listen(0, '127.0.0.1', ready));
    const { port } = silent.address() as AddressInfo;
    const config = join(folder, 'silent.yaml');
    writeFileSync(
      config,
      `v: 1\nid: x\nname: y\nchain: { id: 138 }\nendpoints:\n  - { id: a, subject: "vmid:1000", kind: json-rpc, url: "http://127.0.0.1:${port}", timeout_ms: 30000 }\n`,
    );
    const out = join(folder, 'cut');
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', resolve('src/cli/entry.ts'), 'discover', '--config', config, '--out', out],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let err = '';
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString();
    });
    const done = new Promise<number | null>((settle) => child.on('exit', settle));
    try {
      await reached;
      child.kill('SIGINT');
      expect(await done).toBe(3);
      expect(err).toMatch(/stopping; what was seen is kept/);
      expect(readFileSync(join(out, 'critical-failure-summary.md'), 'utf8')).toMatch(
        /The pass was interrupted/,
      );
      expect(JSON.parse(readFileSync(join(out, 'snapshot', 'snapshot.json'), 'utf8'))).toMatchObject({
        complete: false,
      });
    } finally {
      child.kill('SIGKILL');
      silent.close();
    }
  }, 120_000);
});
