import type { MessagePort } from 'node:worker_threads';
import { loadNativeRecovery } from '../../chain/recover-native.ts';
import type { RecordBody } from '../../model/record.ts';
import { checkSignatures, GrammarError } from '../grammar.ts';
import { parseLine } from '../record/line.ts';
import { SignatureError } from '../record/record-signature.ts';

/** Lines whose form was checked already, one after the other. */
export interface SignatureBatch {
  /** Number of the first line, from 0. */
  readonly first: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each line ends in `bytes`, which may be longer than the last of them. */
  readonly ends: readonly number[];
  readonly estateId: string;
}

/** The first line of a batch whose signature does not hold. */
export interface BadSignature {
  readonly index: number;
  readonly text: string;
}

/** What a thread is started with, so that the one-file program knows what it is. */
export const SIGNATURE_WORKER = 'c138-signatures';

/** Checks the signatures of a batch. Null when all hold. */
export function checkBatch(batch: SignatureBatch): BadSignature | null {
  let start = 0;
  for (const [offset, end] of batch.ends.entries()) {
    const { bodyBytes, sig } = parseLine(batch.bytes.subarray(start, end));
    start = end;
    try {
      const body = JSON.parse(Buffer.from(bodyBytes).toString('utf8')) as RecordBody;
      checkSignatures(body, bodyBytes, sig, batch.estateId);
    } catch (error) {
      if (!(error instanceof GrammarError) && !(error instanceof SignatureError)) throw error;
      return { index: batch.first + offset, text: error.message };
    }
  }
  return null;
}

/** What comes back for a batch: its memory too, to be filled again. */
export interface SignatureAnswer {
  readonly bad: BadSignature | null;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Answers batches until the port is closed. */
export async function serveSignatures(port: MessagePort): Promise<void> {
  await loadNativeRecovery();
  port.on('message', (batch: SignatureBatch) => {
    const answer: SignatureAnswer = { bad: checkBatch(batch), bytes: batch.bytes };
    port.postMessage(answer, [answer.bytes.buffer]);
  });
}
