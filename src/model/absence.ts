import type { DocumentedSubject } from './documented.ts';
import { isFresh, runStateOf, type Seen } from './evidence-level.ts';
import { isHyperledger } from './interpretation.ts';
import type { EpochMs } from './json.ts';
import { couldLook, type Observation } from './observation.ts';
import { compareLevels } from './status.ts';

/**
 * What is known of a container that should hold no service yet. `unknown` is the answer wherever a layer that decides could not be
 * looked at: no verdict is given by default.
 */
export const ABSENCE_VERDICTS = [
  'running-proven',
  'listening-unidentified',
  'running-no-service',
  'stopped-with-payload',
  'stopped-empty',
  'not-found',
  'unknown',
] as const;
export type AbsenceVerdict = (typeof ABSENCE_VERDICTS)[number];

export const ABSENCE_LAYERS = ['cluster', 'network', 'inside', 'payload', 'disk'] as const;

/** What one layer says. */
export interface AbsenceLayer {
  readonly layer: (typeof ABSENCE_LAYERS)[number];
  /** False where nobody could look; then `text` says why, as far as that is known. */
  readonly looked: boolean;
  readonly text: string;
}

/** The proof of absence of one guest: a verdict, why, and every layer beside it. */
export interface Absence {
  readonly verdict: AbsenceVerdict;
  readonly reason: string;
  readonly layers: readonly AbsenceLayer[];
}

export interface AbsenceInput {
  readonly subject: DocumentedSubject;
  readonly seen: Seen;
  readonly at: EpochMs;
  readonly ttlS: number;
  /** Names of hosts that a fresh answer of the cluster calls offline. */
  readonly offlineHosts: ReadonlySet<string>;
}

/** Layers read inside the container, or on its disk. */
const LAYER_PROBE = /^pve-ct-/;

/** True for an observation of a layer: it tells what is there, and judges nothing. */
export function isLayer(one: Observation): boolean {
  return LAYER_PROBE.test(one.probe);
}

/** The proof of absence of a placeholder, a retired guest, or a guest for Fabric or Indy; null for every other subject. Pure. */
export function absenceOf(input: AbsenceInput): Absence | null {
  const { subject, seen, at, ttlS } = input;
  if (subject.kind !== 'vmid') return null;
  if (subject.expectedRun !== 'stopped' && !isHyperledger(subject, seen.newest)) return null;
  const fresh = seen.newest.filter((one) => isFresh(one, at, ttlS));
  const cluster = clusterOf(input, fresh);
  const network = networkOf(fresh);
  const inside = insideOf(fresh, cluster.run);
  const payload = payloadOf(fresh, cluster.run);
  return {
    ...verdictOf(cluster.run, network, inside, payload, seen.freshLevel),
    layers: [
      cluster.layer,
      { layer: 'network', looked: network.looked, text: network.text },
      { layer: 'inside', looked: inside.looked, text: inside.text },
      payload.layer,
      diskOf(fresh),
    ],
  };
}

type Run = 'running' | 'stopped' | 'absent' | 'unknown';

function verdictOf(
  run: Run,
  network: Network,
  inside: Inside,
  payload: Payload,
  level: Seen['freshLevel'],
): Pick<Absence, 'verdict' | 'reason'> {
  switch (run) {
    case 'absent':
      return { verdict: 'not-found', reason: 'the cluster lists everything it has, and no such guest' };
    case 'unknown':
      return { verdict: 'unknown', reason: 'nobody could see whether it runs' };
    case 'stopped':
      if (network.answers)
        return {
          verdict: 'unknown',
          reason: 'it is stopped, and yet something answers at its address: another machine may have it',
        };
      if (payload.found === null)
        return {
          verdict: 'unknown',
          reason:
            'it is stopped; what its disk holds could not be read without mounting it, which is never done',
        };
      return payload.found.length > 0
        ? { verdict: 'stopped-with-payload', reason: `its disk holds ${payload.found.join(', ')}` }
        : { verdict: 'stopped-empty', reason: 'its disk was read and holds no payload' };
    case 'running':
      return runningVerdict(network, inside, level);
  }
}

function runningVerdict(
  network: Network,
  inside: Inside,
  level: Seen['freshLevel'],
): Pick<Absence, 'verdict' | 'reason'> {
  if (compareLevels(level, 'app') >= 0)
    return { verdict: 'running-proven', reason: 'the service itself answered and was identified' };
  if (network.answers)
    return {
      verdict: 'listening-unidentified',
      reason: 'something answers at its address, and nothing identifies it',
    };
  if (inside.listeners === null)
    return { verdict: 'unknown', reason: 'it runs; nobody could look at what listens inside' };
  if (inside.listeners.length > 0)
    return {
      verdict: 'listening-unidentified',
      reason: `${inside.listeners.join(', ')} listens inside, and nothing identifies it`,
    };
  return {
    verdict: 'running-no-service',
    reason: 'it runs, and nothing but the distribution listens inside',
  };
}

