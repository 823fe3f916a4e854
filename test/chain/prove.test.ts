import { computeAddress } from 'ethers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BlockJson,
  buildGenesisBlock,
  buildSealedBlock,
  byzantine,
  decodeExtraData,
  ExtraDataError,
  encodeExtraData,
  estimateRound,
  findBlocks,
  mayBeDown,
  proposerOf,
  proveBlock,
  quorumOf,
  skippedProposers,
  votesNeeded,
} from '../../src/chain/index.ts';

const KEYS = [1, 2, 3, 4].map((n) => `0x${String(n).padStart(64, '0')}`);
const members = KEYS.map((key) => ({ key, address: computeAddress(key).toLowerCase() })).sort((a, b) =>
  a.address < b.address ? -1 : 1,
);
const validators = members.map((one) => one.address);
const key = (index: number): string => members[index]?.key ?? '';
const address = (index: number): string => validators[index] ?? '';

function block(more: Partial<Parameters<typeof buildSealedBlock>[0]> = {}): BlockJson {
  return buildSealedBlock({
    number: 7,
    parentHash: `0x${'ab'.repeat(32)}`,
    timestamp: 1_700_000_000,
    validators,
    round: 0,
    proposer: address(0),
    sealers: [key(0), key(1), key(2)],
    ...more,
  });
}

describe('quorum arithmetic', () => {
  it('follows the table for 1 to 10 validators', () => {
    const n = Array.from({ length: 10 }, (_, index) => index + 1);
    expect(n.map(quorumOf)).toEqual([1, 2, 2, 3, 4, 4, 5, 6, 6, 7]);
    expect(n.map(mayBeDown)).toEqual([0, 0, 1, 1, 1, 2, 2, 2, 3, 3]);
    expect(n.map(byzantine)).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2, 3]);
    expect(n.map(votesNeeded)).toEqual([1, 2, 2, 3, 3, 4, 4, 5, 5, 6]);
  });

  it('estimates the round from the age of the head', () => {
    expect([1, 2, 7, 15, 31, 4096].map((age) => estimateRound(age, 2, 4))).toEqual([0, 0, 1, 2, 3, 10]);
  });

  it('names the validators whose turn passed', () => {
    expect(skippedProposers(['a', 'b', 'c', 'd'], 'b', 2)).toEqual(['d', 'a']);
    expect(skippedProposers(['a', 'b', 'c', 'd'], 'b', 0)).toEqual([]);
  });

  it('gives the turn to the next one, also after a proposer that has left, and from the first after genesis', () => {
    const set = ['b', 'd', 'f'];
    expect([0, 1, 2, 3].map((round) => proposerOf(set, 'b', round))).toEqual(['d', 'f', 'b', 'd']);
    expect([0, 1].map((round) => proposerOf(set, 'f', round))).toEqual(['b', 'd']);
    expect(['a', 'c', 'e', 'g'].map((gone) => proposerOf(set, gone, 0))).toEqual(['b', 'd', 'f', 'b']);
    expect(proposerOf(set, null, 0)).toBe('b');
    expect(() => proposerOf([], null, 0)).toThrow(RangeError);
  });
});

