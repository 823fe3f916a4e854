import { describe, expect, it } from 'vitest';
import { compileRunbook } from '../../src/runbooks/index.ts';
import type { RunView } from '../../src/state/backend.ts';
import { runOf } from '../../src/state/runs/run-in-hand.ts';
import { viewOfRun } from '../../src/state/runs/run-view.ts';
import type { ConsoleState } from '../../src/state/store.ts';
import { requestOfWords, takenIn } from '../../src/ui/answer/run-answer.ts';
import { navigate, START } from '../../src/ui/commands/navigation.ts';
import { makeTheme } from '../../src/ui/theme.ts';
import { WORDS } from '../../src/ui/views/run-hands.ts';
import { panicView, runView } from '../../src/ui/views/run-view.ts';
import type { View } from '../../src/ui/views/types.ts';
import { ANNA, BERT, Records } from '../runbooks/records.ts';
import { estateOf } from '../state/fixtures.ts';

const { runbook } = compileRunbook(
  `v: 1
id: t
version: 1.0.0
title: T
origin: operator
window_minutes: 30
steps:
  - { id: a, title: First, instructions: x, expected: y, witness: true }
  - { id: b, title: Second, instructions: x, expected: y, budget_minutes: 5, on_failure: { action: back-out, step: u } }
  - { id: u, title: Undo it, instructions: Put it back., expected: y, command: ./undo.sh, back_out: back }
`,
  't',
);

const input = (now: number) => ({
  state: { assessment: null } as unknown as ConsoleState,
  now,
  glyphs: makeTheme({ ascii: true, colour: false }).glyphs,
});
const shown = (records: Records, of = runbook): RunView =>
  viewOfRun(
    runOf({
      session: `0x${'1'.repeat(64)}`,
      dir: '/evidence/t',
      runbook: of,
      compiled: null,
      records: records.all,
      takingUp: null,
      journal: null,
      begun: true,
    }),
    estateOf(),
  );
const textOf = (view: View): string =>
  [
    ...view.top.map((line) => line.map((one) => one.text).join('')),
    ...view.rows.map((row) => row.cells.map((one) => one.text).join(' ')),
  ].join('\n');

describe('the window', () => {
  it('says what is done, who leads, what waits, and what is late, without deciding anything', () => {
    const records = new Records(runbook).open().answer('a', 'confirmed');
    const soon = textOf(runView(input(records.ms + 60_000), shown(records), 120, 40));
    expect(soon).toMatch(/1 of 2 steps answered.*in charge: Anna/);
    expect(soon).toMatch(/Waits for a witness.*First/);
    expect(soon).toMatch(/Window: 1 of 30 minutes$/m);
    expect(soon).not.toMatch(/LATE|Undo it/);
    const late = textOf(runView(input(records.ms + 40 * 60_000), shown(records), 120, 40));
    expect(late).toMatch(/Window: 40 of 30 minutes, LATE/);
    expect(late).toMatch(/This step: 40 of 5 minutes, LATE/);
    expect(shown(records).steps[1]?.offered).toEqual(['confirmed', 'failed', 'deviated']);
  });

  it('shows the back-out when it is walked, and the decision behind it', () => {
    const records = new Records(runbook).open().answer('a', 'confirmed').answer('b', 'failed');
    expect(textOf(runView(input(records.ms), shown(records), 120, 40))).toMatch(
      /Undo it.*back-out[\s\S]*Run elsewhere: \.\/undo\.sh/,
    );
    records.answer('u', 'confirmed');
    expect(textOf(runView(input(records.ms), shown(records), 120, 40))).toMatch(
      /The back-out is walked\. Somebody decides/,
    );
    records.handover(ANNA, BERT);
    expect(shown(records).inCharge).toMatchObject({ name: 'Bert' });
  });
});

describe('the step at hand on a small screen', () => {
  const long = 'Look at every one of them in turn, and write down what each of them says. '.repeat(8).trim();
  const { runbook: book } = compileRunbook(
    `v: 1
id: t
version: 1.0.0
title: T
origin: operator
steps:
  - { id: a, title: First, instructions: x, expected: y }
  - { id: b, title: Second, instructions: "${long}", expected: y, command: "./one.sh\\n./two.sh" }
`,
    't',
  );
  const records = new Records(book).open().answer('a', 'confirmed');
  const view = (columns: number, room: number) =>
    runView(
      input(records.ms),
      viewOfRun(
        runOf({
          session: `0x${'1'.repeat(64)}`,
          dir: '/evidence/t',
          runbook: book,
          compiled: null,
          records: records.all,
          takingUp: null,
          journal: null,
          begun: true,
        }),
        estateOf(),
      ),
      columns,
      room,
    );

  it('can be read whole: what does not fit above the list stands in it, first of all, and scrolls', () => {
    const wide = view(200, 60);
    expect(wide.top.map((line) => line.map((one) => one.text).join('')).join(' ')).toContain(long);
    expect(wide.rows).toHaveLength(2);
    const small = view(80, 19);
    expect(small.top.length).toBeLessThanOrEqual(14);
    const said = small.rows.map((row) =>
      row.cells
        .map((one) => one.text.trim())
        .join(' ')
        .trim(),
    );
    expect(said.join(' ')).toContain(long);
    expect(said[0]).toMatch(/Second$/);
    expect(said).toContain('./one.sh');
    expect(said).toContain('./two.sh');
    expect(said.at(-1)).toMatch(/First \[confirmed, Anna\]$/);
    for (const row of small.rows)
      expect(row.cells.map((one) => one.text).join(' ').length).toBeLessThanOrEqual(80);
  });
});

