import type { Observation } from '../model/observation.ts';
import type { RecordBody } from '../model/record.ts';

const NOTHING: readonly Observation[] = [];

/**
 * Makes records small for a checker, who reads very long journals and needs of each record only who answered what. Parts that
 * come back in every record (who, where, which step) are kept once; long texts and answers of probes are dropped.
 */
export class Slimmer {
  readonly #kept = new Map<string, unknown>();

  /** The record without what no rule of verification looks at after its signature was checked. */
  body(body: RecordBody): RecordBody {
    const slim = {
      ...body,
      session: this.#once(body.session),
      prev: '0x',
      where: this.#once(body.where),
      tool: this.#once(body.tool),
      actor: this.#once(body.actor),
      clock: this.#once({ ...body.clock, mono_ns: '0' }),
      ...('step' in body ? { step: this.#once(withoutTexts(body.step)) } : {}),
      ...('claims' in body ? { claims: this.#once(body.claims) } : {}),
      ...('observations' in body ? { observations: NOTHING } : {}),
      ...('note' in body ? { note: '' } : {}),
    };
    return slim as RecordBody;
  }

  /** Observations with all that a claim can rest on, and nothing else. */
  observations(list: readonly Observation[]): readonly Observation[] {
    return list.map((one) => ({
      ...one,
      request: '',
      answer: {
        class: one.answer.class,
        facts: {},
        checks: one.answer.checks.map((check) => ({ ...check, reason: '', next: '' })),
      },
      raw: null,
    }));
  }

  #once<T>(value: T): T {
    const key = JSON.stringify(value);
    const known = this.#kept.get(key);
    if (known !== undefined) return known as T;
    if (this.#kept.size > 10_000) this.#kept.clear();
    this.#kept.set(key, value);
    return value;
  }
}

function withoutTexts<T>(step: T): T {
  return step !== null && typeof step === 'object' ? { ...step, text: '', expected: '' } : step;
}
