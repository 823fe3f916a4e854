import { setTimeout } from 'node:timers/promises';
import { couldLook, type Endpoint, type Observation } from '../../model/index.ts';
import type { ProbeContext } from '../context.ts';
import type { Progress } from '../progress.ts';
import { pveInventory } from './proxmox.ts';
import { inOrderOfAccess } from './proxmox-source.ts';
import { pveText } from './proxmox-text.ts';

/** How many hosts are asked about the cluster by one kind of way before the next kind is tried. */
const MAX_TRIES = 3;

/** The endpoints to ask about the cluster, best first, as far as they answered at all. */
export interface ClusterWays {
  /** Proxmox itself answered there. */
  readonly proxmox: readonly Endpoint[];
  /** Hosts that let us in by SSH. */
  readonly ssh: readonly Endpoint[];
}

/** Sorts out how the cluster can be asked, from what each endpoint answered by itself. Pure. */
export function clusterWays(endpoints: readonly Endpoint[], gathered: readonly Observation[]): ClusterWays {
  const answered = (probe: string): ReadonlySet<string> =>
    new Set(
      gathered.filter((one) => one.probe === probe && one.answer.class === 'ok').map((one) => one.endpoint),
    );
  const all = inOrderOfAccess(endpoints);
  const apis = answered('pve-api');
  const good = all.filter((one) => apis.has(one.id));
  const logins = answered('ssh-host');
  return {
    proxmox: good.slice(0, MAX_TRIES),
    ssh: endpoints.filter(
      (one) => one.kind === 'ssh' && one.subject.startsWith('host:') && logins.has(one.id),
    ),
  };
}

/** How long a better way to the cluster is waited for once a lesser one has answered, in milliseconds. */
const GRACE_MS = 300;

/**
 * Resolves as soon as the cluster can be asked: the best way answered, or a lesser one did and the better ones had a moment more, or all
 * that could be asked failed.
 */
export async function clusterReady(
  endpoints: readonly Endpoint[],
  gathered: readonly Observation[],
  progress: Progress,
): Promise<void> {
  const ways = inOrderOfAccess(endpoints);
  const logins = endpoints.filter((one) => one.kind === 'ssh');
  const good = (one: Endpoint): boolean =>
    gathered.some(
      (seen) => seen.endpoint === one.id && seen.probe === 'pve-api' && seen.answer.class === 'ok',
    );
  const nothingOwed = (): boolean => ![...ways, ...logins].some((one) => progress.owes(one));
  await progress.when(() => ways.some(good) || nothingOwed());
  const best = (): boolean => {
    const first = ways.find((one) => progress.owes(one) || good(one));
    return first === undefined || !progress.owes(first);
  };
  if (!best()) await Promise.race([progress.when(best), setTimeout(GRACE_MS)]);
}

/**
 * The cluster-wide questions go to the best way to a host whose Proxmox answered, and to the next when its list does not come; then
 * to hosts over SSH; then each host that lets us in is asked by its text tools about its own guests.
 */
export async function clusterRound(
  context: ProbeContext,
  endpoints: readonly Endpoint[],
  gathered: readonly Observation[],
  keep: (observations: readonly Observation[]) => void,
): Promise<void> {
  const ways = clusterWays(endpoints, gathered);
  let failed: readonly Observation[] | null = null;
  for (const way of [...ways.proxmox, ...ways.ssh.slice(0, MAX_TRIES)]) {
    const { observations, listed } = await pveInventory(context, way);
    if (listed || context.signal.aborted) return keep(observations);
    failed ??= observations;
  }
  // Every host has its own lists, so all of them are read.
  const shells = [...inOrderOfAccess(endpoints).filter((one) => !one.url.startsWith('http')), ...ways.ssh];
  const texts = (await Promise.all(onePerHost(shells).map((one) => pveText(context, one)))).flat();
  const seen = new Set(
    texts.filter((one) => couldLook(one.answer)).map((one) => `${one.probe} ${one.subject}`),
  );
  // Of what the text tools told nothing, the failure stays on record.
  keep([
    ...texts,
    ...(failed ?? notAsked(context, endpoints, gathered)).filter(
      (one) => !seen.has(`${one.probe} ${one.subject}`),
    ),
  ]);
}

/**
 * Where Proxmox answered nowhere, nobody is asked about the cluster once more: why the best way does not answer is why nothing is known of
 * the cluster and its guests.
 */
function notAsked(
  context: ProbeContext,
  endpoints: readonly Endpoint[],
  gathered: readonly Observation[],
): readonly Observation[] {
  const best = inOrderOfAccess(endpoints)[0];
  const why = gathered.find((one) => one.probe === 'pve-api' && one.endpoint === best?.id);
  if (why === undefined) return [];
  return context.estate.subjects.flatMap((one): Observation[] => {
    if (one.kind === 'cluster') return [{ ...why, probe: 'pve-cluster', subject: one.id }];
    return one.kind === 'vmid' ? [{ ...why, probe: 'pve-guest', subject: one.id }] : [];
  });
}

function onePerHost(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const hosts = new Map<string, Endpoint>();
  for (const one of endpoints) if (!hosts.has(one.subject)) hosts.set(one.subject, one);
  return [...hosts.values()];
}
