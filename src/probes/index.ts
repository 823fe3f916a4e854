export * from './allow-list.ts';
export * from './context.ts';
export { commonRound, secondRound, windowRound } from './estate-chain.ts';
export * from './observe.ts';
export { insideRound } from './proxmox-inside.ts';
export { clusterRound } from './proxmox-round.ts';
export { hostsRound } from './proxmox-scopes.ts';
export { relayRound } from './relay.ts';
export { closeSsh } from './transports/ssh.ts';
