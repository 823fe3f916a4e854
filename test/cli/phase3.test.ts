import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Demo, startDemo } from '../../src/demo/start.ts';
import { run } from './run.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'c138-phase3-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let demo: Demo | null = null;
afterEach(async () => {
  await demo?.stop();
  demo = null;
});

describe('phase3 over real sockets', () => {
  it.each([
    ['healthy', 0, ['pass', 'pass']],
    ['stalled', 1, ['fail', 'pass']],
    // FireFly is optional: it is shown as failed and decides nothing.
    ['firefly-init-error', 0, ['pass', 'fail']],
    ['all-dead', 3, ['incomplete', 'incomplete']],
  ] as const)('%s gives exit code %i and its slices', async (scenario, code, verdicts) => {
    demo = await startDemo({ scenario });
    const ran = await run(['phase3', '--config', demo.configPath, '--json']);
    const document = JSON.parse(ran.out) as {
      exit_code: number;
      slices: { verdict: string; limits: string }[];
      manual: { id: string }[];
    };
    expect(document.slices.map((one) => one.verdict)).toEqual(verdicts);
    expect([ran.code, document.exit_code]).toEqual([code, code]);
    expect(document.slices.every((one) => one.limits !== '')).toBe(true);
    expect(document.manual.map((one) => one.id)).toEqual(
      expect.arrayContaining(['indy-6400', 'fabric-6000']),
    );
    expect(document.manual.map((one) => one.id)).not.toContain('besu-liveness');
  });

  it('says in words what is proven, what is left, and that the whole flow is not automated', async () => {
    demo = await startDemo({ scenario: 'healthy' });
    const { out } = await run(['phase3', '--config', demo.configPath]);
    expect(out).toMatch(/^Phase 3 slices, .*\(simulated\)/);
    expect(out).toContain('PASS       Besu makes blocks, sealed by a quorum');
    expect(out).toContain('c138 runbook run phase3-follow-ups');
    expect(out).toContain('is not automated');
  });
});

describe('chain lint', () => {
  const lint = (name: string, text: string, ...more: string[]) => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return run(['chain', 'lint', file, ...more]);
  };

  it('gives 0 when the release starts with it, 1 when not, 2 when it can not say', async () => {
    const old = 'miner-enabled=true\nnetwork-id=138\n';
    expect((await lint('a.toml', old, '--besu', '25.11.0')).code).toBe(0);
    const newer = await lint('a.toml', old, '--besu', '25.12.0');
    expect(newer.code).toBe(1);
    expect(newer.out).toMatch(/a\.toml:1: miner-enabled fatal: removed with release 25\.12\.0/);
    expect(newer.out).toMatch(/it does not start, 1 fatal/);
    expect((await lint('a.toml', old, '--besu', 'newest')).code).toBe(2);
    const missing = await run(['chain', 'lint', join(folder, 'none.toml')]);
    expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('there is no such file')]);
  });

  it('has a documented JSON shape, and lets nothing hostile through', async () => {
    const ran = await lint('b.toml', 'x\u001b[31m=1\n"y\u202e"=2\n', '--json');
    expect(JSON.parse(ran.out)).toMatchObject({ format: 'c138-chain-lint', v: 1, starts: false });
    const plain = await lint('b.toml', 'x\u001b[31m=1\n"y\u202e"=2\n');
    expect(`${ran.out}${plain.out}`).not.toMatch(/[\u001b\u202e]/);
  });
});
