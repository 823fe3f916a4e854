import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Demo, startDemo } from '../../src/demo/start.ts';
import { loadEstate } from '../../src/estate/index.ts';
import { lineHash } from '../../src/evidence/record/line.ts';
import type { RunComparison } from '../../src/reports/run-compare.ts';
import type { RunStory } from '../../src/reports/run-story.ts';
import { ANNA, BERT, Desk, type Place, trustOf } from '../state/desk.ts';
import { run } from './run.ts';

let root = '';
let demo: Demo;
let place: Place;
const trust = (): string => join(root, 'config', 'trust.json');
const cli = (...argv: string[]) => run(argv, { HOME: root, C138_CONFIG_DIR: join(root, 'config') });

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'c138-report-'));
  demo = await startDemo({ scenario: 'healthy', blockPeriodS: 1 });
  place = {
    configPath: demo.configPath,
    configDir: join(root, 'config'),
    evidenceDir: join(root, 'evidence'),
    trust: await trustOf((await loadEstate(demo.configPath)).id),
  };
  mkdirSync(join(root, 'config', 'runbooks'), { recursive: true });
  mkdirSync(place.evidenceDir);
});
afterAll(async () => {
  await demo.stop();
  rmSync(root, { recursive: true, force: true });
});

const DEFINITION = `v: 1
id: edge
version: 1.0.0
title: "Move the edge <b>| to {{where}}"
origin: operator
window_minutes: 5
variables: [{ name: where, title: Where to }]
steps:
  - { id: look, title: Look, instructions: Look at it., expected: healthy, subject: "chain:138", gates: [{ subject: "chain:138", expect: [ok, degraded] }] }
  - { id: move, title: Move it, instructions: Move it., expected: moved, command: "./move.sh {{where}}", witness: true, on_failure: { action: back-out, step: undo } }
  - { id: tell, title: Tell, instructions: Tell them., expected: told, optional: true }
  - { id: undo, title: Undo, instructions: Undo it., expected: as before, back_out: back }
`;

async function walk(troubled: boolean): Promise<Desk> {
  const desk = await Desk.sit(ANNA, place);
  await desk.open('edge where=the new rack');
  const { session } = desk.view;
  await desk.answer('seen');
  if (troubled) {
    await desk.ask({ kind: 'deviate', session, stepId: 'move', note: 'by hand | <i>' });
    await desk.attach('move', 'no route\n', 4);
    await desk.fail();
    await desk.answer('put back');
    await desk.ask({ kind: 'again', session, note: 'the cable was in' });
    await desk.attach('move', 'ok\n', 0);
    await desk.answer('moved now');
    await desk.signatures();
    await desk.ask({
      kind: 'correct',
      session,
      stepId: 'look',
      verdict: 'deviated',
      note: 'one node was late',
    });
    await desk.handOver(BERT);
    await desk.runs.close();
    const bert = await Desk.sit(BERT, place);
    await bert.resume(session);
    await bert.answer('told all');
    await bert.seal();
    return bert;
  }
  while (desk.view.current !== null) await desk.answer();
  await desk.seal();
  return desk;
}

