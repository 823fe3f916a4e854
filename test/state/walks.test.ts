import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Demo, startDemo } from '../../src/demo/start.ts';
import { loadEstate } from '../../src/estate/index.ts';
import { lineHash } from '../../src/evidence/record/line.ts';
import { verifySession } from '../../src/evidence/verify/verify.ts';
import type { VerifyReport } from '../../src/evidence/verify/verify-report.ts';
import { VERDICTS } from '../../src/model/index.ts';
import { blocksToMarkdown } from '../../src/reports/run-document.ts';
import { runReport } from '../../src/reports/run-report.ts';
import { runStory } from '../../src/reports/run-story.ts';
import { bundledRunbooks, replay } from '../../src/runbooks/index.ts';
import { ANNA, BERT, Desk, type Place, trustOf } from './desk.ts';

let root = '';
let demo: Demo;
let trust: Uint8Array;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'c138-walks-'));
  demo = await startDemo({ scenario: 'healthy', blockPeriodS: 1 });
  trust = await trustOf((await loadEstate(demo.configPath)).id);
});
afterAll(async () => {
  await demo.stop();
  rmSync(root, { recursive: true, force: true });
});

/** What the variables of the bundled runbooks stand for in the simulation. */
const VALUES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'besu-upgrade': { release: '25.12.0' },
  'duplicate-addresses': { address: '192.0.2.10' },
  'placeholder-activation': { vmid: '6400' },
  'restore-drill': { workload: 'the explorer', rpo: '60', rto: '90' },
  'ssh-host-key-changed': { host: 'r630-04' },
  'validator-key-rotation': { old: `0x${'11'.repeat(20)}`, new: `0x${'22'.repeat(20)}` },
};

function placeOf(name: string, configPath = demo.configPath): Place {
  const folder = join(root, name);
  const place = {
    configPath,
    configDir: join(folder, 'config'),
    evidenceDir: join(folder, 'evidence'),
    trust,
  };
  mkdirSync(place.configDir, { recursive: true });
  mkdirSync(place.evidenceDir, { recursive: true });
  return place;
}

async function verified(desk: Desk): Promise<void> {
  const report = await verifySession(desk.view.path, { trust });
  // Nobody pinned the simulation's validators, which is only said.
  expect(report.findings.filter((one) => one.severity === 'fail')).toEqual([]);
  expect(report.exitCode).toBe(0);
  // The journal alone gives what the screen showed, and the engine would have let every record pass.
  const state = replay(desk.view.runbook, desk.records);
  expect(state.irregular).toEqual([]);
  expect(state.steps.map((one) => one.verdict)).toEqual(desk.view.steps.map((one) => one.verdict));
  reportAgrees(desk, report);
}

/** The report says of every step what the last record about it says, with the digest of that very line. */
function reportAgrees(desk: Desk, report: VerifyReport): void {
  const { records } = desk;
  const lines = readFileSync(join(desk.view.path, 'journal.jsonl'), 'utf8').split('\n').slice(0, -1);
  const hashes = lines.map((line) => lineHash(Buffer.from(`${line}\n`)));
  const story = runStory(desk.view.runbook, records, hashes, report);
  const markdown = blocksToMarkdown(runReport(story));
  for (const step of story.steps) {
    const body = records.findLast(
      (one) => (one.kind === 'confirm' || one.kind === 'correction') && one.step.id === step.id,
    );
    const told = body?.kind === 'confirm' || body?.kind === 'correction' ? body : null;
    expect(step).toMatchObject({
      verdict: told?.verdict ?? null,
      by: told?.actor?.name ?? null,
      at: told?.at ?? null,
      record: told?.seq ?? null,
      lineSha256: told === null ? null : hashes[told.seq],
    });
    if (told !== null) expect(markdown).toContain(hashes[told.seq]);
  }
  expect(story.timeline).toHaveLength(records.length);
  for (const [index, body] of records.entries())
    if (body.kind === 'confirm' || body.kind === 'correction')
      expect(story.timeline[index]?.what).toContain(`: ${body.verdict.replaceAll('_', ' ')}`);
  expect(story.handovers).toHaveLength(records.filter((one) => one.kind === 'handover').length);
}

const ids = (await bundledRunbooks()).map((one) => one.runbook.id);

