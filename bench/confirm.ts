/**
 * From a signed line in hand to durable, beside a bare write + fdatasync of the same bytes on the same disk, in the same run.
 *
 *   npm run bench:confirm        prints p50 and p99 in milliseconds, and the ratios
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SigningKey } from 'ethers/crypto';
import { computeAddress } from 'ethers/transaction';
import {
  CRASH_ESTATE,
  CRASH_KEY,
  CRASH_RUNBOOK,
  crashActor,
  crashOpen,
  crashStep,
} from '../scripts/crash-records.ts';
import { canonicalBytes } from '../src/evidence/canonical.ts';
import { Journal, newSession } from '../src/evidence/journal.ts';
import { encodeLine } from '../src/evidence/line.ts';
import { createTrust, throwAwayTrust } from '../src/evidence/trust.ts';
import { digestOf, digestOfTyped, trustTypedData } from '../src/evidence/typed-data.ts';
import type { Hex } from '../src/model/json.ts';
import type { RecordBody } from '../src/model/record.ts';

const ROUNDS = 500;
const WARM_UP = 50;
const root = mkdtempSync(join(process.env.C138_BENCH_DIR ?? tmpdir(), 'c138-bench-'));
const key = new SigningKey(CRASH_KEY);
const address = computeAddress(key).toLowerCase() as Hex;
const actor = crashActor(address);

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

const body = throwAwayTrust({ address, pubkey: key.publicKey as Hex }, CRASH_ESTATE, new Date());
const trustBytes = await createTrust(body, [
  async (bytes) => ({
    address,
    sig: key.sign(digestOfTyped(trustTypedData(body, bytes))).serialized as Hex,
  }),
]);
const journal = await Journal.create({
  dir: join(root, 'session'),
  session: newSession(),
  runbookBytes: CRASH_RUNBOOK,
  trustBytes,
  mirror: null,
});

function sign(record: RecordBody): { readonly bytes: Uint8Array; readonly sig: Hex } {
  const bytes = canonicalBytes(record);
  return { bytes, sig: key.sign(digestOf(record, bytes, CRASH_ESTATE)).serialized as Hex };
}

const bare = openSync(join(root, 'bare'), 'a', 0o600);
const ours: number[] = [];
const limit: number[] = [];
let size = 0;
try {
  const opened = sign(crashOpen(journal, actor));
  await journal.append(opened.bytes, opened.sig);
  // One of each in turn, so that whatever else the machine does falls on both.
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    const { bytes, sig } = sign(crashStep(journal, actor, `Round ${round}: ${'x'.repeat(200)}`));
    const line = encodeLine(bytes, sig);
    size = line.length;
    journal.stage(bytes);
    const start = performance.now();
    await journal.append(bytes, sig);
    const middle = performance.now();
    writeSync(bare, line);
    fdatasyncSync(bare);
    const end = performance.now();
    if (round < WARM_UP) continue;
    ours.push(middle - start);
    limit.push(end - middle);
  }
} finally {
  closeSync(bare);
  await journal.close();
  rmSync(root, { recursive: true, force: true });
}

console.log(`confirm: signed line of ${size} bytes in hand to durable, ${ROUNDS} rounds`);
for (const share of [0.5, 0.99]) {
  const [mine, bound] = [percentile(ours, share), percentile(limit, share)];
  console.log(
    `  p${share * 100}: journal ${mine.toFixed(2)} ms (recovery of the signature and the lock included), bare write + fdatasync ${bound.toFixed(2)} ms, ratio ${(mine / bound).toFixed(1)}`,
  );
}
