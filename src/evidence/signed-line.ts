import type { Hex } from '../model/json.ts';
import type { RecordBody } from '../model/record.ts';
import { checkSignatures } from './grammar.ts';
import { encodeLine } from './record/line.ts';
import { parseBody } from './record/record.ts';
import { digestOf } from './record/typed-data.ts';

/** A record that was read and hashed, and waits for its signature. */
export interface UnsignedRecord {
  /** Canonical bytes of the body: what is hashed and signed. */
  readonly bytes: Uint8Array;
  readonly body: RecordBody;
  readonly estateId: string;
  /** What is signed; null for a record of the machine. */
  readonly digest: Hex | null;
}

/**
 * Reads a body that is to be signed.
 * @param estateId of the session so far, or null where this is its open record, which names it
 * @throws RecordError when the body is misspelt
 */
export function readUnsigned(bytes: Uint8Array, estateId: string | null): UnsignedRecord {
  const body = parseBody(bytes);
  const estate = body.kind === 'open' ? body.open.estate_id : (estateId ?? '');
  return {
    bytes,
    body,
    estateId: estate,
    digest: body.actor === null ? null : digestOf(body, bytes, estate),
  };
}

/** A line of the journal whose signatures were checked. There is no other way to make one, and the journal writes nothing else. */
export class SignedLine {
  readonly #body: RecordBody;
  readonly #bytes: Uint8Array;

  private constructor(body: RecordBody, bytes: Uint8Array) {
    this.#body = body;
    this.#bytes = bytes;
  }

  get body(): RecordBody {
    return this.#body;
  }

  /** The whole line with its LF. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /**
   * @param sig the signature, or null for a record of the machine
   * @throws GrammarError, SignatureError when a signature is missing or not by whom the record names; LineError when the line is too long
   */
  static of({ body, bytes, estateId, digest }: UnsignedRecord, sig: Hex | null): SignedLine {
    checkSignatures(body, bytes, sig, estateId, digest);
    return new SignedLine(body, encodeLine(bytes, sig));
  }
}
