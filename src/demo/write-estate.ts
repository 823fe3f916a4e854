import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { CLUSTER, HOSTS, type HostName, type SimGuest } from './estate-data.ts';

export interface EstateFacts {
  readonly folder: string;
  readonly estateId: string;
  readonly guests: readonly SimGuest[];
  readonly genesisHash: string;
  readonly validators: readonly string[];
  readonly caPem: string;
  readonly token: string;
  readonly sshClientKey: string;
  readonly knownHosts: string;
  readonly blockPeriodS: number;
  readonly proxmoxPorts: ReadonlyMap<HostName, number>;
  readonly sshPorts: ReadonlyMap<HostName, number>;
  /** VMID to port of its service. */
  readonly servicePorts: ReadonlyMap<number, number>;
  /** VMID to port of the simulated edge in front of it, where there is one. */
  readonly edgePorts: ReadonlyMap<number, number>;
  /** Endpoint kinds that differ from those of the healthy estate, by VMID. */
  readonly kinds: Readonly<Record<number, string>>;
  /** Thresholds that differ from those of the healthy estate. */
  readonly thresholds: Readonly<Record<string, number>>;
}

interface EndpointEntry {
  readonly [key: string]: unknown;
}

/**
 * Writes the simulated operators' files: template JSON in the assumed shape, CA, token, SSH key and known hosts,
 * and the estate file that points at them. Returns the path of the estate file.
 */
export async function writeEstate(facts: EstateFacts): Promise<string> {
  await mkdir(join(facts.folder, 'config'), { mode: 0o700, recursive: true });
  const put = async (name: string, text: string): Promise<void> => {
    const path = join(facts.folder, name);
    await writeFile(path, text, { mode: 0o600 });
    await chmod(path, 0o600);
  };
  await put('config/proxmox-operational-template.json', `${JSON.stringify(template(facts), null, 2)}\n`);
  await put('pve-root-ca.pem', facts.caPem);
  await put('pve-token', `${facts.token}\n`);
  await put('ssh-key', facts.sshClientKey);
  await put('known_hosts', facts.knownHosts);
  await put(
    'estate.yaml',
    `# Written by the simulated estate; it lives as long as the simulation.\n${stringify(estate(facts))}`,
  );
  return join(facts.folder, 'estate.yaml');
}

function template(facts: EstateFacts): unknown {
  return {
    note: "Simulated. The assignment of RPC nodes to tiers and every name and address is the simulation's own choice.",
    proxmox_nodes: HOSTS.map((hostname) => ({ hostname, cluster: CLUSTER })),
    services: facts.guests.map((guest) => ({
      vmid: guest.vmid,
      hostname: guest.name,
      category: guest.category,
      preferred_node: guest.host,
      runtime_state: guest.state,
    })),
  };
}

function estate(facts: EstateFacts): unknown {
  return {
    v: 1,
    id: facts.estateId,
    name: 'Simulated estate',
    simulated: true,
    chain: {
      id: 138,
      network_id: 138,
      pin: { genesis_hash: facts.genesisHash, validators: facts.validators, from_block: 0 },
    },
    template: 'config/proxmox-operational-template.json',
    cluster: CLUSTER,
    hosts: HOSTS.map((name) => ({ name, ...(name === 'ml110' ? { absence_tolerated: true } : {}) })),
    subjects: facts.guests
      .filter((guest) => guest.vmid === 6200)
      .map((guest) => ({ id: `vmid:${guest.vmid}`, status_word: 'Partial', depends_on: ['chain:138'] })),
    thresholds: {
      block_period_s: facts.blockPeriodS,
      empty_block_period_s: facts.blockPeriodS,
      request_timeout_s: 4,
      evidence_ttl_s: 120,
      min_peers: 1,
      ...facts.thresholds,
    },
    endpoints: endpoints(facts),
  };
}

function endpoints(facts: EstateFacts): EndpointEntry[] {
  const out: EndpointEntry[] = [];
  for (const [host, port] of facts.proxmoxPorts)
    out.push({
      id: `pve-${host}`,
      subject: `host:${host}`,
      kind: 'proxmox-api',
      url: `https://localhost:${port}`,
      ca_file: 'pve-root-ca.pem',
      token: { file: 'pve-token' },
      timeout_ms: 5000,
    });
  for (const [host, port] of facts.sshPorts)
    out.push({
      id: `ssh-${host}`,
      subject: `host:${host}`,
      kind: 'ssh',
      url: `ssh://root@127.0.0.1:${port}`,
      ssh: { config: 'none', known_hosts: 'known_hosts', identity_file: 'ssh-key' },
      timeout_ms: 5000,
    });
  for (const guest of facts.guests) {
    const port = facts.servicePorts.get(guest.vmid);
    if (port === undefined) continue;
    const kind = facts.kinds[guest.vmid] ?? kindOf(guest);
    const common = { subject: `vmid:${guest.vmid}`, timeout_ms: 3000 };
    out.push({ id: `${kind}-${guest.vmid}`, ...common, kind, url: urlOf(kind, port) });
    const edge = facts.edgePorts.get(guest.vmid);
    if (edge !== undefined)
      out.push({ id: `edge-${guest.vmid}`, ...common, kind, url: urlOf(kind, edge), via: 'edge' });
  }
  return out;
}

function kindOf(guest: SimGuest): string {
  if (guest.category.startsWith('besu') || guest.category.startsWith('rpc')) return 'json-rpc';
  if (guest.vmid === 6200) return 'firefly';
  return guest.category === 'explorer' ? 'blockscout' : 'tcp';
}

function urlOf(kind: string, port: number): string {
  return kind === 'tcp' || kind === 'indy' ? `tcp://127.0.0.1:${port}` : `http://127.0.0.1:${port}`;
}
