import { mayShowDeployed } from '../../model/claims.ts';
import type { Observation } from '../../model/observation.ts';
import type { RecordBody } from '../../model/record.ts';
import type { RecordList } from './record-list.ts';

const NOTHING: readonly Observation[] = [];

/**
 * The records of a journal as a checker needs them, who may read very long ones: who answered what, and when. What comes back in
 * record after record is kept once, so that each further one costs two numbers; texts, answers of probes and signatures, which no
 * rule looks at after they were checked, are dropped.
 */
export class SlimRecords implements RecordList {
  /** Records without `seq` and `at`, each once. */
  readonly #kinds: RecordBody[] = [];
  readonly #places = new Map<string, number>();
  readonly #which: number[] = [];
  /** Milliseconds since 1970: the one spelling of a time in a record is that of `toISOString`. */
  readonly #at: number[] = [];

  get length(): number {
    return this.#which.length;
  }

  push(body: RecordBody): void {
    const slim = slimmed(body);
    const key = JSON.stringify(slim);
    let place = this.#places.get(key);
    if (place === undefined) {
      // Parsed again, so that it holds on to nothing of the line.
      place = this.#kinds.push(JSON.parse(key) as RecordBody) - 1;
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
    ...(body.kind === 'witness' ? { witness: { ...body.witness, sig: '0x' } } : {}),
    ...(body.kind === 'event' ? { event: { name: body.event.name, detail: {} } } : {}),
  };
  return slim as RecordBody;
}

function withoutTexts<T>(step: T): T {
  return step !== null && typeof step === 'object' ? { ...step, text: '', expected: '' } : step;
}
