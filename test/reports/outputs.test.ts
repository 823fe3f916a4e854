import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chainRules } from '../../src/chain/index.ts';
import { startDemo } from '../../src/demo/start.ts';
import { importNodeRoleMatrix, loadEstate } from '../../src/estate/index.ts';
import {
  assessEstate,
  dependencyGraph,
  hasHostile,
  impactsOf,
  impactText,
  type Snapshot,
} from '../../src/model/index.ts';
import { dependencyContext, dependencyTree, mermaidOf } from '../../src/reports/dependency.ts';
import { discoveryOutputs, OUTPUT_NAMES } from '../../src/reports/outputs.ts';
import { prometheusText } from '../../src/reports/prometheus.ts';
import { discover } from '../../src/state/snapshots/discover.ts';
import { retainRuns } from '../../src/state/snapshots/retention.ts';
import { estateOf, observationOf, snapshotOf, subjectOf } from '../state/fixtures.ts';

const HOSTILE = '\u001b[2J\u202e| "x"] --> y <img src=x> ```\r\n# Heading';
const assess = (snapshot: Snapshot) => assessEstate(snapshot, Date.parse(snapshot.ended), chainRules);
const outputs = (snapshot: Snapshot) =>
  new Map(discoveryOutputs(snapshot, assess(snapshot), []).map((one) => [one.name, one.text]));

const guest = (vmid: number, run: string, node: string) =>
  observationOf({
    probe: 'pve-guest',
    subject: `vmid:${vmid}`,
    endpoint: 'pve',
    level: run === 'running' ? 'runtime' : 'presence',
    answer: { class: 'ok', facts: { run, node, type: 'lxc' }, checks: [] },
  });

function five(failed: readonly number[]) {
  const validators = [0, 1, 2, 3, 4].map((n) =>
    subjectOf(`vmid:${1000 + n}`, {
      vmid: 1000 + n,
      category: 'besu_validator',
      expectedRun: 'running',
      critical: true,
    }),
  );
  const estate = estateOf({
    subjects: [
      subjectOf('chain:138'),
      ...validators,
      subjectOf('vmid:2201', { vmid: 2201, category: 'rpc_public', tier: 'public', preferredHost: 'b' }),
      subjectOf('vmid:5000', { vmid: 5000, category: 'explorer', dependsOn: ['vmid:2201'] }),
      subjectOf('tier:public', { dependsOn: ['vmid:2201'] }),
      subjectOf('host:a'),
      subjectOf('host:b'),
    ],
    endpoints: [],
  });
  return snapshotOf({
    estate,
    observations: validators.map((one) =>
      guest(one.vmid ?? 0, failed.includes(one.vmid ?? 0) ? 'stopped' : 'running', 'a'),
    ),
  });
}

