import { SUBJECT_KINDS } from '../../model/documented.ts';
import { ANSWER_CLASSES } from '../../model/observation.ts';
import { MEANINGS, type RecordKind, ROLES, WITNESS_MEANINGS } from '../../model/record.ts';
import { STEP_MODES, VERDICTS } from '../../model/runbook.ts';
import { LEVELS, STATUSES } from '../../model/status.ts';
import {
  address,
  anyObject,
  type Check,
  exactly,
  flag,
  hash,
  integer,
  list,
  oneOf,
  orNull,
  pattern,
  signature,
  text,
  time,
} from './record-check.ts';

/** The key sets of every record kind: docs/evidence-format.md section 3. Frozen. */

const subject = pattern(
  new RegExp(`^(${SUBJECT_KINDS.join('|')}):[^\\s]{1,120}$`),
  `a subject such as vmid:1000 (kinds: ${SUBJECT_KINDS.join(', ')})`,
);
const NOTE = text(2_000);
export const NAME = text(200, 1);
const WORD = text(200);
const seq = integer(0, 1_000_000);

const actor = exactly({
  person: NAME,
  name: NAME,
  address,
  role: oneOf(ROLES),
  meaning: oneOf(MEANINGS),
});

const step = exactly({
  id: NAME,
  text: text(4_000),
  expected: text(4_000),
  mode: oneOf(STEP_MODES),
  critical: flag,
  subject: orNull(subject),
  registered_status: orNull(oneOf(STATUSES)),
});

export const refSchema = exactly({ seq, line_sha256: hash });

export const detachedSchema = exactly({
  person: NAME,
  name: NAME,
  address,
  meaning: oneOf(WITNESS_MEANINGS),
  at: time,
  host: WORD,
  boot_id: WORD,
  sig: signature,
});

const claims = list(exactly({ subject, state: oneOf(STATUSES), evidence: list(seq, 100) }), 100);
const runbookRef = { id: NAME, version: NAME, sha256: hash };

const raw = exactly({
  sha256: pattern(/^[0-9a-f]{64}$/, '64 lower-case hexadecimal digits'),
  bytes: integer(0),
  truncated: flag,
  redactions: list(exactly({ rule: NAME, count: integer(0) }), 100),
});

const observation = exactly({
  probe: NAME,
  subject,
  endpoint: WORD,
  level: oneOf(LEVELS),
  request: text(4_000),
  answer: exactly(
    {
      class: oneOf(ANSWER_CLASSES),
      facts: anyObject,
      checks: list(
        exactly({
          id: NAME,
          result: oneOf(['pass', 'warn', 'fail', 'unknown']),
          reason: text(4_000),
          next: text(4_000),
        }),
        200,
      ),
    },
    { code: integer(Number.MIN_SAFE_INTEGER), detail: text(4_000) },
  ),
  vantage: WORD,
  started: time,
  ended: time,
  raw: orNull(raw),
});
const observations = list(observation, 500);

const base: Record<string, Check> = {
  v: oneOf([1]),
  kind: text(20),
  session: hash,
  seq,
  prev: hash,
  at: time,
  clock: exactly({
    mono_ns: pattern(/^(0|[1-9]\d{0,18})$/, 'a decimal number of nanoseconds'),
    boot_id: WORD,
    synced: orNull(flag),
    source: WORD,
  }),
  where: exactly({
    host: WORD,
    node: orNull(WORD),
    vmid: orNull(integer(0)),
    tty: orNull(WORD),
    ssh_peer_sha256: orNull(WORD),
    uid: integer(0),
    user: WORD,
  }),
  actor: orNull(actor),
  tool: exactly({ name: NAME, version: NAME, build_sha256: orNull(WORD) }),
};

const ownKeys: Record<RecordKind, Record<string, Check>> = {
  open: {
    open: exactly({
      estate_id: NAME,
      trust_sha256: hash,
      runbook: exactly({ ...runbookRef, source_sha256: hash }),
      prev_seal: orNull(hash),
      variables: anyObject,
      chain_header: orNull(anyObject),
    }),
  },
  probe: { step: orNull(NAME), observations },
  event: { event: exactly({ name: NAME, detail: anyObject }) },
  confirm: { step, verdict: oneOf(VERDICTS), observations, claims, note: NOTE },
  witness: { ref: refSchema, witness: detachedSchema },
  deviation: { step, note: text(2_000, 1) },
  handover: {
    to: exactly({ person: NAME, name: NAME, address }),
    accept: orNull(detachedSchema),
    note: NOTE,
  },
  resume: {
    resume: exactly({
      last_line_sha256: hash,
      torn: orNull(exactly({ sha256: hash, bytes: integer(1) })),
      from_mirror: flag,
      runbook: exactly(runbookRef),
      trust_sha256: hash,
      note: NOTE,
    }),
  },
  correction: { ref: refSchema, step, verdict: oneOf(VERDICTS), claims, note: text(2_000, 1) },
  checkpoint: {
    checkpoint: exactly({ size: seq, root: hash, text: NOTE, chain_header: orNull(anyObject) }),
  },
  seal: {
    seal: exactly({
      count: seq,
      head: hash,
      merkle_root: hash,
      trust_sha256: hash,
      totals: exactly(Object.fromEntries(['steps', ...VERDICTS].map((word) => [word, integer(0)]))),
      open_items: list(text(400, 1), 400),
      blobs_count: integer(0),
      max_clock_step_ms: integer(0),
    }),
  },
};

/** Checker of a whole body, by kind. */
export const RECORD_SCHEMA: ReadonlyMap<string, Check> = new Map(
  Object.entries(ownKeys).map(([kind, own]) => [kind, exactly({ ...base, ...own })]),
);

/** Kinds that a person must have signed. */
export const SIGNED_KINDS: ReadonlySet<RecordKind> = new Set<RecordKind>([
  'open',
  'confirm',
  'deviation',
  'handover',
  'resume',
  'correction',
  'seal',
]);

/** The countersign file beside a journal. */
export const countersignSchema: Check = exactly({
  format: oneOf(['c138-countersign']),
  v: oneOf([1]),
  estate_id: NAME,
  session: hash,
  ref: refSchema,
  witness: detachedSchema,
});
