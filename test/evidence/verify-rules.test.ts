import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { JournalState } from '../../src/evidence/grammar.ts';
import { splitJournal } from '../../src/evidence/journal/tail.ts';
import { canonicalBytes, sha256Hex } from '../../src/evidence/record/canonical.ts';
import { encodeLine, lineHash, parseLine } from '../../src/evidence/record/line.ts';
import { parseBody } from '../../src/evidence/record/record.ts';
import { digestOf } from '../../src/evidence/record/typed-data.ts';
import type { TrustKey } from '../../src/evidence/trust/trust.ts';
import { verifyBytes, verifySession } from '../../src/evidence/verify/verify.ts';
import { readSession } from '../../src/evidence/verify/verify-read.ts';
import type { ConfirmBody, HandoverBody, RecordBody } from '../../src/model/record.ts';
import { keeping } from './keeping.ts';
import {
  ANNA,
  BERT,
  base,
  confirmBody,
  ESTATE,
  type Made,
  person,
  put,
  ROOT,
  runbook,
  runbookStep,
  sealBody,
  sealedSession,
  signDigest,
  startSession,
  trustBody,
  trustBytes,
  witnessOf,
} from './make.ts';
import { resumeAfter } from './suites/story.ts';
import { exitOfBoth } from './two-verifiers.ts';

/** Rules that both verifiers keep, on sessions that only a foreign program, or an earlier one of ours, would have written. */

const keep = keeping();

/** Appends these records, rightly signed by Anna, and a seal, as a program would that checks nothing of what they say. */
async function sealedElsewhere(one: Made, bodies: readonly RecordBody[]): Promise<void> {
  await one.journal.close();
  const path = join(one.dir, 'journal.jsonl');
  const state = new JournalState();
  for (const line of splitJournal(readFileSync(path)).lines)
    state.accept(parseBody(parseLine(line).bodyBytes), line, lineHash(line));
  const add = (said: RecordBody): void => {
    const body = { ...said, ...state.next(said.session) };
    const bytes = canonicalBytes(body);
    const sig = body.actor === null ? null : signDigest(ANNA, digestOf(body, bytes, ESTATE));
    const line = encodeLine(bytes, sig);
    state.accept(body, line, lineHash(line));
    appendFileSync(path, line);
  };
  for (const body of bodies) add(body);
  const seal = state.sealFields(runbook(one.steps), state.trustSha256 ?? '0x');
  const { session } = one.journal;
  add({ ...base({ session, next: state.next(session) }, ANNA), kind: 'seal', seal });
}

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
    expect(await exitOfBoth(one, { trust: one.trust })).toBe(code);
    const report = await verifySession(one.dir, { trust: one.trust });
    expect(report.openItems).toEqual(code === 0 ? [] : ['witness:remove']);
    if (code !== 0) expect(report.findings.at(-1)?.text).toMatch(/needs the approval of another person/);
  });
});

describe('a subject that the documents do not call deployed', () => {
  const steps = [runbookStep('p', { subject: 'vmid:6000' })];

  test.each(['planned', 'placeholder', 'retired'] as const)(
    'registered as %s is never confirmed',
    async (status) => {
      const one = keep(await startSession({ steps }));
      const step = { registered_status: status };
      const confirmed = confirmBody(one.journal, steps[0] as never, { step });
      await expect(put(one.journal, confirmed)).rejects.toThrow(`registered as ${status}`);
      await sealedElsewhere(one, [confirmed]);
      expect(await exitOfBoth(one, { trust: one.trust })).toBe(11);
      const { findings } = await verifySession(one.dir, { trust: one.trust });
      expect(findings).toMatchObject([
        { step: 'V11', text: expect.stringContaining(`registered as ${status}`) },
      ]);
    },
  );
});

describe('a run that was aborted', () => {
  const aborted = (one: Made): RecordBody => ({
    ...base(one.journal, ANNA),
    kind: 'event',
    event: { name: 'aborted', detail: { step: 'two', text: 'wrong node' } },
  });

  test('takes no answer any more, and no correction', async () => {
    const steps = [runbookStep('one'), runbookStep('two')];
    const answered = keep(await startSession({ steps }));
    await put(answered.journal, confirmBody(answered.journal, steps[0] as never));
    const two = confirmBody(answered.journal, steps[1] as never);
    await sealedElsewhere(answered, [aborted(answered), two]);
    expect(await exitOfBoth(answered, { trust: answered.trust })).toBe(11);
    expect((await verifySession(answered.dir, { trust: answered.trust })).findings).toMatchObject([
      { severity: 'warn', text: 'the run was aborted in record 2' },
      { severity: 'fail', text: 'record 3 answers step two, but the run was aborted in record 2' },
    ]);

    const corrected = keep(await startSession({ steps: steps.slice(0, 1) }));
    const first = await put(corrected.journal, confirmBody(corrected.journal, steps[0] as never));
    const { observations: _none, ...said } = confirmBody(corrected.journal, steps[0] as never) as ConfirmBody;
    const ref = { seq: first.seq, line_sha256: first.lineSha256 };
    await sealedElsewhere(corrected, [
      aborted(corrected),
      { ...said, kind: 'correction', ref, verdict: 'failed', note: 'was not so' },
    ]);
    expect(await exitOfBoth(corrected, { trust: corrected.trust })).toBe(11);
  });

  test('is told where the journal is still open, and is no fault by itself', async () => {
    const one = keep(await startSession({ steps: [runbookStep('one')] }));
    await put(one.journal, confirmBody(one.journal, one.steps[0] as never));
    await put(one.journal, aborted(one));
    const report = await verifySession(one.dir, { trust: one.trust });
    expect([report.exitCode, report.findings[0]?.text]).toEqual([10, 'the run was aborted in record 2']);
    await put(one.journal, sealBody(one.journal));
    await one.journal.close();
    expect(await exitOfBoth(one, { trust: one.trust })).toBe(0);
  });
});