describe('proveBlock', () => {
  it('proves with the set pinned, is self-consistent without, and refuses another set', () => {
    expect(proveBlock(block(), { validators }).verdict).toBe('proven');
    expect(proveBlock(block(), null).verdict).toBe('self-consistent');
    const other = [...validators.slice(1), `0x${'11'.repeat(20)}`];
    expect(proveBlock(block(), { validators: other })).toMatchObject({ verdict: 'not-proven' });
    expect(proveBlock(block(), { validators: validators.slice(1) }).verdict).toBe('not-proven');
  });

  it('is not proven when any field of the header is changed', () => {
    const good = block({
      fields: {
        withdrawalsRoot: `0x${'01'.repeat(32)}`,
        blobGasUsed: '0x0',
        excessBlobGas: '0x0',
        parentBeaconBlockRoot: `0x${'02'.repeat(32)}`,
        requestsHash: `0x${'03'.repeat(32)}`,
      },
    });
    expect(proveBlock(good, { validators }).verdict).toBe('proven');
    for (const [name, value] of Object.entries(good)) {
      if (typeof value !== 'string' || name === 'size' || name === 'totalDifficulty') continue;
      const last = value.at(-1) ?? '0';
      const changed = { ...good, [name]: `${value.slice(0, -1)}${last === '1' ? '2' : '1'}` };
      expect(proveBlock(changed, { validators }).verdict, name).not.toBe('proven');
    }
  });

  it('counts distinct members only', () => {
    expect(proveBlock(block({ sealers: [key(0), key(1)] }), { validators }).verdict).toBe('not-proven');
    expect(proveBlock(block({ sealers: [key(0), key(1), key(1)] }), { validators }).verdict).toBe(
      'not-proven',
    );
    const stranger = `0x${'77'.repeat(32)}`;
    expect(proveBlock(block({ sealers: [key(0), key(1), stranger] }), { validators }).verdict).toBe(
      'not-proven',
    );
  });

  it('reads a round above zero: block hash and commit hash differ, the skipped one is named', () => {
    const result = proveBlock(block({ round: 1, proposer: address(1) }), { validators });
    expect(result).toMatchObject({ verdict: 'proven', round: 1, skipped: [address(0)] });
    expect(result.commitHash).not.toBe(result.blockHash);
  });

  it('needs a pinned set where a contract selects the validators', () => {
    const contract = block({ validators: [] });
    expect(proveBlock(contract, null).verdict).toBe('not-proven');
    expect(proveBlock(contract, { validators })).toMatchObject({ verdict: 'proven', contractMode: true });
  });

  it('does not take the genesis block for a proof', () => {
    const genesis = buildGenesisBlock(validators);
    const result = proveBlock(genesis, { validators });
    expect(result.verdict).toBe('not-proven');
    expect(result.reasons).toEqual([expect.stringContaining('genesis')]);
  });

  it('refuses look-alikes', () => {
    const good = block();
    for (const extraData of ['0x', '0xdeadbeef', `0x${'00'.repeat(97)}`, encodeIbft2()])
      expect(proveBlock({ ...good, extraData }, { validators })).toMatchObject({
        verdict: 'not-proven',
        committers: [],
      });
    expect(proveBlock({ ...good, difficulty: '0x2' }, { validators }).reasons.join()).toMatch(/difficulty/);
  });

  it('calls unreadable what is no block or only part of one', () => {
    const { stateRoot: _gone, ...part } = block();
    for (const one of [null, [], 'x', {}, part])
      expect(proveBlock(one, { validators }).verdict).toBe('unreadable');
  });

  it('says which fields nothing is proved about, and that they may not contradict the header', () => {
    const good = block();
    expect(proveBlock(good, { validators }).uncovered).toEqual([
      'size',
      'totalDifficulty',
      'transactions',
      'uncles',
    ]);
    for (const more of [{ transactions: [`0x${'09'.repeat(32)}`] }, { uncles: [`0x${'09'.repeat(32)}`] }])
      expect(proveBlock({ ...good, ...more }, { validators }).verdict).toBe('not-proven');
  });

  it('holds a pin only from its first block on', () => {
    expect(proveBlock(block(), { validators, fromBlock: 7 }).verdict).toBe('proven');
    expect(proveBlock(block(), { validators, fromBlock: 8 }).reasons).toEqual([
      'the validator set is pinned from block 8 on, and this block is older',
    ]);
  });

  it('looks at no more seals than there are validators', () => {
    const crowd = Array.from({ length: 20 }, () => key(0));
    const result = proveBlock(block({ sealers: crowd }), { validators });
    expect(result.reasons.join()).toMatch(/20 seals, more than there are validators/);
    expect(result.committers).toEqual([address(0)]);
  });

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything(), (junk) => {
        expect(['unreadable', 'not-proven']).toContain(proveBlock(junk, null).verdict);
        expect(findBlocks(junk)).toBeInstanceOf(Array);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const extraData = `0x${Buffer.from(bytes).toString('hex')}`;
        expect(proveBlock({ ...block(), extraData }, { validators }).verdict).not.toBe('proven');
      }),
    );
  });
});

describe('findBlocks', () => {
  it('finds every block in its order, however deep, and one that lost fields', () => {
    const { parentHash: _gone, ...part } = block();
    let deep: unknown = block({ number: 3 });
    for (let level = 0; level < 5_000; level += 1) deep = [deep];
    const found = findBlocks({
      a: [block({ number: 1 }), { result: part }],
      b: deep,
      c: { extraData: '0x' },
    });
    expect(found.map((one) => (one as BlockJson).number)).toEqual(['0x1', '0x7', '0x3']);
  });
});

describe('extraData', () => {
  it('is decoded in bounded depth: a nest of lists is no QBFT block', () => {
    let nest = Buffer.from([0xc0]);
    while (nest.length < 20_000) {
      const { length } = nest;
      const head =
        length < 56 ? [0xc0 + length] : length < 256 ? [0xf8, length] : [0xf9, length >> 8, length & 255];
      nest = Buffer.concat([Buffer.from(head), nest]);
    }
    expect(() => decodeExtraData(`0x${nest.toString('hex')}`)).toThrow(ExtraDataError);
  });

  it('has one encoding only: what decodes encodes to the same bytes', () => {
    const bytes = (length: number) =>
      fc
        .uint8Array({ minLength: length, maxLength: length })
        .map((one) => `0x${Buffer.from(one).toString('hex')}`);
    fc.assert(
      fc.property(
        fc.record({
          vanity: bytes(32),
          validators: fc.array(bytes(20), { maxLength: 8 }),
          vote: fc.option(fc.record({ recipient: bytes(20), add: fc.boolean() })),
          round: fc.nat({ max: 2 ** 32 - 1 }),
          seals: fc.array(bytes(65), { maxLength: 4 }),
        }),
        fc.nat(),
        fc.nat(255),
        (data, place, byte) => {
          const hex = encodeExtraData(data);
          expect(decodeExtraData(hex)).toEqual(data);
          const raw = Buffer.from(hex.slice(2), 'hex');
          raw[place % raw.length] = byte;
          const changed = `0x${raw.toString('hex')}`;
          try {
            expect(encodeExtraData(decodeExtraData(changed))).toBe(changed);
          } catch (error) {
            expect(error).toBeInstanceOf(ExtraDataError);
          }
        },
      ),
    );
  });

  it('decodes what it encodes, and nothing else', () => {
    const data = {
      vanity: `0x${'00'.repeat(32)}`,
      validators,
      vote: { recipient: address(0), add: true },
      round: 300,
      seals: [],
    };
    const hex = encodeExtraData(data);
    expect(decodeExtraData(hex)).toEqual(data);
    expect(() => decodeExtraData(hex.toUpperCase().replace('0X', '0x'))).toThrow(ExtraDataError);
  });
});

/** IBFT 2 extraData: the vote is a string and the round four bytes. */
function encodeIbft2(): string {
  return `0xf83ea0${'00'.repeat(32)}d594${address(0).slice(2)}808400000000c0`;
}
