import { computeAddress } from 'ethers';
import { describe, expect, it } from 'vitest';
import {
  type BlockJson,
  type BlockPlan,
  buildSealedBlock,
  followValidators,
  participationOf,
} from '../../src/chain/index.ts';

const people = Array.from({ length: 6 }, (_, index) => `0x${String(index + 1).padStart(64, '0')}`)
  .map((key) => ({ key, address: computeAddress(key).toLowerCase() }))
  .sort((a, b) => (a.address < b.address ? -1 : 1));
const [first, second, third, fourth, fifth] = people as [Person, Person, Person, Person, Person];
type Person = (typeof people)[number];
const four = [first, second, third, fourth];
const sorted = (set: readonly Person[]): string[] => set.map((one) => one.address).sort();

/** Builds a run of blocks, each on top of the one before; `steps` say who proposes, for which set, and with which vote. */
function run(
  steps: readonly {
    readonly by: Person;
    readonly set: readonly Person[];
    readonly vote?: BlockPlan['vote'];
    readonly round?: number;
    readonly sealers?: readonly Person[];
  }[],
): readonly BlockJson[] {
  const blocks: BlockJson[] = [];
  for (const [index, step] of steps.entries())
    blocks.push(
      buildSealedBlock({
        number: 100 + index,
        parentHash: blocks.at(-1)?.hash ?? `0x${'ab'.repeat(32)}`,
        timestamp: 1_700_000_000 + 2 * index,
        validators: sorted(step.set),
        round: step.round ?? 0,
        proposer: step.by.address,
        sealers: (step.sealers ?? step.set).map((one) => one.key),
        ...(step.vote === undefined ? {} : { vote: step.vote }),
      }),
    );
  return blocks;
}

const pin = { validators: sorted(four) };
const adds = (who: Person): BlockPlan['vote'] => ({ recipient: who.address, add: true });
const drops = (who: Person): BlockPlan['vote'] => ({ recipient: who.address, add: false });
const five = [...four, fifth];

describe('a validator set followed through its changes', () => {
  it('adds a validator after a majority of proven votes', () => {
    const blocks = run([
      { by: first, set: four, vote: adds(fifth) },
      { by: second, set: four, vote: adds(fifth) },
      { by: third, set: four, vote: adds(fifth) },
      { by: fourth, set: five },
      { by: fifth, set: five },
    ]);
    const followed = followValidators(blocks, pin);
    expect(followed.broken).toBeNull();
    expect(followed.validators).toEqual(sorted(five));
    expect(followed.changes).toEqual([
      { number: '103', added: [fifth.address], removed: [], votes: 3, votesNeeded: 3 },
    ]);
    expect(followed.inFlight).toEqual([]);
    expect(followed.proofs.map((one) => one.verdict)).toEqual(Array(5).fill('proven'));
  });

  it('drops a validator after a majority of proven votes', () => {
    const three = [first, second, third];
    const blocks = run([
      { by: first, set: four, vote: drops(fourth) },
      { by: second, set: four, vote: drops(fourth) },
      { by: third, set: four, vote: drops(fourth) },
      { by: first, set: three },
    ]);
    expect(followValidators(blocks, pin)).toMatchObject({ broken: null, validators: sorted(three) });
  });

  it.each([
    ['too few votes', [adds(fifth), adds(fifth), null]],
    ['votes for somebody else', [adds(fifth), adds(fifth), adds(people[5] as Person)]],
    ['votes to drop', [adds(fifth), adds(fifth), drops(fifth)]],
  ])('is broken by a change with %s', (_name, votes) => {
    const voters = [first, second, third];
    const blocks = run([
      ...voters.map((by, index) => ({ by, set: four, vote: votes[index] ?? null })),
      { by: fourth, set: five },
    ]);
    const followed = followValidators(blocks, pin);
    expect(followed.broken).toMatch(/^block 103: /);
    expect(followed.validators).toEqual(pin.validators);
  });

  it('counts one vote per validator, however often it is repeated', () => {
    const blocks = run([
      { by: first, set: four, vote: adds(fifth) },
      { by: first, set: four, vote: adds(fifth) },
      { by: first, set: four, vote: adds(fifth) },
      { by: fourth, set: five },
    ]);
    expect(followValidators(blocks, pin).broken).toMatch(/^block 103/);
  });

  it('does not take a whole new set at once, even with votes', () => {
    const blocks = run([
      ...[first, second, third].map((by) => ({ by, set: four, vote: adds(fifth) })),
      { by: fourth, set: people },
    ]);
    expect(followValidators(blocks, pin).broken).toMatch(/^block 103/);
  });

  it('is broken by a block that does not follow its parent', () => {
    const blocks = run([
      { by: first, set: four },
      { by: second, set: four },
      { by: third, set: four },
    ]);
    const cut = [blocks[0], blocks[2]];
    expect(followValidators(cut, pin).broken).toBe('block 102 does not follow block 100');
  });

  it('is broken by a header without a quorum', () => {
    const blocks = run([
      { by: first, set: four },
      { by: second, set: four, sealers: [first, second] },
    ]);
    expect(followValidators(blocks, pin).broken).toMatch(/^block 101: .*quorum/);
  });

  it('without a pin calls nothing proven', () => {
    const followed = followValidators(run([{ by: first, set: four }]), null);
    expect(followed.validators).toBeNull();
    expect(followed.proofs[0]?.verdict).toBe('self-consistent');
  });

  it('shows votes in flight, the newest of each voter', () => {
    const blocks = run([
      { by: first, set: four, vote: adds(fifth) },
      { by: second, set: four, vote: adds(fifth) },
      { by: first, set: four, vote: drops(fifth) },
    ]);
    expect(followValidators(blocks, pin).inFlight).toEqual([
      { number: '101', by: second.address, recipient: fifth.address, add: true },
      { number: '102', by: first.address, recipient: fifth.address, add: false },
    ]);
  });

  it('counts who proposed, sealed and let a turn pass', () => {
    const blocks = run([
      { by: first, set: four, sealers: [first, second, third] },
      { by: third, set: four, round: 1, sealers: [first, third, fourth] },
    ]);
    const counted = participationOf(followValidators(blocks, pin).proofs);
    expect(counted.find((one) => one.address === second.address)).toEqual({
      address: second.address,
      proposed: 0,
      sealed: 1,
      skipped: 1,
    });
    expect(counted.find((one) => one.address === first.address)).toMatchObject({ proposed: 1, sealed: 2 });
  });
});
