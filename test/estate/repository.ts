import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A made-up operators' repository in the shapes that are publicly known; every name and address is invented. */
export const MATRIX = `# DBIS Node Role Matrix

Last updated: 2026-03-29 (UTC)

## Columns

| Column | Meaning |
|---|---|
| Entity owner | TBD until governance assigns it |

## Proxmox hypervisor nodes

| Hostname | MGMT IP | Cluster | Role (summary) |
|----------|---------|---------|----------------|
| **ml110** | \`10.9.0.10\` | h — verify | legacy_cluster_member_or_wan_aggregator |
| node-a | 10.9.0.11 | h | primary_compute |

## Workloads

| VMID | Hostname | IPv4 | Node type | Entity owner | Region | IP note | Runtime state | Preferred host | Validator / signing | Security tier |
|---|---|---|---|---|---|---|---|---|---|---|
| 1000 | made-validator-1 | 10.9.0.100 | Besu validator | TBD | TBD | unique | active | node-a | QBFT signer | validator-tier |
| 2201 | made-rpc-other | 10.9.0.222 | Besu RPC (rpc_public) | TBD | TBD | shared | active | ml110 | RPC only | DMZ/RPC |
| 6000 | made-fabric-1 | 10.9.0.113 | Fabric | TBD | TBD | | placeholder CT only | any | N/A | identity/DLT |
| 6500 | made-aries | 10.9.0.150 | Aries | TBD | TBD | | active | node-a | N/A | identity/DLT |
`;

export const RTGS_1 = `# DBIS RTGS E2E Requirements Matrix

Last updated: 2026-03-29

## Core matrix

| Component | Current status | Owner | Current source / repo artifact | Main blockers | Production-gate criteria |
|---|---|---|---|---|---|
| FireFly primary \`6200\` | Partial | DBIS workflow | [x](y) | | |
| Fabric 6000–6002 | Reserved placeholder | TBD | | | |
| Mojaloop | Planned | TBD | | | |
`;

export const RTGS_2 = `# DBIS RTGS Canonical Production Checklist

## Status guidance

## Canonical checklist

| Component | Current state | Required integration | Remaining task | Owner | Production gate |
|---|---|---|---|---|---|
| FireFly primary \`6200\` | **Partial**. The gateway answers. | a | b | DBIS workflow | c |
| Mojaloop | Partially thought about | a | b | TBD | c |
`;

export const TEMPLATE = {
  hypervisors: [
    { hostname: 'node-a', mgmt_ip: '10.9.0.11', cluster: 'h', role: 'primary_compute' },
    { hostname: 'ml110', mgmt_ip: '10.9.0.10', cluster: 'h' },
  ],
  services: [
    {
      vmid: 1000,
      hostname: 'made-validator-1',
      category: 'besu_validator',
      ipv4: '10.9.0.100',
      preferred_node: 'node-a',
      runtime_state: 'active',
    },
    {
      vmid: 2201,
      hostname: 'made-rpc-1',
      category: 'rpc_public',
      ipv4: '10.9.0.221',
      preferred_node: 'ml110',
      runtime_state: 'active',
    },
    {
      vmid: 6000,
      hostname: 'made-fabric-1',
      category: 'dlt',
      ipv4: '10.9.0.113',
      preferred_node: 'any',
      runtime_state: 'placeholder CT only',
    },
    {
      vmid: 6001,
      hostname: 'made-fabric-2',
      category: 'dlt',
      ipv4: '10.9.0.113',
      preferred_node: 'any',
      runtime_state: 'placeholder CT only',
    },
    {
      vmid: 6200,
      hostname: 'made-firefly-1',
      category: 'firefly',
      ipv4: '10.9.0.120',
      preferred_node: 'node-a',
      runtime_state: 'active',
    },
    {
      vmid: 5000,
      hostname: 'made-explorer',
      category: 'explorer',
      ipv4: '10.9.0.140',
      preferred_node: 'node-a',
      runtime_state: 'active',
    },
  ],
};

export const FILES: Readonly<Record<string, string>> = {
  'config/proxmox-operational-template.json': JSON.stringify(TEMPLATE, null, 2),
  'docs/02-architecture/DBIS_NODE_ROLE_MATRIX.md': MATRIX,
  'docs/03-deployment/DBIS_RTGS_E2E_REQUIREMENTS_MATRIX.md': RTGS_1,
  'scripts/verify/run-phase1-discovery.sh': '#!/bin/sh\nexit 0\n',
};

/** Writes the files below a folder. */
export function writeRepository(folder: string, files: Readonly<Record<string, string>> = FILES): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}
