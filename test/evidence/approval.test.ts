import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readRequest, toFile, toPaste, type WitnessAnswer } from '../../src/evidence/exchange.ts';
import type { LineRef } from '../../src/model/index.ts';
import { meaningWanted, readSessionRecords, witnessRequest } from '../../src/state/runs/witness.ts';
import { run } from '../cli/run.ts';
import { BERT, confirmBody, ESTATE, type Made, put, runbookStep, startSession, witnessOf } from './make.ts';

let one: Made;
let home = '';
const refs: LineRef[] = [];

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'c138-approval-'));
  const steps = [runbookStep('look', { witness: true }), runbookStep('remove', { approval: true })];
  one = await startSession({ steps });
  for (const step of steps) {
    const { seq, lineSha256 } = await put(one.journal, confirmBody(one.journal, step));
    refs.push({ seq, line_sha256: lineSha256 });
  }
  await one.journal.close();
  writeFileSync(join(home, 'trust.json'), one.trust);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

it('the request for an answer says "approved" where the step asks for an approval, and nothing else does', async () => {
  const { records, runbook } = await readSessionRecords(one.dir);
  const asked = await Promise.all(
    refs.map(({ seq }) => witnessRequest(one.dir, seq, meaningWanted(runbook, records[seq]))),
  );
  expect(asked.map(({ meaning }) => meaning)).toEqual([undefined, 'approved']);
  for (const request of asked)
    for (const form of [toPaste(request), Buffer.from(toFile(request)).toString()])
      expect(readRequest(form).request).toEqual(request);
  expect(meaningWanted(runbook, records[0])).toBe('witnessed');
});

it('no request makes a signature take over a run', async () => {
  const request = await witnessRequest(one.dir, 1, 'accepted' as never);
  expect(() => readRequest(toPaste(request))).toThrow(/not a witness request/);
});

it('an answer that is no approval is told when it is taken in, and the same person may approve afterwards', async () => {
  const take = async (meaning: 'witnessed' | 'approved') => {
    const { session } = await witnessRequest(one.dir, 0);
    const [, ref = { seq: 0, line_sha256: '0x' }] = refs;
    const answer: WitnessAnswer = {
      format: 'c138-witness-answer',
      v: 1,
      estate_id: ESTATE,
      session,
      ref,
      witness: witnessOf(BERT, session, ref, { meaning }),
    };
    const path = join(home, 'answer.json');
    writeFileSync(path, toFile(answer));
    return run(['evidence', 'witness', 'take', one.dir, path, '--trust', join(home, 'trust.json')], {
      HOME: home,
    });
  };
  const first = await take('witnessed');
  expect([first.code, first.err], first.err).toEqual([
    0,
    expect.stringMatching(/still waits for an approval.*--meaning approved/),
  ]);
  const second = await take('approved');
  expect([second.code, second.err]).toEqual([0, expect.not.stringMatching(/waits/)]);
  expect(readFileSync(join(one.dir, 'journal.jsonl'), 'utf8').match(/"kind":"witness"/g)).toHaveLength(2);
});
