import {
  type Check,
  type Endpoint,
  type JsonObject,
  type Observation,
  sanitiseLine,
} from '../model/index.ts';
import { fail, makeAnswer, pass, warn } from './besu/rpc-session.ts';
import { observe, type ProbeContext } from './context.ts';
import { failedGet, getJson } from './http-get.ts';

/** Plugins that a multiparty workflow cannot do without. */
const NEEDED = ['blockchain', 'dataExchange', 'sharedStorage'] as const;
/** FireFly answers so while a namespace is not initialised or not started (FF10441, FF10446). */
const NOT_STARTED = 412;

/**
 * Probe `firefly-status`: API, namespaces, plugins, and for a multiparty node its registration. A gateway that answers is not a healthy multiparty
 * workflow, and the status call asks no plugin, so a dead chain connector can hide behind a 200: the connector has a probe of its own, and a
 * confirmed broadcast is for people to show. Facts: `namespace`, `multiparty`, `namespaces`, `initializationError`, `broken` (names),
 * `plugins` (count by kind), `org`, `node` (registration), `contract`, `operations` (whether the database answered).
 */
export function fireflyStatus(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  const request =
    'GET /api/v1/status; GET /api/v1/namespaces?includeinitializing=true; GET /api/v1/operations?limit=1; GET /api/v1/status/multiparty';
  return observe(context, { probe: 'firefly-status', endpoint, request }, async () => {
    const status = await getJson(context, endpoint, '/api/v1/status');
    if (status.status === NOT_STARTED)
      return {
        answer: makeAnswer('ok', { started: false }, [
          fail(
            'firefly-not-started',
            `the default namespace is not started: ${status.detail}`,
            'read the FireFly log; a namespace that waits for its plugins stays like this',
          ),
        ]),
        level: 'runtime',
        raw: status.raw,
      };
    if (status.class !== 'ok') return { answer: failedGet(status), level: 'none', raw: status.raw };
    const body = status.json as Status;
    const name = body.namespace?.name;
    if (typeof name !== 'string')
      return {
        answer: makeAnswer('not-json', {}, [], { detail: 'this is not the status of a FireFly core' }),
        level: 'none',
        raw: status.raw,
      };
    const spaces = await getJson(context, endpoint, '/api/v1/namespaces?includeinitializing=true');
    const rows = Array.isArray(spaces.json) ? (spaces.json as Record<string, unknown>[]).slice(0, 50) : [];
    const broken = rows.filter(
      (row) => typeof row.initializationError === 'string' && row.initializationError !== '',
    );
    const operations = await getJson(context, endpoint, '/api/v1/operations?limit=1');
    const multiparty = body.multiparty?.enabled === true;
    const parties = multiparty ? await getJson(context, endpoint, '/api/v1/status/multiparty') : null;
    const members = (parties?.class === 'ok' ? parties.json : null) as Parties | null;
    const facts: JsonObject = {
      namespace: sanitiseLine(name, 80),
      multiparty,
      namespaces: rows.map((row) => sanitiseLine(String(row.name ?? '?'), 80)),
      initializationError:
        broken[0] === undefined ? null : sanitiseLine(String(broken[0].initializationError), 160),
      broken: broken.map((row) => sanitiseLine(String(row.name ?? '?'), 80)),
      plugins: pluginCounts(body.plugins),
      org: word(members?.org?.status),
      node: word(members?.node?.status),
      contract:
        typeof body.multiparty?.contract?.active === 'object' && body.multiparty.contract.active !== null,
      operations: operations.class === 'ok',
    };
    return { answer: makeAnswer('ok', facts, judge(facts)), level: 'app', raw: status.raw };
  });
}

interface Status {
  readonly namespace?: { readonly name?: unknown };
  readonly plugins?: unknown;
  readonly multiparty?: { readonly enabled?: unknown; readonly contract?: { readonly active?: unknown } };
}
interface Parties {
  readonly org?: { readonly status?: unknown };
  readonly node?: { readonly status?: unknown };
}

const word = (value: unknown): string | null => (typeof value === 'string' ? sanitiseLine(value, 40) : null);

function pluginCounts(plugins: unknown): JsonObject {
  if (plugins === null || typeof plugins !== 'object') return {};
  return Object.fromEntries(
    Object.entries(plugins)
      .slice(0, 20)
      .map(([kind, list]) => [sanitiseLine(kind, 40), Array.isArray(list) ? list.length : 0]),
  );
}

function judge(facts: JsonObject): Check[] {
  const checks: Check[] = [];
  if (facts.initializationError === null)
    checks.push(pass('firefly-api', 'the API answers; this proves no connector and no workflow'));
  else
    checks.push(
      fail(
        'firefly-namespace',
        `a namespace does not initialise: ${String(facts.initializationError)}`,
        'read the FireFly log for the plugin that is named',
      ),
    );
  if (facts.operations === false)
    checks.push(
      warn(
        'firefly-database',
        'the list of operations, which is read from the database, was not given',
        'look at the database of FireFly',
      ),
    );
  if (facts.multiparty !== true) return checks;
  if (facts.org !== 'registered' || facts.node !== 'registered')
    checks.push(
      warn(
        'firefly-unregistered',
        `the organisation is ${String(facts.org ?? 'unknown')}, the node ${String(facts.node ?? 'unknown')}: no multiparty workflow without both registered`,
        'register them, and see the registration confirmed on the chain',
      ),
    );
  if (facts.contract !== true)
    checks.push(
      warn(
        'firefly-contract',
        'no multiparty contract is active',
        'see the multiparty contract in its configuration',
      ),
    );
  const plugins = facts.plugins as JsonObject;
  const missing = NEEDED.filter((kind) => typeof plugins[kind] !== 'number' || plugins[kind] === 0);
  if (missing.length > 0)
    checks.push(
      warn(
        'firefly-plugins',
        `a multiparty node without ${missing.join(', ')} plugins`,
        'see the plugins in its configuration',
      ),
    );
  return checks;
}
