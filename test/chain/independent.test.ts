import { computeAddress, encodeRlp, keccak256, SigningKey } from 'ethers';
import { describe, expect, it } from 'vitest';
import { proveBlock } from '../../src/chain/index.ts';

/**
 * Blocks put together by hand, with a header order and an extraData layout of the test's own, so that builder and prover
 * cannot share one mistake. Field order: the Ethereum execution specification, London to Prague; extraData and the two
 * hashes: the QBFT specification of the Enterprise Ethereum Alliance.
 */

const KEYS = ['0a', '0b', '0c', '0d'].map((byte) => new SigningKey(`0x${byte.repeat(32)}`));
const SIGNERS = KEYS.map((key) => ({ key, address: computeAddress(key).toLowerCase() })).sort((a, b) =>
  a.address.localeCompare(b.address, 'en'),
);
const validators = SIGNERS.map((one) => one.address);
const pin = { validators };
const signer = (index: number): (typeof SIGNERS)[number] => SIGNERS[index] as (typeof SIGNERS)[number];

const word = (byte: string): string => `0x${byte.repeat(32)}`;
const VANITY = word('63');
const MIX = '0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365';
const NO_UNCLES = keccak256(encodeRlp([]));

/** Fields that the forks added, oldest first. */
const LATER: readonly (readonly [name: string, json: string, item: string])[] = [
  ['baseFeePerGas', '0x7', '0x07'],
  ['withdrawalsRoot', word('a1'), word('a1')],
  ['blobGasUsed', '0x20000', '0x020000'],
  ['excessBlobGas', '0x0', '0x'],
  ['parentBeaconBlockRoot', word('a2'), word('a2')],
  ['requestsHash', word('a3'), word('a3')],
];
const FORKS = { original: 0, London: 1, Shanghai: 2, Cancun: 5, Prague: 6 } as const;

interface Made {
  readonly later?: number;
  readonly roundItem?: string;
  readonly voteItem?: readonly string[];
  readonly named?: readonly string[];
  readonly sealedBy?: readonly number[];
  readonly seal?: (digest: string, index: number) => string;
}

function make(what: Made = {}): Record<string, unknown> {
  const {
    later = FORKS.London,
    roundItem = '0x',
    voteItem = [],
    named = validators,
    sealedBy = [0, 1, 2],
  } = what;
  const added = LATER.slice(0, later);
  const bloom = `0x${'00'.repeat(255)}80`;
  const items = (extraData: string): string[] => [
    word('11'),
    NO_UNCLES,
    signer(1).address,
    word('22'),
    word('33'),
    word('44'),
    bloom,
    '0x01',
    '0x0400',
    '0x1c9c380000',
    '0x5208',
    '0x6849f937',
    extraData,
    MIX,
    '0x0000000000000000',
    ...added.map(([, , item]) => item),
  ];
  const extra = (round: string, seals: readonly string[]): string =>
    encodeRlp([VANITY, [...named], [...voteItem], round, [...seals]]);
  const digest = keccak256(encodeRlp(items(extra(roundItem, []))));
  const seal = what.seal ?? ((hash: string, index: number) => sealOf(hash, index));
  return {
    number: '0x400',
    hash: keccak256(encodeRlp(items(extra('0x', [])))),
    mixHash: MIX,
    parentHash: word('11'),
    nonce: '0x0000000000000000',
    sha3Uncles: NO_UNCLES,
    logsBloom: bloom,
    transactionsRoot: word('33'),
    stateRoot: word('22'),
    receiptsRoot: word('44'),
    miner: signer(1).address,
    difficulty: '0x1',
    totalDifficulty: '0x401',
    extraData: extra(
      roundItem,
      sealedBy.map((index) => seal(digest, index)),
    ),
    size: '0x3dc',
    gasLimit: '0x1c9c380000',
    gasUsed: '0x5208',
    timestamp: '0x6849f937',
    uncles: [],
    transactions: [word('55')],
    ...Object.fromEntries(added.map(([name, json]) => [name, json])),
  };
}

function sealOf(digest: string, index: number): string {
  const { r, s, v } = signer(index).key.sign(digest);
  return `${r}${s.slice(2)}${v === 27 ? '00' : '01'}`;
}

const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

