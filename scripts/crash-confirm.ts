/**
 * Kills a confirming program with SIGKILL at random times and counts the acknowledged records that are lost: none may be.
 *
 *   npm run crash -- [KILLS]      200 kills by default; exit code 0 when nothing was lost
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SigningKey } from 'ethers/crypto';
import { computeAddress } from 'ethers/transaction';
import { Journal, newSession } from '../src/evidence/journal/journal.ts';
import { splitJournal } from '../src/evidence/journal/tail.ts';
import { canonicalBytes } from '../src/evidence/record/canonical.ts';
import { lineHash } from '../src/evidence/record/line.ts';
import { digestOf, digestOfTyped, trustTypedData } from '../src/evidence/record/typed-data.ts';
import { createTrust, throwAwayTrust } from '../src/evidence/trust/trust.ts';
import { verifySession } from '../src/evidence/verify/verify.ts';
import type { Hex } from '../src/model/json.ts';
import { CRASH_ESTATE, CRASH_KEY, CRASH_RUNBOOK, crashActor, crashOpen } from './crash-records.ts';

export interface CrashResult {
  readonly kills: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly tornTails: number;
  /** Sessions whose verdict after the kills was anything but "sound, open". */
  readonly unsound: number;
}

/** Records after which a fresh session is begun, so that recovery stays short. */
const SESSION_RECORDS = 300;

/**
 * Runs the kills, one child after another on the same journal.
 * @param withMirror keep a second copy, as an estate with `mirror:` does
 */
export async function crashConfirm(
  kills: number,
  withMirror: boolean,
  tell: (text: string) => void,
): Promise<CrashResult> {
  const root = mkdtempSync(join(tmpdir(), 'c138-crash-'));
  const key = new SigningKey(CRASH_KEY);
  const address = computeAddress(key).toLowerCase() as Hex;
  const trustBody = throwAwayTrust({ address, pubkey: key.publicKey as Hex }, CRASH_ESTATE, new Date());
  const trust = await createTrust(trustBody, [
    async (bytes) => ({
      address,
      sig: key.sign(digestOfTyped(trustTypedData(trustBody, bytes))).serialized as Hex,
    }),
  ]);
  const mirror = withMirror ? join(root, 'mirror') : null;
  if (mirror !== null) mkdirSync(mirror);
  const result = { kills: 0, acknowledged: 0, lost: 0, tornTails: 0, unsound: 0 };
  let session = 0;
  let dir = '';
  let acks = new Map<number, string>();
  const begin = async (): Promise<void> => {
    session += 1;
    dir = join(root, `session-${session}`);
    acks = new Map();
    const journal = await Journal.create({
      dir,
      session: newSession(),
      runbookBytes: CRASH_RUNBOOK,
      trustBytes: trust,
      mirror,
    });
    const body = crashOpen(journal, crashActor(address));
    const bytes = canonicalBytes(body);
    await journal.append(bytes, key.sign(digestOf(body, bytes, CRASH_ESTATE)).serialized as Hex);
    await journal.close();
  };
  try {
    await begin();
    while (result.kills < kills) {
      for (const [seq, hash] of await runAndKill(dir, mirror)) acks.set(seq, hash);
      result.kills += 1;
      for (const folder of mirror === null ? [dir] : [dir, join(mirror, `session-${session}`)]) {
        const { lines, torn } = splitJournal(readFileSync(join(folder, 'journal.jsonl')));
        if (torn !== null) result.tornTails += 1;
        for (const [seq, hash] of acks) {
          const line = lines[seq];
          if (line === undefined || lineHash(line) !== hash) {
            result.lost += 1;
            tell(`LOST: record ${seq} of ${folder}`);
          }
        }
      }
      if (acks.size > SESSION_RECORDS || result.kills === kills) {
        result.acknowledged += acks.size;
        const report = await verifySession(dir, { trust });
        if (report.exitCode !== 10) {
          result.unsound += 1;
          tell(`UNSOUND: ${dir}: ${report.verdict}: ${report.findings.map(({ text }) => text).join('; ')}`);
        }
        if (result.kills < kills) await begin();
      }
      if (result.kills % 20 === 0) tell(`${result.kills} kills, ${result.lost} lost`);
    }
    return result;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Starts a child, kills it at a random time after its first acknowledgement, and returns what it acknowledged. */
function runAndKill(dir: string, mirror: string | null): Promise<ReadonlyMap<number, string>> {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const script = join(import.meta.dirname, 'crash-child.ts');
  const child = spawn(
    process.execPath,
    ['--import', loader, script, dir, ...(mirror === null ? [] : [mirror])],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let out = '';
  let problem = '';
  let armed = false;
  child.stderr.on('data', (chunk: Buffer) => {
    problem += chunk.toString();
  });
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    if (armed) return;
    armed = true;
    setTimeout(() => child.kill('SIGKILL'), Math.random() * 60);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (_code, signal) => {
      if (signal !== 'SIGKILL')
        return reject(new Error(`the child ended by itself: ${problem.slice(0, 2_000)}`));
      const acks = new Map<number, string>();
      // A line without its end was not read whole, so it is no acknowledgement yet.
      for (const line of out.split('\n').slice(0, -1)) {
        const [seq, hash] = line.split(' ');
        if (hash !== undefined) acks.set(Number(seq), hash);
      }
      resolve(acks);
    });
  });
}

if (
  process.argv[1] !== undefined &&
  existsSync(process.argv[1]) &&
  import.meta.filename === process.argv[1]
) {
  const kills = Number(process.argv[2] ?? 200);
  if (!Number.isSafeInteger(kills) || kills < 1) {
    console.error('usage: npm run crash -- [KILLS]');
    process.exit(2);
  }
  const half = Math.ceil(kills / 2);
  let failed = false;
  for (const [count, withMirror] of [
    [half, false],
    [kills - half, true],
  ] as const) {
    if (count === 0) continue;
    const { acknowledged, lost, tornTails, unsound } = await crashConfirm(count, withMirror, (text) =>
      console.error(text),
    );
    console.log(
      `${count} SIGKILLs ${withMirror ? 'with' : 'without'} mirror: ${acknowledged} records acknowledged, ${lost} lost, ${tornTails} torn tails cut off, ${unsound} sessions unsound`,
    );
    failed ||= lost > 0 || unsound > 0;
  }
  process.exitCode = failed ? 1 : 0;
}
