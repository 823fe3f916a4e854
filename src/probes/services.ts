import {
  type Check,
  type Endpoint,
  type JsonObject,
  type Observation,
  sanitiseLine,
} from '../model/index.ts';
import { observe, type ProbeContext, timeoutOf } from './context.ts';
import { failedGet, getJson } from './http-get.ts';
import { fail, makeAnswer, pass, warn } from './rpc-session.ts';
import { tcpConnect } from './transports/tcp.ts';

/**
 * Probe `firefly-status`: API and namespaces. A gateway that answers is not a healthy multiparty workflow, and the status call
 * asks no plugin, so a dead chain connector can hide behind a 200.
 * Facts: `namespace`, `multiparty`, `namespaces`, `initializationError`.
 */
export function fireflyStatus(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  const request = 'GET /api/v1/status; GET /api/v1/namespaces?includeinitializing=true';
  return observe(context, { probe: 'firefly-status', endpoint, request }, async () => {
    const status = await getJson(context, endpoint, '/api/v1/status');
    if (status.class !== 'ok') return { answer: failedGet(status), level: 'none', raw: status.raw };
    const spaces = await getJson(context, endpoint, '/api/v1/namespaces?includeinitializing=true');
    const body = status.json as { namespace?: { name?: unknown }; multiparty?: { enabled?: unknown } };
    const rows = Array.isArray(spaces.json) ? (spaces.json as Record<string, unknown>[]) : [];
    const broken = rows.find(
      (row) => typeof row.initializationError === 'string' && row.initializationError !== '',
    );
    const error =
      typeof broken?.initializationError === 'string' ? sanitiseLine(broken.initializationError, 160) : null;
    const name = body.namespace?.name;
    if (typeof name !== 'string')
      return {
        answer: makeAnswer('not-json', {}, [], { detail: 'this is not the status of a FireFly core' }),
        level: 'none',
        raw: status.raw,
      };
    const facts: JsonObject = {
      namespace: sanitiseLine(name, 80),
      multiparty: body.multiparty?.enabled === true,
      namespaces: rows.map((row) => sanitiseLine(String(row.name ?? '?'), 80)).slice(0, 50),
      initializationError: error,
    };
    const checks: Check[] =
      error === null
        ? [pass('firefly-api', 'the API answers; this proves no connector and no workflow')]
        : [
            fail(
              'firefly-namespace',
              `a namespace does not initialise: ${error}`,
              'read the FireFly log for the plugin that is named',
            ),
          ];
    return { answer: makeAnswer('ok', facts, checks), level: 'app', raw: status.raw };
  });
}

/**
 * Probe `blockscout-health`. The explorer calls itself healthy on a stalled chain too, so its lag against the head is judged apart.
 * Facts: `healthy`, `dbBlock`, `nodeBlock` (decimal strings).
 */
export function blockscoutHealth(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  return observe(context, { probe: 'blockscout-health', endpoint, request: 'GET /api/health' }, async () => {
    const get = await getJson(context, endpoint, '/api/health');
    if (get.class !== 'ok' && get.class !== 'http-error')
      return { answer: failedGet(get), level: 'none', raw: get.raw };
    const body = get.json as {
      healthy?: unknown;
      metadata?: { blocks?: { latest_block?: Record<string, { number?: unknown }> } };
    } | null;
    if (typeof body?.healthy !== 'boolean')
      return {
        answer: makeAnswer(get.class === 'ok' ? 'not-json' : 'http-error', {}, [], {
          code: get.status,
          detail: 'this is not the health of a Blockscout',
        }),
        level: 'none',
        raw: get.raw,
      };
    const latest = body.metadata?.blocks?.latest_block;
    const facts: JsonObject = {
      healthy: body.healthy,
      dbBlock: decimal(latest?.db?.number),
      nodeBlock: decimal(latest?.node?.number),
    };
    const checks: Check[] = [
      body.healthy
        ? pass('blockscout', 'the explorer calls itself healthy')
        : fail(
            'blockscout',
            'the explorer calls itself unhealthy',
            'look at its indexer, and at the RPC node it reads from',
          ),
    ];
    const lag =
      facts.dbBlock === null || facts.nodeBlock === null
        ? null
        : BigInt(String(facts.nodeBlock)) - BigInt(String(facts.dbBlock));
    if (lag !== null && lag > BigInt(context.estate.thresholds.explorerLagBlocks))
      checks.push(
        warn(
          'explorer-lag',
          `the explorer is ${lag} blocks behind its node`,
          'watch whether the lag shrinks; look at its indexer',
        ),
      );
    return { answer: makeAnswer('ok', facts, checks), level: 'app', raw: get.raw };
  });
}

function decimal(value: unknown): string | null {
  const written = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  return typeof written === 'string' && /^\d{1,30}$/.test(written) ? written : null;
}

/** Probe `tcp-connect`: whether something listens. It never proves what. Facts: `open`. */
export function tcpProbe(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  const url = new URL(endpoint.url);
  const port = Number(url.port);
  return observe(context, { probe: 'tcp-connect', endpoint, request: `TCP connect ${port}` }, async () => {
    const result = await tcpConnect(
      url.hostname.replace(/^\[|\]$/g, ''),
      port,
      timeoutOf(endpoint),
      context.signal,
    );
    return {
      answer: makeAnswer(result.class, { open: result.class === 'ok' }, [], {
        detail: result.class === 'ok' ? '' : result.detail,
      }),
      level: result.class === 'ok' ? 'runtime' : 'none',
      raw: null,
    };
  });
}
