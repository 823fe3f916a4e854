import { describe, expect, it } from 'vitest';
import type { RecordBody } from '../../src/model/index.ts';
import { attestationsOf, readAttestations } from '../../src/state/attested/attestations.ts';

const claim = { subject: 'vmid:6000', state: 'placeholder', evidence: [] };
const signed = (kind: string, seq: number, more: object): RecordBody =>
  ({
    kind,
    seq,
    at: 't',
    session: '0x1',
    actor: { person: 'a' },
    claims: [claim],
    ...more,
  }) as unknown as RecordBody;

describe('attestations', () => {
  it('are the claims of answers, with their witness; a correction replaces what it corrects', () => {
    const bodies = [
      signed('confirm', 1, {}),
      signed('witness', 2, { ref: { seq: 1 }, witness: { person: 'b' }, claims: undefined }),
      signed('confirm', 3, {}),
      signed('correction', 4, { ref: { seq: 3 }, claims: [{ ...claim, state: 'retired' }] }),
    ];
    expect(attestationsOf(bodies)).toEqual([
      {
        subject: 'vmid:6000',
        claim: 'placeholder',
        at: 't',
        performer: 'a',
        witness: 'b',
        session: '0x1',
        seq: 1,
      },
      {
        subject: 'vmid:6000',
        claim: 'retired',
        at: 't',
        performer: 'a',
        witness: null,
        session: '0x1',
        seq: 4,
      },
    ]);
  });

  it('are none where there is no trust store or no evidence', async () => {
    expect(await readAttestations('/nonexistent', '/nonexistent', 'x')).toEqual([]);
  });
});