describe('reports of runs', () => {
  it('state the facts of the journal, and two runs can be compared', async () => {
    writeFileSync(join(root, 'config', 'runbooks', 'edge.yaml'), DEFINITION);
    const troubled = await walk(true);
    const json = await cli('runbook', 'report', troubled.view.path, '--trust', trust(), '--json');
    expect(json.code, json.err).toBe(0);
    const story = JSON.parse(json.out) as RunStory;

    // Against the bytes on the disk, not against what the program says of them.
    const lines = readFileSync(join(troubled.view.path, 'journal.jsonl'))
      .toString('utf8')
      .split('\n')
      .slice(0, -1);
    const records = troubled.records;
    expect(story.records).toBe(lines.length);
    expect(story.timeline.map((one) => [one.record, one.at])).toEqual(
      records.map((one) => [one.seq, one.at]),
    );
    for (const step of story.steps) {
      const body = records.findLast(
        (one) => (one.kind === 'confirm' || one.kind === 'correction') && one.step.id === step.id,
      );
      if (body?.kind !== 'confirm' && body?.kind !== 'correction') throw new Error(step.id);
      expect(step).toMatchObject({
        verdict: body.verdict,
        note: body.note,
        by: body.actor?.name,
        at: body.at,
        record: body.seq,
      });
      expect(step.lineSha256).toBe(lineHash(Buffer.from(`${lines[body.seq]}\n`)));
    }
    expect(story.steps.map((one) => [one.id, one.verdict, one.attempts])).toEqual([
      ['look', 'deviated', 0],
      ['move', 'confirmed', 1],
      ['tell', 'confirmed', 0],
      ['undo', 'confirmed', 0],
    ]);
    expect(story.irregular).toEqual([]);
    expect(story.deployed).toEqual([]);
    expect(story.handovers).toMatchObject([
      { from: 'Anna', to: 'Bert', accepted: true, note: 'end of the shift' },
    ]);
    expect(story.steps[1]).toMatchObject({
      signatures: [{ name: 'Bert', meaning: 'approved' }],
      deviations: [{ text: 'by hand | <i>' }],
      attached: [{ exitCode: 4, unexpected: true }, { exitCode: 0 }],
    });
    const blob = story.steps[1]?.attached[0]?.sha256 ?? '';
    expect(readFileSync(join(troubled.view.path, 'blobs', blob), 'utf8')).toBe('no route\n');
    expect(story.verification).toMatchObject({ exitCode: 0 });

    // Replayed: after any record, the report says what was so then, and nothing that came later.
    const failedAt = records.findIndex((one) => one.kind === 'confirm' && one.verdict === 'failed');
    const then = await cli(
      'runbook',
      'report',
      troubled.view.path,
      '--trust',
      trust(),
      '--json',
      '--until',
      `${failedAt}`,
    );
    expect(JSON.parse(then.out)).toMatchObject({
      phase: 'back-out',
      records: failedAt + 1,
      sealedAt: null,
      handovers: [],
      steps: [{ verdict: 'confirmed' }, { verdict: 'failed' }, { verdict: null }, { verdict: null }],
    });
    expect((await cli('runbook', 'report', troubled.view.path, '--until', `${records.length}`)).code).toBe(2);

    const html = join(root, 'report.html');
    const written = await cli(
      'runbook',
      'report',
      troubled.view.path,
      '--trust',
      trust(),
      '--html',
      html,
      '--out',
      join(root, 'report.md'),
    );
    expect(written.code).toBe(0);
    const markdown = readFileSync(join(root, 'report.md'), 'utf8');
    const page = readFileSync(html, 'utf8');
    for (const step of story.steps) {
      expect(markdown).toContain(step.lineSha256);
      expect(page).toContain(step.lineSha256);
    }
    expect(page).not.toMatch(/<b>|<i>|<script/);
    expect(markdown).not.toMatch(/[^\\]<[bi]>/);
    expect(markdown).toContain('SIMULATED');
    expect(markdown).toMatch(/Anna to Bert, accepted by signature/);
    expect((await cli('runbook', 'report', troubled.view.path, '--html', html)).code).toBe(2);

    const straight = await walk(false);
    const same = await cli('runbook', 'compare', straight.view.path, straight.view.path);
    expect(same.code, same.err).toBe(0);
    const compared = await cli('runbook', 'compare', troubled.view.path, straight.view.path, '--json');
    expect(compared.code).toBe(1);
    const comparison = JSON.parse(compared.out) as RunComparison;
    expect(comparison).toMatchObject({ sameRunbook: true, sameText: true });
    expect(comparison.steps.map((one) => [one.id, one.first, one.second])).toEqual([
      ['look', 'deviated', 'confirmed'],
      ['move', 'confirmed, failed 1 times before, deviated from', 'confirmed'],
      ['tell', 'confirmed', 'confirmed'],
      ['undo', 'confirmed', ''],
    ]);

    // A version that was run does not change, and a session knows when another text is installed.
    const open = await Desk.sit(ANNA, place);
    await open.open('edge where=x');
    const { session } = open.view;
    await open.runs.close();
    writeFileSync(
      join(root, 'config', 'runbooks', 'edge.yaml'),
      DEFINITION.replace('Tell them.', 'Tell them all.'),
    );
    const other = await Desk.sit(ANNA, place);
    await expect(other.open('edge where=x')).rejects.toThrow(
      /version 1\.0\.0 of edge was run already with another text/,
    );
    await expect(other.resume(session)).rejects.toThrow(/definition of edge was changed.*wants a reason/);
    await other.resume(session, 'the change is a word');
    expect(other.records.at(-1)).toMatchObject({
      kind: 'resume',
      resume: { note: expect.stringMatching(/Accepted: the change is a word$/) },
    });
    expect(other.view.steps[2]?.step.instructions).toBe('Tell them.');
    const unsealed = await cli('runbook', 'report', other.view.path);
    expect(unsealed.code).toBe(1);
    expect(unsealed.out).toMatch(/not sealed/);
    await other.runs.close();
  }, 120_000);
});

describe('definitions as text', () => {
  it('are listed, shown, imported and exported', async () => {
    writeFileSync(join(root, 'config', 'runbooks', 'bad.yaml'), 'v: 1\nid: bad\n');
    const list = await cli('runbook', 'list');
    expect(list.out).toMatch(/^phase3-follow-ups/);
    expect(list.out).toMatch(/edge .*asks for where +\(your own\)/);
    expect(list.err).toMatch(/bad\.yaml:1:1/);
    expect((await cli('runbook', 'show', 'edge')).out).toMatch(/back-out back: Undo/);
    expect((await cli('runbook', 'show', 'none')).code).toBe(2);

    const page = join(root, 'edge.html');
    expect((await cli('runbook', 'export', 'edge', 'where=here', '--html', page)).code).toBe(0);
    expect(readFileSync(page, 'utf8')).toMatch(
      /Move the edge &#60;b&#62;\| to here[\s\S]*class="blank"[\s\S]*Back-out: back/,
    );
    expect((await cli('runbook', 'export', 'edge', 'where=a\u202eb')).code).toBe(2);
    expect((await cli('runbook', 'export', 'edge')).out).toMatch(/Where to/);

    const marker = join(root, 'ran');
    writeFileSync(
      join(root, 'Do It.md'),
      `# Do it\n\n1. Touch\n\n   \`\`\`sh\n   touch ${marker}\n   \`\`\`\n`,
    );
    const draft = await cli('runbook', 'import', join(root, 'Do It.md'), '--out', join(root, 'do-it.yaml'));
    expect(draft.code, draft.err).toBe(0);
    expect((await cli('runbook', 'lint', join(root, 'do-it.yaml'))).code).toBe(0);
    expect((await cli('runbook', 'show', join(root, 'do-it.yaml'))).out).toContain(
      `You run, elsewhere: touch ${marker}`,
    );
    expect(existsSync(marker)).toBe(false);
    // What is exported can be imported again: the same steps in the same order.
    const exported = join(root, 'again.md');
    expect((await cli('runbook', 'export', 'edge', '--out', exported)).code).toBe(0);
    const again = await cli('runbook', 'import', exported);
    expect(again.code, again.err).toBe(0);
    expect(again.out.indexOf('Look')).toBeLessThan(again.out.indexOf('Move it'));
  });
});
