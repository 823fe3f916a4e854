import {
  type Check,
  type Endpoint,
  type JsonObject,
  type Observation,
  sanitiseLine,
} from '../model/index.ts';
import { fail, makeAnswer, pass, warn } from './besu/rpc-session.ts';
import { observe, type ProbeContext } from './context.ts';
import { failedGet, getJson, getText } from './http-get.ts';

interface Health {
  readonly status?: unknown;
  readonly failed_checks?: unknown;
}

/** Reads the health of a Fabric operations port: 200 OK, or 503 with the checks that failed. */
function healthOf(json: unknown): { readonly ok: boolean; readonly failed: readonly string[] } | null {
  if (json === null || typeof json !== 'object') return null;
  const { status, failed_checks: failed } = json as Health;
  if (status !== 'OK' && status !== 'Service Unavailable') return null;
  const rows = Array.isArray(failed) ? (failed as Record<string, unknown>[]).slice(0, 20) : [];
  const names = rows.map((one) => sanitiseLine(`${String(one.component)}: ${String(one.reason)}`, 120));
  return { ok: status === 'OK', failed: names };
}

const notHealthy = (failed: readonly string[]): Check =>
  fail(
    'fabric-health',
    `the operations port reports failed checks: ${failed.join('; ') || 'without naming them'}`,
    'read its log for the component that is named',
  );

/**
 * Probe `fabric-peer`: the operations port of a peer. Health is OK on an idle process too: with no checker registered, a peer
 * that has joined no channel is "OK". Channels are read from its metrics. Proves a running peer, no business flow.
 * Facts: `healthy`, `failed`, `version`, `channels` (null where metrics are off).
 */
export function fabricPeer(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  const request = 'GET /healthz; GET /version; GET /metrics';
  return observe(context, { probe: 'fabric-peer', endpoint, request }, async () => {
    const get = await getJson(context, endpoint, '/healthz');
    const health = healthOf(get.json);
    if (health === null) return { answer: notFabric(get), level: 'none', raw: get.raw };
    const version = await getJson(context, endpoint, '/version');
    const metrics = await getText(context, endpoint, '/metrics');
    const channels = metrics.class === 'ok' ? channelsIn(metrics.text) : null;
    const facts: JsonObject = {
      healthy: health.ok,
      failed: [...health.failed],
      version: versionOf(version.json),
      channels: channels === null ? null : [...channels],
    };
    const checks: Check[] = [];
    if (!health.ok) checks.push(notHealthy(health.failed));
    else if (channels?.length === 0)
      checks.push(
        warn(
          'fabric-no-channel',
          'the peer calls itself healthy and has joined no channel: a process, not a service',
          'see peer channel list in the container; do not call it deployed',
        ),
      );
    else checks.push(pass('fabric-health', 'the operations port says OK; this proves no flow'));
    const proven = health.ok && channels !== null && channels.length > 0;
    return { answer: makeAnswer('ok', facts, checks), level: proven ? 'app' : 'runtime', raw: get.raw };
  });
}

/** Channel names in Prometheus text: whoever has a ledger has its height. */
function channelsIn(text: string): readonly string[] {
  const names = [...text.matchAll(/^ledger_blockchain_height\{[^}]*channel="([^"\n]{1,250})"/gm)];
  return [...new Set(names.map((one) => sanitiseLine(one[1] ?? '', 100)))].slice(0, 50);
}

function versionOf(json: unknown): string | null {
  const version = (json as { readonly Version?: unknown } | null)?.Version;
  return typeof version === 'string' ? sanitiseLine(version, 60) : null;
}

function notFabric(get: Parameters<typeof failedGet>[0]): ReturnType<typeof failedGet> {
  if (get.class !== 'ok' && get.class !== 'http-error') return failedGet(get);
  return makeAnswer(get.class === 'ok' ? 'not-json' : 'http-error', {}, [], {
    code: get.status,
    detail: 'this is not the operations port of Fabric',
  });
}

/**
 * Probe `fabric-orderer`: health of the operations port, or the channels where the endpoint is the admin port (mutual TLS there).
 * Ports do not tell a peer from an orderer; what answers does. Facts: `healthy`, `version`, `channels`.
 */
export function fabricOrderer(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  const request = 'GET /participation/v1/channels; GET /healthz; GET /version';
  return observe(context, { probe: 'fabric-orderer', endpoint, request }, async () => {
    const participation = await getJson(context, endpoint, '/participation/v1/channels');
    if (participation.class !== 'ok' && participation.class !== 'http-error')
      return { answer: failedGet(participation), level: 'none', raw: participation.raw };
    const channels = participation.class === 'ok' ? channelList(participation.json) : null;
    const get = await getJson(context, endpoint, '/healthz');
    const health = healthOf(get.json);
    if (health === null && channels === null) return { answer: notFabric(get), level: 'none', raw: get.raw };
    const version = await getJson(context, endpoint, '/version');
    const facts: JsonObject = {
      healthy: health?.ok ?? null,
      version: versionOf(version.json),
      channels: channels === null ? null : [...channels],
    };
    const checks: Check[] = [];
    if (health?.ok === false) checks.push(notHealthy(health.failed));
    else if (channels?.length === 0)
      checks.push(
        warn(
          'fabric-no-channel',
          'the orderer takes part in no channel: a process, not a service',
          'see osnadmin channel list; do not call it deployed',
        ),
      );
    else checks.push(pass('fabric-health', 'the orderer answers; this proves no flow'));
    const proven = channels !== null && channels.length > 0;
    return {
      answer: makeAnswer('ok', facts, checks),
      level: proven ? 'app' : 'runtime',
      raw: participation.raw,
    };
  });
}

/** `{systemChannel, channels: null | [{name, url}]}`, or null when it is something else. */
function channelList(json: unknown): readonly string[] | null {
  if (json === null || typeof json !== 'object' || !('systemChannel' in json) || !('channels' in json))
    return null;
  const { channels } = json as { readonly channels: unknown };
  if (channels === null) return [];
  if (!Array.isArray(channels)) return null;
  return (channels as { readonly name?: unknown }[])
    .slice(0, 50)
    .map((one) => sanitiseLine(typeof one?.name === 'string' ? one.name : '?', 100));
}
