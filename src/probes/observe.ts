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

/** The quorum proof of the highest head that was seen; asks nothing. */
export function quorumRound(context: ProbeContext, gathered: readonly Observation[]): readonly Observation[] {
  const head = highestHead(gathered);
  const proof = head === null ? null : qbftProof(context, head);
  return proof === null ? [] : [proof];
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

/** Asks every node that gave a head for the block at the lowest head, so that hashes can be compared at one height. */
export async function commonRound(
  context: ProbeContext,
  endpoints: readonly Endpoint[],
  gathered: readonly Observation[],
  keep: (observations: readonly Observation[]) => void,
): Promise<void> {
  const heads = gathered.filter(
    (one) => one.probe === 'besu-head' && typeof one.answer.facts.number === 'string',
  );
  if (heads.length < 2) return;
  const lowest = heads
    .map((one) => BigInt(String(one.answer.facts.number)))
    .reduce((a, b) => (a < b ? a : b));
  const asked = endpoints.filter((endpoint) => heads.some((one) => one.endpoint === endpoint.id));
  await pooled(asked, CONCURRENCY, async (endpoint) => {
    if (!context.signal.aborted) keep([await besuCommon(context, endpoint, lowest)]);
  });
}

function highestHead(gathered: readonly Observation[]): Observation | null {
  let best: Observation | null = null;
  for (const one of gathered) {
    const { facts } = one.answer;
    if (one.probe !== 'besu-head' || typeof facts.number !== 'string' || facts.block === null) continue;
    if (best === null || BigInt(facts.number) > BigInt(String(best.answer.facts.number))) best = one;
  }
  return best;
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
