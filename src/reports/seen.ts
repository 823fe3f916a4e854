import { couldLook, type Json, type JsonObject, type Observation, type SubjectId } from '../model/index.ts';

/** The newest answer of each probe about each subject; looks that did not succeed are kept apart. */
export class SeenIndex {
  readonly #answers = new Map<string, Observation>();
  readonly #failed = new Map<string, Observation>();
  readonly #byProbe = new Map<string, Observation[]>();

  constructor(observations: readonly Observation[]) {
    for (const one of observations) {
      const key = `${one.probe} ${one.subject}`;
      const into = couldLook(one.answer) ? this.#answers : this.#failed;
      const known = into.get(key);
      if (known === undefined || known.ended <= one.ended) into.set(key, one);
    }
    for (const one of this.#answers.values()) {
      const list = this.#byProbe.get(one.probe);
      if (list === undefined) this.#byProbe.set(one.probe, [one]);
      else list.push(one);
    }
  }

  /** The newest answer, or undefined. */
  of(probe: string, subject: SubjectId): Observation | undefined {
    return this.#answers.get(`${probe} ${subject}`);
  }

  /** Its facts; empty where nobody could look. */
  facts(probe: string, subject: SubjectId): JsonObject {
    return this.of(probe, subject)?.answer.facts ?? {};
  }

  /** The newest answer of one probe about each subject. */
  all(probe: string): readonly Observation[] {
    return this.#byProbe.get(probe) ?? [];
  }

  /** A look that did not succeed and that no answer made up for. */
  failed(probe: string, subject: SubjectId): Observation | undefined {
    return this.of(probe, subject) === undefined ? this.#failed.get(`${probe} ${subject}`) : undefined;
  }

  /** All looks of a probe that did not succeed, one for each subject. */
  failures(probe: string): readonly Observation[] {
    return [...this.#failed.values()].filter(
      (one) => one.probe === probe && this.of(probe, one.subject) === undefined,
    );
  }
}

/** A fact as text for a cell; nothing for what is not there. */
export function cell(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value))
    return value
      .map(cell)
      .filter((one) => one !== '')
      .join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Objects of a list fact. */
export function objects(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value)
    ? value.filter((one): one is JsonObject => one !== null && typeof one === 'object' && !Array.isArray(one))
    : [];
}

/** A whole number of a fact, or null. */
export function whole(value: Json | undefined): number | null {
  return typeof value === 'number' ? value : null;
}

/** Bytes for people, in powers of 1024: `503 GiB`. */
export function bytesText(value: Json | undefined): string {
  const bytes = whole(value);
  if (bytes === null) return '';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const power = bytes === 0 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  return `${Math.round(bytes / 1024 ** power)} ${units[power]}`;
}
