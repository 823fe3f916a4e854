import { afterEach, describe, expect, it } from 'vitest';
import { chainRules } from '../../src/chain/index.ts';
import { loadEstate } from '../../src/estate/index.ts';
import { assessEstate, hasHostile, type Snapshot } from '../../src/model/index.ts';
import { observeEstate } from '../../src/probes/index.ts';
import { type AssessmentDocument, assessmentDocument } from '../../src/reports/assessment-json.ts';
import { type ConsoleState, EMPTY_STATE } from '../../src/state/store.ts';
import { SCREENS } from '../../src/ui/commands/keys.ts';
import { flat } from '../../src/ui/list.ts';
import { makeTheme } from '../../src/ui/theme.ts';
import type { View } from '../../src/ui/views/types.ts';
import { viewOf } from '../../src/ui/views/view-of.ts';
import { type Demo, SCENARIOS_FOR_TESTS, startDemo } from '../demo/start.ts';
import { snapshotOf } from '../model/make.ts';
import { contextOf } from '../probes/context.ts';

let demo: Demo | null = null;
afterEach(async () => {
  await demo?.stop();
  demo = null;
});

const { glyphs } = makeTheme({ ascii: true, colour: false });

interface Seen {
  readonly document: AssessmentDocument;
  /** The whole story of the chain, as one text. */
  readonly story: string;
  readonly pane: (screen: (typeof SCREENS)[number]['id']) => View;
}

async function look(scenario: string): Promise<Seen> {
  demo = await startDemo({ scenario });
  const estate = await loadEstate(demo.configPath);
  const observations = await observeEstate(estate, {
    vantage: 'test',
    signal: new AbortController().signal,
    storeRaw: contextOf([]).storeRaw,
  });
  const now = Date.now();
  const snapshot: Snapshot = { ...snapshotOf([], observations), estate };
  const assessment = assessEstate(snapshot, now, chainRules);
  const state: ConsoleState = {
    ...EMPTY_STATE,
    snapshot,
    origin: { mode: 'live', config: 'estate.yaml' },
    assessment,
  };
  const extras = {
    run: null,
    work: { runbooks: [], sessions: [], verified: null },
    columns: 120,
    height: 40,
  };
  const story = viewOf(
    { state, now, glyphs },
    { screen: 'overview', detail: 'chain:138' },
    { ...extras, columns: 400 },
  );
  return {
    story: textOf(story),
    document: assessmentDocument(snapshot, assessment),
    pane: (screen) => viewOf({ state, now, glyphs }, { screen, detail: null }, extras),
  };
}

const textOf = (view: View): string =>
  [...view.top, ...flat(view.rows).map((row) => row.cells)]
    .map((cells) => cells.map((cell) => cell.text).join(' '))
    .join('\n');

/** Every sixth scenario in every test run, all of them with `npm run suites`: each is looked at once more, by its findings, in test/demo. */
const scenarios = SCENARIOS_FOR_TESTS.filter((name) => name !== 'hostile-names').filter(
  (_name, at) => process.env.C138_SUITES === 'full' || at % 6 === 0,
);

describe('panes agree with the JSON document', () => {
  it.each(scenarios)('%s', async (scenario) => {
    const { document, pane } = await look(scenario);
    const words = { pass: 'PASS', 'critical-failure': 'CRITICAL FAILURE', incomplete: 'INCOMPLETE' };
    expect(textOf(pane('overview'))).toContain(words[document.verdict.result as keyof typeof words]);
    const overview = textOf(pane('overview'));
    for (const subject of document.subjects)
      for (const finding of subject.findings.filter((one) => one.severity !== 'info'))
        expect(overview).toContain(finding.reason);
    const rows = (['hosts', 'guests', 'tiers', 'hyperledger'] as const).flatMap(
      (screen) => pane(screen).rows,
    );
    const shown = new Map(
      rows.flatMap((row) =>
        row.opens?.kind === 'subject'
          ? [[row.opens.subject as string, row.cells.map((cell) => cell.text).join(' | ')] as const]
          : [],
      ),
    );
    for (const subject of document.subjects.filter((one) => one.kind === 'vmid' || one.kind === 'host')) {
      expect(shown.get(subject.id), subject.id).toMatch(new RegExp(`\\b${subject.health}\\b`));
    }
  });

  it('lets no hostile character of a name into any cell of any screen', async () => {
    const { pane } = await look('hostile-names');
    for (const { id } of SCREENS)
      for (const line of textOf(pane(id)).split('\n')) expect(hasHostile(line), line).toBe(false);
    expect(textOf(pane('guests'))).toContain('\\u{1b}');
  });

  it('tells the validators, their share in the last headers and votes under way in the story of the chain', async () => {
    const { story } = await look('vote-in-flight');
    expect(story).toMatch(/5 in the set; a quorum is 4; 1 may be down, 1 may lie; a vote passes with 3/);
    expect(story.match(/0x[0-9a-f]{40} {2}proposed \d+ {2}sealed \d+ {2}turns passed \d+/g)).toHaveLength(5);
    expect(story).toMatch(/a vote that has not passed yet: .*0x[0-9a-f]{40}/);
    expect(story).toMatch(/c138 never votes/);
  });
});
