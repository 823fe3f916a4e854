import { canonicalBytes } from '../../model/canonical-json.ts';
import { type Runbook, STEP_MODES, VERDICTS } from '../../model/runbook.ts';
import { parseCanonical } from '../record/canonical.ts';
import {
  anyObject,
  type Check,
  flag,
  list,
  oneOf,
  orNull,
  RecordError,
  text,
} from '../record/record-check.ts';

/** Keys that verification relies on; others may be there, since the digest of the bytes is what is signed. */
const STEP: Record<string, Check> = {
  id: text(200, 1),
  mode: oneOf(STEP_MODES),
  subject: orNull(text(200, 1)),
  verdicts: list(oneOf(VERDICTS), 6),
  optional: flag,
  critical: flag,
  witness: flag,
};

const RUNBOOK: Record<string, Check> = {
  format: oneOf(['c138-runbook']),
  v: oneOf([1]),
  id: text(200, 1),
  version: text(200, 1),
  steps: list(withKeys(STEP), 500),
};

function withKeys(shape: Record<string, Check>): Check {
  return (value, key) => {
    anyObject(value, key);
    for (const [name, check] of Object.entries(shape))
      check((value as Record<string, unknown>)[name], key === '' ? name : `${key}.${name}`);
  };
}

/**
 * Reads the compiled runbook kept in a session, as far as verification needs it.
 * @throws RecordError, CanonicalError
 */
export function parseRunbookBytes(bytes: Uint8Array): Runbook {
  const value: unknown = parseCanonical(bytes, canonicalBytes);
  withKeys(RUNBOOK)(value, '');
  const runbook = value as Runbook;
  if (new Set(runbook.steps.map(({ id }) => id)).size !== runbook.steps.length)
    throw new RecordError('steps', 'two steps have the same id');
  return runbook;
}
