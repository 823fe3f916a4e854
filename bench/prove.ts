/**
 * How many blocks a second the prover checks, beside the limit: bare recovery by libsecp256k1 for the same number of seals, and nothing
 * else. Both in turn in the same run, so that a slow moment of the machine hits them alike. Validators: 5, four seals a block.
 *
 * tsx bench/prove.ts [blocks a round] [rounds]
 */
import { computeAddress, SigningKey } from 'ethers';
import {
  buildSealedBlock,
  loadNativeRecovery,
  proveBlock,
  quorumOf,
  recoverSigner,
} from '../src/chain/index.ts';

const size = Number(process.argv[2] ?? 100);
const rounds = Number(process.argv[3] ?? 7);
const VALIDATORS = 5;

const members = Array.from({ length: VALIDATORS }, (_, index) => `0x${String(index + 1).padStart(64, '0')}`)
  .map((key) => ({ key, address: computeAddress(key).toLowerCase() }))
  .sort((a, b) => (a.address < b.address ? -1 : 1));
const validators = members.map((one) => one.address);
const seals = quorumOf(VALIDATORS);
const blocks = Array.from({ length: size }, (_, index) =>
  buildSealedBlock({
    number: index + 1,
    parentHash: `0x${String(index).padStart(64, '0')}`,
    timestamp: 1_700_000_000 + 2 * index,
    validators,
    round: index % 4 === 0 ? 1 : 0,
    proposer: validators[index % VALIDATORS] ?? '',
    sealers: members.slice(0, seals).map((one) => one.key),
  }),
);
const digest = blocks[0]?.hash ?? '';
const { r, s, yParity } = new SigningKey(members[0]?.key ?? '').sign(digest);
const seal = r + s.slice(2);

/** Milliseconds for `work`. */
function timed(work: () => void): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}

const prove = (): void => {
  for (const block of blocks)
    if (proveBlock(block, { validators }).verdict !== 'proven')
      throw new Error('a block of the benchmark is not proven');
};
const recover = (): void => {
  for (let index = 0; index < size * seals; index += 1) recoverSigner(digest, seal, yParity);
};

await loadNativeRecovery();
prove();
recover();
const ours: number[] = [];
const limit: number[] = [];
for (let round = 0; round < rounds; round += 1) {
  ours.push(timed(prove));
  limit.push(timed(recover));
}
const median = (list: readonly number[]): number =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
const perSecond = (ms: number): number => (size * 1000) / ms;
console.log(`blocks of ${VALIDATORS} validators with ${seals} seals, ${rounds} rounds of ${size}, median`);
console.log(`proved:                     ${perSecond(median(ours)).toFixed(0)} blocks/s`);
console.log(
  `limit, bare recovery:       ${perSecond(median(limit)).toFixed(0)} blocks/s (${seals} recoveries each)`,
);
console.log(
  `ratio:                      ${(median(ours) / median(limit)).toFixed(2)} times the limit's time`,
);
