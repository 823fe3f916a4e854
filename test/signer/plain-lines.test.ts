import { expect, it } from 'vitest';
import type { Actor } from '../../src/model/index.ts';
import { type Extent, recordLines } from '../../src/signer/plain-lines.ts';
import { runbook, runbookStep } from '../evidence/make.ts';
import { ANNA, BERT, Records } from '../runbooks/records.ts';

const NOTE = `${'what I saw on this host, word for word; '.repeat(49)}and the end`;
const records = () => new Records(runbook([runbookStep('one')]));

function told(made: Records, extent: Extent): readonly string[] {
  const body = made.all.at(-1);
  if (body === undefined) throw new Error('no record was made');
  return recordLines(body, 'demo:test', '0x00', { domainHash: '0x01', messageHash: '0x02' }, extent);
}
const add = (kind: Parameters<Records['add']>[0], actor: Actor | null, own: object): Records => {
  const made = records();
  made.all.push({ ...made.open().all[0], kind, actor, ...own } as never);
  return made;
};

it.each(['short', 'whole'] as const)('the own note is shown to its end (%s)', (extent) => {
  const step = { text: 'Step', expected: 'y' };
  for (const made of [
    add('confirm', ANNA, { step, note: NOTE, verdict: 'failed', claims: [], observations: [] }),
    add('deviation', ANNA, { step, note: NOTE }),
    add('handover', ANNA, { to: BERT, note: NOTE }),
    add('resume', ANNA, { resume: { note: NOTE } }),
    add('event', ANNA, { event: { name: 'note', detail: { text: NOTE } } }),
  ])
    expect(told(made, extent).join('\n')).toContain(NOTE);
});

it('a checkpoint is of the machine, with its size and root', () => {
  const checkpoint = { size: 7, root: `0x${'2'.repeat(64)}` };
  const lines = told(add('checkpoint', null, { checkpoint }), 'whole').join('\n');
  expect(lines).toMatch(/^by {7}the machine, unsigned, at 2026/m);
  expect(lines).toMatch(/^counts {3}7 records, root 0x2{64}$/m);
});

it('a signature that was taken in is said to be there, though the record has no actor', () => {
  const own = { ref: { seq: 3 }, witness: { name: 'Bert', meaning: 'approved' } };
  expect(told(add('witness', null, own), 'whole')).toContain(
    'carries  the signature of Bert, who approved record 3',
  );
});
