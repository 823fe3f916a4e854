import type { AnswerClass, Check, Endpoint, JsonObject, Observation } from '../../model/index.ts';
import { observe, type ProbeContext, timeoutOf } from '../context.ts';
import { redact } from '../redact.ts';
import { CLOSED_AT_ONCE, type HttpAnswer, httpRequest } from '../transports/http.ts';
import { doubt, fail, makeAnswer, observeRpc, pass, warn } from './rpc-session.ts';

/** Besu answers GET / with 201 and no body: cheap proof of "this is Besu's RPC port". */
const BESU_ROOT = 201;

/**
 * Probe `besu-port`: what the RPC port says without JSON-RPC. Liveness only proves that the server answers; readiness calls a node ready
 * that has no sync target, so a partitioned or stalled node can be ready. The Date header gives the clock to about a second.
 * Facts: `root`, `liveness`, `readiness` (HTTP status or null), `clockOffsetMs` (theirs minus ours, null through an edge, whose clock it would be).
 */
export function besuPort(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  const request = 'GET /; GET /liveness; GET /readiness';
  return observe(context, { probe: 'besu-port', endpoint, request }, async () => {
    const bodies: Uint8Array[] = [];
    const get = async (path: string): Promise<HttpAnswer> => {
      const answer = await httpRequest({
        base: endpoint.url,
        path,
        ...(endpoint.hostHeader === undefined ? {} : { hostHeader: endpoint.hostHeader }),
        ...(endpoint.tls === undefined ? {} : { tls: endpoint.tls }),
        timeoutMs: timeoutOf(endpoint),
        signal: context.signal,
      });
      bodies.push(answer.body);
      return answer;
    };
    const before = Date.now();
    const root = await get('/');
    const middle = (before + Date.now()) / 2;
    if (root.class !== 'ok')
      return { answer: makeAnswer(root.class, {}, closedCheck(root), root), level: 'none', raw: null };
    const liveness = await get('/liveness');
    const readiness = await get('/readiness');
    const dated = Date.parse(root.date);
    const facts: JsonObject = {
      root: root.status,
      liveness: liveness.status,
      readiness: readiness.status,
      clockOffsetMs: endpoint.via === 'edge' || Number.isNaN(dated) ? null : Math.round(dated + 500 - middle),
    };
    const { bytes, redactions } = redact(Buffer.concat(bodies));
    const raw = bytes.length === 0 ? null : context.storeRaw(bytes, redactions, false);
    return { answer: makeAnswer('ok', facts, portChecks(facts)), level: 'runtime', raw };
  });
}

function portChecks(facts: JsonObject): Check[] {
  const checks: Check[] = [];
  if (facts.root === BESU_ROOT) checks.push(pass('besu-port', "GET / gives 201: this is Besu's RPC port"));
  if (facts.readiness === 503)
    checks.push(
      warn(
        'not-ready',
        'the node itself says that it is not ready (503): fewer peers than it wants, or behind its sync target',
        'see its peers and its distance to the head',
      ),
    );
  return checks;
}

function closedCheck(answer: HttpAnswer): Check[] {
  if (answer.detail !== CLOSED_AT_ONCE) return [];
  return [
    fail(
      'connections-used-up',
      'the port accepts connections and closes them at once: Besu does so when its connection limit (80 by default) is reached',
      'see who holds connections (ss on the node); raise rpc-http-max-active-connections only after that',
    ),
  ];
}

/** How often an endpoint is asked in a row: through an edge more often, since an edge fails now and then. */
const ASKS = { direct: 5, edge: 10 } as const;

/**
 * Probe `besu-asks`: the same cheap question several times in a row: success rate and latency.
 * Facts: `asks`, `good`, `classes` (answers by class), `p50`, `p95`, `max` (milliseconds, of the good ones).
 */
export async function besuAsks(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  const asks = ASKS[endpoint.via];
  const answers: { readonly class: AnswerClass; readonly ms: number }[] = [];
  let last: Observation | null = null;
  for (let index = 0; index < asks && !context.signal.aborted; index += 1) {
    const began = performance.now();
    last = await observeRpc(
      context,
      { probe: 'besu-asks', endpoint, request: `eth_blockNumber, ${asks} times` },
      async (session) => {
        const one = await session.call('eth_blockNumber');
        return { answer: makeAnswer(one.class, {}, [], one), level: 'runtime' };
      },
    );
    answers.push({ class: last.answer.class, ms: Math.round(performance.now() - began) });
  }
  if (last === null) last = await aborted(context, endpoint);
  const good = answers
    .filter((one) => one.class === 'ok')
    .map((one) => one.ms)
    .sort((a, b) => a - b);
  const classes = Object.fromEntries(
    [...Map.groupBy(answers, (one) => one.class)].map(([name, list]) => [name, list.length]),
  );
  const facts: JsonObject = {
    asks: answers.length,
    good: good.length,
    classes,
    p50: percentile(good, 50),
    p95: percentile(good, 95),
    max: good.at(-1) ?? null,
  };
  if (good.length === 0) return { ...last, answer: { ...last.answer, facts } };
  return {
    ...last,
    level: 'runtime',
    answer: makeAnswer('ok', facts, askChecks(endpoint, answers.length, good.length, classes)),
  };
}

function aborted(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  return observe(context, { probe: 'besu-asks', endpoint, request: 'eth_blockNumber' }, async () => ({
    answer: makeAnswer('aborted', {}),
    level: 'none',
    raw: null,
  }));
}

function askChecks(
  endpoint: Endpoint,
  asks: number,
  good: number,
  classes: Readonly<Record<string, number>>,
): Check[] {
  if (good === asks) return [pass('steady', `${asks} of ${asks} asks answered`)];
  const bad = Object.entries(classes).filter(([name]) => name !== 'ok');
  const text = `${good} of ${asks} asks in a row were answered (${bad.map(([name, count]) => `${count} ${name}`).join(', ')})`;
  const edge = endpoint.via === 'edge' || bad.some(([name]) => name === 'edge-error');
  const next = edge
    ? 'ask the node directly: if it is steady there, the edge or tunnel loses them'
    : 'look at the load of the node and at its connection limit';
  const judge = good * 10 < asks * 8 ? fail : doubtOrWarn(classes);
  return [judge(edge ? 'edge-unsteady' : 'unsteady', text, next)];
}

/** Asks that were stopped by us say nothing against the node. */
function doubtOrWarn(classes: Readonly<Record<string, number>>): typeof warn {
  const names = Object.keys(classes).filter((name) => name !== 'ok');
  return names.every((name) => name === 'aborted') ? doubt : warn;
}

/** The value below which `share` percent of the sorted list lie (nearest rank), or null. */
export function percentile(sorted: readonly number[], share: number): number | null {
  if (sorted.length === 0) return null;
  return sorted[Math.max(0, Math.ceil((share / 100) * sorted.length) - 1)] ?? null;
}
