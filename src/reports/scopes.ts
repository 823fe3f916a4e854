import type { Assessment, EstateAssessment, Finding, Health, Snapshot } from '../model/index.ts';
import { HEALTHS } from '../model/index.ts';
import { mdTable, mdText } from './markdown.ts';
import { ml110Facts, networkFacts, storageFacts } from './scope-facts.ts';
import { SeenIndex } from './seen.ts';

/** What a scope says: facts as lines, findings that decide its verdict, and what could not be looked at. */
export interface Scope {
  /** 1 to 8, as in the master plan's section 3. */
  readonly scope: number;
  readonly title: string;
  /** The worst health of what belongs to it; `unknown` when nothing of it could be looked at. */
  readonly verdict: Health;
  readonly subjects: number;
  readonly facts: readonly string[];
  readonly findings: readonly Finding[];
  readonly not_looked: readonly string[];
}

/** What every scope is worked out from. */
export interface ScopeInput {
  readonly snapshot: Snapshot;
  readonly assessment: EstateAssessment;
  readonly seen: SeenIndex;
}

interface ScopeRule {
  readonly title: string;
  readonly has: (one: Assessment) => boolean;
  /** Probes without which nothing is known of the scope; a scope with none of them answered is unknown. */
  readonly probes: readonly string[];
  readonly facts: (input: ScopeInput, own: readonly Assessment[]) => readonly string[];
}

const category = (one: Assessment): string => one.subject.category ?? '';
const BESU = /^(besu_|rpc_)/;
const STORAGE_RULES = /^(root-full|storage|thin-|ceph|replication|backup|could-not-look)/;

/** The eight scopes of discovery, in the order of the master plan's section 3. */
const SCOPES: readonly ScopeRule[] = [
  {
    title: 'Proxmox hosts and cluster health',
    has: (one) => one.subject.kind === 'host' || one.subject.kind === 'cluster',
    probes: ['pve-cluster', 'pve-node', 'pve-api', 'ssh-host'],
    facts: hostFacts,
  },
  {
    title: 'VMID / CT inventory against the template',
    has: (one) => one.subject.kind === 'vmid',
    probes: ['pve-guest'],
    facts: guestFacts,
  },
  {
    title: 'Besu validators, sentries and RPC tiers',
    has: (one) => one.subject.kind === 'chain' || one.subject.kind === 'tier' || BESU.test(category(one)),
    probes: ['besu-head', 'besu-identity'],
    facts: fleetFacts,
  },
  {
    title: 'Explorer and public RPC',
    has: (one) =>
      category(one) === 'explorer' || one.subject.tier === 'public' || category(one) === 'npmplus',
    probes: ['blockscout-health', 'besu-head', 'http-route'],
    facts: (_input, own) => own.map(stateLine),
  },
  {
    title: 'Hyperledger CT presence and readiness',
    has: (one) => ['dlt', 'firefly'].includes(category(one)) || one.subject.id === 'program:cacti',
    probes: ['pve-guest', 'firefly-status', 'fabric-peer', 'fabric-orderer', 'indy-zmtp', 'tcp-connect'],
    facts: (_input, own) => own.flatMap((one) => [stateLine(one), ...absenceLines(one)]),
  },
  {
    title: 'Storage topology and backing stores',
    has: (one) => one.subject.kind === 'host' || one.subject.id === 'program:ceph',
    probes: ['pve-storage', 'pve-thin', 'pve-ceph', 'pve-backup'],
    facts: storageFacts,
  },
  {
    title: 'Network topology against the six target layers',
    has: (one) => one.subject.id === 'program:network-segmentation',
    probes: ['pve-network', 'pve-guest-config'],
    facts: networkFacts,
  },
  {
    title: 'ml110: real role against the migration plan',
    has: (one) => one.subject.id === 'host:ml110',
    probes: ['pve-node', 'pve-api', 'ssh-host', 'pve-guest'],
    facts: ml110Facts,
  },
];

