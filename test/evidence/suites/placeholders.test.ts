import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { JournalState } from '../../../src/evidence/grammar.ts';
import { journalInMemory } from '../../../src/evidence/journal/journal-bytes.ts';
import { parseRunbookBytes } from '../../../src/evidence/journal/runbook-bytes.ts';
import { splitJournal } from '../../../src/evidence/journal/tail.ts';
import { canonicalBytes } from '../../../src/evidence/record/canonical.ts';
import { encodeLine, lineHash, parseLine } from '../../../src/evidence/record/line.ts';
import { parseBody } from '../../../src/evidence/record/record.ts';
import { digestOf } from '../../../src/evidence/record/typed-data.ts';
import { verifyBytes } from '../../../src/evidence/verify/verify.ts';
import { readSession } from '../../../src/evidence/verify/verify-read.ts';
import type { RecordBody } from '../../../src/model/record.ts';
import { type GateState, offered } from '../../../src/runbooks/index.ts';
import {
  ANNA,
  base,
  confirmBody,
  ESTATE,
  observation,
  put,
  runbookStep,
  signDigest,
  startSession,
} from '../make.ts';

/** The placeholders of the plan: Fabric, Indy, the retired FireFly (estate-facts, Hyperledger). */
const PLACEHOLDERS = [6000, 6001, 6002, 6400, 6401, 6402, 6201];
const GATES: readonly GateState[] = ['none', 'not-run', 'holds', 'fails', 'unknown'];
const VERDICTS = ['confirmed', 'failed', 'skipped', 'deviated', 'not_applicable', 'still_planned'] as const;

describe('T12: nothing calls a placeholder deployed', () => {
  test.each(PLACEHOLDERS)('%i: not in the engine, not in the journal, not for the verifier', async (vmid) => {
    const subject = `vmid:${vmid}` as const;
    const registered = vmid === 6201 ? 'retired' : 'placeholder';
    const step = runbookStep('p', { subject });
    let tried = 0;

    for (const gate of GATES) {
      expect(offered(step, gate, registered).verdicts).not.toContain('confirmed');
      tried += 1;
    }

    const one = await startSession({ steps: [step] });
    const { journal } = one;
    const seen = observation({ subject });
    await put(journal, { ...base(journal, null), kind: 'probe', step: 'p', observations: [seen] });
    for (const verdict of VERDICTS)
      for (const [evidence, observations] of [
        [[], []],
        [[1], []],
        [[2], [seen]],
        [[1, 2], [seen]],
      ] as const) {
        const claims = [{ subject, state: 'deployed' as const, evidence: [...evidence] }];
        const status = { registered_status: registered } as const;
        const body = confirmBody(journal, step, {
          verdict,
          note: 'said so',
          claims,
          observations,
          step: status,
        });
        // The journal of this program does not take it.
        await expect(put(journal, body)).rejects.toThrow();
        tried += 1;
        const [exit, why] = await forged(one.dir, body, one.trust);
        expect(exit).toBe(11);
        expect(why).toMatch(/deployed|placeholder|retired/);
      }
    await journal.close();
    one.clean();
    console.log(`T12: vmid ${vmid}, ${tried} ways, none taken`);
  });
});

/** Verdict on the session with a rightly signed record, sealed rightly by a program that checks nothing of what it says. */
async function forged(dir: string, body: RecordBody, trust: Uint8Array): Promise<readonly [number, string]> {
  const session = await readSession(dir);
  const runbook = parseRunbookBytes(session.runbook);
  const state = new JournalState();
  const lines: Uint8Array[] = [];
  const add = (line: Uint8Array, one: RecordBody): void => {
    lines.push(line);
    state.accept(one, line, lineHash(line));
  };
  const sign = (one: RecordBody): void => {
    const bytes = canonicalBytes(one);
    add(encodeLine(bytes, signDigest(ANNA, digestOf(one, bytes, ESTATE))), one);
  };
  for (const line of splitJournal(readFileSync(join(dir, 'journal.jsonl'))).lines)
    add(line, parseBody(parseLine(line).bodyBytes));
  sign(body);
  const at = { session: body.session, next: state.next(body.session) };
  sign({ ...base(at, ANNA), kind: 'seal', seal: state.sealFields(runbook, state.trustSha256 ?? '0x') });
  const journal = journalInMemory(Buffer.concat(lines));
  const report = await verifyBytes({ ...session, journal }, { trust });
  return [report.exitCode, report.findings.map((one) => one.text).join('\n')];
}
