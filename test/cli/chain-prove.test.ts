import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { computeAddress, SigningKey } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildSealedBlock } from '../../src/chain/index.ts';
import { digestOfTyped, trustTypedData } from '../../src/evidence/record/typed-data.ts';
import { createTrust, throwAwayTrust } from '../../src/evidence/trust/trust.ts';
import type { Hex } from '../../src/model/index.ts';
import { run } from './run.ts';

const keys = ['11', '22', '33', '44'].map((byte) => `0x${byte.repeat(32)}`);
const validators = keys.map((key) => computeAddress(key).toLowerCase()).sort();
const block = (sealers: readonly string[]) =>
  buildSealedBlock({
    number: 77,
    parentHash: `0x${'ab'.repeat(32)}`,
    timestamp: 1_700_000_000,
    validators,
    round: 0,
    proposer: validators[1] ?? '',
    sealers,
  });

let folder = '';
const put = (name: string, value: unknown): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
};
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'c138-prove-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('chain prove', () => {
  it('is 0 with the validators pinned, 3 with nothing pinned, 1 with too few seals or another set', async () => {
    const good = put('good.json', { jsonrpc: '2.0', id: 1, result: block(keys) });
    const pinned = ['--validators', validators.join(',').toUpperCase().replaceAll('0X', '0x')];
    expect(await run(['chain', 'prove', good, ...pinned])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^block 77: proven\n/),
    });
    const unpinned = await run(['chain', 'prove', good]);
    expect(unpinned.code).toBe(3);
    expect(unpinned.out).toMatch(/Pin them with --validators or --trust/);
    expect((await run(['chain', 'prove', put('few.json', block(keys.slice(0, 2))), ...pinned])).code).toBe(1);
    const others = ['--validators', validators.slice(1).join(',')];
    expect((await run(['chain', 'prove', good, ...others])).code).toBe(1);
    const json = await run(['chain', 'prove', good, '--json']);
    expect(JSON.parse(json.out)).toMatchObject({
      format: 'c138-chain-proof',
      pinned: false,
      results: [{ verdict: 'self-consistent' }],
    });
  });

  it('takes the worst of several blocks', async () => {
    const both = put('both.json', [block(keys), { ...block(keys), gasUsed: '0x1' }]);
    expect((await run(['chain', 'prove', both, '--validators', validators.join(',')])).code).toBe(1);
  });

  it('takes the set from a trust store, from the block on that it names', async () => {
    const key = new SigningKey(`0x${'55'.repeat(32)}`);
    const address = computeAddress(key).toLowerCase() as Hex;
    const store = async (fromBlock: number) => {
      const body = {
        ...throwAwayTrust({ address, pubkey: key.publicKey as Hex }, 'demo:0000000000000000', new Date()),
        chain: {
          genesis_hash: `0x${'00'.repeat(32)}` as Hex,
          validators: validators as Hex[],
          from_block: fromBlock,
        },
      };
      const bytes = await createTrust(body, [
        async (bodyBytes) => ({
          address,
          sig: key.sign(digestOfTyped(trustTypedData(body, bodyBytes))).serialized as Hex,
        }),
      ]);
      return put(`trust-${fromBlock}.json`, Buffer.from(bytes).toString());
    };
    const good = put('good2.json', block(keys));
    expect((await run(['chain', 'prove', good, '--trust', await store(0)])).code).toBe(0);
    const late = await run(['chain', 'prove', good, '--trust', await store(78)]);
    expect(late.code).toBe(1);
    expect(late.out).toMatch(/pinned from block 78 on/);
  });

  it('is 2 for what can not be read or used, with the place', async () => {
    const good = put('good3.json', block(keys));
    const cases: [string[], RegExp][] = [
      [[join(folder, 'none.json')], /none\.json: there is no such file/],
      [[put('broken.json', '{')], /broken\.json: not JSON/],
      [[put('empty.json', '{}')], /there is no block in it/],
      [[good, '--validators', 'abc'], /"abc" is not an address/],
      [[good, '--validators', 'x', '--trust', 'y'], /not both/],
      [[good, '--trust', good], /the trust store is not well-formed/],
    ];
    for (const [argv, message] of cases) {
      const ran = await run(['chain', 'prove', ...argv]);
      expect(ran.err).toMatch(message);
      expect(ran.code).toBe(2);
    }
    const { stateRoot: _gone, ...part } = block(keys);
    expect((await run(['chain', 'prove', put('part.json', part)])).code).toBe(2);
    const none = await run(['chain', 'prove', put('null.json', { jsonrpc: '2.0', id: 1, result: null })]);
    expect(none).toMatchObject({ code: 2, err: expect.stringMatching(/no such block/) });
    const error = { jsonrpc: '2.0', id: 1, error: { code: -32601, message: 'Method\u001b[2J not found' } };
    const refused = await run(['chain', 'prove', put('error.json', error)]);
    expect(refused).toMatchObject({
      code: 2,
      err: expect.stringMatching(/answered an error: Method\\u\{1b\}/),
    });
  });

  it("is 1 for another consensus' block, and for a field that holds what no block holds", async () => {
    for (const more of [
      { extraData: '0x00' },
      { extraData: 'text' },
      { gasUsed: '0x00' },
      { nonce: '0x0' },
    ]) {
      const ran = await run(['chain', 'prove', put('other.json', { ...block(keys), ...more })]);
      expect(ran.code).toBe(1);
      expect(ran.out).not.toMatch(/sealed by/);
    }
  });

  it('proves a block that a snapshot holds many times only once', async () => {
    const many = put('many.json', [block(keys), { facts: { block: block(keys) } }]);
    const ran = await run(['chain', 'prove', many, '--validators', validators.join(',')]);
    expect(ran.code).toBe(0);
    expect(ran.out.match(/proven/g)).toHaveLength(1);
  });
});
