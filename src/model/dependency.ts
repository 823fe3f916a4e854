import type { Assessment } from './assessment.ts';
import type { DocumentedEstate, SubjectId } from './documented.ts';
import { couldLook, type Observation } from './observation.ts';

/** One thing needs another. */
export interface DependencyEdge {
  /** What needs. */
  readonly from: SubjectId;
  /** What is needed. */
  readonly to: SubjectId;
  /** Who says so: a document, what was seen, the documents' plan where nothing was seen, or a rule of the network. */
  readonly basis: 'documented' | 'observed' | 'planned' | 'rule';
  readonly why: string;
}

/** Something that works as long as so many of its members do. */
export interface DependencyGroup {
  readonly id: SubjectId;
  readonly members: readonly SubjectId[];
  /** Members that must work. */
  readonly need: number;
  readonly why: string;
}

/** Who needs whom. */
export interface DependencyGraph {
  readonly edges: readonly DependencyEdge[];
  readonly groups: readonly DependencyGroup[];
}

/** What one failure does to the rest. */
export interface Impact {
  readonly subject: SubjectId;
  /** What is down because of it: alone, or together with the other failures. */
  readonly takesDown: readonly { readonly id: SubjectId; readonly alone: boolean }[];
  /** What still works but with less to lose. `spare` more members may fail. */
  readonly weakens: readonly { readonly id: SubjectId; readonly spare: number }[];
}

/** Categories whose guests serve the chain and can not serve without it. */
const NEEDS_CHAIN = /^(rpc_|besu_sentry$|explorer$|firefly$)/;

/**
 * The dependency graph of an estate: documented dependencies, the host that a guest was seen on (or is planned on, where nothing was seen), and
 * rules of the network: a chain needs a quorum of its validators, a tier one of its nodes, a cluster the majority of its hosts. Pure.
 */
export function dependencyGraph(
  estate: DocumentedEstate,
  observations: readonly Observation[],
): DependencyGraph {
  const ids = new Set(estate.subjects.map((one) => one.id));
  const edges: DependencyEdge[] = [];
  const placed = seenHosts(observations);
  const chain: SubjectId = `chain:${estate.chainId}`;
  const edgeGuests = estate.subjects.filter((one) => one.category === 'npmplus').map((one) => one.id);
  const throughEdge = new Set(estate.endpoints.filter((one) => one.via === 'edge').map((one) => one.subject));
  for (const subject of estate.subjects) {
    for (const to of subject.kind === 'tier' ? [] : subject.dependsOn)
      edges.push({ from: subject.id, to, basis: 'documented', why: 'the estate file says so' });
    if (subject.kind === 'vmid') {
      const edge = hostEdge(subject.id, placed.get(subject.id), subject.preferredHost, ids);
      if (edge !== null) edges.push(edge);
    }
    if (
      subject.category !== undefined &&
      NEEDS_CHAIN.test(subject.category) &&
      ids.has(chain) &&
      !subject.dependsOn.includes(chain) &&
      subject.expectedRun !== 'stopped'
    )
      edges.push({ from: subject.id, to: chain, basis: 'rule', why: 'it serves the chain' });
  }
  for (const tier of estate.subjects.filter((one) => one.kind === 'tier'))
    if (edgeGuests.length === 1 && tier.dependsOn.some((one) => throughEdge.has(one)))
      edges.push({
        from: tier.id,
        to: edgeGuests[0] as SubjectId,
        basis: 'rule',
        why: 'the public reach it through the ingress',
      });
  for (const relay of estate.relays ?? [])
    for (const side of [relay.source, relay.destination]) {
      const to = estate.endpoints.find((one) => one.id === side.endpoint)?.subject;
      if (to !== undefined && to !== relay.subject)
        edges.push({ from: relay.subject, to, basis: 'documented', why: `relay ${relay.id}` });
    }
  return { edges, groups: groupsOf(estate) };
}

function hostEdge(
  guest: SubjectId,
  seen: string | undefined,
  preferred: string | undefined,
  ids: ReadonlySet<SubjectId>,
): DependencyEdge | null {
  if (seen !== undefined)
    return { from: guest, to: `host:${seen}`, basis: 'observed', why: 'seen on this host' };
  if (preferred === undefined || !ids.has(`host:${preferred}`)) return null;
  return {
    from: guest,
    to: `host:${preferred}`,
    basis: 'planned',
    why: 'its preferred host; not seen there',
  };
}

function groupsOf(estate: DocumentedEstate): readonly DependencyGroup[] {
  const out: DependencyGroup[] = [];
  const validators = estate.subjects
    .filter((one) => one.category === 'besu_validator' && one.expectedRun !== 'stopped')
    .map((one) => one.id);
  if (validators.length > 0) {
    const need = Math.ceil((2 * validators.length) / 3);
    out.push({
      id: `chain:${estate.chainId}`,
      members: validators,
      need,
      why: `QBFT needs ${need} of ${validators.length} validators`,
    });
  }
  const hosts = estate.subjects
    .filter((one) => one.kind === 'host' && !one.absenceTolerated)
    .map((one) => one.id);
  for (const cluster of estate.subjects.filter((one) => one.kind === 'cluster'))
    if (hosts.length > 0) {
      const need = Math.floor(hosts.length / 2) + 1;
      out.push({
        id: cluster.id,
        members: hosts,
        need,
        why: `quorum needs ${need} of ${hosts.length} hosts`,
      });
    }
  for (const tier of estate.subjects.filter((one) => one.kind === 'tier'))
    if (tier.dependsOn.length > 0)
      out.push({ id: tier.id, members: tier.dependsOn, need: 1, why: 'one node serves the tier' });
  return out;
}

