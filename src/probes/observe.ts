import { headsOf, networksOf } from '../chain/index.ts';
import type { DocumentedEstate, Endpoint, Observation } from '../model/index.ts';
import { besuCommon, besuHead, besuIdentity, qbftProof } from './besu.ts';
import type { ProbeContext } from './context.ts';
import { pveApi, pveCluster, pveGuests } from './proxmox.ts';
import { blockscoutHealth, fireflyStatus, tcpProbe } from './services.ts';
import { sshHost } from './ssh-host.ts';

/** How a pass over the estate is made. */
export interface ObserveOptions {
  readonly vantage: string;
  readonly signal: AbortSignal;
  readonly storeRaw: ProbeContext['storeRaw'];
  /** Only these endpoints, by id. */
  readonly only?: ReadonlySet<string>;
  /** Called with each observation as it arrives. */
  readonly onObservation?: (observation: Observation) => void;
  /** Endpoints asked at the same time. */
  readonly concurrency?: number;
}

const CONCURRENCY = 32;

/** Everything that one endpoint can be asked by itself. Never throws for what the other side does. */
export async function observeEndpoint(
  context: ProbeContext,
  endpoint: Endpoint,
): Promise<readonly Observation[]> {
  switch (endpoint.kind) {
    case 'proxmox-api':
      return [await pveApi(context, endpoint)];
    case 'ssh':
      return [await sshHost(context, endpoint)];
    case 'json-rpc': {
      const [identity, head] = await Promise.all([
        besuIdentity(context, endpoint),
        besuHead(context, endpoint),
      ]);
      return [identity, head];
    }
    case 'firefly':
      return [await fireflyStatus(context, endpoint)];
    case 'blockscout':
      return [await blockscoutHealth(context, endpoint)];
    case 'tcp':
      return [await tcpProbe(context, endpoint)];
  }
}

/**
 * One pass over the estate: every endpoint asked side by side, then the questions that need several answers
 * (the cluster through one host that answers, one block at a common height on all nodes, the quorum proof of the highest head).
 * One endpoint that is silent delays nobody else. An abort keeps what was gathered.
 */
export async function observeEstate(
  estate: DocumentedEstate,
  options: ObserveOptions,
): Promise<readonly Observation[]> {
  const context: ProbeContext = {
    estate,
    vantage: options.vantage,
    signal: options.signal,
    storeRaw: options.storeRaw,
  };
  const endpoints = estate.endpoints.filter((one) => options.only === undefined || options.only.has(one.id));
  const gathered: Observation[] = [];
  const keep = (observations: readonly Observation[]): void => {
    for (const one of observations) {
      gathered.push(one);
      options.onObservation?.(one);
    }
  };
  await pooled(endpoints, options.concurrency ?? CONCURRENCY, async (endpoint) => {
    if (!context.signal.aborted) keep(await observeEndpoint(context, endpoint));
  });
  if (!context.signal.aborted)
    await Promise.all([
      clusterRound(context, endpoints, gathered, keep),
      commonRound(context, endpoints, gathered, keep),
    ]);
  keep(quorumRound(context, gathered));
  return gathered;
}

/**
 * The quorum proof of the highest head that was seen; asks nothing. When that head does not prove, but those of most nodes do, the
 * fault is the node's that gave it: the proof of the chain is then the highest that holds, and the node has its failed one.
 */
export function quorumRound(context: ProbeContext, gathered: readonly Observation[]): readonly Observation[] {
  const proofs: { readonly head: Observation; readonly proof: Observation }[] = [];
  const holds = (proof: Observation): boolean =>
    proof.answer.checks.every((check) => check.result !== 'fail');
  for (const head of headsFromHighest(context, gathered)) {
    const proof = qbftProof(context, head);
    if (proof === null) continue;
    if (proofs.length === 0 && holds(proof)) return [proof];
    proofs.push({ head, proof });
  }
  const [first] = proofs;
  if (first === undefined) return [];
  const good = proofs.filter((one) => holds(one.proof));
  const bad = proofs.filter((one) => !holds(one.proof));
  const [best] = good;
  if (best === undefined || good.length <= bad.length) return [first.proof];
  return [best.proof, ...bad.map(({ head, proof }) => ({ ...proof, subject: head.subject }))];
}

/** The cluster-wide questions go to the first host whose API answered; if none did, to the first, so that its failure is on record. */
export async function clusterRound(
  context: ProbeContext,
  endpoints: readonly Endpoint[],
  gathered: readonly Observation[],
  keep: (observations: readonly Observation[]) => void,
): Promise<void> {
  const apis = endpoints.filter((one) => one.kind === 'proxmox-api');
  const answering = apis.find((one) =>
    gathered.some(
      (seen) => seen.probe === 'pve-api' && seen.endpoint === one.id && seen.answer.class === 'ok',
    ),
  );
  const chosen = answering ?? apis[0];
  if (chosen === undefined) return;
  const [cluster, guests] = await Promise.all([pveCluster(context, chosen), pveGuests(context, chosen)]);
  keep(cluster);
  keep(guests);
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
  keep: (observations: readonly Observation[]) => void,
): Promise<void> {
  const heads = ownHeads(context, gathered);
  if (heads.size < 2) return;
  const numbers = [...heads.values()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const spread = BigInt(context.estate.thresholds.headSpreadBlocks);
  const [lowest, highest] = [numbers[0] ?? 0n, numbers.at(-1) ?? 0n];
  const current = numbers.find((one) => highest - one <= spread) ?? highest;
  await pooled(
    endpoints.filter((one) => heads.has(one.id)),
    CONCURRENCY,
    async (endpoint) => {
      if (context.signal.aborted) return;
      const heights = (heads.get(endpoint.id) ?? 0n) < current ? [lowest] : [...new Set([current, lowest])];
      keep([await besuCommon(context, endpoint, heights)]);
    },
  );
}

/** Heights by endpoint, of the nodes of this network that gave one with its block, newest answer first. */
function ownHeads(context: ProbeContext, gathered: readonly Observation[]): ReadonlyMap<string, bigint> {
  const heads = headsOf(newestOf(gathered, 'besu-head'));
  const foreign = foreignIn(context, gathered);
  return new Map(heads.filter((one) => !foreign.has(one.endpoint)).map((one) => [one.endpoint, one.number]));
}

function foreignIn(context: ProbeContext, gathered: readonly Observation[]): ReadonlySet<string> {
  const { chainId, pin } = context.estate;
  return networksOf(newestOf(gathered, 'besu-identity'), chainId, pin?.genesisHash ?? null).foreign;
}

function newestOf(gathered: readonly Observation[], probe: string): readonly Observation[] {
  const newest = new Map<string, Observation>();
  for (const one of gathered) {
    const known = newest.get(one.endpoint);
    if (one.probe === probe && (known === undefined || known.ended <= one.ended))
      newest.set(one.endpoint, one);
  }
  return [...newest.values()];
}

/** The heads of the nodes of this network, highest first. */
function headsFromHighest(context: ProbeContext, gathered: readonly Observation[]): readonly Observation[] {
  const heads = ownHeads(context, gathered);
  const height = (one: Observation): bigint => heads.get(one.endpoint) ?? -1n;
  return newestOf(gathered, 'besu-head')
    .filter((one) => heads.has(one.endpoint))
    .sort((a, b) => (height(a) > height(b) ? -1 : height(a) < height(b) ? 1 : 0));
}

/** Runs `work` for each item, at most `limit` at a time. */
export async function pooled<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
}
