import { type Assessment, ageText, type EstateAssessment, type Snapshot } from '../model/index.ts';
import { mdTable, mdText } from './markdown.ts';

/** Workload families of the master plan's section 7, and what of the estate belongs to each. Categories only, never names or VMIDs. */
const FAMILIES: readonly (readonly [title: string, has: (one: Assessment) => boolean])[] = [
  ['Settlement / Besu', (one) => one.subject.kind === 'chain' || /^besu_/.test(one.subject.category ?? '')],
  ['RPC tiers', (one) => one.subject.kind === 'tier' || /^rpc_/.test(one.subject.category ?? '')],
  ['Explorer / observability', (one) => ['explorer', 'monitoring'].includes(one.subject.category ?? '')],
  ['Ingress / proxy', (one) => one.subject.category === 'npmplus'],
  ['Workflow (FireFly)', (one) => one.subject.category === 'firefly'],
  ['Institutional and identity ledgers (Fabric, Indy)', (one) => one.subject.category === 'dlt'],
  ['Platform', (one) => one.subject.kind === 'cluster' || one.subject.kind === 'host'],
  ['Programme items', (one) => one.subject.kind === 'program'],
  ['Other guests', (one) => one.subject.kind === 'vmid'],
];

/** One service: how far it exists, how it is doing, and what each endpoint of it last answered. */
export interface ServiceState {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly status_word: string | null;
  readonly health: string;
  readonly level: string;
  readonly age: string;
  readonly stale: boolean;
  readonly outage_until: string | null;
  readonly asked: readonly { readonly probe: string; readonly endpoint: string; readonly answer: string }[];
}

/** The service state map, version 1. */
export interface ServiceMapDocument {
  readonly format: 'c138-service-map';
  readonly v: 1;
  readonly estate: string;
  readonly at: string;
  readonly families: readonly { readonly family: string; readonly services: readonly ServiceState[] }[];
}

/** Every subject in its family, each exactly once. Pure. */
export function serviceMapDocument(snapshot: Snapshot, assessment: EstateAssessment): ServiceMapDocument {
  const families = new Map<string, ServiceState[]>(FAMILIES.map(([title]) => [title, []]));
  for (const one of assessment.subjects) {
    const family = FAMILIES.find(([, has]) => has(one))?.[0];
    if (family !== undefined) families.get(family)?.push(stateOf(one, assessment.at));
  }
  return {
    format: 'c138-service-map',
    v: 1,
    estate: snapshot.estate.id,
    at: snapshot.ended,
    families: [...families]
      .filter(([, services]) => services.length > 0)
      .map(([family, services]) => ({ family, services })),
  };
}

function stateOf(one: Assessment, at: number): ServiceState {
  return {
    id: one.subject.id,
    name: one.subject.name,
    status: one.status,
    status_word: one.subject.statusWord ?? null,
    health: one.health,
    level: one.level,
    age: one.seenAt === null ? 'never' : ageText(at - one.seenAt),
    stale: one.stale,
    outage_until: one.outage?.until ?? null,
    asked: one.observations.map(({ probe, endpoint, answer }) => ({
      probe,
      endpoint,
      answer: answer.code === undefined ? answer.class : `${answer.class} ${answer.code}`,
    })),
  };
}

/** `service-state-map.md`. Pure. */
export function serviceMapMarkdown(snapshot: Snapshot, assessment: EstateAssessment): string {
  const { families } = serviceMapDocument(snapshot, assessment);
  return [
    `# Service state map of ${mdText(snapshot.estate.name)}`,
    '',
    ...(snapshot.estate.simulated ? ['**Simulated estate.**', ''] : []),
    `As of ${snapshot.ended}. Status never exceeds the evidence: a running container is not proof of a service. "Unknown" means that nobody could look.`,
    '',
    ...families.flatMap(({ family, services }) => [
      `## ${family}`,
      '',
      ...mdTable(
        ['subject', 'name', 'status', "the documents' word", 'health', 'evidence', 'seen', 'asked'],
        services.map((one) => [
          one.id,
          one.name,
          one.status,
          one.status_word ?? '',
          one.outage_until === null ? one.health : `${one.health}, planned outage until ${one.outage_until}`,
          one.level,
          one.stale ? `${one.age}, stale` : one.age,
          one.asked.map((ask) => `${ask.probe}: ${ask.answer}`).join('; '),
        ]),
      ),
      '',
    ]),
  ].join('\n');
}
