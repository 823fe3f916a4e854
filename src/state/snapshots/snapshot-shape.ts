import { ANSWER_CLASSES, ENDPOINT_KINDS, LEVELS, STATUSES, SUBJECT_KINDS, TIERS } from '../../model/index.ts';

/**
 * The strict form of `snapshot.json`, as rules over plain data. A rule returns null when the value fits, else the
 * place and what was expected there, as it is put behind the name of what holds the value. Unknown keys are refused, so that nothing in a snapshot goes unread.
 */
type Rule = (value: unknown) => string | null;

const text: Rule = (value) => (typeof value === 'string' ? null : ' is not a text');
const flag: Rule = (value) => (typeof value === 'boolean' ? null : ' is not true or false');
const count: Rule = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? null : ' is not a whole number';
const integer: Rule = (value) => (Number.isSafeInteger(value) ? null : ' is not an integer');
const number: Rule = (value) =>
  typeof value === 'number' && Number.isFinite(value) ? null : ' is not a number';
const anything: Rule = () => null;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const time: Rule = (value) =>
  typeof value === 'string' && TIME.test(value) && !Number.isNaN(Date.parse(value))
    ? null
    : ' is not a UTC time with milliseconds';
const digest: Rule = (value) =>
  typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? null : ' is not a SHA-256';
const SUBJECT = new RegExp(`^(${SUBJECT_KINDS.join('|')}):.+$`, 'su');
const subject: Rule = (value) =>
  typeof value === 'string' && SUBJECT.test(value) ? null : ' is not a subject such as vmid:1000';

function oneOf(...allowed: readonly (string | number | boolean)[]): Rule {
  return (value) => (allowed.includes(value as string) ? null : ` is not one of ${allowed.join(', ')}`);
}

function orNull(rule: Rule): Rule {
  return (value) => (value === null ? null : rule(value));
}

function list(rule: Rule): Rule {
  return (value) => {
    if (!Array.isArray(value)) return ' is not a list';
    for (const [index, item] of value.entries()) {
      const fault = rule(item);
      if (fault !== null) return `[${index}]${fault}`;
    }
    return null;
  };
}

const mapping: Rule = (value) =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? null : ' is not an object';

/** An object with these keys and no others; a key that ends with `?` may be absent. */
function object(shape: Readonly<Record<string, Rule>>): Rule {
  const rules = new Map(Object.entries(shape).map(([key, rule]) => [key.replace(/\?$/, ''), rule]));
  const required = Object.keys(shape).filter((key) => !key.endsWith('?'));
  return (value) => {
    const wrong = mapping(value);
    if (wrong !== null) return wrong;
    const record = value as Record<string, unknown>;
    for (const key of required) if (!Object.hasOwn(record, key)) return `.${key} is missing`;
    for (const [key, item] of Object.entries(record)) {
      const rule = rules.get(key);
      if (rule === undefined) return `.${key} is not a known key`;
      const fault = rule(item);
      if (fault !== null) return `.${key}${fault}`;
    }
    return null;
  };
}

const source = object({ document: text, 'locator?': text, 'date?': text, rank: oneOf(1, 2, 3, 4) });

const documentedSubject = object({
  id: subject,
  kind: oneOf(...SUBJECT_KINDS),
  name: text,
  'vmid?': count,
  'category?': text,
  'tier?': oneOf(...TIERS),
  'address?': text,
  'preferredHost?': text,
  'role?': text,
  'statusWord?': text,
  status: oneOf(...STATUSES),
  expectedRun: oneOf('running', 'stopped', 'any'),
  owner: text,
  region: text,
  critical: flag,
  absenceTolerated: flag,
  dependsOn: list(subject),
  sources: list(source),
  extra: mapping,
});

const token: Rule = (value) => {
  const wrong = mapping(value);
  if (wrong !== null) return wrong;
  return Object.hasOwn(value as object, 'file')
    ? object({ file: text })(value)
    : object({ command: list(text) })(value);
};

const endpoint = object({
  id: text,
  subject,
  kind: oneOf(...ENDPOINT_KINDS),
  url: text,
  'wsUrl?': text,
  'poolGenesisFile?': text,
  via: oneOf('direct', 'edge'),
  'timeoutMs?': count,
  'hostHeader?': text,
  'tls?': object({ 'caFile?': text, 'pinSha256?': text }),
  'token?': token,
  'ssh?': object({
    'knownHostsFile?': text,
    'identityFile?': text,
    'agent?': flag,
    'configFile?': orNull(text),
    'passphrase?': token,
  }),
});

const relaySide = object({ endpoint: text, contract: text, topic: text });
const relay = object({
  id: text,
  subject,
  source: relaySide,
  destination: relaySide,
  idTopic: count,
  windowBlocks: count,
  graceBlocks: count,
});

const estate = object({
  id: text,
  name: text,
  simulated: flag,
  chainId: count,
  'networkId?': count,
  'pin?': object({ genesisHash: text, validators: list(text), fromBlock: count }),
  thresholds: object({
    blockPeriodS: number,
    emptyBlockPeriodS: number,
    requestTimeoutS: number,
    headSpreadBlocks: number,
    minPeers: number,
    evidenceTtlS: number,
    explorerLagBlocks: number,
  }),
  subjects: list(documentedSubject),
  endpoints: list(endpoint),
  'tierPolicy?': mapping,
  'relays?': list(relay),
  'rpoHours?': mapping,
  conflicts: list(
    object({ subject, field: text, sides: list(object({ value: anything, source })), note: text }),
  ),
  notes: list(object({ level: oneOf('guess', 'missing', 'kept', 'info'), text, 'source?': source })),
  mirror: orNull(text),
  'repository?': text,
});

const observation = object({
  probe: text,
  subject,
  endpoint: text,
  level: oneOf(...LEVELS),
  request: text,
  answer: object({
    class: oneOf(...ANSWER_CLASSES),
    'code?': integer,
    'detail?': text,
    facts: mapping,
    checks: list(
      object({ id: text, result: oneOf('pass', 'warn', 'fail', 'unknown'), reason: text, next: text }),
    ),
  }),
  vantage: text,
  started: time,
  ended: time,
  raw: orNull(
    object({
      sha256: digest,
      bytes: count,
      truncated: flag,
      redactions: list(object({ rule: text, count })),
    }),
  ),
});

const snapshot = object({
  format: oneOf('c138-snapshot'),
  v: oneOf(1),
  tool: object({ name: text, version: text }),
  vantage: text,
  started: time,
  ended: time,
  complete: flag,
  estate,
  observations: list(observation),
  attestations: list(
    object({
      subject,
      claim: oneOf(...STATUSES),
      at: time,
      performer: text,
      witness: orNull(text),
      session: text,
      seq: count,
    }),
  ),
  outages: list(object({ subject, reason: text, by: text, from: time, until: time })),
});

/** Null when the value has the form of a snapshot, else the first fault: place and expectation. */
export function faultOfSnapshot(value: unknown): string | null {
  const fault = snapshot(value);
  return fault === null ? null : `snapshot${fault}`;
}
