import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import {
  parseTrust,
  type TrustBody,
  TrustError,
  type TrustStore,
  trustBodyBytes,
  trustFileBytes,
} from '../evidence/trust/trust.ts';
import {
  missingSignatures,
  nextVersion,
  refuseSuccessor,
  withoutTrustIn,
  withPolicy,
  withRoots,
  withSignature,
  withValidity,
} from '../evidence/trust/trust-update.ts';
import { type Hex, sanitiseLine } from '../model/index.ts';
import { rememberTrust } from '../state/attested/trust-seen.ts';
import type { Paths } from '../state/paths.ts';
import { CliError, type Io } from './io.ts';
import { readTrustFile, readTrustStore, withSigner } from './with-signer.ts';

export interface ChangeFlags {
  readonly address?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly reason?: string | undefined;
  readonly add?: readonly string[] | undefined;
  readonly remove?: readonly string[] | undefined;
  readonly threshold?: string | undefined;
  readonly witnessFor?: string | undefined;
  readonly countersigners?: string | undefined;
  readonly root?: string | undefined;
}

/** A moment. @throws CliError */
export function timeOf(flag: string, text: string): Date {
  const time = new Date(text);
  if (!/^\d{4}-\d\d-\d\d(T[\d:.]+Z)?$/.test(text) || Number.isNaN(time.getTime()))
    throw new CliError(`${flag}: give a time in UTC, for example 2026-01-31T06:30:00Z`);
  return time;
}

/** An address in the one spelling. @throws CliError */
export function addressOf(flag: string, text: string | undefined): Hex {
  const address = (text ?? '').toLowerCase();
  if (!/^0x[0-9a-f]{40}$/.test(address))
    throw new CliError(`${flag}: give an address, 0x and 40 hexadecimal digits (c138 key show)`);
  return address as Hex;
}

/** `c138 trust revoke`: the next version, in which a key is not trusted from a moment on. */
export function trustRevoke(paths: Paths, flags: ChangeFlags, io: Io): Promise<number> {
  const address = addressOf('--address', flags.address);
  const reason = (flags.reason ?? '').trim().normalize('NFC');
  if (reason === '') throw new CliError('--reason: say why; whoever verifies later reads it');
  const now = new Date();
  const since = flags.since === undefined ? now : timeOf('--since', flags.since);
  if (since > now) throw new CliError('--since lies in the future; to end a key later, revoke it then');
  return changeTrust(
    paths,
    (body) => withoutTrustIn(body, address, since.toISOString(), reason, now.toISOString()),
    io,
  );
}

/** `c138 trust valid`: the next version, in which a key is valid longer, or is used no more. */
export function trustValid(paths: Paths, flags: ChangeFlags, io: Io): Promise<number> {
  const address = addressOf('--address', flags.address);
  if (flags.until === undefined) throw new CliError('--until: give a time in UTC, or now');
  const until = flags.until === 'now' ? new Date() : timeOf('--until', flags.until);
  return changeTrust(paths, (body) => withValidity(body, address, until.toISOString()), io);
}

/** `c138 trust roots`: the next version, with other roots or another threshold. Old and new quorum sign. */
export function trustRoots(paths: Paths, flags: ChangeFlags, io: Io): Promise<number> {
  const change = {
    add: (flags.add ?? []).map((one) => addressOf('--add', one)),
    remove: (flags.remove ?? []).map((one) => addressOf('--remove', one)),
    threshold: flags.threshold === undefined ? null : countOf('--threshold', flags.threshold),
  };
  if (change.add.length + change.remove.length === 0 && change.threshold === null)
    throw new CliError('say what changes: --add, --remove or --threshold');
  return changeTrust(paths, (body) => withRoots(body, change), io);
}

/** `c138 trust policy`: the next version, with other rules for witnesses and countersignatures. */
export function trustPolicy(paths: Paths, flags: ChangeFlags, io: Io): Promise<number> {
  const words = ['critical', 'all', 'seal'] as const;
  const wanted = flags.witnessFor?.split(',').map((one) => one.trim()) ?? null;
  const wrong = wanted?.find((one) => one !== 'none' && !words.some((word) => word === one));
  if (wrong !== undefined)
    throw new CliError(`--witness-for: "${sanitiseLine(wrong, 40)}" is not one of ${words.join(', ')}, none`);
  if (wanted === null && flags.countersigners === undefined)
    throw new CliError('say what changes: --witness-for or --countersigners');
  const change = {
    ...(wanted === null ? {} : { witness_for: words.filter((word) => wanted.includes(word)) }),
    ...(flags.countersigners === undefined
      ? {}
      : { countersigners: countOf('--countersigners', flags.countersigners) }),
  };
  return changeTrust(paths, (body) => withPolicy(body, change), io);
}

