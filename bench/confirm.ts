/**
 * From a signed line in hand to durable, beside a bare write + fdatasync of the same bytes on the same disk, in the same run; and the
 * whole of what an operator waits for, from the typed code, through the signer process, to the acknowledgement (limit 50 ms).
 *
 *   tsx bench/confirm.ts        prints p50 and p99 in milliseconds, and the ratios
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { CRASH_ESTATE, CRASH_RUNBOOK, crashActor, crashOpen, crashStep } from '../scripts/crash-records.ts';
import { Journal, newSession } from '../src/evidence/journal/journal.ts';
import { canonicalBytes } from '../src/evidence/record/canonical.ts';
import { createTrust, throwAwayTrust } from '../src/evidence/trust/trust.ts';
import type { Hex } from '../src/model/json.ts';
import type { RecordBody } from '../src/model/record.ts';
import { startSigner } from '../src/signer/client.ts';

/** So many that the slowest hundredth is forty of them: with fewer, one hiccup of the disk decides. */
const ROUNDS = 4_000;
const WARM_UP = 50;
/** Between two rounds: an operator does not confirm without taking breath, and a disk that never rests is another disk. */
const PAUSE_MS = 20;
const root = mkdtempSync(join(process.env.C138_BENCH_DIR ?? tmpdir(), 'c138-bench-'));
const signer = await startSigner({ kind: 'throw-away' });
const { address, pubkey } = await signer.facts();
const actor = crashActor(address);
/** Most that an operator may wait for a confirmation, milliseconds. */
const LIMIT_MS = 50;

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

const body = throwAwayTrust({ address, pubkey: pubkey as Hex }, CRASH_ESTATE, new Date());
const trustBytes = await createTrust(body, [(bytes) => signer.signTrust(bytes)]);
const journal = await Journal.create({
  dir: join(root, 'session'),
  session: newSession(),
  runbookBytes: CRASH_RUNBOOK,
  trustBytes,
  mirror: null,
});

/** Runs something, and gives its result and how long it took, in milliseconds. */
async function timed<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  const start = performance.now();
  const result = await work();
  return [result, performance.now() - start];
}

/** Shown to the operator, who reads it and types its code. */
async function prepared(
  record: RecordBody,
): Promise<{ readonly bytes: Uint8Array; readonly sign: () => Promise<Hex> }> {
  const bytes = canonicalBytes(record);
  const { promptId, code } = await signer.prepare(bytes, CRASH_ESTATE);
  return { bytes, sign: () => signer.sign(promptId, code) };
}

const bare = openSync(join(root, 'bare'), 'a', 0o600);
const checked: number[] = [];
const ours: number[] = [];
const limit: number[] = [];
const whole: number[] = [];
let size = 0;
try {
  const opened = await prepared(crashOpen(journal, actor));
  await journal.append(opened.bytes, await opened.sign());
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    await setTimeout(PAUSE_MS);
    const record = crashStep(journal, actor, `Round ${round}: ${'x'.repeat(200)}`);
    journal.stage(canonicalBytes(record));
    const { bytes, sign } = await prepared(record);
    const [sig, signing] = await timed(sign);
    const [line, checking] = await timed(async () => journal.signed(bytes, sig));
    size = line.bytes.length;
    const writeOurs = (): Promise<unknown> => journal.write(line);
    const writeBare = async (): Promise<void> => {
      writeSync(bare, line.bytes);
      fdatasyncSync(bare);
    };
    // Each is the first of the two in half of the rounds, so that whatever else the machine does falls on both.
    const bareFirst = round % 2 === 0 ? (await timed(writeBare))[1] : null;
    const [, writing] = await timed(writeOurs);
    const bareTook = bareFirst ?? (await timed(writeBare))[1];
    if (round < WARM_UP) continue;
    checked.push(checking);
    ours.push(writing);
    whole.push(signing + checking + writing);
    limit.push(bareTook);
  }
} finally {
  closeSync(bare);
  await journal.close();
  await signer.close();
  rmSync(root, { recursive: true, force: true });
}

console.log(`confirm: signed line of ${size} bytes in hand to durable, ${ROUNDS} rounds`);
for (const share of [0.5, 0.99]) {
  const [mine, bound] = [percentile(ours, share), percentile(limit, share)];
  console.log(
    `  p${share * 100}: journal ${mine.toFixed(2)} ms, bare write + fdatasync ${bound.toFixed(2)} ms, ratio ${(mine / bound).toFixed(1)}; before it, checking the signature ${percentile(checked, share).toFixed(2)} ms`,
  );
}
for (const share of [0.5, 0.99]) {
  const took = percentile(whole, share);
  console.log(
    `  p${share * 100}: from the typed code to acknowledged ${took.toFixed(2)} ms (signer process, check and journal), ${(took / LIMIT_MS).toFixed(2)} of the limit of ${LIMIT_MS} ms`,
  );
}
