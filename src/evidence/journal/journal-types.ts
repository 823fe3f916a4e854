import type { Hex } from '../../model/json.ts';
import type { RecordBody } from '../../model/record.ts';
import type { Files } from './files.ts';

/** Bytes behind the last whole line, cut off at recovery: never acknowledged. Goes into the resume record. */
export interface TornTail {
  readonly sha256: Hex;
  readonly bytes: number;
}

/** The journal can not take or keep a record. `readOnly`: nothing more will be written by this program. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
  readonly readOnly: boolean;
  constructor(message: string, readOnly: boolean) {
    super(message);
    this.readOnly = readOnly;
  }
}

export interface CreateOptions {
  /** The session folder, which must not exist; its parent must. */
  readonly dir: string;
  /** 32 random bytes in hexadecimal. */
  readonly session: Hex;
  readonly runbookBytes: Uint8Array;
  readonly trustBytes: Uint8Array;
  /** Folder of the second copy (a session folder of the same name is made in it), or null. */
  readonly mirror: string | null;
  /** The file system; the real one by default. */
  readonly files?: Files;
  /** How long one call to it may take, in milliseconds; 20,000 by default. */
  readonly answerMs?: number;
}

export type RecoverOptions = Pick<CreateOptions, 'dir' | 'mirror' | 'files' | 'answerMs'>;

/** A record that is durable on all copies. */
export interface Appended {
  readonly seq: number;
  readonly lineSha256: Hex;
  readonly body: RecordBody;
}
