import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Hex } from '../model/json.ts';
import type {
  CountersignFile,
  DetachedSignature,
  LineRef,
  RecordBody,
  WitnessMeaning,
} from '../model/record.ts';
import { checkDetached, checkSignatures, GrammarError } from './grammar.ts';
import { CanonicalError, canonicalBytes, parseCanonical, sha256Hex } from './record/canonical.ts';
import { groupedCode } from './record/code.ts';
import { LineError, lineHash, parseLine } from './record/line.ts';
import { parseBody, RecordError } from './record/record.ts';
import { type Check, exactly, hash, oneOf, text } from './record/record-check.ts';
import { detachedSchema, NAME, refSchema } from './record/record-schema.ts';
import { SignatureError } from './record/record-signature.ts';

/**
 * How two people on two machines exchange a witness signature without a server: a request and an answer, each a small file or a
 * piece of text to paste. Neither is evidence by itself; what is signed goes into the journal. docs/evidence-format.md section 7.
 */

/** What somebody is asked to witness: one whole line of a journal, as it stands. */
export interface WitnessRequest {
  readonly format: 'c138-witness-request';
  readonly v: 1;
  readonly estate_id: string;
  readonly ref: LineRef;
  readonly session: Hex;
  /** The line without its LF. */
  readonly line: string;
  /** What the signature is to say; left out for `witnessed`, so that older programs read the request. */
  readonly meaning?: AskedMeaning;
}

/** What a request may ask for. Who takes over a run says so themselves: no request makes a signature mean `accepted`. */
export type AskedMeaning = Exclude<WitnessMeaning, 'accepted'>;

/** The signature that comes back. */
export interface WitnessAnswer {
  readonly format: 'c138-witness-answer';
  readonly v: 1;
  readonly estate_id: string;
  readonly ref: LineRef;
  readonly session: Hex;
  readonly witness: DetachedSignature;
}

/** Text or a file that is not what it should be; the message says what is wrong with it. */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError';
}

const common = { v: oneOf([1]), estate_id: NAME, session: hash, ref: refSchema };
const requestSchema: Check = exactly(
  { ...common, format: oneOf(['c138-witness-request']), line: text(65_536, 1) },
  { meaning: oneOf(['witnessed', 'reviewed', 'approved']) },
);
const answerSchema: Check = exactly({
  ...common,
  format: oneOf(['c138-witness-answer']),
  witness: detachedSchema,
});

const PASTE = /^c138:([A-Za-z0-9_-]+):([0-9a-f]{8})$/;
const MAX_BYTES = 256 * 1024;

/** One line of text that survives a chat, a mail and a terminal; it ends in a check sum. */
export function toPaste(value: WitnessRequest | WitnessAnswer): string {
  const bytes = canonicalBytes(value);
  return `c138:${deflateRawSync(bytes, { level: 9 }).toString('base64url')}:${sha256Hex(bytes).slice(2, 10)}`;
}

/** The bytes of the file form. */
export function toFile(value: WitnessRequest | WitnessAnswer | CountersignFile): Uint8Array {
  return Buffer.concat([canonicalBytes(value), Buffer.from('\n')]);
}

/** Reads either form. White space that a chat or a terminal put into the text is left out. */
function bytesOf(input: string): Uint8Array {
  const trimmed = input.trim();
  if (trimmed.startsWith('{')) return Buffer.from(trimmed);
  const match = PASTE.exec(trimmed.replaceAll(/\s+/g, ''));
  if (match === null)
    throw new ExchangeError(
      'this is neither a file of c138 nor text that begins with "c138:"; copy it whole',
    );
  let bytes: Buffer;
  try {
    bytes = inflateRawSync(Buffer.from(match[1] ?? '', 'base64url'), { maxOutputLength: MAX_BYTES });
  } catch {
    throw new ExchangeError('the text is damaged: copy it again, from "c138:" to its last character');
  }
  if (sha256Hex(bytes).slice(2, 10) !== match[2])
    throw new ExchangeError('the check sum of the text is wrong: copy it again, whole');
  return bytes;
}

function parse(input: string, schema: Check, what: string): unknown {
  try {
    const value: unknown = parseCanonical(bytesOf(input));
    schema(value, '');
    return value;
  } catch (error) {
    if (error instanceof CanonicalError || error instanceof RecordError)
      throw new ExchangeError(`this is not ${what}: ${error.message}`);
    throw error;
  }
}

/** A request that was checked: the line is whole, is the one named, and is signed by whom it names. */
export interface CheckedRequest {
  readonly request: WitnessRequest;
  readonly body: RecordBody;
}

/**
 * Reads a request and checks all that can be checked without the rest of the journal.
 * @throws ExchangeError
 */
export function readRequest(input: string): CheckedRequest {
  const request = parse(input, requestSchema, 'a witness request') as WitnessRequest;
  return { request, body: checkRequest(request) };
}

/** @throws ExchangeError */
export function checkRequest(request: WitnessRequest): RecordBody {
  const line = Buffer.from(`${request.line}\n`);
  if (lineHash(line) !== request.ref.line_sha256)
    throw new ExchangeError('the line in the request is not the one that it names');
  try {
    const { bodyBytes, sig } = parseLine(line);
    const body = parseBody(bodyBytes);
    if (body.session !== request.session || body.seq !== request.ref.seq)
      throw new ExchangeError('the line in the request belongs to another place than it names');
    if (body.kind === 'open' && body.open.estate_id !== request.estate_id)
      throw new ExchangeError('the line in the request belongs to another estate than it names');
    checkSignatures(body, bodyBytes, sig, request.estate_id);
    return body;
  } catch (error) {
    if (
      error instanceof LineError ||
      error instanceof RecordError ||
      error instanceof CanonicalError ||
      error instanceof GrammarError ||
      error instanceof SignatureError
    )
      throw new ExchangeError(`the line in the request does not hold: ${error.message}`);
    throw error;
  }
}

/**
 * Reads an answer and checks its signature.
 * @throws ExchangeError
 */
export function readAnswer(input: string): WitnessAnswer {
  const answer = parse(input, answerSchema, 'the answer to a witness request') as WitnessAnswer;
  try {
    checkDetached(answer.session, answer.ref, answer.witness, answer.estate_id);
  } catch (error) {
    if (error instanceof GrammarError || error instanceof SignatureError)
      throw new ExchangeError(`the signature in the answer does not hold: ${error.message}`);
    throw error;
  }
  return answer;
}

/** Eight characters that both sides see and can compare aloud: the beginning of the line's digest. */
export function spokenCode(ref: LineRef): string {
  return groupedCode(ref.line_sha256);
}
