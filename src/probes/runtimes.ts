import {
  type Check,
  type Endpoint,
  type JsonObject,
  type Observation,
  sanitiseLine,
} from '../model/index.ts';
import { fail, makeAnswer, pass } from './besu/rpc-session.ts';
import { observe, type ProbeContext } from './context.ts';
import { failedGet, getJson, getText, type JsonGet } from './http-get.ts';

/** An answer of something else than what the endpoint is documented as. */
function notThis(
  get: JsonGet,
  what: string,
): { readonly answer: ReturnType<typeof makeAnswer>; readonly level: 'none'; readonly raw: JsonGet['raw'] } {
  const other = get.class === 'ok' || get.class === 'http-error';
  return {
    answer: other
      ? makeAnswer(get.class === 'ok' ? 'not-json' : 'http-error', {}, [], {
          code: get.status,
          detail: `this is not ${what}`,
        })
      : failedGet(get),
    level: 'none',
    raw: get.raw,
  };
}

const field = (json: unknown, name: string): unknown =>
  json !== null && typeof json === 'object' ? (json as Record<string, unknown>)[name] : undefined;

/**
 * Probe `firefly-connector`: readiness of the EVM connector, which asks its RPC node. Proves that the connector reaches a node; not that FireFly
 * uses it, nor that anything was broadcast. Facts: `ready`, `path`.
 */
export function fireflyConnector(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  const request = 'GET /readyz, else GET /status/ready';
  return observe(context, { probe: 'firefly-connector', endpoint, request }, async () => {
    let path: '/readyz' | '/status/ready' = '/readyz';
    let get = await getText(context, endpoint, path);
    if (get.status === 404) {
      path = '/status/ready';
      get = await getText(context, endpoint, path);
    }
    if (get.class !== 'ok' && get.class !== 'http-error')
      return { answer: failedGet(get), level: 'none', raw: get.raw };
    if (get.status === 404) return notThis({ ...get, class: 'http-error' }, 'a FireFly EVM connector');
    const ready = get.class === 'ok';
    const check = ready
      ? pass('firefly-connector', 'the connector is ready: it reaches its RPC node')
      : fail(
          'firefly-connector',
          `the connector is not ready (${get.status ?? '?'})`,
          'look at the RPC node that it is configured with',
        );
    return {
      answer: makeAnswer('ok', { ready, path }, [check]),
      level: ready ? 'app' : 'runtime',
      raw: get.raw,
    };
  });
}

/**
 * Probe `acapy-status`: liveness and readiness of an Aries agent. Proves an agent; credentials need its wallet type and a schema and a
 * credential definition that resolve, which is for people to show. Facts: `alive`, `ready`.
 */
export function acapyStatus(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  const request = 'GET /status/live; GET /status/ready';
  return observe(context, { probe: 'acapy-status', endpoint, request }, async () => {
    const live = await getJson(context, endpoint, '/status/live');
    const alive = field(live.json, 'alive');
    if (typeof alive !== 'boolean') return notThis(live, 'an ACA-Py agent');
    const readiness = await getJson(context, endpoint, '/status/ready');
    const ready = field(readiness.json, 'ready') === true;
    const check: Check =
      alive && ready
        ? pass('acapy', 'the agent is live and ready; this proves no credential')
        : fail('acapy', `the agent says alive ${alive}, ready ${ready}`, 'read the log of the agent');
    return {
      answer: makeAnswer('ok', { alive, ready }, [check]),
      level: ready ? 'app' : 'runtime',
      raw: live.raw,
    };
  });
}

/** Probe `cacti-health`: the API server's own health. No ledger is touched by it. Facts: `success`. */
export function cactiHealth(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  const path = '/api/v1/api-server/healthcheck';
  return observe(context, { probe: 'cacti-health', endpoint, request: `GET ${path}` }, async () => {
    const get = await getJson(context, endpoint, path);
    const success = field(get.json, 'success');
    if (get.class !== 'ok' || typeof success !== 'boolean') return notThis(get, 'a Cacti API server');
    const check = success
      ? pass('cacti', 'the API server answers; no ledger was touched')
      : fail('cacti', 'the API server reports no success', 'read its log');
    return { answer: makeAnswer('ok', { success }, [check]), level: 'app', raw: get.raw };
  });
}

