import { headsOf, lagLimit, networksOf } from '../../chain/index.ts';
import type { Endpoint, Observation } from '../../model/index.ts';
import type { ProbeContext } from '../context.ts';
import { pooled } from '../pool.ts';
import { besuCommon } from './besu.ts';
import { besuFork, besuHeadAgain } from './besu-again.ts';
import { qbftWindow } from './qbft-window.ts';

/** Nodes asked at the same time by one of the rounds here. */
const CONCURRENCY = 64;

type Keep = (observations: readonly Observation[]) => void;

/** The newest observation of a probe at each endpoint. */
export function newestOf(gathered: readonly Observation[], probe: string): readonly Observation[] {
  const newest = new Map<string, Observation>();
  for (const one of gathered) {
    const known = newest.get(one.endpoint);
    if (one.probe === probe && (known === undefined || known.ended <= one.ended))
      newest.set(one.endpoint, one);
  }
  return [...newest.values()];
}

/** Heights by endpoint, of the nodes of this network that gave one with its block. */
export function ownHeads(
  context: ProbeContext,
  gathered: readonly Observation[],
): ReadonlyMap<string, bigint> {
  const { chainId, pin } = context.estate;
  const identities = newestOf(gathered, 'besu-identity');
  const { foreign } = networksOf(identities, chainId, pin?.genesisHash ?? null);
  const heads = headsOf(newestOf(gathered, 'besu-head'));
  return new Map(heads.filter((one) => !foreign.has(one.endpoint)).map((one) => [one.endpoint, one.number]));
}

/**
 * Asks every node that gave a head for the block at a common height, so that hashes can be compared: at the lowest head of
 * the nodes that are up to date, and, where some are behind, at the lowest head of all too. Nodes of another network are left out:
 * their height means nothing here, and one that is far behind must not hide a fork among the others.
 */
export async function commonRound(
  context: ProbeContext,
  endpoints: readonly Endpoint[],
  gathered: readonly Observation[],
  keep: Keep,
): Promise<void> {
  const heads = ownHeads(context, gathered);
  if (heads.size < 2) return;
  const numbers = [...heads.values()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const spread = BigInt(context.estate.thresholds.headSpreadBlocks);
  const [lowest, highest] = [numbers[0] ?? 0n, numbers.at(-1) ?? 0n];
  const current = numbers.find((one) => highest - one <= spread) ?? highest;
  const seen: Observation[] = [];
  await pooled(
    endpoints.filter((one) => heads.has(one.id)),
    CONCURRENCY,
    async (endpoint) => {
      if (context.signal.aborted) return;
      const heights = (heads.get(endpoint.id) ?? 0n) < current ? [lowest] : [...new Set([current, lowest])];
      const one = await besuCommon(context, endpoint, heights);
      seen.push(one);
      keep([one]);
    },
  );
  const fork = await forkRound(context, endpoints, seen);
  if (fork !== null) keep([fork]);
}

/** Where nodes gave different blocks for one height: one node of each side is asked for the last height that they share. */
async function forkRound(
  context: ProbeContext,
  endpoints: readonly Endpoint[],
  seen: readonly Observation[],
): Promise<Observation | null> {
  const byHash = new Map<string, { readonly endpoint: string; readonly number: bigint }>();
  const first = new Map<string, string>();
  for (const one of seen) {
    const { number, hash } = one.answer.facts;
    if (typeof number !== 'string' || typeof hash !== 'string') continue;
    const other = first.get(number);
    if (other === undefined) {
      first.set(number, hash);
      byHash.set(hash, { endpoint: one.endpoint, number: BigInt(number) });
    } else if (other !== hash) {
      const left = endpoints.find((endpoint) => endpoint.id === byHash.get(other)?.endpoint);
      const right = endpoints.find((endpoint) => endpoint.id === one.endpoint);
      if (left !== undefined && right !== undefined && !context.signal.aborted)
        return besuFork(context, [left, right], BigInt(number));
    }
  }
  return null;
}

/**
 * A second look at the heads of nodes that are behind, or of all when the chain seems to stand still: one look cannot tell a node that
 * catches up from one that is stuck. Waits until a block period and a request time-out have passed since the first look.
 */
export async function secondRound(
  context: ProbeContext,
  endpoints: readonly Endpoint[],
  gathered: readonly Observation[],
  keep: Keep,
): Promise<void> {
  const heads = ownHeads(context, gathered);
  const highest = [...heads.values()].reduce((a, b) => (a > b ? a : b), 0n);
  const { thresholds } = context.estate;
  const pauseS = Math.max(thresholds.blockPeriodS, thresholds.emptyBlockPeriodS);
  const looks = newestOf(gathered, 'besu-head').filter((one) => heads.has(one.endpoint));
  const youngestS = Math.min(...looks.map(ageOfHeadS));
  const still = youngestS > pauseS + thresholds.requestTimeoutS;
  const limit = BigInt(lagLimit(thresholds));
  const wanted = looks.filter((one) => still || highest - (heads.get(one.endpoint) ?? 0n) > limit);
  if (wanted.length === 0) return;
  const firstLook = Math.max(...wanted.map((one) => Date.parse(one.ended)));
  const waitMs = firstLook + (thresholds.blockPeriodS + thresholds.requestTimeoutS) * 1000 - Date.now();
  await pause(waitMs, context.signal);
  await pooled(wanted, CONCURRENCY, async (look) => {
    const endpoint = endpoints.find((one) => one.id === look.endpoint);
    if (endpoint !== undefined && !context.signal.aborted)
      keep([await besuHeadAgain(context, endpoint, look)]);
  });
}

function ageOfHeadS(look: Observation): number {
  return Date.parse(look.ended) / 1000 - Number(look.answer.facts.timestamp ?? 0);
}

/** Waits, unless it is told to stop. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish, { once: true });
  });
}

/** The last headers of the chain, from the node with the highest head; from the next one where that node does not give them. */
export async function windowRound(
  context: ProbeContext,
  endpoints: readonly Endpoint[],
  gathered: readonly Observation[],
  keep: Keep,
): Promise<void> {
  const heads = [...ownHeads(context, gathered)].sort((a, b) => (a[1] > b[1] ? -1 : a[1] < b[1] ? 1 : 0));
  let last: Observation | null = null;
  for (const [id, height] of heads.slice(0, 3)) {
    const endpoint = endpoints.find((one) => one.id === id);
    if (endpoint === undefined || context.signal.aborted || height === 0n) continue;
    last = await qbftWindow(context, endpoint, height);
    const { broken, count } = last.answer.facts;
    if (last.answer.class === 'ok' && broken === null && count !== 0) break;
  }
  if (last !== null) keep([last]);
}