describe('every bundled runbook on the simulated estate', () => {
  it.concurrent.each(ids)(
    '%s, straight from open to seal',
    async (id) => {
      const desk = await Desk.sit(ANNA, placeOf(`straight-${id}`));
      await desk.open(id, VALUES[id]);
      while (desk.view.current !== null) await desk.answer();
      expect(desk.view.phase).toBe('done');
      await desk.seal();
      await verified(desk);
      expect(
        desk.view.steps.filter((one) => one.step.backOut !== null).every((one) => one.verdict === null),
      ).toBe(true);
      await desk.runs.close();
    },
    240_000,
  );

  // Every third runbook in every test run, all of them with `npm run suites`.
  it.concurrent.each(ids.filter((_id, at) => process.env.C138_SUITES === 'full' || at % 3 === 0))(
    '%s, with a deviation, a failure, its back-out, a crash and a handover',
    async (id) => {
      const place = placeOf(`troubled-${id}`);
      const first = await Desk.sit(ANNA, place);
      await first.open(id, VALUES[id]);
      const { session, path } = first.view;
      const leadsBack = (): boolean =>
        first.view.steps.find((one) => one.step.id === first.view.current)?.step.onFailure.action ===
        'back-out';
      while (!leadsBack()) await first.answer();
      const failing = first.view.current ?? '';
      await first.ask({ kind: 'deviate', session, stepId: failing, note: 'tried at another hour' });
      await first.attach(failing, 'it says: PASSWORD=hunter2\n', 3);
      await first.fail();
      expect(first.view).toMatchObject({ phase: 'back-out', failed: failing });
      await first.runs.close();
      appendFileSync(join(path, 'journal.jsonl'), '{"body":{"actor":null,"at":"20');

      const second = await Desk.sit(ANNA, place);
      await second.resume(session);
      expect(second.view).toMatchObject({ phase: 'back-out', failed: failing });
      while (second.view.phase === 'back-out') await second.answer();
      expect(second.view).toMatchObject({ phase: 'decision', current: null });
      await second.ask({ kind: 'note', session, stepId: failing, note: 'the cause was found' });
      await second.handOver(BERT);
      await expect(second.ask({ kind: 'again', session, note: 'mine?' })).rejects.toThrow(
        /Bert is in charge/,
      );
      await second.runs.close();

      const elsewhere = placeOf(`elsewhere-${id}`);
      second.carryTo(elsewhere.evidenceDir);
      const third = await Desk.sit(BERT, elsewhere);
      await third.resume(session);
      expect(third.view.inCharge).toMatchObject({ person: 'bert' });
      await third.ask({ kind: 'again', session, note: 'the cause is mended' });
      expect(third.view.current).toBe(failing);
      await third.attach(failing, 'all is well\n', 0);
      while (third.view.current !== null) await third.answer();
      await third.seal();
      await verified(third);

      const records = third.records;
      const kinds = new Set(records.map((one) => one.kind));
      for (const kind of ['deviation', 'handover', 'resume', 'event', 'checkpoint', 'seal'] as const)
        expect(kinds, kind).toContain(kind);
      expect(records.find((one) => one.kind === 'resume')).toMatchObject({ resume: { torn: { bytes: 30 } } });
      expect(JSON.stringify(records)).not.toContain('hunter2');
      const attached = third.view.steps.find((one) => one.step.id === failing)?.attached;
      expect(attached).toMatchObject([{ exitCode: 3, unexpected: true, redacted: 1 }, { exitCode: 0 }]);
      await third.runs.close();
    },
    300_000,
  );
});

describe('a gate that does not hold', () => {
  it('lets nobody confirm on a stalled chain, and the failure leads down the back-out', async () => {
    const stalled = await startDemo({ scenario: 'stalled', blockPeriodS: 1 });
    try {
      const place = {
        ...placeOf('stalled', stalled.configPath),
        trust: await trustOf((await loadEstate(stalled.configPath)).id),
      };
      const desk = await Desk.sit(ANNA, place);
      await desk.open('production-gate');
      const { session } = desk.view;
      const confirm = () =>
        desk.ask({
          kind: 'confirm',
          session,
          stepId: 'chain',
          verdict: 'confirmed',
          note: 'it will be well',
        });
      await expect(confirm()).rejects.toThrow(/probes do not show the expected reading/);
      await desk.fail();
      expect(desk.view).toMatchObject({ phase: 'back-out', current: 'no-pass' });
      await desk.runs.close();
    } finally {
      await stalled.stop();
    }
  }, 120_000);

  it('calls nothing deployed that the documents call a placeholder, whatever is tried', async () => {
    const desk = await Desk.sit(ANNA, placeOf('placeholder'));
    await desk.open('placeholder-activation', { vmid: '6001' });
    const { session } = desk.view;
    for (const look of [false, true]) {
      if (look) await desk.look('as-is');
      for (const verdict of VERDICTS.filter((one) => !['still_planned', 'deviated', 'failed'].includes(one)))
        await expect(
          desk.ask({ kind: 'confirm', session, stepId: 'as-is', verdict, note: 'it runs, believe me' }),
        ).rejects.toThrow(/documented as placeholder/);
    }
    await desk.answer();
    expect(desk.records.flatMap((one) => (one.kind === 'confirm' ? one.claims : []))).toMatchObject([
      { subject: 'vmid:6001', state: 'placeholder' },
    ]);
    await desk.runs.close();
  }, 120_000);
});