function countOf(flag: string, text: string): number {
  if (!/^\d{1,2}$/.test(text))
    throw new CliError(`${flag}: "${sanitiseLine(text, 20)}" is not a small number`);
  return Number(text);
}

/**
 * Makes the next version and signs it with the key of this machine. Where that is not enough, it becomes a proposal that the other
 * roots sign; nothing is in force before.
 */
export async function changeTrust(
  paths: Paths,
  change: (body: TrustBody) => TrustBody,
  io: Io,
): Promise<number> {
  const { store: current } = await readTrustStore(paths.trustFile);
  const body = orSay(() => change(nextVersion(current, new Date())));
  return withSigner(paths, async (signer) => {
    const { address } = await signer.unlock();
    if (!current.body.roots.includes(address) && !body.roots.includes(address))
      throw new CliError(
        `${address} is no root of the trust store, so its signature would count for nothing`,
      );
    const signature = await signer.signTrust(trustBodyBytes(body));
    return settle(paths, current, trustFileBytes(body, [signature]), io);
  });
}

/** `c138 trust sign FILE`: adds the signature of this machine's key to a proposal. */
export async function trustSign(file: string, paths: Paths, io: Io): Promise<number> {
  const { store: current } = await readTrustStore(paths.trustFile);
  const { store: proposal } = await readTrustFile(file);
  if (proposal.body.prev_sha256 !== current.sha256)
    throw new CliError('the proposal does not follow the trust store that is in force here');
  return withSigner(paths, async (signer) => {
    const { address } = await signer.unlock();
    if (![...current.body.roots, ...proposal.body.roots].includes(address))
      throw new CliError(`${address} is no root, so its signature would count for nothing`);
    const signature = await signer.signTrust(proposal.bodyBytes);
    const sigs = orSay(() => withSignature(proposal, signature));
    return settle(paths, current, trustFileBytes(proposal.body, sigs), io);
  });
}

/** `c138 trust update FILE`: takes the next version into force, when the rules let it. */
export async function trustUpdate(file: string, paths: Paths, flags: ChangeFlags, io: Io): Promise<number> {
  const { store: next, bytes } = await readTrustFile(file);
  const current = await readTrustStore(paths.trustFile).catch((error: unknown) => {
    if (flags.root !== undefined) return null;
    throw error;
  });
  if (current !== null) orSay(() => refuseSuccessor(next, current.store, new Date()));
  else {
    const root = addressOf('--root', flags.root);
    const missing = orSay(() => missingSignatures(next, null));
    if (missing.length > 0) throw new CliError(missing.join('; '));
    if (!next.body.roots.includes(root) || !next.sigs.some((one) => one.address === root))
      throw new CliError(`the root ${root} did not sign this trust store`);
  }
  return install(paths, next, bytes, io);
}

async function settle(paths: Paths, current: TrustStore, bytes: Uint8Array, io: Io): Promise<number> {
  const next = parseTrust(bytes);
  const missing = orSay(() => missingSignatures(next, current));
  if (missing.length === 0) {
    orSay(() => refuseSuccessor(next, current, new Date()));
    return install(paths, next, bytes, io);
  }
  const path = join(dirname(resolve(paths.trustFile)), `trust-v${next.body.version}.proposal.json`);
  await writeDurably(path, bytes);
  io.out(`${path}\n`);
  io.err(`c138: not in force yet: ${missing.join('; ')}. Each of them runs: c138 trust sign FILE\n`);
  return 0;
}

async function install(paths: Paths, store: TrustStore, bytes: Uint8Array, io: Io): Promise<number> {
  const problem = await rememberTrust(paths.stateDir.path, store);
  if (problem !== null) throw new CliError(problem);
  await writeDurably(paths.trustFile, bytes);
  io.err(`c138: version ${store.body.version} of the trust store is in force, in ${paths.trustFile}\n`);
  return 0;
}

function orSay<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TrustError) throw new CliError(error.message);
    throw error;
  }
}

/** Writes a file (0600) whole or not at all. */
export async function writeDurably(file: string, bytes: Uint8Array): Promise<void> {
  const path = resolve(file);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}`;
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
}
