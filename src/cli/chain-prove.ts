import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  findBlocks,
  loadNativeRecovery,
  type ProofResult,
  proveBlock,
  type ValidatorPin,
} from '../chain/index.ts';
import { checkTrust, parseTrust } from '../evidence/trust/trust.ts';
import { sanitiseLine } from '../model/index.ts';
import { CliError, describeError, type Io, printJson } from './io.ts';

export interface ProveFlags {
  readonly validators?: string | undefined;
  readonly trust?: string | undefined;
  readonly json?: boolean | undefined;
}

const MAX_BYTES = 256 * 1024 * 1024;

/**
 * `c138 chain prove FILE`: proves quorum of every block in a file, offline. Exit code 0 proven against a pinned set, 1 not
 * proven, 2 unreadable, 3 self-consistent only, because nothing was pinned. What the file itself says of validators pins nothing.
 */
export async function chainProve(path: string, flags: ProveFlags, io: Io): Promise<number> {
  const pin = await pinOf(flags);
  const json = await readJson(path);
  const blocks = distinct(findBlocks(json));
  if (blocks.length === 0)
    throw new CliError(
      `${path}: there is no block in it${rpcErrorIn(json)}. Give a block object, a JSON-RPC response with one, or a snapshot.`,
    );
  await loadNativeRecovery();
  const results = blocks.map((block) => proveBlock(block, pin));
  if (flags.json === true) printJson(io, { format: 'c138-chain-proof', v: 1, pinned: pin !== null, results });
  else for (const result of results) io.out(textOf(result, pin));
  return exitCodeOf(results);
}

/** A snapshot holds the same head once for each node: each is proved once. */
function distinct(blocks: readonly unknown[]): readonly unknown[] {
  return [...new Map(blocks.map((block) => [JSON.stringify(block), block])).values()];
}

/** Why a JSON-RPC response holds no block, in its own words. */
function rpcErrorIn(json: unknown): string {
  if (json === null || typeof json !== 'object') return '';
  const { error, result } = json as { error?: unknown; result?: unknown };
  if (result === null) return ' (the result is null: the node has no such block)';
  if (error === null || typeof error !== 'object') return '';
  const { message } = error as { message?: unknown };
  return ` (the node answered an error: ${sanitiseLine(typeof message === 'string' ? message : '', 120)})`;
}

/** The worst answer counts; blocks that can not be read decide only when no other block says more. */
function exitCodeOf(results: readonly ProofResult[]): number {
  const any = (verdict: ProofResult['verdict']): boolean => results.some((one) => one.verdict === verdict);
  if (any('not-proven')) return 1;
  if (any('unreadable')) return 2;
  return any('self-consistent') ? 3 : 0;
}

function textOf(result: ProofResult, pin: ValidatorPin | null): string {
  const head = result.blockHash === '' ? result.verdict : `block ${result.number}: ${result.verdict}`;
  const lines = [sanitiseLine(head)];
  for (const reason of result.reasons) lines.push(`  ${sanitiseLine(reason, 1_000)}`);
  if (result.blockHash !== '') lines.push(`  hash ${result.blockHash}`);
  if (result.quorum > 0)
    lines.push(
      `  round ${result.round}, proposer ${result.proposer}`,
      `  sealed by ${result.committers.length} of ${result.validators.length} validators; a quorum is ${result.quorum}`,
      ...result.missing.map((one) => `  no seal of ${one}`),
      ...result.skipped.map((one) => `  turn passed: ${one}`),
    );
  if (result.uncovered.length > 0)
    lines.push(`  outside the header, so not covered: ${result.uncovered.join(', ')}`);
  if (pin === null && result.verdict === 'self-consistent')
    lines.push(
      '  The block names its own validators. Pin them with --validators or --trust to prove anything.',
    );
  return `${lines.join('\n')}\n`;
}

async function pinOf(flags: ProveFlags): Promise<ValidatorPin | null> {
  if (flags.validators !== undefined && flags.trust !== undefined)
    throw new CliError('give either --validators or --trust, not both');
  if (flags.validators !== undefined) {
    const validators = flags.validators.split(',').map((one) => one.trim().toLowerCase());
    const bad = validators.find((one) => !/^0x[0-9a-f]{40}$/.test(one));
    if (bad !== undefined)
      throw new CliError(
        `--validators: "${sanitiseLine(bad, 60)}" is not an address. Give 0x and 40 hexadecimal digits each, separated by commas.`,
      );
    return { validators };
  }
  if (flags.trust === undefined) return null;
  try {
    const store = parseTrust(await readFile(flags.trust));
    checkTrust(store);
    if (store.body.chain === null) throw new Error('it pins no validators (chain is null)');
    return { validators: store.body.chain.validators, fromBlock: store.body.chain.from_block };
  } catch (error) {
    throw new CliError(`--trust ${sanitiseLine(flags.trust)}: ${describeError(error)}`);
  }
}

async function readJson(path: string): Promise<unknown> {
  const shown = sanitiseLine(path);
  try {
    const info = await stat(path);
    const file = info.isDirectory() ? join(path, 'snapshot.json') : path;
    if ((await stat(file)).size > MAX_BYTES) throw new CliError(`${shown}: larger than ${MAX_BYTES} bytes`);
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if (error instanceof CliError) throw error;
    if (error instanceof SyntaxError)
      throw new CliError(`${shown}: not JSON: ${sanitiseLine(error.message, 120)}`);
    const { code } = error as NodeJS.ErrnoException;
    throw new CliError(
      `${shown}: ${code === 'ENOENT' ? 'there is no such file' : `it can not be read (${code})`}`,
    );
  }
}
