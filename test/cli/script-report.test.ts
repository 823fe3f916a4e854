import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { hasHostile } from '../../src/model/index.ts';
import { MadeApis } from '../probes/proxmox-made.ts';
import { run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'c138-script-'));
const apis = new MadeApis();
afterEach(() => apis.close());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

beforeAll(() => {
  file(
    'template.json',
    JSON.stringify({
      services: [
        { vmid: 1000, hostname: 'made-up-a', category: 'infra', runtime_state: 'active' },
        { vmid: 1001, hostname: 'made-up-b', category: 'besu_validator', runtime_state: 'active' },
      ],
    }),
  );
});

/** One pass over a made-up cluster of which 1000 runs and 1001 is stopped, beside a report of the operators' script. */
async function discoverBeside(flags: readonly string[]) {
  const api = await apis.serve({
    '/version': { version: '9.1' },
    '/cluster/status': [
      { type: 'cluster', name: 'h', quorate: 1 },
      { type: 'node', name: 'n1', online: 1 },
    ],
    '/cluster/resources': [
      { type: 'lxc', vmid: 1000, node: 'n1', status: 'running', name: 'made-up-a' },
      { type: 'lxc', vmid: 1001, node: 'n1', status: 'stopped', name: 'made-up-b' },
    ],
  });
  const config = file(
    'estate.yaml',
    stringify({
      v: 1,
      id: 'made-up',
      name: 'Made up',
      chain: { id: 138 },
      template: 'template.json',
      cluster: 'h',
      hosts: [{ name: 'n1' }],
      endpoints: [{ id: 'pve', subject: 'host:n1', kind: 'proxmox-api', url: api.url, timeout_ms: 4500 }],
    }),
  );
  count += 1;
  const dir = join(folder, `out-${count}`);
  return { dir, ...(await run(['discover', '--config', config, '--out', dir, ...flags])) };
}

describe("discover beside the report of the operators' own script", () => {
  it('tells what disagrees with both sides, in every output, and leaves the verdict to our own probes', async () => {
    const report = file(
      'report.md',
      '# Phase 1\n\nLast updated: 2026-11-20\n\n| VMID | Status |\n|---|---|\n| 1000 | running |\n| 1001 | running |\n| 1000 | \u001b[31msomewhere |\n',
    );
    const ran = await discoverBeside(['--script-report', report, '--script-exit', '1']);
    const alone = await discoverBeside([]);
    expect(ran.code).toBe(alone.code);
    const conflicts = (
      JSON.parse(readFileSync(join(ran.dir, 'conflicts.json'), 'utf8')) as {
        conflicts: {
          subject: string;
          field: string;
          sides: { value: string; source: { document: string } }[];
        }[];
      }
    ).conflicts.filter((one) => one.field.startsWith('discovery-'));
    expect(conflicts).toMatchObject([
      {
        subject: 'vmid:1001',
        field: 'discovery-script',
        sides: [
          {
            value: 'running',
            source: { document: 'report.md', locator: 'line 8', date: '2026-11-20', rank: 2 },
          },
          { value: 'stopped', source: { document: 'seen by pve-guest at pve', rank: 1 } },
        ],
      },
    ]);
    const summary = readFileSync(join(ran.dir, 'summary.md'), 'utf8');
    expect(summary).toMatch(/vmid:1001 \| discovery-script \| running says report\.md line 8/);
    expect(summary).toMatch(
      /report of the operators' script taken in: 2 statements, 1 disagree; SHA-256 [0-9a-f]{64}/,
    );
    expect(summary).toMatch(/says nothing here/);
    for (const line of summary.split('\n')) expect(hasHostile(line)).toBe(false);
    // The snapshot carries it: what is shown later is what was shown then.
    const shown = await run(['snapshot', 'show', join(ran.dir, 'snapshot')]);
    expect(shown.out).toBe(summary);
    expect((await run(['snapshot', 'verify', join(ran.dir, 'snapshot')])).code).toBe(0);
    expect(readFileSync(join(alone.dir, 'summary.md'), 'utf8')).not.toContain('discovery-script');
  });

  it('reads pasted output of pct list and qm list as statements, wherever it stands', async () => {
    const pasted = [
      'root@n1:~# pct list',
      'VMID       Status     Lock         Name',
      '1000       stopped                 made-up-a',
      '1001       stopped    backup       made-up-b',
      'root@n1:~# qm list',
      '      VMID NAME                 STATUS     MEM(MB)    BOOTDISK(GB) PID',
      '      1001 made-up-b            running    2048              32.00 7',
      '',
      '1000       running                 after the table',
    ].join('\n');
    const ran = await discoverBeside(['--script-report', file('pasted.txt', pasted)]);
    const summary = readFileSync(join(ran.dir, 'summary.md'), 'utf8');
    expect(summary).toMatch(
      /vmid:1000 \| discovery-script \| stopped says pasted\.txt pct list, from line 2/,
    );
    expect(summary).toMatch(/vmid:1001 \| discovery-script \| running says pasted\.txt qm list, from line 6/);
    expect(summary).toContain('3 statements, 2 disagree');
  });

  it('sets exit code against exit code', async () => {
    const ran = await discoverBeside(['--script-report', file('empty.md', 'nothing'), '--script-exit', '0']);
    expect(ran.code).toBe(1);
    const summary = readFileSync(join(ran.dir, 'summary.md'), 'utf8');
    expect(summary).toMatch(/chain:138 \| discovery-verdict \| exit code 0 says empty\.md/);
    expect(summary).toContain('exit code 1, critical-failure says c138 discover');
  });

  it('refuses, before it asks anything, a report that is none and an exit code by itself', async () => {
    const loop = join(folder, 'loop');
    symlinkSync(loop, loop);
    for (const [flags, message] of [
      [['--script-report', join(folder, 'none')], /none: the report can not be read \(ENOENT\)/],
      [['--script-report', loop], /ELOOP/],
      [['--script-report', folder], /this is no report/],
      [['--script-exit', '0'], /stands beside --script-report/],
      [['--script-report', file('r', ''), '--script-exit', 'zero'], /takes the exit code of the script/],
    ] as const) {
      const ran = await run(['discover', '--config', join(folder, 'no-such.yaml'), ...flags]);
      expect(ran.err).toMatch(message);
      expect([ran.code, ran.out]).toEqual([2, '']);
    }
  });
});