/** Probe `fineract-health`: the actuator. UP proves the server and its own checks, no ledger entry. Facts: `status`, `build`. */
export function fineractHealth(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  const request = 'GET /actuator/health; GET /actuator/info';
  return observe(context, { probe: 'fineract-health', endpoint, request }, async () => {
    const get = await getJson(context, endpoint, '/actuator/health');
    const status = field(get.json, 'status');
    if (typeof status !== 'string') return notThis(get, 'the actuator of Fineract');
    const info = await getJson(context, endpoint, '/actuator/info');
    const commit = field(field(field(info.json, 'git'), 'commit'), 'id');
    const facts: JsonObject = {
      status: sanitiseLine(status, 40),
      build: typeof commit === 'string' ? sanitiseLine(commit, 60) : null,
    };
    const up = status === 'UP';
    const check = up
      ? pass('fineract', 'the actuator says UP; this proves no ledger entry')
      : fail(
          'fineract',
          `the actuator says ${sanitiseLine(status, 40)}`,
          'see /actuator/health with details on the host',
        );
    return { answer: makeAnswer('ok', facts, [check]), level: up ? 'app' : 'runtime', raw: get.raw };
  });
}

/**
 * Probe `http-health`: a sidecar's own health path, as the operators wrote it into the URL. 2xx proves that it answers there; what
 * "healthy" means is the sidecar's own business. Facts: `status`, `says` (a `status`, `healthy` or `ok` field of a JSON body).
 */
export function httpHealth(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  const { pathname } = new URL(endpoint.url);
  return observe(context, { probe: 'http-health', endpoint, request: `GET ${pathname}` }, async () => {
    const get = await getText(context, endpoint, '');
    if (get.class !== 'ok' && get.class !== 'http-error')
      return { answer: failedGet(get), level: 'none', raw: get.raw };
    const json = parsed(get.text);
    const word = field(json, 'status') ?? field(json, 'healthy') ?? field(json, 'ok');
    const says = ['string', 'boolean', 'number'].includes(typeof word)
      ? sanitiseLine(String(word), 40)
      : null;
    const bad =
      get.class !== 'ok' || (says !== null && /^(down|false|fail|error|unhealthy|unavailable)/i.test(says));
    const check = bad
      ? fail(
          'http-health',
          `status ${get.status ?? '?'}${says === null ? '' : `, it says ${says}`}`,
          'read its log',
        )
      : pass('http-health', `status ${get.status ?? '?'}${says === null ? '' : `, it says ${says}`}`);
    return {
      answer: makeAnswer('ok', { status: get.status, says }, [check]),
      level: bad ? 'runtime' : 'app',
      raw: get.raw,
    };
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Statuses with which an edge says that what is behind it is gone. */
const BEHIND_GONE = new Set([502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530]);

/**
 * Probe `http-route`: one public route through the edge. Any answer but a gateway error proves that edge and what is behind it both answer;
 * it says nothing about what they answer. Facts: `status`.
 */
export function httpRoute(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  const { pathname } = new URL(endpoint.url);
  return observe(context, { probe: 'http-route', endpoint, request: `GET ${pathname}` }, async () => {
    const get = await getText(context, endpoint, '');
    if (get.status === null) return { answer: failedGet(get), level: 'none', raw: get.raw };
    const gone = BEHIND_GONE.has(get.status);
    const check = gone
      ? fail(
          'edge-route',
          `the edge answers ${get.status}: what is behind it does not`,
          'ask the service directly; then look at the proxy host of the edge',
        )
      : pass('edge-route', `the route answers ${get.status}`);
    return {
      answer: makeAnswer('ok', { status: get.status }, [check]),
      level: gone ? 'runtime' : 'app',
      raw: get.raw,
    };
  });
}