describe('blocks assembled by hand', () => {
  for (const [fork, later] of Object.entries(FORKS))
    it(`are proven with the header of ${fork}, and with any one field changed they are not`, () => {
      const block = make({ later });
      expect(proveBlock(block, pin)).toMatchObject({ verdict: 'proven', reasons: [], quorum: 3 });
      expect(proveBlock(block, null).verdict).toBe('self-consistent');
      const header = Object.keys(block).filter(
        (name) => !['size', 'totalDifficulty', 'transactions', 'uncles'].includes(name),
      );
      expect(header).toHaveLength(16 + later);
      for (const name of header) {
        const value = String(block[name]);
        for (const place of new Set([2, Math.floor(value.length / 2), value.length - 1])) {
          const digit = value[place] === '1' ? '2' : '1';
          const changed = { ...block, [name]: `${value.slice(0, place)}${digit}${value.slice(place + 1)}` };
          expect(proveBlock(changed, pin).verdict, `${name} at ${place}`).toBe('not-proven');
        }
      }
    });

  it('are not proven when a field of a later fork is added or the last one is taken away', () => {
    const { requestsHash: _gone, ...cancun } = make({ later: FORKS.Prague });
    expect(proveBlock(cancun, pin).verdict).toBe('not-proven');
    expect(proveBlock({ ...make(), withdrawalsRoot: word('a1') }, pin).verdict).toBe('not-proven');
    const { withdrawalsRoot: _hole, ...holed } = make({ later: FORKS.Prague });
    expect(proveBlock(holed, pin).reasons.join()).toMatch(/withdrawalsRoot is missing, though/);
  });

  it('reads rounds, votes and a set from a contract', () => {
    expect(proveBlock(make({ roundItem: '0x03' }), pin)).toMatchObject({
      verdict: 'proven',
      round: 3,
      skipped: [validators[2], validators[3], validators[0]],
    });
    expect(proveBlock(make({ roundItem: '0x0100' }), pin)).toMatchObject({ verdict: 'proven', round: 256 });
    expect(proveBlock(make({ voteItem: [word('ab').slice(0, 42), '0xff'] }), pin)).toMatchObject({
      verdict: 'proven',
      vote: { add: true },
    });
    expect(proveBlock(make({ voteItem: [word('ab').slice(0, 42), '0x'] }), pin)).toMatchObject({
      verdict: 'proven',
      vote: { add: false },
    });
    expect(proveBlock(make({ named: [] }), pin)).toMatchObject({ verdict: 'proven', contractMode: true });
    expect(proveBlock(make({ named: [] }), null).verdict).toBe('not-proven');
  });

  it('are not proven in any but the one encoding', () => {
    const wrong: Made[] = [
      { roundItem: '0x00' },
      { roundItem: '0x0003' },
      { roundItem: '0x0100000000' },
      { voteItem: [word('ab').slice(0, 42)] },
      { voteItem: [word('ab').slice(0, 42), '0x01'] },
      { named: [...validators.slice(0, 3), '0x0102'] },
      { named: [...validators, validators[0] as string] },
    ];
    for (const one of wrong)
      expect(proveBlock(make(one), pin).verdict, JSON.stringify(one)).toBe('not-proven');
  });

  it('are not proven by seals in another form', () => {
    const forms: Record<string, Made['seal']> = {
      'v 27 or 28': (digest, index) => {
        const { r, s, v } = signer(index).key.sign(digest);
        return `${r}${s.slice(2)}${v.toString(16)}`;
      },
      'the high half of s': (digest, index) => {
        const { r, s, v } = signer(index).key.sign(digest);
        const high = (CURVE_ORDER - BigInt(s)).toString(16).padStart(64, '0');
        return `${r}${high}${v === 27 ? '01' : '00'}`;
      },
      '64 bytes': (digest, index) => sealOf(digest, index).slice(0, -2),
      '66 bytes': (digest, index) => `${sealOf(digest, index)}00`,
      'r zero': (digest, index) => `0x${'00'.repeat(32)}${sealOf(digest, index).slice(66)}`,
      'over another digest': (digest, index) => sealOf(keccak256(digest), index),
    };
    for (const [form, seal] of Object.entries(forms))
      expect(proveBlock(make({ seal: seal as NonNullable<Made['seal']> }), pin).verdict, form).toBe(
        'not-proven',
      );
  });

  it('count each validator once and nobody else', () => {
    expect(proveBlock(make({ sealedBy: [0, 1, 2, 3] }), pin).verdict).toBe('proven');
    for (const sealedBy of [[], [0], [0, 1], [0, 1, 1], [0, 0, 0, 0]])
      expect(proveBlock(make({ sealedBy }), pin).verdict, String(sealedBy)).toBe('not-proven');
    const fewer = { validators: validators.slice(0, 3) };
    expect(proveBlock(make({ named: [], sealedBy: [0, 1, 3] }), fewer).reasons.join()).toMatch(
      /outside the validator set/,
    );
  });

  it('are not proven when IBFT 2 made them', () => {
    const ibft = encodeRlp([VANITY, validators, '0x', '0x00000000', [sealOf(word('01'), 0)]]);
    expect(proveBlock({ ...make(), extraData: ibft }, pin).verdict).toBe('not-proven');
  });
});
