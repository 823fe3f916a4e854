/**
 * The simulated estate. VMIDs, host names and the counts of the fleet follow the operators' public documents;
 * which RPC node belongs to which tier, every address and all guest names are the simulation's own choice.
 */

export const CLUSTER = 'h';
export const HOSTS = ['ml110', 'r630-01', 'r630-02', 'r630-03', 'r630-04'] as const;
export type HostName = (typeof HOSTS)[number];

export interface SimGuest {
  readonly vmid: number;
  readonly name: string;
  readonly category: string;
  readonly host: HostName;
  readonly state: 'active' | 'placeholder CT only' | 'retired standby';
  readonly running: boolean;
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

export const VALIDATORS = range(1000, 1004);
export const SENTRIES = range(1500, 1510);
export const RPC_BY_CATEGORY: Readonly<Record<string, readonly number[]>> = {
  rpc_core: [2101, 2102, 2103],
  rpc_public: [2201],
  rpc_private: [2301],
  rpc_named: range(2303, 2308),
  rpc_thirdweb: range(2400, 2403),
  rpc_alltra_hybx: [2420, 2430, 2440, 2460, 2470, 2480],
};
export const FABRIC = range(6000, 6002);
export const INDY = range(6400, 6402);

/** Guests sat on the first three hosts when last documented; the simulation spreads them over these. */
function hostOf(vmid: number): HostName {
  return (['r630-01', 'r630-02', 'ml110'] as const)[vmid % 3] ?? 'r630-01';
}

function guest(vmid: number, name: string, category: string, more: Partial<SimGuest> = {}): SimGuest {
  return { vmid, name, category, host: hostOf(vmid), state: 'active', running: true, ...more };
}

/** All guests of the healthy estate. */
export function simGuests(): SimGuest[] {
  const stopped = { state: 'placeholder CT only', running: false } as const;
  return [
    // One validator a host, so that no single host takes the quorum with it.
    ...VALIDATORS.map((vmid, index) =>
      guest(vmid, `sim-besu-validator-${vmid - 999}`, 'besu_validator', { host: HOSTS[index] ?? 'r630-01' }),
    ),
    ...SENTRIES.map((vmid) => guest(vmid, `sim-besu-sentry-${vmid - 1499}`, 'besu_sentry')),
    ...Object.entries(RPC_BY_CATEGORY).flatMap(([category, vmids]) =>
      vmids.map((vmid) => guest(vmid, `sim-${category.replaceAll('_', '-')}-${vmid}`, category)),
    ),
    guest(5000, 'blockscout-1', 'explorer', { host: 'r630-02' }),
    guest(6200, 'sim-firefly-1', 'firefly', { host: 'r630-01' }),
    guest(6201, 'firefly-2', 'firefly', { host: 'r630-02', state: 'retired standby', running: false }),
    ...FABRIC.map((vmid) => guest(vmid, `sim-fabric-${vmid - 5999}`, 'dlt', { host: 'r630-01', ...stopped })),
    ...INDY.map((vmid) => guest(vmid, `sim-indy-${vmid - 6399}`, 'dlt', { host: 'r630-02', ...stopped })),
    guest(10233, 'sim-npmplus', 'npmplus', { host: 'r630-01' }),
  ];
}

/** API groups that the simulation serves per kind of node. */
export function apiGroupsOf(category: string): ReadonlySet<string> {
  const base = ['eth', 'net', 'web3', 'rpc'];
  switch (category) {
    case 'rpc_core':
      return new Set([...base, 'qbft', 'txpool', 'admin', 'debug', 'trace', 'perm']);
    case 'besu_validator':
    case 'besu_sentry':
      return new Set([...base, 'qbft', 'admin', 'txpool']);
    case 'rpc_public':
    case 'rpc_thirdweb':
      return new Set(base);
    default:
      return new Set([...base, 'qbft', 'txpool']);
  }
}
