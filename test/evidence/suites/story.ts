import type { Files } from '../../../src/evidence/journal/files.ts';
import { Journal } from '../../../src/evidence/journal/journal.ts';
import type { Appended } from '../../../src/evidence/journal/journal-types.ts';
import { splitJournal } from '../../../src/evidence/journal/tail.ts';
import { lineHash } from '../../../src/evidence/record/line.ts';
import { parseTrust } from '../../../src/evidence/trust/trust.ts';
import type { Hex } from '../../../src/model/json.ts';
import type { RecordBody } from '../../../src/model/record.ts';
import type { Step } from '../../../src/model/runbook.ts';
import {
  ANNA,
  BERT,
  base,
  confirmBody,
  observation,
  openBody,
  put,
  runbookBytes,
  runbookStep,
  sealBody,
  trustBytes,
  witnessOf,
} from '../make.ts';

/** A session with every way of writing: open, raw answer, probe, confirm, witness, break, resume, correction, seal. */
export const SESSION: Hex = `0x${'5e'.repeat(32)}`;
const STEPS: readonly Step[] = [
  runbookStep('one', { witness: true }),
  runbookStep('two'),
  runbookStep('three'),
];

export interface Acknowledged {
  readonly seq: number;
  readonly lineSha256: Hex;
}

export interface Story {
  readonly dir: string;
  /** Parent of the second copy; null for none. */
  readonly mirror: string | null;
  readonly files: Files;
  /** Told each record as soon as it is acknowledged. */
  readonly told: (record: Acknowledged) => void;
  readonly padding?: number;
}

/** Runs the whole session. Every promise kept to the caller goes through `told`. */
export async function tell(story: Story): Promise<void> {
  const { dir, mirror, files } = story;
  const say = ({ seq, lineSha256 }: Appended): Acknowledged => {
    story.told({ seq, lineSha256 });
    return { seq, lineSha256 };
  };
  const note = 'x'.repeat(story.padding ?? 1_500);
  const trust = await trustBytes();
  const journal = await Journal.create({
    dir,
    mirror,
    files,
    session: SESSION,
    runbookBytes: runbookBytes(STEPS),
    trustBytes: trust,
  });
  say(await put(journal, openBody(journal, STEPS)));
  say(await probeOnce(journal));
  const [one, two] = STEPS as readonly [Step, Step, Step];
  const first = say(await put(journal, confirmBody(journal, one, { note })));
  const ref = { seq: first.seq, line_sha256: first.lineSha256 };
  say(
    await put(journal, {
      ...base(journal, null),
      kind: 'witness',
      ref,
      witness: witnessOf(BERT, SESSION, ref),
    }),
  );
  say(await put(journal, confirmBody(journal, two, { verdict: 'failed', note })));
  await journal.close();
  await goOn(story);
}

/** A node is asked and answers: with the same bytes each time, as to most questions. */
export async function probeOnce(journal: Journal): Promise<Appended> {
  const raw = Buffer.from(`{"result":"0xc","padding":"${'y'.repeat(6_000)}"}`);
  const sha256 = await journal.putBlob(raw);
  return put(journal, {
    ...base(journal, null),
    kind: 'probe',
    step: 'one',
    observations: [observation({ raw: { sha256, bytes: raw.length, truncated: false, redactions: [] } })],
  });
}

/** The second half: takes the session up again, answers what is left and seals it. */
export async function goOn(story: Story): Promise<void> {
  const [, two, three] = STEPS as readonly [Step, Step, Step];
  const { journal, torn, fromMirror } = await Journal.recover({
    dir: story.dir,
    mirror: story.mirror,
    files: story.files,
  });
  const say = ({ seq, lineSha256 }: Appended): void => story.told({ seq, lineSha256 });
  say(await put(journal, resumeAfter(journal, torn, fromMirror)));
  say(await put(journal, confirmBody(journal, two)));
  const ref = { seq: journal.next.seq - 1, line_sha256: journal.next.prev };
  const body: RecordBody = confirmBody(journal, two);
  if (body.kind !== 'confirm') throw new Error('not a confirmation');
  const { observations: _none, ...rest } = body;
  say(
    await put(journal, {
      ...rest,
      kind: 'correction',
      ref,
      verdict: 'confirmed',
      note: 'spelt wrongly before',
    }),
  );
  say(await put(journal, confirmBody(journal, three)));
  say(await put(journal, sealBody(journal)));
  await journal.close();
}

/** The record with which a broken-off session goes on. */
export function resumeAfter(
  journal: Journal,
  torn: { readonly sha256: Hex; readonly bytes: number } | null,
  fromMirror: boolean,
  trustSha256: Hex = journal.trustSha256,
): RecordBody {
  return {
    ...base(journal, ANNA),
    kind: 'resume',
    resume: {
      last_line_sha256: journal.next.prev,
      torn,
      from_mirror: fromMirror,
      runbook: {
        id: journal.runbook.id,
        version: journal.runbook.version,
        sha256: openOf(journal),
      },
      trust_sha256: trustSha256,
      note: '',
    },
  };
}

function openOf(journal: Journal): Hex {
  const { open } = journal.state;
  if (open === null) throw new Error('the session was never opened');
  return open.open.runbook.sha256;
}

/** Acknowledged records that a journal file does not hold. */
export function lostFrom(bytes: Uint8Array | null, acknowledged: Iterable<Acknowledged>): readonly number[] {
  const { lines } = splitJournal(bytes ?? new Uint8Array());
  const lost: number[] = [];
  for (const { seq, lineSha256 } of acknowledged) {
    const line = lines[seq];
    if (line === undefined || lineHash(line) !== lineSha256) lost.push(seq);
  }
  return lost;
}

/** Digest of the trust store of the story. */
export async function storyTrust(): Promise<{ readonly bytes: Uint8Array; readonly sha256: Hex }> {
  const bytes = await trustBytes();
  return { bytes, sha256: parseTrust(bytes).sha256 };
}

/** Sizes of the suites: small in every test run, full with `npm run suites`. */
export const FULL = process.env.C138_SUITES === 'full';