describe('the dependency graph', () => {
  it('takes a chain down only when its quorum is gone, and puts it down to every failure with a part in it', () => {
    const { estate, observations } = five([]);
    const graph = dependencyGraph(estate, observations);
    const [one] = impactsOf(graph, ['vmid:1000']);
    expect(one).toMatchObject({ takesDown: [], weakens: [{ id: 'chain:138', spare: 0 }] });
    const two = impactsOf(graph, ['vmid:1000', 'vmid:1001']);
    for (const impact of two) {
      const chain = impact.takesDown.find((down) => down.id === 'chain:138');
      expect(chain).toEqual({ id: 'chain:138', alone: false });
      expect(impact.takesDown.map((down) => down.id)).toContain('vmid:5000');
    }
    const [host] = impactsOf(graph, ['host:a']);
    expect(host?.takesDown).toContainEqual({ id: 'chain:138', alone: true });
    expect(impactText({ subject: 'host:a', takesDown: [], weakens: [] })).toBe('');
  });

  it('places guests where they were seen, and by plan only where nothing was seen', () => {
    const { estate, observations } = five([]);
    const edges = dependencyGraph(estate, observations).edges;
    expect(edges).toContainEqual(
      expect.objectContaining({ from: 'vmid:1000', to: 'host:a', basis: 'observed' }),
    );
    expect(edges).toContainEqual(
      expect.objectContaining({ from: 'vmid:2201', to: 'host:b', basis: 'planned' }),
    );
    const [impact] = impactsOf(
      { edges, groups: [{ id: 'tier:public', members: ['vmid:2201'], need: 1, why: '' }] },
      ['host:b'],
    );
    expect(impact?.takesDown.map((one) => one.id).sort()).toEqual(['tier:public', 'vmid:2201', 'vmid:5000']);
  });

  it('ends in a circle, and stays small where thousands are well', () => {
    const estate = estateOf({
      subjects: [
        subjectOf('vmid:1', { dependsOn: ['vmid:2'] }),
        subjectOf('vmid:2', { dependsOn: ['vmid:1'] }),
        ...Array.from({ length: 3000 }, (_, n) =>
          subjectOf(`vmid:${10_000 + n}`, { vmid: 10_000 + n, category: 'infra' }),
        ),
      ],
      endpoints: [],
    });
    const snapshot = snapshotOf({
      estate,
      observations: Array.from({ length: 3000 }, (_, n) => guest(10_000 + n, 'running', `h${n % 5}`)),
    });
    const assessment = assess(snapshot);
    const context = dependencyContext(snapshot, assessment);
    expect(impactsOf(context.graph, ['vmid:1'])[0]?.takesDown).toEqual([{ id: 'vmid:2', alone: true }]);
    const picture = mermaidOf(context, assessment);
    expect(picture.length).toBeLessThan(50_000);
    expect(dependencyTree(context, assessment).split('\n').length).toBeGreaterThan(3000);
  });
});

