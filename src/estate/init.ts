import type { Conflict, DocumentedSubject, ImportNote, SourceRef } from '../model/index.ts';
import { bandConflicts, bareAddress, duplicateAddresses } from './conflicts.ts';
import { applyDocuments } from './documents/apply.ts';
import type { DocumentImport, DocumentKind } from './documents/fact.ts';
import { IMPORTERS } from './documents/importers.ts';
import { addressOf } from './documents/table-reader.ts';
import { importTemplate } from './template.ts';
import { type TemplateHost, templateHosts } from './template-hosts.ts';

/** What an operators' checkout holds, as read. Paths are relative to the checkout. */
export interface Checkout {
  readonly template: { readonly path: string; readonly json: unknown; readonly date: string | null } | null;
  readonly documents: readonly {
    readonly kind: DocumentKind;
    readonly path: string;
    readonly text: string;
    readonly date: string | null;
  }[];
}

/** An endpoint that the documents suggest. It is asked only when an operator puts it into the estate file. */
export interface EndpointProposal {
  readonly id: string;
  readonly subject: string;
  readonly kind: string;
  readonly url: string;
  /** Why the address and the port are thought to be these. */
  readonly why: string;
  /** What must be added before it can be used, or null. */
  readonly needs: string | null;
}

/** A hypervisor of the estate file to be. */
export interface PlannedHost {
  readonly name: string;
  readonly role: string | null;
  readonly address: string | null;
  readonly absenceTolerated: boolean;
  readonly source: SourceRef;
}

/** What `init` makes of a checkout. */
export interface InitPlan {
  readonly cluster: string | null;
  readonly hosts: readonly PlannedHost[];
  readonly subjects: readonly DocumentedSubject[];
  readonly imports: readonly DocumentImport[];
  readonly proposals: readonly EndpointProposal[];
  readonly conflicts: readonly Conflict[];
  readonly notes: readonly ImportNote[];
}

/**
 * Puts together what a checkout says. Invents nothing: what is not there is named as missing, what is taken from a likely place is named as a
 * guess, and addresses become proposals only. Pure.
 */
export function planInit(checkout: Checkout): InitPlan {
  const notes: ImportNote[] = [];
  const template =
    checkout.template === null
      ? { subjects: [], notes: [] }
      : importTemplate(
          checkout.template.json,
          checkout.template.path,
          {},
          checkout.template.date ?? undefined,
        );
  notes.push(...template.notes);
  if (checkout.template === null)
    notes.push({ level: 'missing', text: 'no template JSON, so no guest has a category, a tier or checks' });
  const imports = checkout.documents.map((one) => IMPORTERS[one.kind](one.text, one.path, one.date));
  const applied = applyDocuments(template.subjects, imports);
  notes.push(...applied.notes);
  const found = checkout.template === null ? [] : templateHosts(checkout.template.json);
  const hosts = hostsOf(found, checkout, applied.subjects, imports);
  if (hosts.length === 0) notes.push({ level: 'missing', text: 'no document names a hypervisor' });
  const clusters = clusterNames(found, imports);
  if (clusters.length !== 1)
    notes.push({
      level: 'missing',
      text:
        clusters.length === 0
          ? 'no document names the cluster'
          : `the documents name several clusters (${clusters.join(', ')}); one estate file describes one of them`,
    });
  notes.push({
    level: 'missing',
    text: 'no genesis hash and validator addresses, so a quorum is only self-consistent until chain.pin is written',
  });
  if (applied.subjects.some((one) => one.category === 'dlt'))
    notes.push({
      level: 'missing',
      text: 'category dlt does not tell Fabric from Indy, so no endpoint is proposed for those guests',
    });
  return {
    cluster: clusters.length === 1 ? (clusters[0] ?? null) : null,
    hosts,
    subjects: applied.subjects,
    imports,
    proposals: [...hosts.flatMap(hostProposals), ...applied.subjects.flatMap(guestProposals)],
    conflicts: [
      ...duplicateAddresses(applied.subjects),
      ...bandConflicts(applied.subjects),
      ...applied.conflicts,
    ],
    notes,
  };
}

