import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startDemo } from '../../src/demo/start.ts';
import { assessEstate, type Snapshot } from '../../src/model/index.ts';
import type { SourceState } from '../../src/state/backend.ts';
import { startWorker, type WorkerInput } from '../../src/state/worker-client.ts';

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
    const backend = await startWorker(input(demo.configPath));
    const seen: { snapshot: Snapshot | null; sources: Map<string, SourceState> } = {
      snapshot: null,
      sources: new Map(),
    };
    backend.subscribe((event) => {
      if (event.type === 'snapshot') seen.snapshot = event.snapshot;
      if (event.type === 'source') seen.sources.set(event.endpoint, event.state);
    });
    const head = (): number =>
      Math.max(
        0,
        ...(seen.snapshot?.observations ?? [])
          .filter((one) => one.probe === 'besu-head')
          .map((one) => Number(one.answer.facts.number)),
      );
    try {
      await vi.waitFor(() => expect(seen.snapshot?.complete).toBe(true), { timeout: 45_000 });
      const first = head();
      expect(first).toBeGreaterThan(0);
      const snapshot = seen.snapshot as Snapshot;
      expect(assessEstate(snapshot, Date.now()).verdict.result).toBe('pass');
      const proof = snapshot.observations.find((one) => one.probe === 'qbft-proof');
      expect(proof?.answer.facts.verdict).toBe('proven');
      expect(seen.sources.size).toBe(snapshot.estate.endpoints.length);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await backend.refresh();
      await vi.waitFor(() => expect(head()).toBeGreaterThan(first), { timeout: 20_000 });
      expect((await backend.runbooks()).map((one) => one.id)).toContain('phase3-follow-ups');
    } finally {
      await backend.close();
      await demo.stop();
    }
    await expect(backend.runbooks()).rejects.toThrow(/the worker has ended/);
  }, 90_000);

  it('does not start on a bad estate file, and says what the file lacks', async () => {
    const path = join(folder, 'bad.yaml');
    writeFileSync(path, 'v: 1\n');
    await expect(startWorker(input(path))).rejects.toThrow(/bad\.yaml:1:1: .*required property/);
  });
});
