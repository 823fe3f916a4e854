import type { ConsensusOptions } from './consensus.ts';
import { FABRIC, type HostName, RPC_BY_CATEGORY, type SimGuest, VALIDATORS } from './estate-data.ts';
import type { NodeBehaviour } from './json-rpc.ts';
import type { ProxmoxFault } from './proxmox-api.ts';
import { CHAIN_SCENARIOS } from './scenarios-chain.ts';
import { HOST_SCENARIOS } from './scenarios-hosts.ts';

/** When a node is asked, counted from the start of the simulation. */
export interface SimMoment {
  readonly elapsedMs: number;
  readonly startHeight: number;
}

/** How a scenario bends the healthy estate. Every hook is optional. */
export interface Scenario {
  readonly name: string;
  readonly description: string;
  /** Validators that take no part, by VMID. */
  readonly validatorsDown?: readonly number[];
  readonly hostsDown?: readonly HostName[];
  /** VMIDs of nodes that follow a future of their own. */
  readonly forked?: readonly number[];
  /** VMIDs of nodes of another network. */
  readonly otherGenesis?: readonly number[];
  readonly chain?: {
    /** Blocks before the start. */
    readonly count?: number;
    readonly contract?: boolean;
    readonly voteOf?: ConsensusOptions['voteOf'];
    /** The head was made in this round, after all rounds before it failed. */
    readonly recoveringRound?: number;
    /** Age of the head at the start, in seconds. */
    readonly headAgeS?: number;
    /** Seconds between blocks while nothing happens. */
    readonly emptyPeriodS?: number;
  };
  readonly guest?: (guest: SimGuest) => SimGuest;
  readonly node?: (vmid: number, moment: SimMoment) => NodeBehaviour;
  /** How the node behaves through an edge in front of it; null where there is no edge. */
  readonly edge?: (vmid: number) => NodeBehaviour | null;
  /** The clock of the whole estate minus that of the console, in milliseconds. */
  readonly clockMs?: number;
  /** Thresholds of the estate file that differ, by their names there. */
  readonly thresholds?: Readonly<Record<string, number>>;
  /** Kinds of service that stand in place of the usual one, by VMID. */
  readonly kinds?: Readonly<Record<number, string>>;
  readonly firefly?: { readonly initializationError?: string };
  /** Blocks that the explorer is behind. */
  readonly explorerLag?: number;
  /** Bare TCP listeners, by VMID: something listens that is not the documented service. */
  readonly listeners?: readonly number[];
  /** How Proxmox and SSH of the hosts differ. */
  readonly proxmox?: ProxmoxFault;
  readonly ssh?: { readonly changed?: readonly HostName[]; readonly revoked?: readonly HostName[] };
  /** Nothing answers at all. */
  readonly dark?: boolean;
}

const HOSTILE = 'x\u001b]52;c;aGk=\u0007\u001b[2J\u001b[31m\u202egnp.exe\u200b\r\nFAKE ok\u009b31m';

/** The scenarios that `c138 demo --scenario` offers. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'healthy',
    description: 'all five validators seal, every service answers, placeholders are stopped',
  },
  {
    name: 'validator-down',
    description:
      'one validator is stopped: every turn of its costs a round, the chain has no failure left to give',
    validatorsDown: VALIDATORS.slice(2, 3),
    guest: (guest) => (guest.vmid === VALIDATORS[2] ? { ...guest, running: false } : guest),
  },
  {
    name: 'stalled',
    description: 'two validators are stopped: no quorum, the head grows old',
    validatorsDown: VALIDATORS.slice(0, 2),
    guest: (guest) => (VALIDATORS.slice(0, 2).includes(guest.vmid) ? { ...guest, running: false } : guest),
  },
  {
    name: 'fork',
    description: 'the named tier follows other blocks at the same heights',
    forked: RPC_BY_CATEGORY.rpc_named ?? [],
  },
  {
    name: 'host-down',
    description: 'r630-02 is off; Proxmox still remembers its guests as running',
    hostsDown: ['r630-02'],
    validatorsDown: VALIDATORS.slice(2, 3),
  },
  {
    name: 'placeholder-running',
    description: 'Fabric placeholder 6000 runs and something listens, which is not Fabric',
    guest: (guest) => (guest.vmid === FABRIC[0] ? { ...guest, running: true } : guest),
    listeners: FABRIC.slice(0, 1),
  },
  {
    name: 'hostile-names',
    description: 'names, versions and errors carry escape sequences, control characters and bidi overrides',
    guest: (guest) => ({ ...guest, name: `${guest.name}${HOSTILE}` }),
    node: () => ({ client: `besu/${HOSTILE}/v25.12.0/linux/java` }),
  },
  { name: 'all-dead', description: 'nothing answers: nobody could look', dark: true },
  ...HOST_SCENARIOS,
  ...CHAIN_SCENARIOS,
];

/** The scenario of that name, or undefined. */
export function findScenario(name: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.name === name);
}