describe('countersignatures', () => {
  const countersigned = (one: Made, name: string, bootId: string): void => {
    const lines = splitJournal(readFileSync(join(one.dir, 'journal.jsonl'))).lines;
    const ref = { seq: lines.length - 1, line_sha256: lineHash(lines.at(-1) as Uint8Array) };
    const { session } = one.journal;
    const witness = witnessOf(BERT, session, ref, { meaning: 'approved', boot_id: bootId });
    const file = { format: 'c138-countersign', v: 1, estate_id: ESTATE, session, ref, witness };
    writeFileSync(join(one.dir, name), Buffer.concat([canonicalBytes(file), Buffer.from('\n')]));
  };
  const approvers = () =>
    trustBytes(
      trustBody({
        keys: trustBody().keys.map((key) => ({
          ...key,
          roles: ['performer', 'witness', 'approver'] as const,
        })),
      }),
    );

  test('one beside a journal without a seal shows that the end was taken away', async () => {
    const one = keep(await sealedSession({ trust: await approvers() }));
    const pinned = { trust: one.trust };
    countersigned(one, 'countersign-bert.json', 'boot-2');
    expect(await exitOfBoth(one, pinned)).toBe(0);
    const path = join(one.dir, 'journal.jsonl');
    const { lines } = splitJournal(readFileSync(path));
    writeFileSync(path, Buffer.concat(lines.slice(0, -1)));
    expect(await exitOfBoth(one, pinned)).toBe(20);
    expect((await verifySession(one.dir, pinned)).findings.at(-1)?.text).toMatch(
      /was made over record 4 as the seal of this session/,
    );
  });

  test.each([
    ['boot-1', 'boot-2'],
    ['boot-2', 'boot-1'],
  ])('two by one person, on %s and %s: one from another machine is enough', async (first, second) => {
    const one = keep(await sealedSession({ trust: await approvers() }));
    const whole = await readSession(one.dir);
    countersigned(one, 'countersign-a.json', first);
    countersigned(one, 'countersign-b.json', second);
    // In the order of the names, whatever that of the folder is.
    const countersigns = new Map(
      ['countersign-a.json', 'countersign-b.json'].map((name) => [name, readFileSync(join(one.dir, name))]),
    );
    const report = await verifyBytes({ ...whole, countersigns }, { trust: one.trust });
    expect([report.exitCode, report.assurance]).toEqual([0, 'L2']);
  });
});

describe('a handover', () => {
  const carl = person('Carl', 0xc4);
  const known = trustBody();
  const trustOfThree = () =>
    trustBytes({
      ...known,
      people: [...known.people, { person: carl.person, name: carl.name, org: 'test' }],
      keys: [
        ...known.keys,
        { ...(known.keys[0] as TrustKey), address: carl.address, pubkey: carl.pubkey, person: carl.person },
      ],
    });
  const handover = (one: Made, to: HandoverBody['to'], accepted: boolean): RecordBody => {
    const { seq, prev } = one.journal.next;
    const ref = { seq: seq - 1, line_sha256: prev };
    const accept = accepted ? witnessOf(carl, one.journal.session, ref, { meaning: 'accepted' }) : null;
    return { ...base(one.journal, ANNA), kind: 'handover', to, accept, note: '' };
  };

  test('is accepted by the person whom it names, not only with the key', async () => {
    const trust = await trustOfThree();
    const one = keep(await startSession({ trust, steps: [runbookStep('one')] }));
    const to = { person: BERT.person, name: BERT.name, address: carl.address };
    await expect(put(one.journal, handover(one, to, true))).rejects.toThrow(/not accepted by the one who/);
    await sealedElsewhere(one, [handover(one, to, true)]);
    expect(await exitOfBoth(one, { trust })).toBe(20);
  });

  test('goes to a key of that person, accepted or not', async () => {
    const trust = await trustOfThree();
    for (const [to, code] of [
      [{ person: BERT.person, name: BERT.name, address: carl.address }, 30],
      [{ person: carl.person, name: 'Carla', address: carl.address }, 30],
      [{ person: carl.person, name: carl.name, address: carl.address }, 10],
    ] as const) {
      const one = keep(await startSession({ trust }));
      await put(one.journal, handover(one, to, false));
      expect(await exitOfBoth(one, { trust })).toBe(code);
    }
  });
});

test('a pinned trust store that expired before a record was signed is told', async () => {
  const one = keep(await sealedSession());
  const body = { version: 2, prev_sha256: sha256Hex(one.trust), expires: '2026-02-01T00:00:00.000Z' };
  const report = await verifySession(one.dir, { trust: await trustBytes(trustBody(body)) });
  expect([report.exitCode, report.findings]).toMatchObject([
    0,
    [
      {
        step: 'V6',
        severity: 'warn',
        text: expect.stringMatching(/expired at 2026-02-01.*before record 0 was/),
      },
    ],
  ]);
});
