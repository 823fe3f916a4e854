import type { EpochMs, Observation, SubjectId } from '../model/index.ts';
import { couldLook, isFresh } from '../model/index.ts';

/** The head that one node gave. */
export interface Head {
  readonly subject: SubjectId;
  readonly endpoint: string;
  readonly number: bigint;
  readonly hash: string;
  /** Seconds since the Unix epoch. */
  readonly timestamp: number;
  readonly observedAt: EpochMs;
  readonly peers: number | null;
  /** The header as received. */
  readonly block: unknown;
}

const NUMBER = /^\d{1,30}$/;
const SECONDS = /^\d{1,15}$/;

/** The newest answer of a probe at each endpoint, when somebody could look and it is within the time-to-live. */
export function freshOf(
  observations: readonly Observation[],
  probe: string,
  at: EpochMs,
  ttlS: number,
): readonly Observation[] {
  const newest = new Map<string, Observation>();
  for (const one of observations) {
    if (one.probe !== probe || !couldLook(one.answer) || !isFresh(one, at, ttlS)) continue;
    const known = newest.get(one.endpoint);
    if (known === undefined || known.ended <= one.ended) newest.set(one.endpoint, one);
  }
  return [...newest.values()];
}

/** The heads in `besu-head` observations. A height without its block is no head: it proves nothing. */
export function headsOf(observations: readonly Observation[]): readonly Head[] {
  return observations.flatMap((one) => {
    const { number, hash, timestamp, peers, block } = one.answer.facts;
    if (typeof number !== 'string' || !NUMBER.test(number) || typeof hash !== 'string') return [];
    if (typeof timestamp !== 'string' || !SECONDS.test(timestamp)) return [];
    return [
      {
        subject: one.subject,
        endpoint: one.endpoint,
        number: BigInt(number),
        hash,
        timestamp: Number(timestamp),
        observedAt: Date.parse(one.ended),
        peers: typeof peers === 'number' && peers >= 0 ? peers : null,
        block,
      },
    ];
  });
}

/** The highest head, or null when there is none. */
export function highest(heads: readonly Head[]): Head | null {
  let best: Head | null = null;
  for (const one of heads) if (best === null || one.number > best.number) best = one;
  return best;
}

/** Hashes that a node gave for heights that other nodes were asked for too, from its `besu-common` observation. */
export function commonBlocksOf(
  observation: Observation,
): readonly { readonly number: string; readonly hash: string }[] {
  const { number, hash, also } = observation.answer.facts;
  const out: { number: string; hash: string }[] = [];
  const take = (height: unknown, value: unknown): void => {
    if (typeof height === 'string' && NUMBER.test(height) && typeof value === 'string')
      out.push({ number: height, hash: value });
  };
  take(number, hash);
  if (Array.isArray(also))
    for (const one of also)
      if (one !== null && typeof one === 'object' && !Array.isArray(one)) {
        const more = one as { readonly number?: unknown; readonly hash?: unknown };
        take(more.number, more.hash);
      }
  return out;
}

/** Which networks the nodes say they belong to. */
export interface Networks {
  /** The genesis hash everything is measured by: the pinned one, else that of most nodes; null when that is a tie or unknown. */
  readonly genesis: string | null;
  readonly pinned: boolean;
  /** Endpoints of nodes that belong to another network, by genesis block or chain id. */
  readonly foreign: ReadonlySet<string>;
  /** Nodes by the genesis hash they gave. */
  readonly groups: ReadonlyMap<string, readonly Observation[]>;
}

/**
 * Sorts nodes into networks. A node with another genesis block is on another network, which is no fork: its heads and
 * hashes must not be compared with ours.
 * @param identities fresh `besu-identity` observations, one for each endpoint
 */
export function networksOf(
  identities: readonly Observation[],
  chainId: number,
  pinnedGenesis: string | null,
): Networks {
  const groups = new Map<string, Observation[]>();
  for (const one of identities) {
    const { genesisHash } = one.answer.facts;
    if (typeof genesisHash !== 'string') continue;
    const hash = genesisHash.toLowerCase();
    groups.set(hash, [...(groups.get(hash) ?? []), one]);
  }
  const sizes = [...groups].sort((a, b) => b[1].length - a[1].length);
  const tie = sizes.length > 1 && sizes[0]?.[1].length === sizes[1]?.[1].length;
  const genesis = pinnedGenesis?.toLowerCase() ?? (tie ? null : (sizes[0]?.[0] ?? null));
  const foreign = new Set<string>();
  for (const one of identities) {
    const { genesisHash, chainId: id } = one.answer.facts;
    if (typeof id === 'string' && id !== String(chainId)) foreign.add(one.endpoint);
    if (genesis !== null && typeof genesisHash === 'string' && genesisHash.toLowerCase() !== genesis)
      foreign.add(one.endpoint);
  }
  return { genesis, pinned: pinnedGenesis !== null, foreign, groups };
}

/** Nodes by VMID in one short text: `2303, 2304, …`. */
export function namesOf(nodes: readonly { readonly subject: SubjectId }[]): string {
  const list = [...new Set(nodes.map((one) => one.subject.replace('vmid:', '')))].sort();
  return list.length > 4 ? `${list.slice(0, 4).join(', ')}, …` : list.join(', ');
}
