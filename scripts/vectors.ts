/**
 * Runs the quorum prover over a folder of recorded blocks, `npm run vectors -- DIR`. Every JSON file is searched for QBFT blocks.
 * A block passes when it can be read, its hash is its own, and its seals are a quorum of the validators it names; then again with
 * those validators pinned, and with a stranger pinned in place of one of them, which must fail. Where the file itself says what must
 * come out (`{"block": …, "expected": {validators, round, onchainHash, commitHash, committers, quorum}}`), that is compared too.
 * Exit code 0 when all pass, 1 when one does not, 2 when there is nothing to prove.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { findBlocks, proveBlock } from '../src/chain/index.ts';
import { sanitiseLine } from '../src/model/index.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined || !statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
  console.error('vectors: give a folder of JSON files: npm run vectors -- DIR');
  process.exit(2);
}

function* jsonFiles(from: string): Generator<string> {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const path = join(from, entry.name);
    if (entry.isDirectory()) yield* jsonFiles(path);
    else if (entry.name.endsWith('.json')) yield path;
  }
}

const STRANGER = `0x${'5f'.repeat(20)}`;

/** What is wrong with a block, or an empty list. */
function faultsOf(block: unknown): readonly string[] {
  const own = proveBlock(block, null);
  if (own.number === '0' && own.verdict !== 'unreadable') return [];
  if (own.verdict !== 'self-consistent') return [`${own.verdict}: ${own.reasons.join('; ')}`];
  if (own.contractMode) return [];
  const faults: string[] = [];
  const pinned = proveBlock(block, { validators: own.validators });
  if (pinned.verdict !== 'proven')
    faults.push(`not proven with its own validators pinned: ${pinned.verdict}`);
  const replaced = [STRANGER, ...own.validators.slice(1)].sort();
  if (proveBlock(block, { validators: replaced }).verdict === 'proven')
    faults.push('proven although a pinned validator was replaced by a stranger');
  return faults;
}

/** Where the prover and what the file expects of it differ. */
function differencesFrom(expected: unknown, block: unknown): readonly string[] {
  if (expected === null || typeof expected !== 'object') return [];
  const found = proveBlock(block, null);
  const list = (value: unknown): unknown => (Array.isArray(value) ? value.map(String).sort().join() : value);
  const wanted = expected as Record<string, unknown>;
  const got: Record<string, unknown> = {
    verdict: found.verdict,
    validators: found.validators,
    round: found.round,
    onchainHash: found.blockHash,
    commitHash: found.commitHash,
    committers: found.committers,
    quorum: found.quorum,
    skipped: found.skipped,
    missing: found.missing,
  };
  return Object.keys(got)
    .filter((name) => Object.hasOwn(wanted, name) && list(wanted[name]) !== list(got[name]))
    .map(
      (name) => `${name} is ${String(list(got[name]))}, and the file expects ${String(list(wanted[name]))}`,
    );
}

const tally = { proven: 0, compared: 0, genesis: 0 };
let blocks = 0;
let bad = 0;
for (const file of jsonFiles(folder)) {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    console.log(`${sanitiseLine(file)}: not JSON: ${sanitiseLine((error as Error).message, 100)}`);
    bad += 1;
    continue;
  }
  const found = findBlocks(json);
  const expected = found.length === 1 ? (json as { expected?: unknown }).expected : undefined;
  for (const block of found) {
    blocks += 1;
    const faults = [...faultsOf(block), ...differencesFrom(expected, block)];
    if (expected !== undefined) tally.compared += 1;
    const { number, blockHash, committers, validators, round } = proveBlock(block, null);
    if (faults.length > 0) bad += 1;
    else if (number === '0') tally.genesis += 1;
    else tally.proven += 1;
    console.log(
      `${faults.length === 0 ? 'ok  ' : 'BAD '} ${sanitiseLine(file)}: block ${number} ${blockHash} round ${round}, sealed by ${committers.length} of ${validators.length}`,
    );
    for (const fault of faults) console.log(`     ${sanitiseLine(fault, 400)}`);
  }
}
console.log(
  `${blocks} blocks: ${tally.proven} proven, ${tally.genesis} genesis blocks (they carry no seals), ${tally.compared} compared with what their file expects; ${bad} bad`,
);
process.exitCode = bad > 0 ? 1 : blocks === 0 ? 2 : 0;
