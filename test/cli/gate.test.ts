import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Demo, startDemo } from '../../src/demo/start.ts';
import { eventually } from '../eventually.ts';
import { run } from './run.ts';

let home = '';
let demo: Demo;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'c138-gate-'));
  demo = await startDemo({ scenario: 'healthy' });
});
afterAll(async () => {
  await demo.stop();
  rmSync(home, { recursive: true, force: true });
});

const here = (...argv: string[]) =>
  run([...argv, '--config', demo.configPath], {
    C138_CONFIG_DIR: join(home, 'config'),
    C138_STATE_DIR: join(home, 'state'),
  });

describe('c138 gate', { timeout: 120_000 }, () => {
  it('knows nothing before a pass; after one it wants what people signed, and says how to get it', async () => {
    const before = await here('gate');
    expect(before.code).toBe(3);
    expect(before.out).toMatch(/\[SIMULATED\]: CLOSED: something is not known/);
    expect(before.out.match(/^unknown/gm)).toHaveLength(3);

    // On a busy machine a node may answer too late at first; it is asked again.
    await eventually(async () => expect((await here('discover')).code).toBe(0));
    const after = await here('gate', '--json');
    expect(after.code).toBe(3);
    expect(JSON.parse(after.out)).toMatchObject({
      format: 'c138-gate',
      points: [
        { id: 'discovery', result: 'pass' },
        { id: 'quorum', result: 'pass' },
        { id: 'attested', result: 'unknown', next: 'c138 runbook run production-gate' },
      ],
    });
  });

  it('takes no snapshot of another estate, and no number of days that is none', async () => {
    const other = await startDemo({ scenario: 'healthy', estateId: 'demo:0123456789abcdef' });
    try {
      const folder = join(home, 'other');
      await run(['discover', '--config', other.configPath, '--out', folder]);
      const ran = await here('gate', '--offline', join(folder, 'snapshot'));
      expect(ran).toMatchObject({
        code: 2,
        err: expect.stringContaining('this is a snapshot of the estate'),
      });
    } finally {
      await other.stop();
    }
    expect((await here('gate', '--within-days', 'x')).code).toBe(2);
  });
});
