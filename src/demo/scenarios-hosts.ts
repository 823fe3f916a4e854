import type { Scenario } from './scenarios.ts';

/** Faults of Proxmox and of SSH on the hosts, one each. */
export const HOST_SCENARIOS: readonly Scenario[] = [
  {
    name: 'pve-no-rights',
    description: 'the API token has no role: Proxmox answers with empty lists',
    proxmox: { rights: 'none' },
  },
  {
    name: 'pve-bad-token',
    description: 'Proxmox refuses the API token, and holds each refusal back for three seconds',
    proxmox: { refuses: true },
  },
  {
    name: 'pve-expired',
    description: 'the certificates of the hosts have expired',
    proxmox: { certificate: 'expired' },
  },
  {
    name: 'pve-foreign',
    description: 'the certificates of the hosts are not from the CA of the cluster',
    proxmox: { certificate: 'foreign' },
  },
  {
    name: 'pve-down',
    description: 'the API of no host answers; SSH does, and the text tools tell of the guests',
    proxmox: { down: true },
  },
  {
    name: 'pve-old',
    description: 'Proxmox VE 7.4: other types, fewer resources',
    proxmox: { old: true },
  },
  {
    name: 'no-quorum',
    description: 'three of five hosts are off: the cluster is read-only',
    hostsDown: ['r630-02', 'r630-03', 'r630-04'],
    validatorsDown: [1002, 1003, 1004],
  },
  {
    name: 'thin-pool-full',
    description: 'the thin pool of each host is almost full',
    proxmox: { full: true },
  },
  {
    name: 'ssh-key-changed',
    description: 'r630-04 presents another SSH host key than the known one',
    ssh: { changed: ['r630-04'] },
  },
  {
    name: 'ssh-key-revoked',
    description: 'r630-03 presents an SSH host key that is revoked',
    ssh: { revoked: ['r630-03'] },
  },
];