describe('the panic view', () => {
  it('says that nothing is lost, where the evidence is, and the way back before anything failed', () => {
    const records = new Records(runbook).open().answer('a', 'confirmed');
    const text = textOf(panicView(shown(records), 100));
    expect(text).toMatch(/Hands off the estate/);
    expect(text).toMatch(/Durable up to record 1 .*\/evidence\/t/s);
    expect(text).toMatch(/At hand: Second\. If it failed: f with the reason/);
    expect(text).toMatch(/Undo it[\s\S]*Put it back\.[\s\S]*Run elsewhere: \.\/undo\.sh/);
    expect(text.replaceAll(/\s+/g, ' ')).toContain('screen 7, Enter on session 11111111');
    expect(text).not.toContain('resume');
    expect(textOf(panicView(shown(records), 100, WORDS))).toMatch(/resume\s+11111111/);
  });

  it('names words and no keys in line mode, whatever the run waits for', () => {
    const keys = /\b[a-zA-Z] (signs|asks|takes|seals|ends|with the reason)|\([A-Z]\)|Esc/;
    const runs = [
      new Records(runbook).open(),
      new Records(runbook).open().answer('a', 'confirmed'),
      new Records(runbook).open().answer('a', 'confirmed').answer('b', 'failed'),
      new Records(runbook).open().answer('a', 'confirmed').answer('b', 'failed').answer('u', 'confirmed'),
      new Records(runbook).open().answer('a', 'confirmed').answer('b', 'confirmed'),
      new Records(runbook).open().event('aborted', { text: 'x' }),
    ];
    for (const records of runs)
      for (const view of [
        runView(input(records.ms), shown(records), 100, 100, WORDS),
        panicView(shown(records), 100, WORDS),
      ])
        expect(textOf(view)).not.toMatch(keys);
    const [, , , decision = new Records(runbook)] = runs;
    expect(textOf(runView(input(decision.ms), shown(decision), 100, 100, WORDS))).toMatch(
      /try "b" again \("again REASON"\), or end the run \("abort\s+REASON"\)/,
    );
    expect(textOf(runView(input(decision.ms), shown(decision), 100, 100))).toMatch(keys);
  });

  it('lies over the run, and Esc takes it away', () => {
    const over = navigate(navigate(START, { to: 'run', session: 's' }), { to: 'panic' });
    expect(over).toMatchObject({ panic: true, run: 's' });
    expect(navigate(over, { to: 'back' })).toMatchObject({ panic: false, run: 's' });
    expect(navigate(over, { to: 'screen', screen: 'hosts' })).toMatchObject({ panic: false });
  });
});

describe('an approval', () => {
  const { runbook: own } = compileRunbook(
    `v: 1
id: t
version: 1.0.0
title: T
origin: operator
steps:
  - { id: a, title: First, instructions: x, expected: y, witness: true }
  - { id: b, title: Remove it, instructions: x, expected: y, approval: true }
`,
    't',
  );

  it('is told from a witness, and an answer that is none does not pass for one', () => {
    const records = new Records(own).open().answer('a', 'confirmed').answer('b', 'confirmed');
    const before = shown(records, own);
    const text = textOf(runView(input(records.ms), before, 120, 40));
    expect(text).toMatch(/Waits for a witness, who is another person: First\./);
    expect(text).toMatch(/Waits for an approval, by another person: Remove it\./);
    expect(text).toMatch(/First.*wants a witness[\s\S]*Remove it.*wants approval/);
    const after = shown(records.witness('b', BERT), own);
    expect(takenIn(before, after)).toMatch(/no approval, so "Remove it" still waits.*--meaning approved/);
    expect(takenIn(after, shown(records.witness('b', BERT, 'approved'), own))).toMatch(
      /^Taken in and durable: record \d+\.$/,
    );
    expect(textOf(runView(input(records.ms), shown(records, own), 120, 40))).not.toMatch(/approval/);
  });
});

describe('words of the palette and the line mode', () => {
  const at = { session: 's', current: 'b' };
  it.each([
    ['note', 'the edge is slow', { kind: 'note', stepId: 'b', note: 'the edge is slow' }],
    ['deviate', 'by hand', { kind: 'deviate', stepId: 'b', note: 'by hand' }],
    [
      'correct',
      'a failed one was late',
      { kind: 'correct', stepId: 'a', verdict: 'failed', note: 'one was late' },
    ],
    ['accept', '/tmp/x.json good night', { kind: 'handover', answer: '/tmp/x.json', note: 'good night' }],
    ['abort', 'no time', { kind: 'abort', note: 'no time' }],
  ] as const)('%s', (word, tail, expected) => {
    expect(requestOfWords(at, word, tail)).toEqual({ session: 's', ...expected });
  });

  it('say what is missing', () => {
    expect(() => requestOfWords(at, 'correct', 'a maybe')).toThrow(/which answer/);
    expect(() => requestOfWords({ ...at, current: null }, 'deviate', 'x')).toThrow(/No step/);
    expect(() => requestOfWords(at, 'accept', '')).toThrow(/which acceptance/);
  });
});
