import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { JournalState } from '../../src/evidence/grammar.ts';
import { lineHash, parseLine } from '../../src/evidence/record/line.ts';
import { parseBody } from '../../src/evidence/record/record.ts';
import { DigestList } from '../../src/evidence/verify/record-list.ts';
import { SlimRecords } from '../../src/evidence/verify/slim.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { RecordBody } from '../../src/model/record.ts';
import type { Made } from './make.ts';
import { everyKind } from './suites/every-kind.ts';
import { linesOf } from './suites/mutations.ts';

let made: Made;
beforeAll(async () => {
  made = await everyKind();
});
afterAll(() => made.clean());

test('a checker keeps of every kind of record what the rules look at, as the writer has it', () => {
  const whole = new JournalState();
  const slim = new JournalState(new SlimRecords());
  for (const text of linesOf(made)) {
    const line = Buffer.from(text);
    const body = parseBody(parseLine(line).bodyBytes);
    for (const state of [whole, slim]) {
      state.check(body);
      state.accept(body, line, lineHash(line));
    }
  }
  const facts = (state: JournalState) =>
    [...state.bodies].map((body) => ({
      kind: body.kind,
      seq: body.seq,
      at: body.at,
      actor: body.actor,
      boot: body.clock.boot_id,
      step: 'step' in body && body.step !== null && typeof body.step === 'object' ? body.step.id : null,
      verdict: 'verdict' in body ? body.verdict : null,
      claims: 'claims' in body ? body.claims : null,
      ref: 'ref' in body ? body.ref : null,
      to: body.kind === 'handover' ? [body.to, body.accept] : null,
      store: body.kind === 'resume' ? body.resume : null,
      checkpoint: body.kind === 'checkpoint' ? body.checkpoint : null,
    }));
  expect(facts(slim)).toEqual(facts(whole));
  expect([...slim.answers.keys()]).toEqual([...whole.answers.keys()]);
  expect([...slim.evidence.keys()]).toEqual([...whole.evidence.keys()]);
  expect(slim.bodies.at(-1)?.seq).toBe(whole.bodies.length - 1);
  expect(slim.bodies.at(whole.bodies.length)).toBeUndefined();
});

describe('a journal of checkpoints that nobody signed', () => {
  let first: RecordBody;
  beforeAll(() => {
    first = parseBody(parseLine(Buffer.from(linesOf(made)[0] ?? '')).bodyBytes);
  });
  const checkpoint = (seq: number, header: JsonObject): RecordBody => {
    const { v, session, at, clock, actor, prev } = first;
    return {
      ...{ v, session, at, clock, actor, prev, seq },
      kind: 'checkpoint',
      checkpoint: { size: seq, root: `0x${'00'.repeat(32)}`, text: '', chain_header: header },
    } as RecordBody;
  };
  const headerOf = (slim: SlimRecords, seq: number) => {
    const body = slim.at(seq);
    return body?.kind === 'checkpoint' ? body.checkpoint.chain_header : undefined;
  };

  test('ends with a message when those that differ are too much to keep', () => {
    const slim = new SlimRecords();
    const long = 'ab'.repeat(30_000);
    let pushed = 0;
    const push = () => {
      for (; pushed < 2_000; pushed += 1) slim.push(checkpoint(pushed, { rlp: `0x${pushed}${long}` }));
    };
    expect(push).toThrow(
      expect.objectContaining({ exitCode: 50, message: expect.stringMatching(/67108864/) }),
    );
    expect(pushed).toBeGreaterThan(1_000);
    expect(headerOf(slim, 1_000)).toEqual({ rlp: `0x1000${long}` });
  });

  test('may hold the same again and again', () => {
    const slim = new SlimRecords();
    const same = checkpoint(0, { rlp: `0x${'ab'.repeat(30_000)}` });
    for (let count = 0; count < 2_000; count += 1) slim.push(same);
    expect(slim.length).toBe(2_000);
  });

  test('costs nothing by headers of another form, of which no rule reads anything', () => {
    const slim = new SlimRecords();
    const lists = Array.from({ length: 20_000 }, () => []);
    for (let seq = 0; seq < 2_000; seq += 1) slim.push(checkpoint(1, { n: seq, x: lists }));
    expect(headerOf(slim, 1_999)).toEqual({});
  });
});

test('digests come back as they went in, over the edge of a page, and nothing beyond the last', () => {
  const list = new DigestList();
  const of = (number: number) => `0x${number.toString(16).padStart(64, '0')}` as const;
  for (let number = 0; number < 9_000; number += 1) list.push(of(number));
  expect([0, 4_095, 4_096, 8_191, 8_192, 8_999].map((at) => list.at(at))).toEqual(
    [0, 4_095, 4_096, 8_191, 8_192, 8_999].map(of),
  );
  expect([list.at(-1), list.at(-9_000), list.at(9_000), list.at(-9_001), list.length]).toEqual([
    of(8_999),
    of(0),
    undefined,
    undefined,
    9_000,
  ]);
});
