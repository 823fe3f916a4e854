export * from './allow-list.ts';
export { commonRound, secondRound, windowRound } from './besu/estate-chain.ts';
export * from './context.ts';
export * from './observe.ts';
export { insideRound } from './proxmox/proxmox-inside.ts';
export { clusterRound } from './proxmox/proxmox-round.ts';
export { hostsRound } from './proxmox/proxmox-scopes.ts';
export { relayRound } from './relay.ts';
export { closeSsh } from './transports/ssh.ts';
