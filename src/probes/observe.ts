import type { DocumentedEstate, Endpoint, Observation } from '../model/index.ts';
import { qbftProof } from './besu/besu.ts';
import { observeBesu } from './besu/besu-node.ts';
import { commonRound, newestOf, ownHeads, secondRound, windowRound } from './besu/estate-chain.ts';
import { blockscoutHealth } from './blockscout.ts';
import type { ProbeContext } from './context.ts';
import { fabricOrderer, fabricPeer } from './fabric.ts';
import { fireflyStatus } from './firefly.ts';
import { indyNode } from './indy.ts';
import { pooledByTarget } from './pool.ts';
import { Progress } from './progress.ts';
import { pveApi } from './proxmox/proxmox.ts';
import { insideRound } from './proxmox/proxmox-inside.ts';
import { clusterReady, clusterRound } from './proxmox/proxmox-round.ts';
import { configRound, hostsRound } from './proxmox/proxmox-scopes.ts';
import { evmHead, relayRound } from './relay.ts';
import {
  acapyStatus,
  cactiHealth,
  fineractHealth,
  fireflyConnector,
  httpHealth,
  httpRoute,
} from './runtimes.ts';
import { sshHost } from './ssh/ssh-host.ts';
import { targetOf } from './target.ts';
import { tcpProbe } from './tcp-probe.ts';

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

/** Endpoints asked at the same time in one pass, in all and on one target. */
const CONCURRENCY = 256;
const PER_TARGET = 4;

/**
 * Everything that one endpoint can be asked by itself. Never throws for what the other side does.
 * @param depth `heads` asks a Besu node only who and where it is, for looking often
 */
export async function observeEndpoint(
  context: ProbeContext,
  endpoint: Endpoint,
  depth: 'full' | 'heads' = 'full',
): Promise<readonly Observation[]> {
  switch (endpoint.kind) {
    case 'proxmox-api':
      return [await pveApi(context, endpoint)];
    case 'ssh':
      return [await sshHost(context, endpoint)];
    case 'json-rpc':
      return observeBesu(context, endpoint, depth);
    case 'evm-rpc':
      return [await evmHead(context, endpoint)];
    case 'firefly':
      return [await fireflyStatus(context, endpoint)];
    case 'firefly-connector':
      return [await fireflyConnector(context, endpoint)];
    case 'blockscout':
      return [await blockscoutHealth(context, endpoint)];
    case 'fabric-peer':
      return [await fabricPeer(context, endpoint)];
    case 'fabric-orderer':
      return [await fabricOrderer(context, endpoint)];
    case 'indy':
      return [await indyNode(context, endpoint)];
    case 'acapy':
      return [await acapyStatus(context, endpoint)];
    case 'cacti':
      return [await cactiHealth(context, endpoint)];
    case 'fineract':
      return [await fineractHealth(context, endpoint)];
    case 'http-health':
      return [await httpHealth(context, endpoint)];
    case 'http-route':
      return [await httpRoute(context, endpoint)];
    case 'tcp':
      return [await tcpProbe(context, endpoint)];
  }
}

/**
 * One pass over the estate: every endpoint asked side by side, and the questions that need several answers as soon as those are in (the
 * cluster through one host that answers, one block at a common height on all nodes, the quorum proof of the highest head).
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
  const progress = new Progress(endpoints);
  const unlessAborted = async (work: () => Promise<unknown>): Promise<void> => {
    if (!context.signal.aborted) await work();
  };
  const nodes = endpoints.filter((one) => one.kind === 'json-rpc');
  const caps = { limit: options.concurrency ?? CONCURRENCY, perTarget: PER_TARGET, targetOf };
  await Promise.all([
    pooledByTarget(endpoints, caps, async (endpoint) => {
      await unlessAborted(async () => keep(await observeEndpoint(context, endpoint)));
      progress.done(endpoint);
    }),
    clusterReady(endpoints, gathered, progress).then(() =>
      unlessAborted(async () => {
        await clusterRound(context, endpoints, gathered, keep);
        await Promise.all([
          hostsRound(context, endpoints, gathered, keep),
          configRound(context, endpoints, gathered, keep),
        ]);
        await insideRound(context, endpoints, gathered, keep);
      }),
    ),
    progress
      .when(() => !nodes.some((one) => progress.owes(one)))
      .then(() =>
        unlessAborted(() =>
          Promise.all([
            commonRound(context, endpoints, gathered, keep),
            windowRound(context, endpoints, gathered, keep),
            secondRound(context, endpoints, gathered, keep),
          ]),
        ),
      ),
    unlessAborted(() => relayRound(context, endpoints, keep)),
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

/** The heads of the nodes of this network, highest first. */
function headsFromHighest(context: ProbeContext, gathered: readonly Observation[]): readonly Observation[] {
  const heads = ownHeads(context, gathered);
  const height = (one: Observation): bigint => heads.get(one.endpoint) ?? -1n;
  return newestOf(gathered, 'besu-head')
    .filter((one) => heads.has(one.endpoint))
    .sort((a, b) => (height(a) > height(b) ? -1 : height(a) < height(b) ? 1 : 0));
}
