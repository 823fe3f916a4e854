import { afterEach, describe, expect, test } from 'vitest';
import { sha256Hex } from '../../src/evidence/record/canonical.ts';
import { verifySession } from '../../src/evidence/verify/verify.ts';
import {
  ANNA,
  BERT,
  base,
  confirmBody,
  type Made,
  put,
  ROOT,
  runbookStep,
  sealBody,
  startSession,
  trustBody,
  trustBytes,
  witnessOf,
} from './make.ts';
import { resumeAfter } from './suites/story.ts';
import { exitOfBoth } from './two-verifiers.ts';

/** Rules that both verifiers keep, on sessions that only a foreign program, or an earlier one of ours, would have written. */

const made: Made[] = [];
function keep(one: Made): Made {
  made.push(one);
  return one;
}
afterEach(async () => {
  for (const one of made.splice(0)) {
    await one.journal.close();
    one.clean();
  }
});

describe('trust stores of one session', () => {
  const revoked = {
    at: '2026-05-01T00:00:00.000Z',
    reason: 'stolen',
    untrusted_since: '2026-05-01T00:00:00.000Z',
  };

  /** Opened under the first store, gone on with under the second, and sealed. */
  async function underBoth(first: Uint8Array, second: Uint8Array): Promise<Made> {
    const one = keep(await startSession({ trust: first }));
    const { journal } = one;
    await put(journal, resumeAfter(journal, null, false, await journal.putTrust(second)));
    for (const step of one.steps) await put(journal, confirmBody(journal, step));
    await put(journal, sealBody(journal));
    await journal.close();
    return one;
  }

  test('a later one never goes back to a version from before a key was revoked', async () => {
    const before = await trustBytes();
    const { keys } = trustBody();
    const after = await trustBytes(
      trustBody({
        version: 2,
        prev_sha256: sha256Hex(before),
        keys: keys.map((key) => (key.address === ANNA.address ? { ...key, revoked } : key)),
      }),
    );
    const back = await underBoth(after, before);
    expect(await exitOfBoth(back, { root: ROOT.address })).toBe(31);
    expect((await verifySession(back.dir, { root: ROOT.address })).findings.at(-1)?.text).toMatch(
      /record 1 goes back to version 1 of the trust store, from version 2/,
    );
    expect(await exitOfBoth(await underBoth(before, after), { root: ROOT.address })).toBe(30);
  });

  test('a later one is of a higher version, or the same to the byte', async () => {
    const one = await trustBytes();
    const twin = await trustBytes(trustBody({ expires: '2028-01-01T00:00:00.000Z' }));
    const next = await trustBytes(trustBody({ version: 2, prev_sha256: sha256Hex(one) }));
    const pinned = { root: ROOT.address };
    expect(await exitOfBoth(await underBoth(one, twin), pinned)).toBe(31);
    expect(await exitOfBoth(await underBoth(one, one), pinned)).toBe(0);
    expect(await exitOfBoth(await underBoth(one, next), pinned)).toBe(0);
  });
});

describe('a step that asks for approval', () => {
  const steps = [runbookStep('remove', { approval: true })];

  test.each([
    ['witnessed', 11],
    ['reviewed', 11],
    ['approved', 0],
  ] as const)('signed by another person as "%s" ends with %i', async (meaning, code) => {
    const one = keep(await startSession({ steps }));
    const { journal } = one;
    const { seq, lineSha256 } = await put(journal, confirmBody(journal, steps[0] as never));
    const ref = { seq, line_sha256: lineSha256 };
    const witness = witnessOf(BERT, journal.session, ref, { meaning });
    await put(journal, { ...base(journal, null), kind: 'witness', ref, witness });
    await put(journal, sealBody(journal));
    await journal.close();
    expect(await exitOfBoth(one, one)).toBe(code);
    const report = await verifySession(one.dir, one);
    expect(report.openItems).toEqual(code === 0 ? [] : ['witness:remove']);
    if (code !== 0) expect(report.findings.at(-1)?.text).toMatch(/needs the approval of another person/);
  });
});