/** The eight scopes, assessed from what was seen. Pure. */
export function scopesOf(snapshot: Snapshot, assessment: EstateAssessment): readonly Scope[] {
  const seen = new SeenIndex(snapshot.observations);
  const input: ScopeInput = { snapshot, assessment, seen };
  return SCOPES.map((rule, index) => {
    const own = assessment.subjects.filter(rule.has);
    const looked = rule.probes.some((probe) => seen.all(probe).length > 0);
    const storage = index === 5;
    const findings = own
      .flatMap((one) => one.findings)
      .filter(
        (one) => one.severity !== 'info' || one.rule === 'guest-moved' || one.rule === 'releases-differ',
      )
      .filter((one) => !storage || STORAGE_RULES.test(one.rule));
    return {
      scope: index + 1,
      title: rule.title,
      verdict: verdictFor(index, own, findings, looked),
      subjects: own.length,
      facts: rule.facts(input, own),
      findings,
      not_looked: notLooked(rule, seen),
    };
  });
}

/** A scope of its own subjects is as well as the worst of them; storage and network are judged by their own findings. */
function verdictFor(
  index: number,
  own: readonly Assessment[],
  findings: readonly Finding[],
  looked: boolean,
): Health {
  const normal = own.length > 0 && own.every((one) => one.health === 'as-expected');
  if (normal && index !== 5) return 'as-expected';
  if (!looked) return 'unknown';
  if (index === 5 || index === 6) return worst(findings.map((one) => severityHealth(one)));
  // What is only planned, and of which nothing could be asked, makes nothing else unknown.
  const open = (one: Assessment): boolean => one.status === 'planned' && one.observations.length === 0;
  return worst(own.filter((one) => one.outage === null && !open(one)).map((one) => one.health));
}

function severityHealth(one: Finding): Health {
  if (one.severity === 'fail') return 'failed';
  if (one.severity === 'warn') return 'degraded';
  return one.severity === 'unknown' ? 'unknown' : 'ok';
}

function worst(healths: readonly Health[]): Health {
  return healths.reduce<Health>(
    (found, one) => (HEALTHS.indexOf(one) > HEALTHS.indexOf(found) ? one : found),
    'ok',
  );
}

function notLooked(rule: ScopeRule, seen: SeenIndex): readonly string[] {
  return rule.probes.flatMap((probe) => {
    const failures = seen.failures(probe);
    if (failures.length === 0) return seen.all(probe).length === 0 ? [`${probe}: not asked`] : [];
    const classes = [...Map.groupBy(failures, (one) => one.answer.class)];
    return classes.map(
      ([kind, list]) =>
        `${probe}: ${kind} for ${list
          .slice(0, 5)
          .map((one) => one.subject)
          .join(', ')}${list.length > 5 ? ` and ${list.length - 5} more` : ''}`,
    );
  });
}

function stateLine(one: Assessment): string {
  return `${one.subject.id} ${one.subject.name}: ${one.status}, ${one.health}, evidence ${one.level}`;
}

function hostFacts({ seen }: ScopeInput, own: readonly Assessment[]): readonly string[] {
  const lines: string[] = [];
  for (const { subject, health } of own) {
    if (subject.kind === 'cluster') {
      const facts = seen.facts('pve-cluster', subject.id);
      const votes =
        facts.votes === undefined ? '' : `, ${String(facts.votes)} of ${String(facts.expectedVotes)} votes`;
      lines.push(
        `${subject.id}: ${facts.quorate === true ? 'quorate' : facts.quorate === false ? 'NOT quorate' : 'not seen'}${votes}`,
      );
      const services = seen.facts('pve-ha', subject.id).haServices;
      if (Array.isArray(services)) lines.push(`HA: ${services.length} services`);
      continue;
    }
    const { online } = seen.facts('pve-node', subject.id);
    const version = seen.facts('pve-host', subject.id).version ?? seen.facts('pve-api', subject.id).version;
    const offset = seen.facts('ssh-host', subject.id).clockOffsetMs;
    const days = certificateDays(seen, subject.id);
    lines.push(
      [
        `${subject.id}: ${online === true ? 'online' : online === false ? 'offline' : 'not seen in a cluster'}, ${health}`,
        ...(typeof version === 'string' ? [`Proxmox VE ${version}`] : []),
        ...(typeof offset === 'number' ? [`clock ${offset >= 0 ? '+' : ''}${offset} ms`] : []),
        ...(days === null ? [] : [`certificate ${days} days`]),
      ].join(', '),
    );
  }
  return lines;
}

function certificateDays(seen: SeenIndex, subject: Assessment['subject']['id']): number | null {
  const list = seen.facts('pve-certificate', subject).certificates;
  if (!Array.isArray(list)) return null;
  const days = list.flatMap((one) => {
    const left = (one as { readonly daysLeft?: unknown } | null)?.daysLeft;
    return typeof left === 'number' ? [left] : [];
  });
  return days.length === 0 ? null : Math.min(...days);
}

