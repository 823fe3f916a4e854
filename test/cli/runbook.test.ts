import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './run.ts';

const bundled = 'src/runbooks/bundled/phase3-follow-ups.yaml';
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'c138-runbook-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('runbook commands', () => {
  it('list and show say that a bundled default is ours', async () => {
    expect((await run(['runbook', 'list'])).out).toMatch(/^phase3-follow-ups \S+ +\d+ steps/m);
    const shown = await run(['runbook', 'show', 'phase3-follow-ups']);
    expect(shown.code).toBe(0);
    expect(shown.out).toContain("Bundled default, not the operators' own text.");
    const json = JSON.parse((await run(['runbook', 'show', 'phase3-follow-ups', '--json'])).out) as {
      sha256: string;
    };
    const list = JSON.parse((await run(['runbook', 'list', '--json'])).out) as {
      runbooks: { id: string; sha256: string }[];
    };
    expect(list.runbooks.find((one) => one.id === 'phase3-follow-ups')?.sha256).toBe(json.sha256);
    const none = await run(['runbook', 'show', 'nothing']);
    expect(none.code).toBe(2);
    expect(none.err).toMatch(/no runbook "nothing".*phase3-follow-ups/);
  });

  it('lint is 0, 1 with file, line and column, or 2 for a file that is not there', async () => {
    const good = await run(['runbook', 'lint', bundled]);
    expect(good).toMatchObject({ code: 0, err: '' });
    const bad = join(folder, 'bad.yaml');
    writeFileSync(bad, readFileSync(bundled, 'utf8').replace('origin: bundled-default', 'origin: ours'));
    const linted = await run(['runbook', 'lint', bundled, bad]);
    expect(linted.code).toBe(1);
    expect(linted.out).toMatch(/bad\.yaml:\d+:\d+: origin/);
    expect((await run(['runbook', 'lint', join(folder, 'none.yaml')])).code).toBe(2);
    expect((await run(['runbook', 'lint'])).code).toBe(2);
  });
});
