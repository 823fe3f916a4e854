import type { Json, JsonObject } from './json.ts';
import type { Status } from './status.ts';

/** `host:r630-01`, `vmid:1000`, `cluster:h`, `chain:138`, `tier:public`, `program:aries`. */
export type SubjectId = `${SubjectKind}:${string}`;
export const SUBJECT_KINDS = ['cluster', 'host', 'vmid', 'chain', 'tier', 'program'] as const;
export type SubjectKind = (typeof SUBJECT_KINDS)[number];

/** Where a documented fact was read. `rank` 1 is best: 1 machine-readable, 2 script, 3 runbook, 4 narrative. */
export interface SourceRef {
  readonly document: string;
  readonly locator?: string;
  readonly date?: string;
  readonly rank: 1 | 2 | 3 | 4;
}

/** RPC tiers of the template's `category`; a tier is never inferred from a VMID band or a host name. */
export const TIERS = ['core', 'public', 'private', 'named', 'thirdweb', 'alltra-hybx'] as const;
export type Tier = (typeof TIERS)[number];

/** What answers at an endpoint. */
export const ENDPOINT_KINDS = [
  'proxmox-api',
  'ssh',
  'json-rpc',
  'evm-rpc',
  'firefly',
  'firefly-connector',
  'blockscout',
  'fabric-peer',
  'fabric-orderer',
  'indy',
  'acapy',
  'cacti',
  'fineract',
  'http-health',
  'http-route',
  'tcp',
] as const;
export type EndpointKind = (typeof ENDPOINT_KINDS)[number];

/** Something the estate file names and that may therefore be dialled. Nothing else ever is. */
export interface Endpoint {
  readonly id: string;
  readonly subject: SubjectId;
  readonly kind: EndpointKind;
  /**
   * `https://localhost:8006`, `http://10.0.0.1:8545`, `ssh://root@10.0.0.1:22`, `tcp://10.0.0.1:7051`. Proxmox is also asked by
   * `local:///usr/bin/pvesh` (on the node itself, as root) and by `ssh://…`.
   */
  readonly url: string;
  /** WebSocket of the same node; only ever opened on request. */
  readonly wsUrl?: string;
  /** The pool genesis file that an Indy node should be named in. */
  readonly poolGenesisFile?: string;
  /** `edge`: through the public ingress; `direct`: on the LAN. */
  readonly via: 'direct' | 'edge';
  /** Milliseconds for one request. */
  readonly timeoutMs?: number;
  /** Name sent as the HTTP Host header, where it differs from the address. */
  readonly hostHeader?: string;
  readonly tls?: { readonly caFile?: string; readonly pinSha256?: string };
  /** Where a token is read at the moment of the request; never the token itself. */
  readonly token?: { readonly file: string } | { readonly command: readonly string[] };
  readonly ssh?: {
    readonly knownHostsFile?: string;
    readonly identityFile?: string;
    readonly agent?: boolean;
    /** An OpenSSH configuration file; null: none. Absent: the user's own and the system's. */
    readonly configFile?: string | null;
    /** Where the passphrase of an encrypted identity file is read at the moment it is needed. */
    readonly passphrase?: { readonly file: string } | { readonly command: readonly string[] };
  };
}

/** One thing the operators' documents speak of. */
export interface DocumentedSubject {
  readonly id: SubjectId;
  readonly kind: SubjectKind;
  readonly name: string;
  readonly vmid?: number;
  /** The template's category, word for word. */
  readonly category?: string;
  readonly tier?: Tier;
  readonly address?: string;
  readonly preferredHost?: string;
  readonly role?: string;
  /** The document's own status word, and the status it stands for. */
  readonly statusWord?: string;
  readonly status: Status;
  /** Whether the documents want the guest running. */
  readonly expectedRun: 'running' | 'stopped' | 'any';
  /** `TBD` until the documents say otherwise. */
  readonly owner: string;
  readonly region: string;
  /** A failure of a critical subject fails discovery. */
  readonly critical: boolean;
  /** May be unreachable without that being a fault (ml110). */
  readonly absenceTolerated: boolean;
  readonly dependsOn: readonly SubjectId[];
  readonly sources: readonly SourceRef[];
  /** Unknown keys of the source record, kept as they were. */
  readonly extra: JsonObject;
}

/** Two sources that disagree, shown side by side and never resolved silently. */
export interface Conflict {
  readonly subject: SubjectId;
  readonly field: string;
  readonly sides: readonly { readonly value: Json; readonly source: SourceRef }[];
  readonly note: string;
}

/** Something an importer assumed or could not find; shown to the operator. */
export interface ImportNote {
  readonly level: 'guess' | 'missing' | 'kept' | 'info';
  readonly text: string;
  readonly source?: SourceRef;
}

/** Limits used by the rules; all configurable, all printed. Times in seconds. */
export interface Thresholds {
  readonly blockPeriodS: number;
  readonly emptyBlockPeriodS: number;
  readonly requestTimeoutS: number;
  readonly headSpreadBlocks: number;
  readonly minPeers: number;
  readonly evidenceTtlS: number;
  readonly explorerLagBlocks: number;
}

/** A validator set fixed from outside the chain data under test. */
export interface ChainPin {
  readonly genesisHash: string;
  readonly validators: readonly string[];
  readonly fromBlock: number;
}

/** One side of a relay: whose events are counted. */
export interface RelaySide {
  /** Id of an endpoint of the estate file. */
  readonly endpoint: string;
  readonly contract: string;
  /** First topic of the event. */
  readonly topic: string;
}

/** A relay that forwards messages from one chain to another. */
export interface Relay {
  readonly id: string;
  readonly subject: SubjectId;
  readonly source: RelaySide;
  readonly destination: RelaySide;
  /** Which topic (1 to 3) holds the id of the message, on both sides. */
  readonly idTopic: number;
  /** How many of the newest blocks are looked at on either side. */
  readonly windowBlocks: number;
  /** A message this many source blocks old should have been delivered. */
  readonly graceBlocks: number;
}

/** Everything the documents and the estate file say. */
export interface DocumentedEstate {
  readonly id: string;
  readonly name: string;
  /** True for the simulated estate: shown on every screen and report. */
  readonly simulated: boolean;
  readonly chainId: number;
  readonly networkId?: number;
  readonly pin?: ChainPin;
  readonly thresholds: Thresholds;
  readonly subjects: readonly DocumentedSubject[];
  readonly endpoints: readonly Endpoint[];
  /** API groups of a tier that the estate file judges otherwise than our default: tier, then group, then rule. */
  readonly tierPolicy?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly relays?: readonly Relay[];
  /** Hours that the newest backup may be old, by category; only what the operators decided. */
  readonly rpoHours?: Readonly<Record<string, number>>;
  readonly conflicts: readonly Conflict[];
  readonly notes: readonly ImportNote[];
  /** A path where evidence is kept a second time, or null. */
  readonly mirror: string | null;
  /** The operators' checkout, where the estate file names one. */
  readonly repository?: string;
}
