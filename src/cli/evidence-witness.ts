import { existsSync, lstatSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { loadEstate } from '../estate/index.ts';
import {
  checkRequest,
  ExchangeError,
  readRequest,
  spokenCode,
  toFile,
  toPaste,
} from '../evidence/exchange.ts';
import { Journal } from '../evidence/journal/journal.ts';
import { bootId } from '../evidence/journal/lock.ts';
import { canonicalBytes, evidenceText } from '../evidence/record/canonical.ts';
import type { WitnessStatement } from '../evidence/record/typed-data.ts';
import { findKey, keyProblem, nameOf, type TrustStore } from '../evidence/trust/trust.ts';
import { verifySession } from '../evidence/verify/verify.ts';
import {
  type CountersignFile,
  type DetachedSignature,
  type Hex,
  sanitiseLine,
  type WitnessMeaning,
} from '../model/index.ts';
import type { SignerClient } from '../signer/client.ts';
import type { Paths } from '../state/paths.ts';
import {
  meaningWanted,
  readSessionRecords,
  recordToWitness,
  takeAnswer,
  witnessRequest,
} from '../state/runs/witness.ts';
import { CliError, type Io } from './io.ts';
import { readTrustStore, withSigner } from './with-signer.ts';

export interface WitnessFlags {
  readonly out?: string | undefined;
  readonly trust?: string | undefined;
  readonly step?: string | undefined;
  readonly meaning?: string | undefined;
  readonly paste?: boolean | undefined;
}

const MEANINGS: readonly WitnessMeaning[] = ['witnessed', 'reviewed', 'approved', 'accepted'];

/** The role that a key must have for what is meant: who accepts a handover goes on as performer. */
function roleFor(meaning: WitnessMeaning): Role {
  return meaning === 'accepted' ? 'performer' : 'witness';
}

type Role = 'performer' | 'witness' | 'approver';

/** Text of a file, of standard input for `-`, or the argument itself where it is pasted text. */
async function textOf(argument: string): Promise<string> {
  if (argument.startsWith('c138:')) return argument;
  try {
    return await readFile(argument === '-' ? '/dev/stdin' : argument, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CliError(
      `${sanitiseLine(argument, 200)}: ${code === 'ENOENT' ? 'there is no such file' : `it can not be read (${code})`}`,
    );
  }
}

/** What goes wrong in an exchange is for the operator to read. */
async function orSay<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ExchangeError) throw new CliError(error.message);
    throw error;
  }
}

/** The one who signs here, as the trust store names the holder of the key. */
async function statementOf(
  signer: SignerClient,
  store: TrustStore,
  role: Role,
  meaning: WitnessMeaning,
): Promise<WitnessStatement & { readonly name: string; readonly address: Hex }> {
  const { address } = await signer.unlock();
  const key = findKey(store, address);
  const at = new Date().toISOString();
  if (key === null)
    throw new CliError(`the trust store does not know the key ${address}; its holder is nobody there`);
  const problem = keyProblem(key, at, role);
  if (problem !== null) throw new CliError(problem);
  return {
    person: key.person,
    name: nameOf(store, key.person) ?? key.person,
    address,
    meaning,
    at,
    host: evidenceText(hostname(), 100),
    boot_id: bootId() || 'unknown',
  };
}

function meaningOf(flags: WitnessFlags, fallback: WitnessMeaning): WitnessMeaning {
  const wanted = flags.meaning ?? fallback;
  const found = MEANINGS.find((one) => one === wanted);
  if (found === undefined)
    throw new CliError(`--meaning: "${sanitiseLine(wanted, 40)}" is not one of ${MEANINGS.join(', ')}`);
  return found;
}

/** Shows a finished line on the terminal and has it signed by the key of this machine, as the trust store names its holder. */
export async function signLine(
  paths: Paths,
  flags: WitnessFlags,
  line: Uint8Array,
  estateId: string,
  role: Role,
  meaning: WitnessMeaning,
): Promise<DetachedSignature> {
  const { store } = await readTrustStore(paths.trustFile, flags.trust);
  if (store.body.estate !== estateId)
    throw new CliError(
      `the trust store is for the estate ${sanitiseLine(store.body.estate, 80)}, not for ${sanitiseLine(estateId, 80)}; give the right one with --trust`,
    );
  let signed: DetachedSignature | null = null;
  await withSigner(paths, async (signer) => {
    const { name, address, ...statement } = await statementOf(signer, store, role, meaning);
    const { sig } = await signer.signWitness(line, statement, estateId);
    signed = { ...statement, name, address, sig };
    return 0;
  });
  if (signed === null) throw new CliError('nothing was signed');
  return signed;
}

/** `c138 evidence witness ask SESSION`: the request for the record of a session that most wants a witness. */
export async function witnessAsk(session: string, flags: WitnessFlags, io: Io): Promise<number> {
  const { records, runbook } = await orSay(() => readSessionRecords(session));
  const seq =
    flags.step === undefined
      ? recordToWitness(runbook, records)
      : (records.findLast(
          (one) => (one.kind === 'confirm' || one.kind === 'correction') && one.step.id === flags.step,
        )?.seq ?? null);
  if (seq === null) throw new CliError('there is no answered step to witness');
  const request = await orSay(() => witnessRequest(session, seq, meaningWanted(runbook, records[seq])));
  const path = resolve(flags.out ?? `witness-${request.session.slice(2, 10)}-${seq}.json`);
  await writeFile(path, toFile(request), { mode: 0o600, flag: 'wx' }).catch(cannotWrite(path));
  io.out(`${path}\n`);
  if (flags.paste === true) io.out(`${toPaste(request)}\n`);
  io.err(`c138: record ${seq}; both sides must see ${spokenCode(request.ref)}\n`);
  return 0;
}

