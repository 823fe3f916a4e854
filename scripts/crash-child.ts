/**
 * Confirms steps through the real journal until it is killed, telling each acknowledged record on standard output.
 * Started by scripts/crash-confirm.ts; argument: the session folder, which must be open for recovery.
 */
import { writeSync } from 'node:fs';
import { SigningKey } from 'ethers/crypto';
import { computeAddress } from 'ethers/transaction';
import { Journal } from '../src/evidence/journal/journal.ts';
import { canonicalBytes, sha256Hex } from '../src/evidence/record/canonical.ts';
import { digestOf } from '../src/evidence/record/typed-data.ts';
import type { Hex } from '../src/model/json.ts';
import {
  CRASH_ESTATE,
  CRASH_KEY,
  CRASH_RUNBOOK,
  crashActor,
  crashBase,
  crashConfirm,
} from './crash-records.ts';

const [dir, mirror] = process.argv.slice(2);
if (dir === undefined) throw new Error('usage: crash-child SESSION-FOLDER [MIRROR]');
const key = new SigningKey(CRASH_KEY);
const actor = crashActor(computeAddress(key).toLowerCase() as Hex);

const { journal, torn, fromMirror } = await Journal.recover({ dir, mirror: mirror ?? null });

async function put(body: Parameters<typeof digestOf>[0]): Promise<void> {
  const bytes = canonicalBytes(body);
  const { seq, lineSha256 } = await journal.append(
    bytes,
    key.sign(digestOf(body, bytes, CRASH_ESTATE)).serialized as Hex,
  );
  writeSync(1, `${seq} ${lineSha256}\n`);
}

await put({
  ...crashBase(journal, actor),
  kind: 'resume',
  resume: {
    last_line_sha256: journal.next.prev,
    torn,
    from_mirror: fromMirror,
    runbook: { id: 'crash', version: '1', sha256: sha256Hex(CRASH_RUNBOOK) },
    trust_sha256: journal.trustSha256,
    note: '',
  },
});
for (;;) {
  const blob = Buffer.from(`raw answer ${journal.next.seq} ${'.'.repeat(journal.next.seq % 2_000)}`);
  const sha256 = await journal.putBlob(blob);
  await put(crashConfirm(journal, actor, { sha256, bytes: blob.length }));
}
