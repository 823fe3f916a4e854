import type { DocumentedEstate, Observation } from '../../model/index.ts';
import type { ProbeContext } from '../../probes/context.ts';
import type { Round } from './live.ts';

/** How often the estate as a whole is asked, in milliseconds. */
const CLUSTER_MS = 10_000;
/** Stock and fill of the hosts change slowly, and asking for them costs each host several answers. */
const HOSTS_MS = 60_000;
/** What stands inside a placeholder changes seldom, and each command costs its host a process; but it must not outlive its evidence. */
const INSIDE_MS = 300_000;
const CHAIN_MS = 5_000;
const WINDOW_MS = 30_000;

/**
 * The questions of a live screen that need several answers: the cluster's list of guests, the stock of its hosts, one block on all nodes, the last headers, and a
 * second look at nodes that are behind.
 */
export function estateRounds(
  estate: DocumentedEstate,
  context: Omit<ProbeContext, 'signal'>,
): readonly Round[] {
  const { endpoints } = estate;
  return [
    {
      name: 'cluster',
      cadenceMs: CLUSTER_MS,
      ask: async (gathered, signal) => {
        const { clusterRound } = await import('../../probes/index.ts');
        const seen: Observation[] = [];
        await clusterRound({ ...context, signal }, endpoints, gathered, (found) => seen.push(...found));
        return seen;
      },
    },
    {
      name: 'hosts',
      cadenceMs: HOSTS_MS,
      ask: async (gathered, signal) => {
        const { clusterRound, hostsRound } = await import('../../probes/index.ts');
        const cluster: Observation[] = [];
        // The first of these rounds may be due before the cluster was asked by its own.
        if (!gathered.some((one) => one.probe === 'pve-cluster'))
          await clusterRound({ ...context, signal }, endpoints, gathered, (found) => cluster.push(...found));
        const seen: Observation[] = [];
        await hostsRound({ ...context, signal }, endpoints, [...gathered, ...cluster], (found) =>
          seen.push(...found),
        );
        return seen;
      },
    },
    {
      name: 'inside',
      cadenceMs: Math.min(INSIDE_MS, estate.thresholds.evidenceTtlS * 500),
      ask: async (gathered, signal) => {
        const { insideRound } = await import('../../probes/index.ts');
        const seen: Observation[] = [];
        await insideRound({ ...context, signal }, endpoints, gathered, (found) => seen.push(...found));
        return seen;
      },
    },
    {
      name: 'chain',
      cadenceMs: CHAIN_MS,
      ask: async (gathered, signal) => {
        const { commonRound, quorumRound } = await import('../../probes/index.ts');
        const seen: Observation[] = [];
        await commonRound({ ...context, signal }, endpoints, gathered, (found) => seen.push(...found));
        return [...seen, ...quorumRound({ ...context, signal }, gathered)];
      },
    },
    {
      name: 'window',
      cadenceMs: WINDOW_MS,
      ask: async (gathered, signal) => {
        const { windowRound } = await import('../../probes/index.ts');
        const seen: Observation[] = [];
        await windowRound({ ...context, signal }, endpoints, gathered, (found) => seen.push(...found));
        return seen;
      },
    },
    {
      name: 'relays',
      cadenceMs: WINDOW_MS,
      ask: async (_gathered, signal) => {
        const { relayRound } = await import('../../probes/index.ts');
        const seen: Observation[] = [];
        await relayRound({ ...context, signal }, endpoints, (found) => seen.push(...found));
        return seen;
      },
    },
    {
      name: 'second-look',
      cadenceMs: CHAIN_MS,
      ask: async (gathered, signal) => {
        const { secondRound } = await import('../../probes/index.ts');
        const seen: Observation[] = [];
        await secondRound({ ...context, signal }, endpoints, gathered, (found) => seen.push(...found));
        return seen;
      },
    },
  ];
}
