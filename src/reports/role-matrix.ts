import { allConflicts, bareAddress } from '../estate/conflicts.ts';
import type { DocumentedSubject, EstateAssessment, Snapshot } from '../model/index.ts';
import { mdTable, mdText } from './markdown.ts';
import { SeenIndex } from './seen.ts';

/** One row of the node role matrix. Owner and region stay TBD until a document gives them. */
export interface RoleRow {
  readonly vmid: number | null;
  readonly hostname: string;
  readonly ipv4: string;
  readonly node_type: string;
  readonly entity_owner: string;
  readonly region: string;
  readonly ip_note: string;
  readonly runtime_state: string;
  readonly preferred_host: string;
  readonly signing: string;
  readonly security_tier: string;
  /** What the cluster said last; not part of the operators' own matrix. */
  readonly seen_state: string;
  readonly seen_on: string;
}

/** The node role matrix, version 1. */
export interface RoleMatrixDocument {
  readonly format: 'c138-role-matrix';
  readonly v: 1;
  readonly estate: string;
  readonly at: string;
  readonly hosts: readonly {
    readonly hostname: string;
    readonly mgmt_ip: string;
    readonly cluster: string;
    readonly role: string;
  }[];
  readonly rows: readonly RoleRow[];
}

/** How the operators' own generator names the node type of a category; of `dlt` only the host name tells Fabric from Indy, so it stays "DLT". */
function nodeType(category: string | undefined): string {
  switch (category) {
    case 'besu_validator':
      return 'Besu validator';
    case 'besu_sentry':
      return 'Besu sentry';
    case 'dlt':
      return 'DLT (Fabric or Indy)';
    case 'firefly':
      return 'FireFly';
    case 'explorer':
      return 'Blockscout';
    case 'npmplus':
      return 'NPMplus ingress';
    case 'infra':
      return 'Infra LXC';
    case 'monitoring':
      return 'Monitoring';
    case undefined:
      return 'unknown';
    default:
      return category.startsWith('rpc') ? `Besu RPC (${category})` : category;
  }
}

function signing(category: string | undefined): string {
  if (category === 'besu_validator') return 'QBFT signer';
  if (category === 'besu_sentry') return 'Sentry (no signer)';
  return category?.startsWith('rpc') === true ? 'RPC only' : 'N/A';
}

/** The operators' words for tiers, put to categories by c138. */
function securityTier(category: string | undefined): string {
  if (category === 'besu_validator' || category === 'besu_sentry') return 'validator-tier';
  if (category?.startsWith('rpc') === true) return 'DMZ/RPC';
  if (category === 'npmplus') return 'edge ingress';
  if (category === 'dlt' || category === 'firefly') return 'identity/DLT';
  return category === undefined ? 'unknown' : 'application';
}

/** The node role matrix anew from the documents, with what was seen beside it. Pure. */
export function roleMatrixDocument(snapshot: Snapshot, assessment: EstateAssessment): RoleMatrixDocument {
  const seen = new SeenIndex(snapshot.observations);
  const subjects = assessment.subjects.map((one) => one.subject);
  const cluster = subjects.find((one) => one.kind === 'cluster');
  const guests = subjects.filter((one) => one.kind === 'vmid');
  const sharing = Map.groupBy(
    guests.filter((one) => one.address !== undefined),
    (one) => bareAddress(one.address ?? ''),
  );
  const live = new Set(
    allConflicts(snapshot)
      .filter((one) => one.field === 'address')
      .map((one) => one.subject),
  );
  const note = (one: DocumentedSubject): string => {
    if (one.address === undefined) return '';
    const others = (sharing.get(bareAddress(one.address)) ?? []).filter((other) => other.id !== one.id);
    if (others.length > 0)
      return `shared with ${others.map((other) => other.vmid).join(', ')}; verify live owner`;
    return live.has(one.id) ? 'sources disagree' : 'unique';
  };
  return {
    format: 'c138-role-matrix',
    v: 1,
    estate: snapshot.estate.id,
    at: snapshot.ended,
    hosts: subjects
      .filter((one) => one.kind === 'host')
      .map((one) => ({
        hostname: one.name,
        mgmt_ip: one.address ?? '',
        cluster: cluster?.id.slice('cluster:'.length) ?? '',
        role: one.role ?? '',
      })),
    rows: guests
      .sort((a, b) => (a.vmid ?? 0) - (b.vmid ?? 0))
      .map((one) => {
        const facts = seen.facts('pve-guest', one.id);
        return {
          vmid: one.vmid ?? null,
          hostname: one.name,
          ipv4: one.address ?? '',
          node_type: nodeType(one.category),
          entity_owner: one.owner,
          region: one.region,
          ip_note: note(one),
          runtime_state: one.statusWord ?? '',
          preferred_host: one.preferredHost ?? '',
          signing: signing(one.category),
          security_tier: securityTier(one.category),
          seen_state: typeof facts.run === 'string' ? facts.run : 'not seen',
          seen_on: typeof facts.node === 'string' ? facts.node : '',
        };
      }),
  };
}

/** `node-role-matrix.md`: the operators' own columns, which `c138 init` and their tools read, and two more for what was seen. Pure. */
export function roleMatrixMarkdown(snapshot: Snapshot, assessment: EstateAssessment): string {
  const { hosts, rows } = roleMatrixDocument(snapshot, assessment);
  return [
    '# Node role matrix',
    '',
    `Last updated: ${snapshot.ended.slice(0, 10)} (UTC)`,
    '',
    `Regenerated by c138 from the documents of ${mdText(snapshot.estate.name)}. Entity owner and region stay TBD until governance assigns them. Preferred host is`,
    'a target; the last two columns are what was seen. Security tiers are put to categories by c138.',
    '',
    '## Proxmox hypervisor nodes',
    '',
    ...mdTable(
      ['Hostname', 'MGMT IP', 'Cluster', 'Role (summary)'],
      hosts.map((one) => [one.hostname, one.mgmt_ip, one.cluster, one.role]),
    ),
    '',
    '## Workloads',
    '',
    ...mdTable(
      [
        'VMID',
        'Hostname',
        'IPv4',
        'Node type',
        'Entity owner',
        'Region',
        'IP note',
        'Runtime state',
        'Preferred host',
        'Validator / signing',
        'Security tier',
        'Seen state',
        'Seen on',
      ],
      rows.map((one) => [
        String(one.vmid ?? ''),
        one.hostname,
        one.ipv4,
        one.node_type,
        one.entity_owner,
        one.region,
        one.ip_note,
        one.runtime_state,
        one.preferred_host,
        one.signing,
        one.security_tier,
        one.seen_state,
        one.seen_on,
      ]),
    ),
    '',
  ].join('\n');
}
