import type { ArtefactState } from '../estate/artefacts.ts';
import type { EstateAssessment, Snapshot, SubjectId } from '../model/index.ts';
import { artefactSection } from './inventory.ts';
import { mdTable, mdText } from './markdown.ts';
import { scopesOf } from './scopes.ts';
import { objects, SeenIndex } from './seen.ts';

/** One target of the sovereign model, and what the last discovery saw beside it. */
export interface RoadmapRow {
  /** Section of the master plan that names the target. */
  readonly section: number;
  readonly target: string;
  /** What was seen; "not looked at" where nobody could. */
  readonly seen: string;
  /** The status that evidence allows, or `roadmap` where nothing that is asked can show the target. */
  readonly state: string;
}

export interface RoadmapDocument {
  readonly format: 'c138-roadmap';
  readonly v: 1;
  readonly estate: string;
  readonly at: string;
  readonly targets: readonly RoadmapRow[];
}

/** Scopes of discovery by their number in the master plan's section 3. */
const STORAGE = 6;
const NETWORK = 7;

/** The targets of the master plan's sections 4 to 6, 8 to 10 and 16, each beside what was seen of it. Nothing is called achieved here. Pure. */
export function roadmapDocument(snapshot: Snapshot, assessment: EstateAssessment): RoadmapDocument {
  const seen = new SeenIndex(snapshot.observations);
  const facts = (number: number): readonly string[] =>
    scopesOf(snapshot, assessment).find((one) => one.scope === number)?.facts ?? [];
  const item = (section: number, target: string, id: SubjectId): RoadmapRow => {
    const one = assessment.subjects.find((other) => other.subject.id === id);
    return one === undefined
      ? { section, target, seen: 'no document that the estate file names speaks of it', state: 'roadmap' }
      : {
          section,
          target,
          seen: `evidence ${one.level}; ${one.findings[0]?.reason ?? 'no finding'}`,
          state: one.status,
        };
  };
  const targets: RoadmapRow[] = [
    ...clusterRows(assessment, seen),
    {
      section: 4,
      target: 'Dedicated roles: compute, RPC exposure, identity / workflow DLT, ingress, storage',
      seen: hostRoles(snapshot),
      state: 'roadmap',
    },
    ...facts(NETWORK)
      .filter((line) => !line.startsWith('host:'))
      .map((line) => ({ section: 5, target: before(line), seen: after(line), state: 'roadmap' })),
    item(5, 'Dedicated VLANs and zero-trust internal routing', 'program:network-segmentation'),
    {
      section: 6,
      target: 'Owners and regions assigned',
      seen: owners(assessment),
      state: 'TBD until governance assigns them',
    },
    item(8, 'Ceph or equivalent distributed storage', 'program:ceph'),
    ...facts(STORAGE)
      .filter((line) => /^(backups|replication|Ceph)/.test(line))
      .map((line) => ({ section: 8, target: before(line), seen: after(line), state: 'roadmap' })),
    item(10, 'Validator governance by several entities', 'program:validator-governance'),
    item(16, 'RPO / RTO, replication between sites, recovery paths', 'program:disaster-recovery'),
  ];
  return { format: 'c138-roadmap', v: 1, estate: snapshot.estate.id, at: snapshot.ended, targets };
}

function clusterRows(assessment: EstateAssessment, seen: SeenIndex): readonly RoadmapRow[] {
  return assessment.subjects
    .filter((one) => one.subject.kind === 'cluster')
    .flatMap(({ subject, status }): readonly RoadmapRow[] => {
      const nodes = objects(seen.facts('pve-cluster', subject.id).nodes);
      const { quorate } = seen.facts('pve-cluster', subject.id);
      const services = seen.facts('pve-ha', subject.id).haServices;
      const votes =
        quorate === undefined
          ? 'not looked at'
          : `${quorate === true ? 'quorate' : 'NOT quorate'}, ${nodes.filter((one) => one.online === true).length} of ${nodes.length} nodes online, at one moment`;
      return [
        { section: 4, target: `Stable quorum of ${subject.name}`, seen: votes, state: status },
        {
          section: 4,
          target: 'Placement that HA keeps',
          seen: Array.isArray(services) ? `${services.length} services under HA` : 'not looked at',
          state: 'roadmap',
        },
      ];
    });
}

function hostRoles({ estate }: Snapshot): string {
  const roles = estate.subjects.flatMap((one) =>
    one.kind === 'host' && one.role !== undefined ? [`${one.name} ${one.role}`] : [],
  );
  return roles.length === 0
    ? 'no document gives a host a role; nothing that is asked shows one'
    : `documented only: ${roles.join(', ')}`;
}

function owners({ subjects }: EstateAssessment): string {
  const guests = subjects.filter(({ subject }) => subject.kind === 'vmid' && subject.sources.length > 0);
  const open = (key: 'owner' | 'region'): number =>
    guests.filter(({ subject }) => subject[key] === 'TBD').length;
  return `of ${guests.length} documented guests ${open('owner')} have no owner and ${open('region')} no region`;
}

const before = (line: string): string => line.slice(0, Math.max(0, line.indexOf(':')));
const after = (line: string): string => line.slice(line.indexOf(':') + 1).trim();

/** The roadmap for people, with how the operators' own document stands. Pure. */
export function roadmapMarkdown(
  snapshot: Snapshot,
  assessment: EstateAssessment,
  artefacts: readonly ArtefactState[],
): string {
  const { targets } = roadmapDocument(snapshot, assessment);
  return [
    `# Phase 2: sovereignization gaps of ${mdText(snapshot.estate.name)}`,
    '',
    ...(snapshot.estate.simulated ? ['**Simulated estate.**', ''] : []),
    `As of ${snapshot.ended}. What the last discovery saw beside each target of the master plan. It replaces no roadmap: steps, dates and owners are in the`,
    "operators' own document. Seen once is not achieved.",
    '',
    ...mdTable(
      ['section', 'target', 'seen', 'state'],
      targets.map((one) => [String(one.section), one.target, one.seen, one.state]),
    ),
    '',
    ...artefactSection(
      artefacts.filter((one) => one.deliverable === 'Phase 2 roadmap'),
      snapshot.estate.repository,
    ),
  ].join('\n');
}
