import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { SigningKey } from 'ethers/crypto';
import { LineSplitter } from '../evidence/journal/journal-bytes.ts';
import { parseLine } from '../evidence/record/line.ts';
import { parseBody } from '../evidence/record/record.ts';
import {
  digestOfTyped,
  type TypedData,
  typedDataOf,
  walletHashes,
  witnessTypedData,
} from '../evidence/record/typed-data.ts';
import { typedDataDocument } from '../evidence/record/typed-data-json.ts';
import { readSession } from '../evidence/verify/verify-read.ts';
import { VerifyStop } from '../evidence/verify/verify-report.ts';
import {
  type DetachedSignature,
  type Hex,
  type LineRef,
  type RecordBody,
  sanitiseLine,
} from '../model/index.ts';
import { logLine } from '../reports/evidence-log.ts';
import { CliError, describeError, type Io, printJson } from './io.ts';

interface ReadRecord {
  readonly body: RecordBody;
  readonly bodyBytes: Uint8Array;
  readonly sig: Hex | null;
}

/** Every record of a session folder or a bundle, in order. Form only: `evidence verify` says whether they hold. */
async function* recordsOf(path: string): AsyncGenerator<ReadRecord> {
  const splitter = new LineSplitter();
  let number = 0;
  try {
    const { journal } = await readSession(path);
    for await (const chunk of journal.chunks())
      for (const line of splitter.push(chunk)) {
        number += 1;
        const { bodyBytes, sig } = parseLine(line);
        yield { body: parseBody(bodyBytes), bodyBytes, sig };
      }
  } catch (error) {
    if (error instanceof VerifyStop) throw new CliError(error.message);
    throw new CliError(`line ${number}: ${describeError(error)}`);
  }
}

/** `c138 evidence log PATH`: the timeline of a session, as its records tell it. */
export async function evidenceLog(
  path: string,
  flags: { readonly json?: boolean | undefined },
  io: Io,
): Promise<number> {
  const bodies: RecordBody[] = [];
  for await (const { body } of recordsOf(path))
    if (flags.json === true) bodies.push(body);
    else io.out(`${logLine(body)}\n`);
  if (flags.json === true) printJson(io, { format: 'c138-evidence-log', v: 1, records: bodies });
  else io.err('c138: as the records tell it; whether they hold is for c138 evidence verify to say\n');
  return 0;
}

/**
 * `c138 evidence record PATH N`: what was signed in one record, as typed data that other tools read, and the signature. The values are
 * derived from the exact bytes of the record, as a verifier derives them.
 */
export async function evidenceRecord(
  path: string,
  number: string,
  flags: { readonly typedData?: string | undefined; readonly json?: boolean | undefined },
  io: Io,
): Promise<number> {
  if (!/^\d{1,7}$/.test(number)) throw new CliError('give the number of a record, from 0');
  let estateId = '';
  for await (const { body, bodyBytes, sig } of recordsOf(path)) {
    if (body.kind === 'open') estateId = body.open.estate_id;
    if (body.seq !== Number(number)) continue;
    const signed = signedIn(body, bodyBytes, sig, estateId);
    if (signed === null)
      throw new CliError(`record ${number} is a record of the machine, which nobody signed`);
    const document = typedDataDocument(signed.typed);
    if (flags.typedData !== undefined) {
      const out = resolve(flags.typedData);
      await writeFile(out, `${JSON.stringify(document, null, 1)}\n`, { mode: 0o600, flag: 'wx' }).catch(
        (error: NodeJS.ErrnoException) => {
          throw new CliError(
            error.code === 'EEXIST' ? `${out} exists already` : `${out} can not be written (${error.code})`,
          );
        },
      );
    }
    const facts = { record: body.seq, kind: body.kind, ...factsOf(signed) };
    const accept =
      body.kind === 'handover' && body.accept !== null ? attached(body, body.accept, estateId) : null;
    if (flags.json === true)
      printJson(io, {
        format: 'c138-evidence-record',
        v: 1,
        ...facts,
        typed_data: document,
        ...(accept === null
          ? {}
          : { accept: { ...factsOf(accept), typed_data: typedDataDocument(accept.typed) } }),
      });
    else {
      io.out(tableOf(facts));
      if (accept !== null)
        io.out(`\naccepted by, over the record before (its typed data: --json)\n${tableOf(factsOf(accept))}`);
    }
    return 0;
  }
  throw new CliError(`there is no record ${number}`);
}

interface Signed {
  readonly typed: TypedData;
  readonly signer: Hex;
  readonly person: string;
  readonly signature: Hex;
}

/** What was signed in a record, and by whom: the record itself or, in one of a witness, the line that it names; null where nothing was. */
function signedIn(body: RecordBody, bodyBytes: Uint8Array, sig: Hex | null, estateId: string): Signed | null {
  if (body.kind === 'witness') return attached(body, body.witness, estateId, body.ref);
  if (body.actor === null || sig === null) return null;
  const { address, person } = body.actor;
  return { typed: typedDataOf(body, bodyBytes, estateId), signer: address, person, signature: sig };
}

/** A signature that a record carries. @param ref the line that it is over; the one before where the record names none */
function attached(
  { session, seq, prev }: RecordBody,
  by: DetachedSignature,
  estateId: string,
  ref: LineRef = { seq: seq - 1, line_sha256: prev },
): Signed {
  const typed = witnessTypedData(session, ref, by, estateId);
  return { typed, signer: by.address, person: by.person, signature: by.sig };
}

function factsOf({ typed, signer, person, signature }: Signed): Record<string, string> {
  const digest = digestOfTyped(typed);
  const { domainHash, messageHash } = walletHashes(typed);
  return {
    signer,
    person,
    signature,
    public_key: publicKeyOf(digest, signature),
    digest,
    domain_hash: domainHash,
    message_hash: messageHash,
  };
}

function tableOf(facts: Readonly<Record<string, string | number>>): string {
  return Object.entries(facts)
    .map(([key, value]) => `${key.padEnd(13)}${sanitiseLine(String(value), 500)}\n`)
    .join('');
}

/** The key that made a signature, uncompressed, for tools that do not recover it themselves. */
function publicKeyOf(digest: Hex, sig: Hex): string {
  try {
    return SigningKey.recoverPublicKey(digest, sig).toLowerCase();
  } catch {
    return 'none: no key made this signature';
  }
}
