import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { hasHostile } from '../../src/model/index.ts';
import { run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'c138-report-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const state = join(folder, 'state');
const config = join(folder, 'estate.yaml');

const report = (name: string, ...more: string[]) =>
  run(['report', name, '--config', config, '--state-dir', state, ...more]);

/** The names that `report list` gives, with their number in section 20. */
async function listed(): Promise<readonly { name: string; deliverable: number | null }[]> {
  const { out } = await report('list', '--json');
  return (JSON.parse(out) as { reports: { name: string; deliverable: number | null }[] }).reports;
}

beforeAll(async () => {
  const repository = join(folder, 'checkout');
  mkdirSync(join(repository, 'docs/00-meta'), { recursive: true });
  writeFileSync(join(repository, 'docs/00-meta/OPERATOR_READY_CHECKLIST.md'), '# made up\n');
  writeFileSync(
    join(folder, 'template.json'),
    JSON.stringify({
      services: [
        { vmid: 6000, hostname: 'made-up\u001b[2J', category: 'dlt', runtime_state: 'placeholder CT only' },
        { vmid: 1000, hostname: 'x|y', category: 'besu_validator', runtime_state: 'active' },
      ],
    }),
  );
  writeFileSync(
    config,
    stringify({
      v: 1,
      id: 'made-up',
      name: 'Made | up',
      chain: { id: 138 },
      template: 'template.json',
      cluster: 'h',
      hosts: [{ name: 'n1', role: 'made_up_role' }],
      repository: 'checkout',
    }),
  );
});

describe('report', () => {
  it('says what to do where nothing was discovered yet', async () => {
    const ran = await report('inventory');
    expect(ran.err).toMatch(/no discovery yet in .*phase1-discovery\. Run c138 discover first/);
    expect([ran.code, ran.out]).toEqual([2, '']);
  });

  it('gives every deliverable of section 20 and output of section 3 from the newest run, as text and as JSON', async () => {
    const found = await run(['discover', '--config', config, '--state-dir', state]);
    expect(found.code).toBe(3);
    const reports = await listed();
    expect(reports.flatMap((one) => one.deliverable ?? [])).toEqual([1, 2, 3, 4, 5, 6]);
    for (const { name } of reports) {
      const text = await report(name);
      expect([name, text.code]).toEqual([name, 0]);
      expect(text.out.length).toBeGreaterThan(20);
      for (const line of text.out.split('\n')) expect(hasHostile(line)).toBe(false);
      expect(text.err).toMatch(/from .*snapshot, .* old, incomplete/);
      const json = await report(name, '--json');
      expect(JSON.parse(json.out)).toMatchObject({ format: expect.stringMatching(/^c138-/), v: 1 });
    }
  });

  it('says what was seen beside each target, and calls none of them achieved where nobody looked', async () => {
    const { out } = await report('phase2-roadmap');
    expect(out).toMatch(/\| 4 \| Stable quorum of .* \| not looked at \| unknown \|/);
    expect(out).toMatch(/\| 4 \| Placement that HA keeps \| not looked at \| roadmap \|/);
    expect(out).toMatch(/of 2 documented guests 2 have no owner and 2 no region/);
    expect(out).toContain('documented only: n1 made\\_up\\_role');
    expect(out).not.toMatch(/\| deployed \|/);
    expect(out).toContain('DBIS\\_PHASE2\\_PROXMOX\\_SOVEREIGNIZATION\\_ROADMAP.md | no |');
  });

  it('lists the six directives, with the proof of absence of each ledger, and the checklist in the checkout', async () => {
    const { directives } = JSON.parse((await report('readiness', '--json')).out) as {
      directives: { directive: number; known: string }[];
    };
    expect(directives.map((one) => one.directive)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(directives[2]?.known).toBe('vmid:6000 unknown');
    expect((await report('readiness')).out).toMatch(/OPERATOR\\_READY\\_CHECKLIST\.md \| yes \|/);
  });

  it('keeps a benchmark apart from any gate', async () => {
    const kept = join(folder, 'benchmark.html');
    writeFileSync(kept, 'made up');
    await run(['caliper', 'report', kept, '--config', config, '--state-dir', state]);
    const hook = JSON.parse((await report('caliper-hook', '--json')).out) as {
      gate: boolean;
      reports: string[];
    };
    expect(hook).toMatchObject({ gate: false, reports: [expect.stringMatching(/^[0-9a-f]{64}$/)] });
  });

  it('marks the follow-ups as not the operators’ own text', async () => {
    expect((await report('phase3-runbook')).out).toContain("not the operators' own text");
  });

  it('takes a snapshot by name, and refuses what is none', async () => {
    const runs = join(state, 'reports', 'phase1-discovery');
    const snapshot = join(runs, readdirSync(runs)[0] ?? '', 'snapshot');
    const elsewhere = await run([
      'report',
      'critical',
      '--offline',
      snapshot,
      '--state-dir',
      join(folder, 'none'),
    ]);
    expect(elsewhere.code).toBe(0);
    expect((await report('critical', '--offline', folder)).code).toBe(2);
  });

  it('names the reports there are, and what is left to the future', async () => {
    for (const [name, message] of [
      ['nonsense\u001b[2J', /there is no report .*There are: inventory, node-roles/],
      ['security-compliance', /future deliverable of the master plan/],
    ] as const) {
      const ran = await report(name);
      expect(ran.err).toMatch(message);
      expect(hasHostile(ran.err.trimEnd())).toBe(false);
      expect([ran.code, ran.out]).toEqual([2, '']);
    }
  });
});
