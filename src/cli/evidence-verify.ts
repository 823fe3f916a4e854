import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { type Checkpoint, parseCheckpoint, parseCheckpointCode } from '../evidence/checkpoint.ts';
import { readAllowedSigners } from '../evidence/outside/ssh-allowed.ts';
import { readTsaPin, TimestampError } from '../evidence/outside/timestamp.ts';
import { checkTrust, parseTrust, type TrustStore } from '../evidence/trust/trust.ts';
import { verifySession } from '../evidence/verify/verify.ts';
import type { OutsidePins } from '../evidence/verify/verify-outside.ts';
import { readSession } from '../evidence/verify/verify-read.ts';
import { byWeight, type VerifyReport, VerifyStop } from '../evidence/verify/verify-report.ts';
import type { PinnedTrust } from '../evidence/verify/verify-trust.ts';
import { type Hex, sanitiseLine } from '../model/index.ts';
import { verifyDocument } from '../reports/verify-document.ts';
import { rememberTrust, trustProblem } from '../state/attested/trust-seen.ts';
import type { Paths } from '../state/paths.ts';
import { TOOL } from '../state/tool.ts';
import { CliError, type Io, printJson } from './io.ts';

export interface VerifyFlags {
  readonly trust?: string | undefined;
  readonly root?: string | undefined;
  /** A second copy of the same session. */
  readonly second?: string | undefined;
  /** Whose SSH signatures count: an allowed-signers file of OpenSSH. */
  readonly allowedSigners?: string | undefined;
  /** Which time stamping authorities count: their certificates, PEM. */
  readonly tsa?: string | undefined;
  /** What somebody noted while the session was open: three lines in a file, or eight characters. */
  readonly checkpoint?: string | undefined;
  /** Write the result as a document there (Markdown). */
  readonly report?: string | undefined;
  readonly json?: boolean | undefined;
}

/** Exit code of the contract for a trust store that can not be used. */
const TRUST_BAD = 31;
/** Exit codes of a session that holds: sealed, still open, or short of a policy. */
const HOLDS: readonly number[] = [0, 10, 11];

/**
 * `c138 evidence verify PATH`: verifies a session folder offline. Exit codes: 0 sealed and policy met, 10 open, 11 policy not met,
 * 20 tampered, 21 fork, 30 untrusted or unpinned signer, 31 trust store bad, 40 malformed, 50 unreadable.
 * @param paths where the trust store of this machine lies, used when neither `--trust` nor `--root` is given
 */
export async function evidenceVerify(
  path: string,
  flags: VerifyFlags,
  paths: Pick<Paths, 'trustFile' | 'stateDir'>,
  io: Io,
): Promise<number> {
  const pinned = await pinnedTrust(flags, paths.trustFile);
  const stateDir = paths.stateDir.path;
  const store = rememberedStore(pinned);
  const problem = store === null ? null : await trustProblem(stateDir, store);
  if (problem !== null) throw new CliError(problem, TRUST_BAD);
  const report = await verifySession(path, {
    ...pinned,
    ...(await outsidePins(flags)),
    ...(flags.second === undefined ? {} : { second: flags.second }),
    ...(flags.checkpoint === undefined ? {} : { checkpoint: await notedCheckpoint(flags.checkpoint) }),
  });
  // A store that showed nothing must not stand in the way of the real one later.
  if (store !== null && HOLDS.includes(report.exitCode)) await rememberTrust(stateDir, store);
  if (flags.report !== undefined) await writeReport(flags.report, path, report);
  if (flags.json === true) printJson(io, report);
  else io.out(textOf(report));
  return report.exitCode;
}

/** @throws CliError when the file is there already, or can not be written */
async function writeReport(out: string, session: string, report: VerifyReport): Promise<void> {
  const text = verifyDocument(report, {
    tool: `${TOOL.name} ${TOOL.version}`,
    at: new Date().toISOString(),
    journalSha256: await journalDigest(session),
  });
  await writeFile(out, text, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(
      `--report ${sanitiseLine(out, 200)}: ${error.code === 'EEXIST' ? 'it exists already; nothing was written over' : `it can not be written (${error.code})`}`,
    );
  });
}

/** SHA-256 of the journal, in a folder or a bundle. */
async function journalDigest(session: string): Promise<string> {
  try {
    const hash = createHash('sha256');
    for await (const chunk of (await readSession(session)).journal.chunks()) hash.update(chunk);
    return `0x${hash.digest('hex')}`;
  } catch (error) {
    if (error instanceof VerifyStop) return 'unknown: it can not be read';
    throw error;
  }
}

