import { TypedDataEncoder } from 'ethers/hash';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  digestOfTyped,
  type TypedData,
  trustTypedData,
  typedDataOf,
  walletHashes,
  witnessTypedData,
} from '../../src/evidence/record/typed-data.ts';
import type { Hex } from '../../src/model/json.ts';
import type { RecordBody } from '../../src/model/record.ts';

const hash = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes): Hex => `0x${Buffer.from(bytes).toString('hex')}`);
const text = fc.string({ unit: 'grapheme', maxLength: 150 });

function asEthers(typed: TypedData): void {
  expect(digestOfTyped(typed)).toBe(TypedDataEncoder.hash(typed.domain, typed.types, typed.message));
  expect(walletHashes(typed)).toEqual({
    domainHash: TypedDataEncoder.hashDomain(typed.domain),
    messageHash: TypedDataEncoder.from(typed.types).hash({ ...typed.message }),
  });
}

test('digests are those of ethers for every type that is signed, whatever the texts', () => {
  fc.assert(
    fc.property(
      hash,
      hash,
      fc.integer({ min: 0, max: 1_000_000 }),
      text,
      text,
      text,
      (session, prev, seq, estate, person, at) => {
        const actor = { person, name: 'x', address: '0x', role: 'performer', meaning: 'performed' };
        const body = {
          kind: 'confirm',
          session,
          seq,
          prev,
          actor,
          at,
          step: { id: estate },
          verdict: 'failed',
        };
        asEthers(typedDataOf(body as unknown as RecordBody, Buffer.from(person), estate));
        asEthers(
          witnessTypedData(
            session,
            { seq, line_sha256: prev },
            { person, meaning: 'witnessed', at, host: estate, boot_id: person },
            estate,
          ),
        );
        asEthers(trustTypedData({ estate, version: seq, prev_sha256: null }, Buffer.from(at)));
      },
    ),
    { numRuns: 300 },
  );
});