describe('the outputs of a run', () => {
  it('name what each critical failure takes down', () => {
    const text = outputs(five([1000, 1001])).get('critical-failure-summary.md') ?? '';
    expect(text).toMatch(/vmid:1000.*the guest is stopped/);
    expect(text).toMatch(/Effect: takes down chain:138 \(with other failures\)/);
    expect(outputs(five([1000])).get('critical-failure-summary.md')).toMatch(
      /Effect: weakens chain:138 \(0 to spare\)/,
    );
  });

  it('let nothing from outside act on a terminal, in Markdown, in Mermaid or in metrics', () => {
    const snapshot = snapshotOf({
      vantage: HOSTILE,
      estate: estateOf({
        name: HOSTILE,
        subjects: [
          subjectOf('vmid:1000', {
            vmid: 1000,
            name: HOSTILE,
            owner: HOSTILE,
            category: HOSTILE,
            address: HOSTILE,
            dependsOn: ['host:a'],
          }),
          subjectOf('host:a', { name: HOSTILE, role: HOSTILE }),
        ],
      }),
      observations: [
        observationOf({
          probe: 'pve-storage',
          subject: 'host:a',
          answer: { class: 'ok', facts: { storages: [{ name: HOSTILE }] }, checks: [] },
        }),
        observationOf({ answer: { class: 'timeout', detail: HOSTILE, facts: {}, checks: [] } }),
      ],
    });
    for (const [name, text] of outputs(snapshot)) {
      if (name.endsWith('.json')) continue;
      for (const line of text.split('\n')) {
        expect(hasHostile(line), name).toBe(false);
        expect(line, name).not.toMatch(/^# Heading/);
      }
      // What stands in a code fence is inert; elsewhere the mark is escaped.
      if (name.endsWith('.md'))
        expect(text.replace(/^```text[\s\S]*?^```/gm, ''), name).not.toMatch(/(?<!\\)<img/);
      expect(text.match(/^```/gm)?.length ?? 0, name).toBeOneOf([0, 4]);
    }
  });

  it('give metrics in the text format of Prometheus', () => {
    const snapshot = snapshotOf({
      estate: estateOf({ subjects: [subjectOf('vmid:1000', { name: 'a"b\\c' })] }),
    });
    const text = prometheusText(snapshot, assess(snapshot));
    expect(text).toContain('subject="vmid:1000",name="a\\"b\\\\c"');
    for (const line of text.trimEnd().split('\n'))
      expect(line).toMatch(
        /^(# (HELP|TYPE) c138_\w+ .+|c138_\w+(\{([a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*\})? -?\d+(\.\d+)?)$/,
      );
    expect(text).toContain('c138_discovery_exit_code{estate="test"} 0');
  });
});

describe('a pass over the simulated estate', () => {
  let snapshot: Snapshot;
  beforeAll(async () => {
    const demo = await startDemo({ scenario: 'validator-down' });
    try {
      const estate = await loadEstate(demo.configPath);
      ({ snapshot } = await discover(estate, { vantage: 'test', signal: new AbortController().signal }));
    } finally {
      await demo.stop();
    }
  }, 120_000);

  it('writes every output, and a matrix that reads back as the documents said', () => {
    const texts = outputs(snapshot);
    expect([...texts.keys()]).toEqual([...OUTPUT_NAMES]);
    const back = importNodeRoleMatrix(texts.get('node-role-matrix.md') ?? '', 'm.md', null);
    for (const subject of snapshot.estate.subjects.filter((one) => one.kind === 'vmid')) {
      const facts = back.facts.filter((one) => one.subject === subject.id);
      expect(facts.find((one) => one.field === 'name')?.value).toBe(subject.name);
      expect(facts.find((one) => one.field === 'owner')?.value).toBe('TBD');
      expect(facts.find((one) => one.field === 'preferredHost')?.value).toBe(subject.preferredHost);
    }
    expect(texts.get('dependency-tree.txt')).toMatch(/^host:r630-01/m);
    expect(texts.get('critical-failure-summary.md')).toMatch(/weakens chain:138/);
    expect(texts.get('service-state-map.md')).toMatch(/## Institutional and identity ledgers/);
  });
});

describe('retention', () => {
  const root = mkdtempSync(join(tmpdir(), 'c138-keep-'));
  afterAll(() => rmSync(root, { recursive: true }));
  const stamp = (n: number): string => `2026112${n}T000000.000Z`;
  const digest = 'ab'.repeat(32);

  it('removes the oldest beyond the count, never what evidence refers to, never anything else', async () => {
    const runs = join(root, 'runs');
    const evidence = join(root, 'evidence');
    for (const n of [0, 1, 2, 3, 4, 5]) mkdirSync(join(runs, stamp(n), 'snapshot'), { recursive: true });
    mkdirSync(join(runs, 'mine'));
    writeFileSync(join(runs, stamp(0), 'snapshot', 'SHA256SUMS'), `${digest}  raw/${digest}\n`);
    writeFileSync(join(runs, stamp(1), 'summary.md'), 'x');
    mkdirSync(join(evidence, 's1'), { recursive: true });
    writeFileSync(
      join(evidence, 's1', 'journal.jsonl'),
      `{"a":"0x${digest}","b":"/x/${stamp(2)}/summary.md"}\n`,
    );
    const kept = await retainRuns(runs, evidence, 2);
    expect(kept).toEqual({ removed: [stamp(3), stamp(1)], referred: [stamp(2), stamp(0)], refused: null });
    expect(readdirSync(runs).sort()).toEqual([stamp(0), stamp(2), stamp(4), stamp(5), 'mine']);
    expect((await retainRuns(runs, evidence, 0)).removed).toEqual([]);
  });

  it('removes nothing when a journal can not be read', async () => {
    const runs = join(root, 'runs2');
    for (const n of [0, 1]) mkdirSync(join(runs, stamp(n)), { recursive: true });
    const evidence = join(root, 'evidence2');
    mkdirSync(join(evidence, 's', 'journal.jsonl'), { recursive: true });
    const kept = await retainRuns(runs, evidence, 1);
    expect(kept.removed).toEqual([]);
    expect(kept.refused).toMatch(/journal\.jsonl can not be read/);
  });
});