/** @throws CliError when it is neither a code nor a file with a checkpoint */
async function notedCheckpoint(given: string): Promise<Checkpoint | { readonly code: string }> {
  const code = parseCheckpointCode(given);
  if (code !== null) return { code };
  const text = await readFile(given, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CliError(
      `--checkpoint ${sanitiseLine(given, 200)}: neither a code such as ABCD-2345 nor a file that can be read (${error.code})`,
    );
  });
  const checkpoint = parseCheckpoint(text);
  if (checkpoint === null)
    throw new CliError(
      `--checkpoint ${sanitiseLine(given, 200)}: not the three lines of a checkpoint: dbis-evidence/SESSION, the number of records, the root in base64`,
    );
  return checkpoint;
}

/**
 * The pinned store where this machine remembers which version it used: one that is older than that may trust a key that was revoked since.
 * Null where verification itself says what is wrong with it.
 */
function rememberedStore({ trust }: PinnedTrust): TrustStore | null {
  if (trust === undefined) return null;
  try {
    const store = parseTrust(trust);
    checkTrust(store);
    // Each start of the simulated estate makes a trust store of its own.
    return store.body.estate.startsWith('demo:') ? null : store;
  } catch {
    return null;
  }
}

async function outsidePins(flags: VerifyFlags): Promise<OutsidePins> {
  const text = (flag: string, file: string): Promise<string> =>
    readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new CliError(`${flag} ${sanitiseLine(file)}: it can not be read (${error.code})`);
    });
  try {
    return {
      ...(flags.allowedSigners === undefined
        ? {}
        : { sshSigners: readAllowedSigners(await text('--allowed-signers', flags.allowedSigners)) }),
      ...(flags.tsa === undefined ? {} : { tsa: readTsaPin(await text('--tsa', flags.tsa)) }),
    };
  } catch (error) {
    if (error instanceof TimestampError)
      throw new CliError(`--tsa ${sanitiseLine(flags.tsa ?? '')}: ${error.message}`);
    throw error;
  }
}

async function pinnedTrust(
  flags: VerifyFlags,
  installed: string,
): Promise<{ trust: Uint8Array } | { root: Hex } | Record<string, never>> {
  if (flags.trust !== undefined && flags.root !== undefined)
    throw new CliError('give either --trust or --root, not both');
  if (flags.root !== undefined) {
    const root = flags.root.toLowerCase();
    if (!/^0x[0-9a-f]{40}$/.test(root))
      throw new CliError(
        `--root: "${sanitiseLine(flags.root, 60)}" is not an address. Give 0x and 40 hexadecimal digits.`,
      );
    return { root: root as Hex };
  }
  if (flags.trust !== undefined)
    try {
      return { trust: await readFile(flags.trust) };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new CliError(`--trust ${sanitiseLine(flags.trust)}: it can not be read (${code})`, TRUST_BAD);
    }
  const trust = await readFile(installed).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new CliError(`${sanitiseLine(installed)}: it can not be read (${error.code})`, TRUST_BAD);
  });
  return trust === null ? {} : { trust };
}

/** What a reader must not take signatures for. */
const LIMITS =
  'Signatures show who asserted what, in which order, and that nothing was changed since. They do not show that it was true.';

function chainTime({ chainTime: { notBefore, notAfter } }: VerifyReport): readonly string[] {
  if (notBefore === null && notAfter === null) return [];
  const parts = [
    notBefore === null ? '' : `not opened before ${notBefore}`,
    notAfter === null ? '' : `not sealed after ${notAfter}`,
  ];
  return [`by the chain of the same estate: ${parts.filter((one) => one !== '').join(', ')}`];
}

function textOf(report: VerifyReport): string {
  const lines = [
    `${report.exitCode === 0 ? 'OK' : 'NOT OK'} (exit code ${report.exitCode}): ${report.verdict}`,
    ...(report.estateId?.startsWith('demo:') === true
      ? ['SIMULATED: this is evidence about the simulated estate, and about no real one']
      : []),
    `assurance ${report.assurance}, ${report.records} records`,
    ...(report.runbook === null ? [] : [`runbook ${report.runbook.id} ${report.runbook.version}`]),
    ...(report.session === null ? [] : [`session ${report.session}, estate ${report.estateId ?? 'unknown'}`]),
    ...(report.openedAt === null ? [] : [`opened ${report.openedAt}, sealed ${report.sealedAt ?? 'never'}`]),
    ...(report.prevSeal === null ? [] : [`follows the session whose seal is ${report.prevSeal}`]),
    ...chainTime(report),
    ...report.signers.map((one) => `signed by ${one.name} (${one.address}), ${one.records} records`),
    ...report.openItems.map((one) => `open: ${one}`),
    ...byWeight(report.findings).map(
      (one) => `${one.step} ${one.severity}${one.line === null ? '' : ` line ${one.line}`}: ${one.text}`,
    ),
    LIMITS,
  ];
  return `${lines.map((line) => sanitiseLine(line, 500)).join('\n')}\n`;
}
