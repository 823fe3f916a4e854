import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyTypedData } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeBundle } from '../../src/evidence/outside/bundle.ts';
import { ANNA, type Made, sealedSession } from '../evidence/make.ts';
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
});
