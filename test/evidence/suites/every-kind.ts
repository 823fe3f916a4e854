import type { Journal } from '../../../src/evidence/journal/journal.ts';
import type { RecordBody } from '../../../src/model/record.ts';
import {
  ANNA,
  actorOf,
  BERT,
  base,
  confirmBody,
  type Made,
  observation,
  put,
  runbookStep,
  sealBody,
  signedStep,
  startSession,
  witnessOf,
} from '../make.ts';
import { resumeAfter } from './story.ts';

/** A sealed session with at least one record of every kind, whose policy is met. */
export async function everyKind(trust?: Uint8Array): Promise<Made> {
  const steps = [
    runbookStep('one', { witness: true, critical: true }),
    runbookStep('two', { subject: 'vmid:1000' }),
    runbookStep('three', { optional: true }),
    runbookStep('four'),
  ];
  const made = await startSession({ steps, ...(trust === undefined ? {} : { trust }) });
  const { journal } = made;
  const [one, two, three, four] = steps as [never, never, never, never];
  const raw = Buffer.from('{"result":"0xc"}');
  const sha256 = await journal.putBlob(raw);
  await put(journal, {
    ...base(journal, null),
    kind: 'probe',
    step: 'two',
    observations: [observation({ raw: { sha256, bytes: raw.length, truncated: false, redactions: [] } })],
  });
  const failed = await put(journal, confirmBody(journal, one, { verdict: 'failed', note: 'grün – 日本' }));
  const again = await put(journal, confirmBody(journal, one));
  const ref = { seq: again.seq, line_sha256: again.lineSha256 };
  await put(journal, {
    ...base(journal, null),
    kind: 'witness',
    ref,
    witness: witnessOf(BERT, journal.session, ref),
  });
  await put(journal, resumeAfter(journal, null, false));
  const claims = [{ subject: 'vmid:1000' as const, state: 'deployed' as const, evidence: [1] }];
  const status = { registered_status: 'deployed' as const };
  const answered = await put(journal, confirmBody(journal, two, { claims, step: status }));
  await put(journal, correctionOf(journal, two, answered));
  await put(journal, deviationOf(journal, three));
  await put(journal, {
    ...base(journal, ANNA),
    kind: 'event',
    event: { name: 'note', detail: { about: failed.seq, big: Number.MAX_SAFE_INTEGER } },
  });
  await put(journal, {
    ...base(journal, null),
    kind: 'checkpoint',
    checkpoint: {
      size: journal.next.seq,
      root: journal.state.merkleRoot,
      text: 'asked for',
      chain_header: null,
    },
  });
  await put(journal, handoverOf(journal));
  await put(journal, { ...confirmBody(journal, four), actor: actorOf(BERT) } as RecordBody, BERT);
  await put(journal, { ...sealBody(journal), actor: actorOf(BERT) } as RecordBody, BERT);
  await journal.close();
  return made;
}

function correctionOf(
  journal: Journal,
  step: Parameters<typeof signedStep>[0],
  answered: { readonly seq: number; readonly lineSha256: `0x${string}` },
): RecordBody {
  return {
    ...base(journal, ANNA),
    kind: 'correction',
    ref: { seq: answered.seq, line_sha256: answered.lineSha256 },
    step: signedStep(step),
    verdict: 'confirmed',
    claims: [],
    note: 'claimed too much before',
  };
}

function deviationOf(journal: Journal, step: Parameters<typeof signedStep>[0]): RecordBody {
  return { ...base(journal, ANNA), kind: 'deviation', step: signedStep(step), note: 'another way was taken' };
}

/** Anna hands over to Bert, who accepts the line before. */
function handoverOf(journal: Journal): RecordBody {
  const { seq, prev } = journal.next;
  const accept = witnessOf(
    BERT,
    journal.session,
    { seq: seq - 1, line_sha256: prev },
    { meaning: 'accepted' },
  );
  return {
    ...base(journal, ANNA),
    kind: 'handover',
    to: { person: BERT.person, name: BERT.name, address: BERT.address },
    accept,
    note: 'end of shift',
  };
}