function guestFacts({ seen }: ScopeInput, own: readonly Assessment[]): readonly string[] {
  const run = (one: Assessment): unknown => seen.facts('pve-guest', one.subject.id).run;
  const documented = own.filter((one) => one.subject.sources.length > 0);
  const ids = (list: readonly Assessment[]): string =>
    list.length === 0
      ? 'none'
      : `${list.length}: ${list
          .slice(0, 12)
          .map((one) => one.subject.vmid)
          .join(', ')}${list.length > 12 ? ' …' : ''}`;
  return [
    `documented ${documented.length}, seen ${own.filter((one) => run(one) !== undefined && run(one) !== 'absent').length}`,
    `documented, not in the cluster: ${ids(documented.filter((one) => run(one) === 'absent'))}`,
    `in the cluster, not documented: ${ids(own.filter((one) => one.subject.sources.length === 0))}`,
    `not on the preferred host: ${ids(own.filter((one) => one.findings.some((found) => found.rule === 'guest-moved')))}`,
    `stopped though documented as running: ${ids(own.filter((one) => one.findings.some((found) => found.rule === 'guest-stopped')))}`,
    `nobody could see: ${ids(documented.filter((one) => run(one) === undefined || run(one) === 'unknown'))}`,
  ];
}

/** Presence of the fleet by category: how many are documented, run and answer. Never inferred from a VMID or a name. */
function fleetFacts({ seen }: ScopeInput, own: readonly Assessment[]): readonly string[] {
  const groups = Map.groupBy(
    own.filter((one) => one.subject.kind === 'vmid'),
    category,
  );
  return [
    ...[...groups].map(([name, list]) => {
      const running = list.filter((one) => seen.facts('pve-guest', one.subject.id).run === 'running').length;
      const answering = list.filter((one) => one.level === 'app' || one.level === 'flow').length;
      return `${name}: ${list.length} documented, ${running} running, ${answering} answer`;
    }),
    ...own.filter((one) => one.subject.kind !== 'vmid').map(stateLine),
  ];
}

/** What is known of a placeholder's being empty: the verdict, and what each layer says. */
function absenceLines({ subject, absence }: Assessment): readonly string[] {
  if (absence === null) return [];
  return [
    `${subject.id} proof of absence: ${absence.verdict}, ${absence.reason}`,
    `${subject.id} layers: ${absence.layers.map((one) => `${one.layer} ${one.looked ? '' : '(not looked) '}${one.text}`).join(' | ')}`,
  ];
}

/** `eight-scopes.md`. Pure. */
export function scopesMarkdown(snapshot: Snapshot, assessment: EstateAssessment): string {
  const scopes = scopesOf(snapshot, assessment);
  const list = (lines: readonly string[]): readonly string[] => lines.map((line) => `* ${mdText(line, 600)}`);
  return [
    `# The eight scopes of ${mdText(snapshot.estate.name)}`,
    '',
    ...(snapshot.estate.simulated ? ['**Simulated estate.**', ''] : []),
    `As of ${snapshot.ended}. "Unknown" means that nobody could look; a target of the master plan is never shown as achieved without evidence.`,
    '',
    ...mdTable(
      ['scope', 'what', 'verdict', 'findings'],
      scopes.map((one) => [String(one.scope), one.title, one.verdict, String(one.findings.length)]),
    ),
    '',
    ...scopes.flatMap((one) => [
      `## ${one.scope}. ${one.title}: ${one.verdict}`,
      '',
      ...list(one.facts),
      ...(one.findings.length === 0
        ? []
        : [
            '',
            ...mdTable(
              ['severity', 'subject', 'what', 'next step'],
              one.findings.map((found) => [found.severity, found.subject, found.reason, found.next]),
            ),
          ]),
      ...(one.not_looked.length === 0 ? [] : ['', 'Not looked at:', '', ...list(one.not_looked)]),
      '',
    ]),
  ].join('\n');
}

/** The same for programs. */
export function scopesDocument(snapshot: Snapshot, assessment: EstateAssessment): unknown {
  return {
    format: 'c138-scopes',
    v: 1,
    estate: snapshot.estate.id,
    at: snapshot.ended,
    scopes: scopesOf(snapshot, assessment),
  };
}
