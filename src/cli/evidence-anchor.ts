import { stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { loadEstate } from '../estate/index.ts';
import { ExchangeError } from '../evidence/exchange.ts';
import { anchorBytes, anchorName, checkAnchor } from '../evidence/outside/anchor.ts';
import { AnchorError, readAnchorTransaction } from '../evidence/record/anchor-tx.ts';
import { verifySession } from '../evidence/verify/verify.ts';
import { type Endpoint, type Hex, sanitiseLine } from '../model/index.ts';
import { anchorProof, anchorTerms, sendAnchor } from '../state/attested/anchor.ts';
import { anchorCalls, NodeError } from '../state/attested/anchor-rpc.ts';
import type { Paths } from '../state/paths.ts';
import { witnessRequest } from '../state/runs/witness.ts';
import { CliError, type Io } from './io.ts';
import { readTrustStore, withSigner } from './with-signer.ts';

export interface AnchorFlags {
  readonly endpoint?: string | undefined;
  readonly trust?: string | undefined;
  readonly transaction?: string | undefined;
  readonly wait?: string | undefined;
}

const WAIT_S = 60;

/**
 * `c138 evidence anchor SESSION`: sends the digest of a seal as a transaction to a node of the estate, and keeps the proof of it beside
 * the journal. The only command that ever writes to a chain. Exit code 0 the proof is there, 1 it is not (yet), 2 usage or config.
 */
export async function evidenceAnchor(
  session: string,
  paths: Paths,
  flags: AnchorFlags,
  io: Io,
): Promise<number> {
  if (flags.transaction !== undefined && !/^0x[0-9a-f]{64}$/i.test(flags.transaction))
    throw new CliError('--transaction: give the hash of the transaction, 0x and 64 hexadecimal digits');
  const { bytes: trust, store } = await readTrustStore(paths.trustFile, flags.trust);
  const seal = await sealOf(session, trust);
  const endpoint = await endpointOf(paths, flags, seal.estateId);
  const waitMs = 1000 * waitOf(flags);
  const call = anchorCalls(endpoint);
  try {
    let hash = flags.transaction;
    if (hash === undefined) {
      const raw = await signed(paths, async (address) => {
        io.err(`c138: asking ${sanitiseLine(endpoint.id, 80)} at ${sanitiseLine(endpoint.url, 120)}\n`);
        return { ...seal, ...(await anchorTerms(call, address)) };
      });
      ({ hash } = readAnchorTransaction(raw));
      io.err(
        `c138: transaction ${hash}; if this ends before the proof is there: c138 evidence anchor … --transaction ${hash}\n`,
      );
      await sendAnchor(call, raw);
    }
    const file = await anchorProof(call, hash, seal.session as Hex, Date.now() + waitMs);
    if (file === null) {
      io.err(`c138: it is in no block yet; ask again with --transaction ${sanitiseLine(hash, 70)}\n`);
      return 1;
    }
    const name = anchorName(readAnchorTransaction(file.tx));
    const bytes = anchorBytes(file);
    const pinned = store.body.chain;
    const pin = pinned === null ? null : { validators: pinned.validators, fromBlock: pinned.from_block };
    const { block, at } = checkAnchor(
      name,
      bytes,
      { session: seal.session as Hex, lineSha256: seal.sealSha256 as Hex },
      pin,
    );
    if (block.verdict !== 'proven' && pin !== null)
      throw new AnchorError(
        `block ${block.number} is not proven, so nothing was kept: ${block.reasons.join('; ')}`,
      );
    const path = join(resolve(session), name);
    await writeFile(path, bytes, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw new CliError(`${path} can not be written (${error.code})`);
    });
    io.out(`${path}\n`);
    io.err(
      `c138: the seal is in block ${block.number} of ${at}, sealed by ${block.committers.length} of ${block.validators.length} ${pin === null ? 'validators that the block names itself; the trust store pins none, so it counts for nothing yet' : 'pinned validators'}\n`,
    );
    return 0;
  } catch (error) {
    if (error instanceof NodeError || error instanceof AnchorError)
      throw new CliError(sanitiseLine(error.message, 400), 1);
    throw error;
  }
}

interface Seal {
  readonly session: string;
  readonly estateId: string;
  readonly sealSha256: string;
}

/** @throws CliError unless the session verifies and is sealed */
async function sealOf(session: string, trust: Uint8Array): Promise<Seal> {
  const info = await stat(session).catch(() => null);
  if (info?.isDirectory() !== true)
    throw new CliError(`${sanitiseLine(session, 200)} is no session folder; the proof is kept in one`);
  const report = await verifySession(session, { trust });
  if (report.exitCode !== 0 && report.exitCode !== 11)
    throw new CliError(
      `${sanitiseLine(basename(session), 120)}: ${report.verdict}, so nothing was sent: ${report.findings
        .filter((one) => one.severity !== 'info')
        .map((one) => sanitiseLine(one.text, 200))
        .join('; ')}`,
      1,
    );
  try {
    const { ref } = await witnessRequest(session, report.records - 1);
    return {
      session: report.session ?? '',
      estateId: report.estateId ?? '',
      sealSha256: ref.line_sha256,
    };
  } catch (error) {
    if (error instanceof ExchangeError) throw new CliError(error.message);
    throw error;
  }
}

/** The node to ask: the one that is named, or the first JSON-RPC endpoint of the estate file. No other address is ever dialled. */
async function endpointOf(paths: Paths, flags: AnchorFlags, estateId: string): Promise<Endpoint> {
  const estate = await loadEstate(paths.estateFile.path);
  if (estate.id !== estateId)
    throw new CliError(
      `the session is of the estate ${sanitiseLine(estateId, 80)}, and ${paths.estateFile.path} is ${sanitiseLine(estate.id, 80)}`,
    );
  const nodes = estate.endpoints.filter((one) => one.kind === 'json-rpc');
  const found = flags.endpoint === undefined ? nodes[0] : nodes.find((one) => one.id === flags.endpoint);
  if (found === undefined)
    throw new CliError(
      flags.endpoint === undefined
        ? `${paths.estateFile.path} names no JSON-RPC endpoint to send to`
        : `there is no JSON-RPC endpoint "${sanitiseLine(flags.endpoint, 60)}" in ${paths.estateFile.path}; there are: ${nodes.map((one) => one.id).join(', ')}`,
    );
  return found;
}

function waitOf(flags: AnchorFlags): number {
  const seconds = Number(flags.wait ?? WAIT_S);
  if (!Number.isSafeInteger(seconds) || seconds < 0 || seconds > 86_400)
    throw new CliError('--wait: give a whole number of seconds, at most 86400');
  return seconds;
}

async function signed(
  paths: Paths,
  terms: (address: Hex) => Promise<{ session: string; sealSha256: string; nonce: number; gasPrice: string }>,
): Promise<string> {
  let raw = '';
  await withSigner(paths, async (signer) => {
    const { address } = await signer.unlock();
    const { session, sealSha256, nonce, gasPrice } = await terms(address);
    raw = await signer.signAnchor({ session, sealSha256, nonce, gasPrice });
    return 0;
  });
  return raw;
}
