import type { Check, Endpoint, JsonObject, Observation } from '../model/index.ts';
import { fail, makeAnswer, pass, warn } from './besu/rpc-session.ts';
import { observe, type ProbeContext } from './context.ts';
import { failedGet, getJson, type JsonGet } from './http-get.ts';

/** What an explorer says of itself, whatever its version. Block numbers are decimal strings. */
interface Told {
  /** Null where this version does not say. */
  readonly healthy: boolean | null;
  readonly dbBlock: string | null;
  readonly nodeBlock: string | null;
  /** Which path answered. */
  readonly by: string;
}

/**
 * Probe `blockscout-health`. The explorer calls itself healthy on a stalled chain too (it is unhealthy only when its newest block is old and far
 * from its node's), so its lag against the head is judged apart. Older releases are asked at their own paths.
 * Facts: `healthy`, `dbBlock`, `nodeBlock`, `by`, `finishedIndexing`, `indexedRatio` (text).
 */
export function blockscoutHealth(context: ProbeContext, endpoint: Endpoint): Promise<Observation> {
  const request =
    'GET /api/health, else /api/v1/health, else /api/v2/blocks; GET /api/v2/main-page/indexing-status';
  return observe(context, { probe: 'blockscout-health', endpoint, request }, async () => {
    const { get, told } = await ask(context, endpoint);
    if (told === null) {
      const other = get.class === 'ok' || get.class === 'http-error';
      const answer = other
        ? makeAnswer(get.class === 'ok' ? 'not-json' : 'http-error', {}, [], {
            code: get.status,
            detail: 'this is not the health of a Blockscout',
          })
        : failedGet(get);
      return { answer, level: 'none', raw: get.raw };
    }
    const indexing = await getJson(context, endpoint, '/api/v2/main-page/indexing-status');
    const status = (indexing.class === 'ok' ? indexing.json : null) as Record<string, unknown> | null;
    const ratio = status?.indexed_blocks_ratio;
    const facts: JsonObject = {
      ...told,
      finishedIndexing: typeof status?.finished_indexing === 'boolean' ? status.finished_indexing : null,
      indexedRatio: typeof ratio === 'string' && /^[\d.]{1,12}$/.test(ratio) ? ratio : null,
    };
    return { answer: makeAnswer('ok', facts, judge(context, facts)), level: 'app', raw: get.raw };
  });
}

async function ask(
  context: ProbeContext,
  endpoint: Endpoint,
): Promise<{ readonly get: JsonGet; readonly told: Told | null }> {
  const newest = await getJson(context, endpoint, '/api/health');
  const first = readHealth(newest.json);
  if (first !== null || (newest.class !== 'http-error' && newest.class !== 'ok'))
    return { get: newest, told: first };
  const older = await getJson(context, endpoint, '/api/v1/health');
  const second = readOldHealth(older.json);
  if (second !== null) return { get: older, told: second };
  const blocks = await getJson(context, endpoint, '/api/v2/blocks');
  const third = readBlocks(blocks.json);
  return third === null ? { get: newest, told: null } : { get: blocks, told: third };
}

/** `/api/health`: 200 or 500, `{healthy, metadata: {blocks: {latest_block: {db, cache, node}}}}`. */
function readHealth(json: unknown): Told | null {
  const body = json as {
    readonly healthy?: unknown;
    readonly metadata?: {
      readonly blocks?: {
        readonly latest_block?: Readonly<Record<string, { readonly number?: unknown } | null>>;
      };
    };
  } | null;
  if (typeof body?.healthy !== 'boolean' || body.metadata === undefined) return null;
  const latest = body.metadata.blocks?.latest_block;
  return {
    healthy: body.healthy,
    dbBlock: decimal(latest?.db?.number),
    nodeBlock: decimal(latest?.node?.number),
    by: '/api/health',
  };
}

/** `/api/v1/health` of older releases: `{healthy, data: {latest_block_number}}`. */
function readOldHealth(json: unknown): Told | null {
  const body = json as {
    readonly healthy?: unknown;
    readonly data?: { readonly latest_block_number?: unknown };
  } | null;
  if (typeof body?.healthy !== 'boolean') return null;
  return {
    healthy: body.healthy,
    dbBlock: decimal(body.data?.latest_block_number),
    nodeBlock: null,
    by: '/api/v1/health',
  };
}

/** `/api/v2/blocks`: the first item is the newest block. */
function readBlocks(json: unknown): Told | null {
  const items = (json as { readonly items?: unknown } | null)?.items;
  if (!Array.isArray(items)) return null;
  const height = (items[0] as { readonly height?: unknown } | undefined)?.height;
  return { healthy: null, dbBlock: decimal(height), nodeBlock: null, by: '/api/v2/blocks' };
}

function judge(context: ProbeContext, facts: JsonObject): Check[] {
  const checks: Check[] = [];
  if (facts.healthy === false)
    checks.push(
      fail(
        'blockscout',
        'the explorer calls itself unhealthy',
        'look at its indexer, and at the RPC node it reads from',
      ),
    );
  else
    checks.push(
      pass(
        'blockscout',
        facts.healthy === true
          ? 'the explorer calls itself healthy'
          : 'the explorer lists blocks; this release tells no health',
      ),
    );
  if (facts.finishedIndexing === false)
    checks.push(
      warn(
        'explorer-indexing',
        `the explorer has not indexed everything yet${typeof facts.indexedRatio === 'string' ? ` (blocks ${facts.indexedRatio})` : ''}`,
        'wait; old transactions may be missing in it until then',
      ),
    );
  const { dbBlock, nodeBlock } = facts;
  if (typeof dbBlock === 'string' && typeof nodeBlock === 'string') {
    const lag = BigInt(nodeBlock) - BigInt(dbBlock);
    if (lag > BigInt(context.estate.thresholds.explorerLagBlocks))
      checks.push(
        warn(
          'explorer-lag',
          `the explorer is ${lag} blocks behind its node`,
          'watch whether the lag shrinks; look at its indexer',
        ),
      );
  }
  return checks;
}

function decimal(value: unknown): string | null {
  const written = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  return typeof written === 'string' && /^\d{1,30}$/.test(written) ? written : null;
}