/** The host that a guest was last seen on. */
function seenHosts(observations: readonly Observation[]): ReadonlyMap<SubjectId, string> {
  const out = new Map<SubjectId, string>();
  for (const one of observations) {
    const { node } = one.answer.facts;
    if (one.probe === 'pve-guest' && couldLook(one.answer) && typeof node === 'string' && node !== '')
      out.set(one.subject, node);
  }
  return out;
}

interface Indexed {
  readonly dependents: ReadonlyMap<SubjectId, readonly DependencyEdge[]>;
  readonly groupsOf: ReadonlyMap<SubjectId, readonly DependencyGroup[]>;
}

function indexed(graph: DependencyGraph): Indexed {
  const groups = new Map<SubjectId, DependencyGroup[]>();
  for (const group of graph.groups)
    for (const member of group.members) groups.set(member, [...(groups.get(member) ?? []), group]);
  return { dependents: Map.groupBy(graph.edges, (one) => one.to), groupsOf: groups };
}

/** Everything that is down when these are. */
function closure(index: Indexed, failed: Iterable<SubjectId>): ReadonlySet<SubjectId> {
  const down = new Set(failed);
  const lost = new Map<SubjectId, number>();
  const queue = [...down];
  for (let one = queue.pop(); one !== undefined; one = queue.pop()) {
    const next: SubjectId[] = (index.dependents.get(one) ?? []).map((edge) => edge.from);
    for (const group of index.groupsOf.get(one) ?? []) {
      const gone = (lost.get(group.id) ?? 0) + 1;
      lost.set(group.id, gone);
      if (group.members.length - gone < group.need) next.push(group.id);
    }
    for (const id of next)
      if (!down.has(id)) {
        down.add(id);
        queue.push(id);
      }
  }
  return down;
}

/**
 * What each failure takes down. A thing is put down to every failure that has a part in it; `alone` says that this one would have been
 * enough. Pure; a failure touches only what hangs on it.
 * @param failed subjects that were found failed
 */
export function impactsOf(graph: DependencyGraph, failed: readonly SubjectId[]): readonly Impact[] {
  const index = indexed(graph);
  const down = closure(index, failed);
  return failed.map((subject) => {
    const alone = closure(index, [subject]);
    const reached = new Set<SubjectId>();
    const weakened = new Map<SubjectId, number>();
    const queue: SubjectId[] = [subject];
    for (let one = queue.pop(); one !== undefined; one = queue.pop()) {
      const next: SubjectId[] = (index.dependents.get(one) ?? []).map((edge) => edge.from);
      for (const group of index.groupsOf.get(one) ?? []) {
        if (down.has(group.id)) next.push(group.id);
        else {
          const gone = group.members.filter((member) => down.has(member)).length;
          weakened.set(group.id, group.members.length - gone - group.need);
        }
      }
      for (const id of next)
        if (id !== subject && !reached.has(id)) {
          reached.add(id);
          queue.push(id);
        }
    }
    return {
      subject,
      takesDown: [...reached].map((id) => ({ id, alone: alone.has(id) })),
      weakens: [...weakened].map(([id, spare]) => ({ id, spare })),
    };
  });
}

/** The impact of every subject that is failed now, by subject. */
export function impactsNow(
  graph: DependencyGraph,
  assessed: readonly Assessment[],
): ReadonlyMap<SubjectId, Impact> {
  // A tier, a chain or a cluster fails with its members; the members are told, not the sum.
  const groups = new Set(graph.groups.map((one) => one.id));
  const failed = assessed
    .filter((one) => one.health === 'failed' && !groups.has(one.subject.id))
    .map((one) => one.subject.id);
  return new Map(impactsOf(graph, failed).map((one) => [one.subject, one]));
}

/** One line on what a failure does: "takes down chain:138 (with other failures), 3 guests; weakens tier:public (1 to spare)". */
export function impactText(impact: Impact, nameOf: (id: SubjectId) => string = (id) => id, most = 6): string {
  const list = (ids: readonly string[]): string =>
    ids.length <= most ? ids.join(', ') : `${ids.slice(0, most).join(', ')} and ${ids.length - most} more`;
  const down = impact.takesDown.map(({ id, alone }) =>
    alone ? nameOf(id) : `${nameOf(id)} (with other failures)`,
  );
  const weak = impact.weakens.map(({ id, spare }) => `${nameOf(id)} (${spare} to spare)`);
  return [
    ...(down.length === 0 ? [] : [`takes down ${list(down)}`]),
    ...(weak.length === 0 ? [] : [`weakens ${list(weak)}`]),
  ].join('; ');
}
