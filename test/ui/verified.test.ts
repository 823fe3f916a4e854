import { expect, it } from 'vitest';
import { byWeight, type VerifyFinding } from '../../src/evidence/verify/verify-report.ts';
import { verifySummary } from '../../src/state/runs/verify-summary.ts';
import type { ConsoleState } from '../../src/state/store.ts';
import { makeTheme } from '../../src/ui/theme.ts';
import { evidenceView } from '../../src/ui/views/work-views.ts';
import { run } from '../cli/run.ts';
import { confirmBody, put, runbookStep, sealBody, startSession } from '../evidence/make.ts';

const { glyphs } = makeTheme({ ascii: true, colour: false });
const shown = (lines: readonly string[], fails: number): readonly string[] =>
  evidenceView({ state: {} as ConsoleState, now: 0, glyphs }, [], {
    path: '/evidence/one',
    summary: { exitCode: 20, verdict: 'tampered', assurance: 'L0', lines, fails },
  }).top.map((one) => one.map(({ text }) => text).join(''));

it('every reason is shown, and what is left out is counted with the command that tells it', () => {
  const lines = Array.from({ length: 12 }, (_, index) => `line ${index}`);
  expect(shown(lines, 8).slice(1)).toEqual([
    ...lines.slice(0, 8).map((text) => `  ${text}`),
    '  and 4 more: c138 evidence verify /evidence/one',
  ]);
  expect(shown(lines, 1)).toHaveLength(8);
  expect(shown(lines.slice(0, 6), 0).at(-1)).toBe('  line 5');
});

it('reasons come before warnings, and both before what is only told', () => {
  const of = (severity: VerifyFinding['severity'], text: string) =>
    ({ step: 'V8', severity, line: null, text }) as const;
  const sorted = byWeight([of('info', 'a'), of('fail', 'b'), of('warn', 'c'), of('fail', 'd')]);
  expect(sorted.map((one) => one.text).join('')).toBe('bdca');
});

it('a session that does not verify says why in its first lines, on the screen and as text', async () => {
  const steps = ['one', 'two'].map((id) => runbookStep(id, { approval: true }));
  const { journal, dir } = await startSession({ steps });
  for (const step of steps) await put(journal, confirmBody(journal, step));
  await put(journal, sealBody(journal));
  await journal.close();
  const summary = await verifySummary(dir, `${dir}/trust.json`);
  expect(summary.fails).toBeGreaterThan(0);
  expect(summary.lines.slice(0, summary.fails).every((one) => / fail: /.test(one))).toBe(true);
  const { out } = await run(['evidence', 'verify', dir, '--trust', `${dir}/trust.json`], { HOME: dir });
  const weights = [...out.matchAll(/^V\d+ (fail|warn|info)/gm)].map(([, weight]) => weight);
  expect(weights).toEqual(
    [...weights].sort((a, b) => 'fwi'.indexOf(a?.[0] ?? '') - 'fwi'.indexOf(b?.[0] ?? '')),
  );
  expect(weights[0]).toBe('fail');
});
