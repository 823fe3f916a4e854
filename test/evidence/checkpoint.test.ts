import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  checkpointCode,
  checkpointText,
  parseCheckpoint,
  parseCheckpointCode,
} from '../../src/evidence/checkpoint.ts';
import { verifySession } from '../../src/evidence/verify/verify.ts';
import type { Hex } from '../../src/model/json.ts';
import { base, confirmBody, type Made, put, runbookStep, sealBody, startSession } from './make.ts';

let made: Made;
let noted = { session: '0x' as Hex, size: 0, root: '0x' as Hex };
beforeAll(async () => {
  made = await startSession({ steps: [runbookStep('one'), runbookStep('two')] });
  const { journal } = made;
  await put(journal, confirmBody(journal, runbookStep('one')));
  noted = { session: journal.session, size: journal.next.seq, root: journal.state.merkleRoot };
  await put(journal, {
    ...base(journal, null),
    kind: 'checkpoint',
    checkpoint: { size: noted.size, root: noted.root, text: 'pause point one', chain_header: null },
  });
  await put(journal, confirmBody(journal, runbookStep('two')));
  await put(journal, sealBody(journal));
  await journal.close();
});
afterAll(() => made.clean());

const verify = async (checkpoint: object) => {
  const found = await verifySession(made.dir, { trust: made.trust, checkpoint: checkpoint as typeof noted });
  return { exitCode: found.exitCode, text: found.findings.map((one) => one.text).join('\n') };
};

describe('a checkpoint that somebody noted', () => {
  it('is three lines that read back, and eight characters', () => {
    const text = checkpointText(noted);
    expect(text.split('\n')).toHaveLength(4);
    expect(parseCheckpoint(text)).toEqual(noted);
    expect(parseCheckpoint(text.replaceAll('\n', '\r\n'))).toEqual(noted);
    for (const bad of [
      text.slice(1),
      text.replace('\n2\n', '\n02\n'),
      `${text}x`,
      '',
      text.replace(/.=\n$/, '==\n'),
    ])
      expect(parseCheckpoint(bad), bad).toBeNull();
    const code = checkpointCode(noted);
    expect(parseCheckpointCode(` ${code.toLowerCase()} `)).toBe(code);
    expect(parseCheckpointCode('ABCD-EFG1')).toBeNull();
  });

  it('is found again in the whole journal, by its lines and by its code', async () => {
    expect(await verify(noted)).toMatchObject({
      exitCode: 0,
      text: expect.stringContaining('first 2 records'),
    });
    expect(await verify({ code: checkpointCode(noted) })).toMatchObject({ exitCode: 0 });
  });

  it('of other records, another session, or under another code is refused', async () => {
    expect((await verify({ ...noted, root: `0x${'12'.repeat(32)}` })).exitCode).toBe(20);
    expect((await verify({ ...noted, session: `0x${'12'.repeat(32)}` })).exitCode).toBe(20);
    expect((await verify({ code: 'ABCD-EFGH' })).text).toContain('no checkpoint in this journal');
  });

  it('shows that the end was cut off, which the file alone can not', async () => {
    const path = join(made.dir, 'journal.jsonl');
    const whole = readFileSync(path);
    const first = whole.subarray(0, whole.indexOf(10) + 1);
    try {
      writeFileSync(path, first);
      expect((await verifySession(made.dir, { trust: made.trust })).exitCode).toBe(10);
      expect(await verify(noted)).toMatchObject({ exitCode: 20, text: expect.stringContaining('CUT OFF') });
      expect((await verify({ code: checkpointCode(noted) })).exitCode).toBe(20);
    } finally {
      writeFileSync(path, whole);
    }
  });

  it('that does not match its own journal is refused by the writer', async () => {
    const other = await startSession();
    const body = {
      ...base(other.journal, null),
      kind: 'checkpoint' as const,
      checkpoint: { size: 1, root: noted.root, text: '', chain_header: null },
    };
    await expect(put(other.journal, body)).rejects.toThrow(/does not match the lines before it/);
    await other.journal.close();
    other.clean();
  });
});
