/**
 * Verification of a long session, beside one core of OpenSSL's secp256k1 (through node:crypto) and beside ethers'
 * `verifyTypedData`, all in the same run.
 *
 *   tsx bench/verify.ts [RECORDS]      100,000 signed records by default; memory at a tenth of them, at all, and at three times as many
 *
 * Where other programs use the processors too, rates by the clock say little; processor time does.
 */
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, sign as nativeSign, verify as nativeVerify } from 'node:crypto';
import { once } from 'node:events';
import {
  copyFileSync,
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { SigningKey } from 'ethers/crypto';
import { verifyTypedData } from 'ethers/hash';
import { computeAddress } from 'ethers/transaction';
import { signRecoverable } from 'tiny-secp256k1';
import {
  CRASH_ESTATE,
  CRASH_KEY,
  CRASH_RUNBOOK,
  crashActor,
  crashOpen,
  crashStep,
} from '../scripts/crash-records.ts';
import { newSession } from '../src/evidence/journal/journal.ts';
import { canonicalBytes } from '../src/evidence/record/canonical.ts';
import { encodeLine, firstPrev, lineHash } from '../src/evidence/record/line.ts';
import { digestOf, digestOfTyped, trustTypedData, typedDataOf } from '../src/evidence/record/typed-data.ts';
import { createTrust, parseTrust, throwAwayTrust } from '../src/evidence/trust/trust.ts';
import { verifySession } from '../src/evidence/verify/verify.ts';
import type { Hex } from '../src/model/json.ts';
import type { RecordBody } from '../src/model/record.ts';

if (process.argv[2] === 'verify') {
  await verifyHere(process.argv[3] ?? '');
  process.exit();
}

const records = Number(process.argv[2] ?? 100_000);
const root = mkdtempSync(join(tmpdir(), 'c138-bench-'));
const key = new SigningKey(CRASH_KEY);
const address = computeAddress(key).toLowerCase() as Hex;
const actor = crashActor(address);
const trustBody = throwAwayTrust({ address, pubkey: key.publicKey as Hex }, CRASH_ESTATE, new Date());
const trust = await createTrust(trustBody, [
  async (bytes) => ({
    address,
    sig: key.sign(digestOfTyped(trustTypedData(trustBody, bytes))).serialized as Hex,
  }),
]);

function signFast(digest: Hex): Hex {
  const { signature, recoveryId } = signRecoverable(
    Buffer.from(digest.slice(2), 'hex'),
    Buffer.from(CRASH_KEY.slice(2), 'hex'),
  );
  return `0x${Buffer.from(signature).toString('hex')}${recoveryId === 0 ? '1b' : '1c'}`;
}

/** Writes an open session of many signed records, and for each count in between one that ends there: a beginning is a session too. */
async function write(folders: ReadonlyMap<number, string>): Promise<readonly RecordBody[]> {
  const counts = [...folders.keys()].sort((a, b) => b - a);
  const most = counts[0] ?? 0;
  const file = (count: number): string => join(folders.get(count) ?? '', 'journal.jsonl');
  for (const folder of folders.values()) {
    mkdirSync(join(folder, 'blobs'), { recursive: true });
    writeFileSync(join(folder, 'runbook.json'), CRASH_RUNBOOK);
    writeFileSync(join(folder, 'trust.json'), trust);
  }
  const out = createWriteStream(file(most));
  const session = newSession();
  const sample: RecordBody[] = [];
  const ends = new Map<number, number>();
  let size = 0;
  let prev = firstPrev(session);
  const trustSha256 = parseTrust(trust).sha256;
  for (let seq = 0; seq < most; seq += 1) {
    const at = { session, next: { seq, prev }, trustSha256 };
    const body = seq === 0 ? crashOpen(at, actor) : crashStep(at, actor, `record ${seq}`);
    const bytes = canonicalBytes(body);
    const line = encodeLine(bytes, signFast(digestOf(body, bytes, CRASH_ESTATE)));
    prev = lineHash(line);
    size += line.length;
    if (folders.has(seq + 1)) ends.set(seq + 1, size);
    if (sample.length < 300) sample.push(body);
    if (!out.write(line)) await once(out, 'drain');
  }
  await new Promise<void>((resolve) => out.end(() => resolve()));
  for (const count of counts.slice(1)) {
    copyFileSync(file(most), file(count));
    truncateSync(file(count), ends.get(count));
  }
  return sample;
}

interface Verified {
  /** Records a second. */
  readonly rate: number;
  /** Most memory that the process held while at it, MB. */
  readonly rss: number;
  /** Processor time of all threads together, microseconds a record. */
  readonly cpu: number;
}

/** Verifies in a process of its own. */
function verified(folder: string, count: number): Verified {
  const ran = spawnSync(process.execPath, [...process.execArgv, import.meta.filename, 'verify', folder], {
    encoding: 'utf8',
  });
  const { exitCode, found, ms, rss, cpu } = JSON.parse(ran.stdout) as Record<string, number>;
  if (exitCode !== 10 || found !== count || ms === undefined || rss === undefined || cpu === undefined)
    throw new Error(`not verified: ${ran.stdout} ${ran.stderr}`);
  return { rate: (count / ms) * 1000, rss, cpu: cpu / count };
}

async function verifyHere(folder: string): Promise<void> {
  const pinned = readFileSync(join(folder, 'trust.json'));
  const began = performance.now();
  const before = process.cpuUsage();
  const report = await verifySession(folder, { trust: pinned });
  const ms = performance.now() - began;
  const { user, system } = process.cpuUsage(before);
  const rss = process.resourceUsage().maxRSS / 1e3;
  console.log(
    JSON.stringify({ exitCode: report.exitCode, found: report.records, ms, rss, cpu: user + system }),
  );
}

interface Rate {
  /** Times a second. */
  readonly rate: number;
  /** Processor time of each, microseconds. */
  readonly cpu: number;
}

function rateOf(count: number, work: (index: number) => void): Rate {
  const began = performance.now();
  const before = process.cpuUsage();
  for (let index = 0; index < count; index += 1) work(index);
  const { user, system } = process.cpuUsage(before);
  return { rate: (count / (performance.now() - began)) * 1000, cpu: (user + system) / count };
}

try {
  const cores = availableParallelism();
  const counts = [Math.max(2, Math.floor(records / 10)), records, 3 * records];
  const folders = new Map(counts.map((count) => [count, join(root, String(count))]));
  const sample = await write(folders);
  const mb = statSync(join(folders.get(records) ?? '', 'journal.jsonl')).size / 1e6;
  const all = counts.map((count) => verified(folders.get(count) ?? '', count));
  const ours = all[1] as Verified;

  const pair = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
  const message = Buffer.alloc(32, 7);
  const signature = nativeSign('sha256', message, pair.privateKey);
  const native = rateOf(4_000, () => {
    if (!nativeVerify('sha256', message, pair.publicKey, signature)) throw new Error('not verified');
  });
  const signed = sample.map((body) => {
    const bytes = canonicalBytes(body);
    return {
      typed: typedDataOf(body, bytes, CRASH_ESTATE),
      sig: signFast(digestOf(body, bytes, CRASH_ESTATE)),
    };
  });
  const ethers = rateOf(signed.length, (index) => {
    const one = signed[index];
    if (one === undefined) return;
    const { domain, types, message: value } = one.typed;
    if (verifyTypedData(domain, types, value, one.sig).toLowerCase() !== address)
      throw new Error('not verified');
  });
  const show = (rate: number): string => Math.round(rate).toLocaleString('en').padStart(8);
  const us = (cpu: number): string => `${cpu.toFixed(0)} us of processor time each`;
  console.log(
    `${records} signed records, ${mb.toFixed(0)} MB, ${cores} cores, load before ${(loadavg()[0] ?? 0).toFixed(1)}`,
  );
  console.log(
    `c138 evidence verify:          ${show(ours.rate)} records/s, ${us(ours.cpu)} (all threads together)`,
  );
  console.log(
    `native secp256k1, one core:    ${show(native.rate)} signatures/s, ${us(native.cpu)}; ours is ${(ours.rate / (native.rate * cores)).toFixed(2)} x native x cores by the clock, ${(native.cpu / ours.cpu).toFixed(2)} by processor time (goal 0.50)`,
  );
  console.log(
    `ethers verifyTypedData:        ${show(ethers.rate)} signatures/s, ${us(ethers.cpu)}; ours is ${(ours.rate / ethers.rate).toFixed(1)} x ethers by the clock, ${(ethers.cpu / ours.cpu).toFixed(1)} by processor time`,
  );
  for (const [index, count] of counts.entries()) {
    const { rss, rate } = all[index] as Verified;
    console.log(
      `memory: ${count.toLocaleString('en').padStart(9)} records, at most ${rss.toFixed(0)} MB (${(rss / (all[0]?.rss ?? rss)).toFixed(2)} x the smallest),${show(rate)} records/s`,
    );
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}
