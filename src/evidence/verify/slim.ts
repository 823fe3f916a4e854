import { createHash } from 'node:crypto';
import { mayShowDeployed } from '../../model/claims.ts';
import type { Observation } from '../../model/observation.ts';
import type { CheckpointBody, RecordBody } from '../../model/record.ts';
import type { RecordList } from './record-list.ts';
import { EXIT, VerifyStop } from './verify-report.ts';

const NOTHING: readonly Observation[] = [];
/** Characters of different records, as JSON, that are kept: a journal of anybody may hold a great many that no signature covers. */
const MAX_DIFFERENT = 64 * 1024 * 1024;
/** A record that is longer is known again by its digest. Digests of the short ones, which most are, would cost more than they save. */
const MAX_KEY = 2_048;

/**
 * The records of a journal as a checker needs them, who may read very long ones: who answered what, and when. What comes back in
 * record after record is kept once, so that each further one costs two numbers; texts, answers of probes and signatures, which no
 * rule looks at after they were checked, are dropped.
 */
export class SlimRecords implements RecordList {
  /** Records without `seq` and `at`, each once. */
  readonly #kinds: RecordBody[] = [];
  readonly #places = new Map<string, number>();
  #different = 0;
  readonly #which: number[] = [];
  /** Milliseconds since 1970: the one spelling of a time in a record is that of `toISOString`. */
  readonly #at: number[] = [];

  get length(): number {
    return this.#which.length;
  }

  /** @throws VerifyStop 50 when the records that differ are too much to be kept */
  push(body: RecordBody): void {
    const json = JSON.stringify(slimmed(body));
    const key = json.length > MAX_KEY ? createHash('sha256').update(json).digest('base64') : json;
    let place = this.#places.get(key);
    if (place === undefined) {
      this.#different += json.length;
      if (this.#different > MAX_DIFFERENT)
        throw new VerifyStop(
          EXIT.unreadable,
          'V0',
          `the records up to line ${this.length + 1} differ from each other in more than ${MAX_DIFFERENT} characters; no more are kept`,
          this.length + 1,
        );
      // Parsed again, so that it holds on to nothing of the line.
      place = this.#kinds.push(JSON.parse(json) as RecordBody) - 1;
      this.#places.set(key, place);
    }
    this.#which.push(place);
    this.#at.push(Date.parse(body.at));
  }

  at(index: number): RecordBody | undefined {
    const seq = index < 0 ? this.length + index : index;
    const kind = this.#kinds[this.#which[seq] ?? -1];
    return kind === undefined ? undefined : { ...kind, seq, at: new Date(this.#at[seq] ?? 0).toISOString() };
  }

  *[Symbol.iterator](): Generator<RecordBody> {
    for (let seq = 0; seq < this.length; seq += 1) yield this.at(seq) as RecordBody;
  }

  /** Those that a claim of `deployed` can rest on, with what it needs of them. */
  observations(list: readonly Observation[]): readonly Observation[] {
    const bearing = list.filter(mayShowDeployed);
    if (bearing.length === 0) return NOTHING;
    return bearing.map((one) => ({
      ...one,
      endpoint: '',
      request: '',
      vantage: '',
      started: one.ended,
      answer: { class: one.answer.class, facts: {}, checks: [] },
      raw: null,
    }));
  }
}

/** The record without what differs from one to the next, and without what no rule looks at after its signature was checked. */
function slimmed(body: RecordBody): RecordBody {
  const slim = {
    ...body,
    seq: 0,
    at: '',
    prev: '0x',
    clock: { ...body.clock, mono_ns: '0' },
    ...('step' in body ? { step: withoutTexts(body.step) } : {}),
    ...('observations' in body ? { observations: NOTHING } : {}),
    ...('note' in body ? { note: '' } : {}),
    ...(body.kind === 'checkpoint' ? { checkpoint: withSlimHeader(body.checkpoint) } : {}),
    ...(body.kind === 'witness' ? { witness: { ...body.witness, sig: '0x' } } : {}),
    ...(body.kind === 'event' ? { event: { name: body.event.name, detail: {} } } : {}),
  };
  return slim as RecordBody;
}

/** The header is an object of any form, which in memory may take many times its length; all that is read of it is one text. */
function withSlimHeader(checkpoint: CheckpointBody['checkpoint']): CheckpointBody['checkpoint'] {
  const { chain_header: header } = checkpoint;
  if (header === null) return checkpoint;
  const { rlp } = header;
  return { ...checkpoint, chain_header: typeof rlp === 'string' ? { rlp } : {} };
}

function withoutTexts<T>(step: T): T {
  return step !== null && typeof step === 'object' ? { ...step, text: '', expected: '' } : step;
}
