import type { RecordBody } from '../../model/record.ts';
import { parseCanonical } from './canonical.ts';
import { RecordError } from './record-check.ts';
import { RECORD_SCHEMA, SIGNED_KINDS } from './record-schema.ts';

/**
 * Checks a value against the frozen schema of its kind: exact key set, exact spellings, compulsory reasons.
 * @throws RecordError naming the key
 */
export function validateBody(value: unknown): RecordBody {
  const kind =
    value !== null && typeof value === 'object' && 'kind' in value ? (value as { kind: unknown }).kind : null;
  const schema = typeof kind === 'string' ? RECORD_SCHEMA.get(kind) : undefined;
  if (schema === undefined) throw new RecordError('kind', 'is not a known kind of record');
  schema(value, '');
  const body = value as RecordBody;
  if ((body.kind === 'confirm' || body.kind === 'correction') && body.verdict !== 'confirmed')
    if (body.note.trim() === '')
      throw new RecordError('note', `the verdict "${body.verdict}" needs a reason`);
  if (SIGNED_KINDS.has(body.kind) && body.actor === null)
    throw new RecordError('actor', `a record of kind "${body.kind}" is signed by a person`);
  if (body.kind === 'probe' && body.actor !== null)
    throw new RecordError('actor', 'a probe is a record of the machine');
  return body;
}

/**
 * Reads the exact bytes of a body, strictly.
 * @throws CanonicalError when the bytes are not the canonical form; RecordError when the content is not a record
 */
export function parseBody(bytes: Uint8Array): RecordBody {
  return validateBody(parseCanonical(bytes));
}

export { RecordError };
