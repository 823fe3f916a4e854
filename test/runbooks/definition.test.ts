import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import schema from '../../schemas/runbook.schema.json' with { type: 'json' };
import { compileRunbook, lintRunbook } from '../../src/runbooks/index.ts';

const STEP = { id: 'one', title: 'One {{where}}', instructions: 'Do it.', expected: 'done' };
const BACK = { id: 'back', title: 'Back', instructions: 'Undo it.', expected: 'undone', back_out: 'undo' };
const LEADS = { id: 'first', title: 'First', instructions: 'x', expected: 'y' };
const BOOK = {
  v: 1,
  id: 'test',
  version: '1.0.0',
  title: 'Test',
  origin: 'operator',
  variables: [{ name: 'where', title: 'Where to', default: 'here' }],
};
const GATE = {
  subject: 'vmid:1000',
  expect: ['ok'],
  probe: 'besu-head',
  match: [{ fact: 'peers', at_least: 1 }],
};

/** Another value for each key of the schema. What is not listed here is a key that nobody tries. */
const OTHER: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  runbook: {
    v: null,
    id: 'other',
    version: '1.0.1',
    title: 'Other',
    origin: 'bundled-default',
    references: ['somewhere'],
    roles: ['performer', 'approver'],
    window_minutes: 90,
    variables: [{ name: 'where', title: 'Where from', default: 'here' }],
    steps: null,
  },
  step: {
    id: 'two',
    title: 'Two {{where}}',
    mode: 'read-do',
    instructions: 'Do that.',
    subject: 'vmid:1000',
    expected: 'made',
    gates: [GATE],
    verdicts: ['confirmed'],
    command: './it.sh',
    expect_exit: 3,
    optional: true,
    critical: true,
    witness: true,
    approval: true,
    pause: true,
    back_out: 'undo',
    budget_minutes: 7,
    on_failure: { action: 'abort' },
  },
  gate: {
    subject: 'vmid:1001',
    probe: 'besu-identity',
    expect: ['degraded'],
    match: [{ fact: 'peers', at_least: 2 }],
  },
  match: { fact: 'other', equals: 1, at_least: 3, at_most: 3 },
  variable: { name: 'place', title: 'Which place', pattern: '[a-z]+', default: 'there' },
};

function bookOf(change: { book?: object; step?: object; gate?: object; match?: object }): string {
  const match = { fact: 'peers', at_least: 1, ...change.match };
  const gates =
    'gate' in change || 'match' in change ? { gates: [{ ...GATE, match: [match], ...change.gate }] } : {};
  const step = { ...STEP, ...gates, ...change.step };
  const leads = { ...LEADS, on_failure: { action: 'back-out', step: 'back' } };
  return stringify({ ...BOOK, steps: [leads, step, BACK], ...change.book });
}
const bytes = (text: string): string => Buffer.from(compileRunbook(text, 't', {}).bytes).toString('utf8');

const steps = schema.definitions.step.properties;
const keys = (part: object): readonly string[] => Object.keys(part);

describe('the published schema', () => {
  it('has no key that the compiler does not read, and the compiler none that is not in it', () => {
    expect([...keys(OTHER.runbook ?? {})].sort()).toEqual([...keys(schema.properties)].sort());
    expect([...keys(OTHER.step ?? {})].sort()).toEqual([...keys(steps)].sort());
    expect([...keys(OTHER.gate ?? {})].sort()).toEqual([...keys(steps.gates.items.properties)].sort());
    expect([...keys(OTHER.match ?? {})].sort()).toEqual(
      [...keys(steps.gates.items.properties.match.items.properties)].sort(),
    );
    expect([...keys(OTHER.variable ?? {})].sort()).toEqual(
      [...keys(schema.definitions.variable.properties)].sort(),
    );
    const plain = bytes(bookOf({}));
    for (const [key, value] of Object.entries(OTHER.runbook ?? {}))
      if (value !== null) expect(bytes(bookOf({ book: { [key]: value } })), key).not.toBe(plain);
    for (const [key, value] of Object.entries(OTHER.step ?? {}))
      expect(bytes(bookOf({ step: { [key]: value } })), key).not.toBe(plain);
    const gated = bytes(bookOf({ gate: {} }));
    for (const [key, value] of Object.entries(OTHER.gate ?? {}))
      expect(bytes(bookOf({ gate: { [key]: value } })), key).not.toBe(gated);
    expect(bytes(bookOf({ match: { fact: 'other' } }))).not.toBe(gated);
    for (const key of ['equals', 'at_most'])
      expect(bytes(bookOf({ match: { at_least: undefined, [key]: 1 } })), key).not.toBe(gated);
  });

  it('is what the page about runbooks tells of', () => {
    const page = readFileSync(resolve(import.meta.dirname, '../../docs/runbooks.md'), 'utf8');
    for (const key of [...keys(steps), 'window_minutes', 'variables']) expect(page, key).toContain(key);
  });
});