/** `c138 evidence witness sign REQUEST`: shows the record, asks for the passphrase and the code on the terminal, writes the answer. */
export async function witnessSign(
  argument: string,
  paths: Paths,
  flags: WitnessFlags,
  io: Io,
): Promise<number> {
  const { request } = await orSay(async () => readRequest(await textOf(argument)));
  const line = Buffer.from(`${request.line}\n`);
  const meaning = meaningOf(flags, request.meaning ?? 'witnessed');
  const witness = await signLine(paths, flags, line, request.estate_id, roleFor(meaning), meaning);
  const answer = {
    format: 'c138-witness-answer',
    v: 1,
    estate_id: request.estate_id,
    session: request.session,
    ref: request.ref,
    witness,
  } as const;
  const path = resolve(flags.out ?? `answer-${request.session.slice(2, 10)}-${request.ref.seq}.json`);
  await writeFile(path, toFile(answer), { mode: 0o600, flag: 'wx' }).catch(cannotWrite(path));
  io.out(`${path}\n`);
  if (flags.paste === true) io.out(`${toPaste(answer)}\n`);
  io.err(`c138: signed; both sides must see ${spokenCode(request.ref)}\n`);
  return 0;
}

/** `c138 evidence witness take SESSION ANSWER`: adds the signature that came back to a session that no console has open. */
export async function witnessTake(
  session: string,
  argument: string,
  paths: Paths,
  flags: WitnessFlags,
  io: Io,
): Promise<number> {
  const { store: trust } = await readTrustStore(paths.trustFile, flags.trust);
  const text = await textOf(argument);
  const { journal, records } = await Journal.recover({
    dir: resolve(session),
    mirror: await mirrorOf(paths),
  });
  try {
    const body = await orSay(() =>
      takeAnswer(text, {
        position: { session: journal.session, ...journal.next },
        estateId: journal.estateId ?? '',
        records,
        hashes: journal.state.hashes,
        trust,
      }),
    );
    const { runbook } = await orSay(() => readSessionRecords(session));
    const wanted = meaningWanted(runbook, records[body.ref.seq]);
    const { seq } = await journal.append(canonicalBytes(body), null);
    io.err(
      `c138: record ${seq} says that ${sanitiseLine(body.witness.name, 80)} ${body.witness.meaning} record ${body.ref.seq}\n`,
    );
    if (body.witness.meaning !== 'approved' && wanted === 'approved')
      io.err('c138: the step still waits for an approval: ask again, and sign with --meaning approved\n');
    return 0;
  } finally {
    await journal.close();
  }
}

/** Where the second copy of every session goes, by the estate file; none where there is no such file. */
async function mirrorOf(paths: Paths): Promise<string | null> {
  if (!existsSync(paths.estateFile.path)) return null;
  return (await loadEstate(paths.estateFile.path)).mirror;
}

/** `c138 evidence countersign SESSION`: verifies a sealed session, then signs its seal in a file of its own beside the journal. */
export async function countersign(
  session: string,
  paths: Paths,
  flags: WitnessFlags,
  io: Io,
): Promise<number> {
  const meaning = meaningOf(flags, 'reviewed');
  if (meaning === 'accepted') throw new CliError('a seal is reviewed or approved; only a run is accepted');
  if (!lstatSync(session, { throwIfNoEntry: false })?.isDirectory())
    throw new CliError(
      `${sanitiseLine(session, 200)} is no session folder; the countersignature is kept beside the journal (a bundle: tar -xf it first)`,
    );
  const trust = (await readTrustStore(paths.trustFile, flags.trust)).bytes;
  const report = await verifySession(session, { trust });
  // Policy may be waiting for this very signature; anything else is no session to put a name under.
  if (report.exitCode !== 0 && report.exitCode !== 11)
    throw new CliError(
      `it does not verify, so nothing was signed: ${report.findings.map((one) => sanitiseLine(one.text, 200)).join('; ')}`,
      1,
    );
  for (const finding of report.findings) io.err(`c138: ${sanitiseLine(finding.text, 300)}\n`);
  const { records } = await orSay(() => readSessionRecords(session));
  const request = await orSay(() => witnessRequest(session, records.length - 1));
  await orSay(() => checkRequest(request));
  const line = Buffer.from(`${request.line}\n`);
  const witness = await signLine(paths, flags, line, request.estate_id, 'approver', meaning);
  const file: CountersignFile = {
    format: 'c138-countersign',
    v: 1,
    estate_id: request.estate_id,
    session: request.session,
    ref: request.ref,
    witness,
  };
  const path = join(resolve(session), `countersign-${witness.address.slice(2)}.json`);
  await writeFile(path, toFile(file), { mode: 0o600, flag: 'wx' }).catch(cannotWrite(path));
  io.out(`${path}\n`);
  io.err('c138: put this file beside the journal of every copy of the session\n');
  return 0;
}

function cannotWrite(path: string) {
  return (error: NodeJS.ErrnoException): never => {
    throw new CliError(
      error.code === 'EEXIST'
        ? `${path} exists already; nothing was written over. Give another place with --out`
        : `${path} can not be written (${error.code})`,
    );
  };
}