/** Text in a cluster cell that is a name: "h — verify" names the cluster h. */
function clusterName(text: string): string | null {
  return /^([A-Za-z0-9][A-Za-z0-9._-]{0,63})(?=\s|$)/.exec(text.trim())?.[1] ?? null;
}

function clusterNames(found: readonly TemplateHost[], imports: readonly DocumentImport[]): readonly string[] {
  const names = [
    ...found.map((one) => one.cluster ?? ''),
    ...imports.flatMap((one) =>
      one.facts.filter((fact) => fact.field === 'cluster').map((fact) => fact.value),
    ),
  ].flatMap((text) => clusterName(text) ?? []);
  return [...new Set(names)];
}

function hostsOf(
  found: readonly TemplateHost[],
  checkout: Checkout,
  subjects: readonly DocumentedSubject[],
  imports: readonly DocumentImport[],
): readonly PlannedHost[] {
  const out = new Map<string, PlannedHost>();
  const add = (host: Omit<PlannedHost, 'absenceTolerated'>): void => {
    const known = out.get(host.name);
    if (known === undefined) out.set(host.name, { ...host, absenceTolerated: host.name === 'ml110' });
    else
      out.set(host.name, {
        ...known,
        role: known.role ?? host.role,
        address: known.address ?? host.address,
      });
  };
  for (const { name, role, address, locator } of found)
    add({
      name,
      role,
      address,
      source: { document: checkout.template?.path ?? 'template', locator, rank: 1 },
    });
  const facts = imports.flatMap((one) => one.facts);
  for (const subject of subjects) {
    const source = subject.sources[0];
    const name = subject.id.slice('host:'.length);
    if (subject.kind !== 'host') continue;
    const first = source ?? facts.find((one) => one.subject === subject.id)?.source;
    if (first !== undefined)
      add({ name, role: subject.role ?? null, address: subject.address ?? null, source: first });
  }
  return [...out.values()];
}

/** Proxmox needs a token, so it is never written as ready for use. */
function hostProposals(host: PlannedHost): readonly EndpointProposal[] {
  if (host.address === null) return [];
  const subject = `host:${host.name}`;
  const from = `address from ${host.source.document}`;
  return [
    {
      id: `pve-${host.name}`,
      subject,
      kind: 'proxmox-api',
      url: `https://${host.address}:8006`,
      why: `${from}; 8006 is Proxmox's own port`,
      needs: 'a token with the role PVEAuditor, and ca_file or pin_sha256',
    },
    {
      id: `ssh-${host.name}`,
      subject,
      kind: 'ssh',
      url: `ssh://root@${host.address}:22`,
      why: `${from}; user and port are guesses`,
      needs: 'a key that the host accepts and its host key in known_hosts',
    },
  ];
}

/** How a category is asked: kind, scheme, port and where the port comes from. */
const BY_CATEGORY: Readonly<
  Record<string, readonly [kind: string, scheme: string, port: number, why: string]>
> = {
  explorer: ['blockscout', 'http', 4000, "port from the operators' DNS tables (80 and 4000)"],
  firefly: ['firefly', 'http', 5000, "FireFly's own default port, a guess"],
  npmplus: ['tcp', 'tcp', 443, 'HTTPS, a guess'],
};

function guestProposals(subject: DocumentedSubject): readonly EndpointProposal[] {
  const { category, vmid } = subject;
  // Of an address with a port or a prefix only the address is taken; of a text that is no address, nothing.
  const address = bareAddress(subject.address ?? '');
  if (subject.kind !== 'vmid' || vmid === undefined || addressOf(address) !== address) return [];
  if (subject.status === 'placeholder' || subject.status === 'retired') return [];
  const besu = category?.startsWith('rpc') === true || category?.startsWith('besu') === true;
  const way = besu
    ? (['json-rpc', 'http', 8545, "port of the operators' RPC configuration files"] as const)
    : BY_CATEGORY[category ?? ''];
  if (way === undefined) return [];
  const [kind, scheme, port, why] = way;
  return [
    {
      id: `${kind}-${vmid}`,
      subject: subject.id,
      kind,
      url: `${scheme}://${address}:${port}`,
      why: `address from ${subject.sources[0]?.document ?? 'a document'}; ${why}`,
      needs: null,
    },
  ];
}