describe('lint', () => {
  const lines = (text: string): readonly string[] => lintRunbook(text, 'f.yaml').map((one) => one.describe());

  it('names every fault at once, in the order of the file, by line and column, in words', () => {
    const text = `v: 1
id: Test
version: 1.0
title: Test
origin: mine
steps:
  - id: one
    titel: One
    instructions: x
    mode: readdo
    budget_minutes: 0
    critical: maybe
    gates:
      - subject: "vm:1"
        expect: [fine]
        match: [{ fact: a, equals: 1, at_most: 2 }]
`;
    const found = lines(text);
    expect(found.map((one) => one.split(':').slice(1, 3).join(':'))).toEqual(
      '2:5 3:10 5:9 7:5 7:5 8:12 10:11 11:21 12:15 14:18 15:18 16:17'.split(' '),
    );
    const all = found.join('\n');
    for (const words of [
      'id: "Test" does not fit: Lower-case letters',
      'version: must be a text',
      'origin: "mine" is not among bundled-default, operator',
      'step "one": "title" is missing',
      'step "one": there is no key "titel" here; there are: id, title,',
      'step "one", mode: "readdo" is not among read-do, do-confirm, challenge-response',
      'step "one", budget_minutes: must be at least 1',
      'step "one", critical: must be true or false',
      'step "one", gate 1, subject: "vm:1" does not fit: kind:name',
      'step "one", gate 1, expect 1: "fine" is not among',
      'exactly one of equals, at_least and at_most',
    ])
      expect(all).toContain(words);
    expect(all).not.toMatch(/must NOT|allowed values|instancePath|\/steps/);
  });

  it('names what a schema can not say as well, all of it', () => {
    const found = lines(`v: 1
id: test
version: 1.0.0
title: "T\\u202est {{gone}}"
origin: operator
references: ["a\\u0007b"]
variables: [{ name: unused, title: U }]
steps:
  - { id: one, title: One, instructions: x, expected: y, on_failure: { action: back-out } }
  - { id: one, title: Two, instructions: x, expected: y, on_failure: { action: back-out, step: nowhere } }
  - { id: back, title: Back, instructions: x, expected: y, back_out: undo }
`);
    expect(found.map((one) => one.replace('f.yaml:', ''))).toEqual([
      '4:8: title holds invisible or control characters',
      '4:8: {{gone}} is no variable of this runbook: name it under "variables"',
      '6:14: reference holds invisible or control characters',
      '7:21: the variable "unused" is never used',
      expect.stringMatching(/^9:\d+: back-out needs the step to go to/),
      '10:11: the step id "one" is used twice',
      expect.stringMatching(/^10:\d+: there is no step "nowhere"/),
      expect.stringMatching(/^11:\d+: no failure leads to the back-out branch "undo"/),
    ]);
  });

  it.each([
    ['steps: [', 1],
    ['a: 1\na: 2\n', 2],
    ['\tx: 1\n', 1],
    ['', 1],
    ['just words', 1],
    ['a: *nobody\n', 1],
  ])('says where %j is no YAML or no runbook', (text, line) => {
    expect(lintRunbook(text, 'f.yaml')[0]?.line).toBe(line);
    expect(lines(text)[0]).not.toMatch(/undefined|\[object/);
  });

  it('finds nothing in a definition that can be used', () => {
    expect(lines(bookOf({}))).toEqual([]);
  });
});

describe('limits that keep a session sealable', () => {
  const many = (count: number): string =>
    stringify({ ...BOOK, steps: Array.from({ length: count }, (_, at) => ({ ...STEP, id: `s${at}` })) });

  it('at most 300 steps, and the fault names file and line', () => {
    expect(lintRunbook(many(300), 'book.yaml')).toEqual([]);
    const text = many(301);
    const line = text.split('\n').indexOf('steps:') + 2;
    expect(lintRunbook(text, 'book.yaml').map((fault) => fault.describe())).toEqual([
      expect.stringMatching(new RegExp(`book\\.yaml:${line}:\\d+: steps: holds more than 300`)),
    ]);
  });

  it('the id of a step has at most 64 characters', () => {
    const withId = (id: string) => lintRunbook(stringify({ ...BOOK, steps: [{ ...STEP, id }] }), 'book.yaml');
    expect(withId('a'.repeat(64))).toEqual([]);
    expect(withId('a'.repeat(65)).map((fault) => fault.describe())).toEqual([
      expect.stringMatching(/book\.yaml:\d+:\d+: .*at most 64/),
    ]);
  });
});
