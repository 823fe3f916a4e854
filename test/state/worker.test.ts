import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDemo } from '../../src/demo/start.ts';
import { followBackend } from '../../src/state/store.ts';
import { startWorker, type WorkerInput } from '../../src/state/worker-client.ts';
import { eventually } from '../eventually.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'c138-worker-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const input = (configPath: string): WorkerInput => ({
  kind: 'c138-worker',
  configPath,
  configDir: join(folder, 'config'),
  stateDir: join(folder, 'state'),
  trustFile: join(folder, 'config', 'trust.json'),
  keysDir: join(folder, 'config', 'keys'),
  evidenceDir: join(folder, 'state', 'evidence'),
  demoDir: join(folder, 'state'),
});

describe('worker thread', () => {
  it('keeps a snapshot of a living estate up to date, and its head moves', async () => {
    const demo = await startDemo({ scenario: 'healthy', blockPeriodS: 1 });
    const { backend } = startWorker(input(demo.configPath));
    const { store, stop } = followBackend(backend, []);
    const observations = () => store.getState().assessment?.subjects.flatMap((one) => one.observations) ?? [];
    const head = (): number =>
      Math.max(
        0,
        ...observations()
          .filter((one) => one.probe === 'besu-head' && one.answer.facts.number !== undefined)
          .map((one) => Number(one.answer.facts.number)),
      );
    try {
      await eventually(() => expect(store.getState().snapshot?.complete).toBe(true));
      // On a busy machine a node may answer too late at first; it is asked again.
      await eventually(() => expect(store.getState().assessment?.verdict.result).toBe('pass'));
      const first = head();
      expect(first).toBeGreaterThan(0);
      const { snapshot, sources } = store.getState();
      const proof = observations().find((one) => one.probe === 'qbft-proof');
      expect(proof?.answer.facts.verdict).toBe('proven');
      expect(Object.keys(sources)).toHaveLength(snapshot?.estate.endpoints.length ?? 0);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await backend.refresh();
      await eventually(() => expect(head()).toBeGreaterThan(first));
      expect((await backend.runbooks()).map((one) => one.id)).toContain('phase3-follow-ups');
    } finally {
      stop();
      await backend.close();
      await demo.stop();
    }
    await expect(backend.runbooks()).rejects.toThrow(/the worker has ended/);
  }, 240_000);

  it('does not start on a bad estate file, and says what the file lacks', async () => {
    const path = join(folder, 'bad.yaml');
    writeFileSync(path, 'v: 1\n');
    const { backend, ready } = startWorker(input(path));
    const asked = backend.runbooks();
    await expect(ready).rejects.toThrow(/bad\.yaml:1:1: .*required property/);
    await expect(asked).rejects.toThrow(/the worker has ended/);
    await backend.close();
  });
});
