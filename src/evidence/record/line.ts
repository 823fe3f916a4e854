import type { Hex } from '../../model/json.ts';
import { sameBytes, sha256Hex } from './canonical.ts';

/**
 * One journal line: `{"body":…,"sig":"0x<130 hex>"|null}` and LF. The signed bytes are those between `{"body":` and
 * `,"sig":`; since the tail of the line has one of two fixed lengths they are found by slicing, without a parser.
 * docs/evidence-format.md section 2.
 */

/** Longest line in bytes, LF included. */
export const MAX_LINE_BYTES = 65_536;

const HEAD = new TextEncoder().encode('{"body":');
const NULL_TAIL = new TextEncoder().encode(',"sig":null}\n');
const SIG_TAIL_LENGTH = ',"sig":"0x"}\n'.length + 130;
const SIG_TAIL = /^,"sig":"(0x[0-9a-f]{130})"\}\n$/;

export class LineError extends Error {
  override readonly name = 'LineError';
}

export interface Line {
  /** The exact bytes that are hashed and signed. */
  readonly bodyBytes: Uint8Array;
  readonly sig: Hex | null;
}

/**
 * Builds a line with its LF.
 * @throws LineError when it would be longer than 64 KiB or the signature is misspelt
 */
export function encodeLine(bodyBytes: Uint8Array, sig: Hex | null): Uint8Array {
  const tail = sig === null ? NULL_TAIL : new TextEncoder().encode(`,"sig":"${sig}"}\n`);
  if (sig !== null && tail.length !== SIG_TAIL_LENGTH)
    throw new LineError('the signature is not 65 bytes in lower-case hexadecimal');
  const line = Buffer.concat([HEAD, bodyBytes, tail]);
  if (line.length > MAX_LINE_BYTES)
    throw new LineError(
      `the record takes ${line.length} bytes; a line holds at most ${MAX_LINE_BYTES}. Spread it over several records`,
    );
  return line;
}

/**
 * Takes a line (with its LF) apart. The body itself is not looked at: `parseBody` does that.
 * @throws LineError
 */
export function parseLine(line: Uint8Array): Line {
  if (line.length > MAX_LINE_BYTES) throw new LineError(`longer than ${MAX_LINE_BYTES} bytes`);
  if (!sameBytes(line.subarray(0, HEAD.length), HEAD)) throw new LineError('does not begin with {"body":');
  const nullAt = line.length - NULL_TAIL.length;
  if (nullAt > HEAD.length && sameBytes(line.subarray(nullAt), NULL_TAIL))
    return { bodyBytes: line.subarray(HEAD.length, nullAt), sig: null };
  const sigAt = line.length - SIG_TAIL_LENGTH;
  const match =
    sigAt > HEAD.length ? SIG_TAIL.exec(Buffer.from(line.subarray(sigAt)).toString('latin1')) : null;
  if (match === null)
    throw new LineError('does not end with ,"sig":null} or ,"sig":"0x<130 lower-case hexadecimal digits>"}');
  return { bodyBytes: line.subarray(HEAD.length, sigAt), sig: match[1] as Hex };
}

/** Digest of a whole line with its signature and LF: the next record's `prev`. */
export function lineHash(line: Uint8Array): Hex {
  return sha256Hex(line);
}

const FIRST_TAG = 'DBIS operator evidence v1, first record of session ';

/** `prev` of the first record: SHA-256 of a fixed tag followed by the session in hexadecimal. */
export function firstPrev(session: Hex): Hex {
  return sha256Hex(`${FIRST_TAG}${session}`);
}
