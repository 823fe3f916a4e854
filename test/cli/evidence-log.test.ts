import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TypedDataEncoder, verifyTypedData } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeBundle } from '../../src/evidence/outside/bundle.ts';
import type { RecordBody } from '../../src/model/index.ts';
import {
  ANNA,
  actorOf,
  BERT,
  confirmBody,
  type Made,
  put,
  sealedSession,
  startSession,
} from '../evidence/make.ts';
import { everyKind } from '../evidence/suites/every-kind.ts';
import { run } from './run.ts';

let folder = '';
let made: Made;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'c138-log-'));
  made = await sealedSession();
  await writeBundle(made.dir, join(folder, 'session.tar'));
});
afterAll(() => {
  made.clean();
  rmSync(folder, { recursive: true, force: true });
});

describe('c138 evidence log and record', () => {
  it('tell the same of a folder and of its bundle, one line a record', async () => {
    const [of, from] = [made.dir, join(folder, 'session.tar')];
    const log = await run(['evidence', 'log', of]);
    expect(log.code).toBe(0);
    expect(log.out.trim().split('\n')).toHaveLength(5);
    expect(log.out).toMatch(/ 2 {2}confirm {5}Anna: Step one: confirmed/);
    expect((await run(['evidence', 'log', from])).out).toBe(log.out);
    const json = JSON.parse((await run(['evidence', 'log', of, '--json'])).out) as { records: unknown[] };
    expect(json.records).toHaveLength(5);
  });

  it('give typed data that another library verifies, and nothing for a record that nobody signed', async () => {
    const file = join(folder, 'typed.json');
    const ran = await run(['evidence', 'record', made.dir, '2', '--typed-data', file, '--json']);
    const { signature, signer } = JSON.parse(ran.out) as { signature: string; signer: string };
    const { domain, types, message } = JSON.parse(readFileSync(file, 'utf8')) as {
      domain: object;
      types: Record<string, { name: string; type: string }[]>;
      message: Record<string, unknown>;
    };
    const { EIP712Domain: _domain, ...own } = types;
    expect(verifyTypedData(domain, own, message, signature).toLowerCase()).toBe(ANNA.address);
    expect(signer).toBe(ANNA.address);
    const machine = await run(['evidence', 'record', made.dir, '1']);
    expect([machine.code, machine.err]).toEqual([2, expect.stringMatching(/nobody signed/)]);
    expect((await run(['evidence', 'record', made.dir, '9'])).code).toBe(2);
    expect((await run(['evidence', 'log', folder])).code).toBe(2);
  });

  it('show nothing of a name that would hide or turn round what stands beside it', async () => {
    const hostile = { ...ANNA, person: 'an\u202ena\u200b' };
    const one = await startSession();
    try {
      const [step] = one.steps;
      if (step === undefined) throw new Error('no step');
      const { seq } = await put(one.journal, {
        ...confirmBody(one.journal, step),
        actor: actorOf(hostile),
      } as RecordBody);
      const shown = (await run(['evidence', 'record', one.dir, String(seq)])).out;
      expect(shown).toMatch(/^person +an/m);
      expect(shown).not.toMatch(/[\u202e\u200b]/);
    } finally {
      await one.journal.close();
      one.clean();
    }
  });

  it('and the report of a verification is for its owner alone, whatever the umask', async () => {
    const before = process.umask(0);
    try {
      const out = join(folder, 'report.md');
      await run(['evidence', 'verify', made.dir, '--report', out], { HOME: folder });
      expect((statSync(out).mode & 0o777).toString(8)).toBe('600');
    } finally {
      process.umask(before);
    }
  });

  it('give what a witness signed, and what the receiver of a handover did', async () => {
    const all = await everyKind();
    try {
      const log = JSON.parse((await run(['evidence', 'log', all.dir, '--json'])).out) as {
        records: readonly { seq: number; kind: string }[];
      };
      const recordOf = async (kind: string) => {
        const { seq } = log.records.find((one) => one.kind === kind) ?? { seq: -1 };
        return JSON.parse((await run(['evidence', 'record', all.dir, `${seq}`, '--json'])).out) as Told & {
          accept: Told;
        };
      };
      for (const told of [await recordOf('witness'), (await recordOf('handover')).accept]) {
        const { domain, types, primaryType, message } = told.typed_data;
        const { EIP712Domain: _domain, ...own } = types;
        expect(primaryType).toBe('OperatorWitness');
        expect(verifyTypedData(domain, own, message, told.signature).toLowerCase()).toBe(BERT.address);
        expect(TypedDataEncoder.hash(domain, own, message)).toBe(told.digest);
        expect(told.signer).toBe(BERT.address);
      }
      expect((await recordOf('handover')).signer).toBe(ANNA.address);
    } finally {
      all.clean();
    }
  });
});

interface Told {
  readonly signer: string;
  readonly signature: string;
  readonly digest: string;
  readonly typed_data: {
    readonly domain: object;
    readonly types: Record<string, { name: string; type: string }[]>;
    readonly primaryType: string;
    readonly message: Record<string, unknown>;
  };
}
