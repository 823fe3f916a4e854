/**
 * Verification of a long session, beside one core of OpenSSL's secp256k1 (through node:crypto) and beside ethers'
 * `verifyTypedData`, all in the same run.
 *
 *   tsx bench/verify.ts [RECORDS]      100,000 signed records by default
 */
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, sign as nativeSign, verify as nativeVerify } from 'node:crypto';
import { once } from 'node:events';
import {
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
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
import { canonicalBytes } from '../src/evidence/canonical.ts';
import { newSession } from '../src/evidence/journal.ts';
import { encodeLine, firstPrev, lineHash } from '../src/evidence/line.ts';
import { createTrust, parseTrust, throwAwayTrust } from '../src/evidence/trust.ts';
import { digestOf, digestOfTyped, trustTypedData, typedDataOf } from '../src/evidence/typed-data.ts';
import { verifySession } from '../src/evidence/verify.ts';
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

/** Writes an open session of many signed records. */
async function write(folder: string, count: number): Promise<readonly RecordBody[]> {
  mkdirSync(join(folder, 'blobs'), { recursive: true });
  writeFileSync(join(folder, 'runbook.json'), CRASH_RUNBOOK);
  writeFileSync(join(folder, 'trust.json'), trust);
  const out = createWriteStream(join(folder, 'journal.jsonl'));
  const session = newSession();
  const sample: RecordBody[] = [];
  let prev = firstPrev(session);
  const trustSha256 = parseTrust(trust).sha256;
  for (let seq = 0; seq < count; seq += 1) {
    const at = { session, next: { seq, prev }, trustSha256 };
    const body = seq === 0 ? crashOpen(at, actor) : crashStep(at, actor, `record ${seq}`);
    const bytes = canonicalBytes(body);
    const line = encodeLine(bytes, signFast(digestOf(body, bytes, CRASH_ESTATE)));
    prev = lineHash(line);
    if (sample.length < 300) sample.push(body);
    if (!out.write(line)) await once(out, 'drain');
  }
  await new Promise<void>((resolve) => out.end(() => resolve()));
  return sample;
}

/** Verifies in a process of its own: records a second, and the most memory that it held while at it, in MB. */
function verified(folder: string, count: number): { readonly rate: number; readonly rss: number } {
  const ran = spawnSync(process.execPath, [...process.execArgv, import.meta.filename, 'verify', folder], {
    encoding: 'utf8',
  });
  const { exitCode, found, ms, rss } = JSON.parse(ran.stdout) as Record<string, number>;
  if (exitCode !== 10 || found !== count || ms === undefined || rss === undefined)
    throw new Error(`not verified: ${ran.stdout} ${ran.stderr}`);
  return { rate: (count / ms) * 1000, rss };
}

async function verifyHere(folder: string): Promise<void> {
  let rss = 0;
  const watch = setInterval(() => {
    rss = Math.max(rss, process.memoryUsage.rss());
  }, 20);
  const pinned = readFileSync(join(folder, 'trust.json'));
  const began = performance.now();
  const report = await verifySession(folder, { trust: pinned });
  const ms = performance.now() - began;
  clearInterval(watch);
  console.log(JSON.stringify({ exitCode: report.exitCode, found: report.records, ms, rss: rss / 1e6 }));
}

function rateOf(count: number, work: (index: number) => void): number {
  const began = performance.now();
  for (let index = 0; index < count; index += 1) work(index);
  return (count / (performance.now() - began)) * 1000;
}

try {
  const cores = availableParallelism();
  const small = join(root, 'small');
  const large = join(root, 'large');
  await write(small, Math.max(2, Math.floor(records / 10)));
  const sample = await write(large, records);
  const mb = statSync(join(large, 'journal.jsonl')).size / 1e6;
  const first = verified(small, Math.max(2, Math.floor(records / 10)));
  const ours = verified(large, records);

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
  console.log(`${records} signed records, ${mb.toFixed(0)} MB, ${cores} cores`);
  console.log(
    `c138 evidence verify:          ${show(ours.rate)} records/s, ${ours.rss.toFixed(0)} MB (a tenth of the records: ${show(first.rate)}/s, ${first.rss.toFixed(0)} MB)`,
  );
  console.log(
    `native secp256k1, one core:    ${show(native)} signatures/s, so ours is ${(ours.rate / (native * cores)).toFixed(2)} x native x cores (goal 0.50)`,
  );
  console.log(
    `ethers verifyTypedData:        ${show(ethers)} signatures/s, so ours is ${(ours.rate / ethers).toFixed(1)} x ethers`,
  );
} finally {
  rmSync(root, { recursive: true, force: true });
}