function clusterOf(
  input: AbsenceInput,
  fresh: readonly Observation[],
): { readonly run: Run; readonly layer: AbsenceLayer } {
  const state = runStateOf(input.seen, input.at, input.ttlS);
  const gone = state?.node != null && input.offlineHosts.has(state.node);
  const known: readonly string[] = ['running', 'stopped', 'absent'];
  if (state === null || gone || !known.includes(state.run)) {
    const why = gone ? `its host ${state?.node} is offline` : 'no fresh answer of the cluster about it';
    return { run: 'unknown', layer: { layer: 'cluster', looked: false, text: why } };
  }
  const onboot = fresh.find((one) => one.probe === 'pve-guest-config' && couldLook(one.answer))?.answer.facts
    .onboot;
  const boot =
    typeof onboot === 'boolean' ? (onboot ? ', starts with its host' : ', does not start with its host') : '';
  return { run: state.run as Run, layer: { layer: 'cluster', looked: true, text: `${state.run}${boot}` } };
}

interface Network {
  readonly looked: boolean;
  readonly answers: boolean;
  readonly text: string;
}

/** Refused is stronger than silence: a refusal says that the host is up and nothing listens there. */
const NETWORK_WORDS: Readonly<Record<string, string>> = {
  refused: 'refused: the address is up and nothing listens there',
  timeout: 'silent: stopped, or behind a firewall',
  'no-route': 'no way there: stopped, or another network',
};
/** Whoever breaks off, or says something else than was asked, is there. */
const SOMEBODY: ReadonlySet<string> = new Set([
  'ok',
  'ok-null',
  'rpc-error',
  'http-error',
  'edge-error',
  'not-json',
  'empty',
  'half-answer',
  'too-large',
  'reset',
  'slow-answer',
  'auth',
  'not-allowed',
  'host-refused',
  'tls',
  'tls-expired',
  'tls-pin',
]);

function networkOf(fresh: readonly Observation[]): Network {
  const asked = fresh.filter((one) => !one.probe.startsWith('pve-'));
  const told = asked.filter(({ answer }) => SOMEBODY.has(answer.class) || answer.class in NETWORK_WORDS);
  const words = told.map(
    ({ endpoint, answer }) => `${endpoint} ${NETWORK_WORDS[answer.class] ?? `answers (${answer.class})`}`,
  );
  return {
    looked: told.length > 0,
    answers: told.some(({ answer }) => SOMEBODY.has(answer.class)),
    text:
      words.length > 0
        ? [...new Set(words)].join('; ')
        : asked.length === 0
          ? 'no endpoint of it is named'
          : 'nobody could look',
  };
}

interface Inside {
  readonly looked: boolean;
  /** What listens besides the distribution, or null where nobody could look. */
  readonly listeners: readonly string[] | null;
  readonly text: string;
}

const layerOf = (fresh: readonly Observation[], name: string): Observation | undefined =>
  fresh.find((one) => one.probe === `pve-ct-${name}`);
const read = (one: Observation | undefined): one is Observation => one?.answer.class === 'ok';
const strings = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
const whyNot = (one: Observation | undefined): string =>
  one === undefined
    ? 'needs an endpoint that runs commands on its host (kind ssh, or pvesh)'
    : (one.answer.detail ?? one.answer.class);

function insideOf(fresh: readonly Observation[], run: Run): Inside {
  if (run === 'stopped') return { looked: true, listeners: [], text: 'stopped: nothing runs inside' };
  if (run === 'absent') return { looked: false, listeners: null, text: 'there is no such guest' };
  const [seen, processes, units] = ['listeners', 'processes', 'units'].map((name) => layerOf(fresh, name));
  if (!read(seen)) return { looked: false, listeners: null, text: whyNot(seen) };
  const listeners = (Array.isArray(seen.answer.facts.others) ? seen.answer.facts.others : []).map((one) => {
    const { protocol, port, process, local } = one as Record<string, unknown>;
    return `${process ?? 'something'} on ${protocol} ${port}${local === true ? ' (loopback)' : ''}`;
  });
  const parts = [
    listeners.length === 0 ? 'nothing but the distribution listens' : `listening: ${listeners.join(', ')}`,
  ];
  const list = (one: Observation | undefined, what: string, key: string): void => {
    if (!read(one)) return;
    const names = strings(one.answer.facts[key]);
    parts.push(names.length === 0 ? `no ${what}` : `${what}: ${names.join(', ')}`);
  };
  list(processes, 'other processes', 'others');
  list(units, 'running units', 'units');
  return { looked: true, listeners, text: parts.join('; ') };
}

interface Payload {
  /** Null where nobody could look. */
  readonly found: readonly string[] | null;
  readonly layer: AbsenceLayer;
}

function payloadOf(fresh: readonly Observation[], run: Run): Payload {
  const seen = layerOf(fresh, 'payload');
  if (!read(seen)) {
    const volume = fresh.find((one) => one.probe === 'pve-guest-config')?.answer.facts.rootVolume;
    const closed = run === 'stopped' && typeof volume === 'string' && !/:subvol-/.test(volume);
    const text = closed ? `${volume} is mounted nowhere while it is stopped` : whyNot(seen);
    return { found: null, layer: { layer: 'payload', looked: false, text } };
  }
  const found = strings(seen.answer.facts.payload);
  const text = found.length === 0 ? 'none in the usual places' : found.join(', ');
  return { found, layer: { layer: 'payload', looked: true, text } };
}

function diskOf(fresh: readonly Observation[]): AbsenceLayer {
  const seen = layerOf(fresh, 'disk');
  const kib = seen?.answer.facts.usedKib;
  if (!read(seen) || typeof kib !== 'number') return { layer: 'disk', looked: false, text: whyNot(seen) };
  return { layer: 'disk', looked: true, text: `${Math.round(kib / 1024)} MiB in use` };
}
