/**
 * Everything that a probe can send. A request that is not listed here cannot leave: the transports ask this module.
 * Nothing here changes anything on the other side.
 */

/** JSON-RPC methods: reads without side effects. */
export const RPC_METHODS = [
  'eth_chainId',
  'net_version',
  'eth_blockNumber',
  'eth_getBlockByNumber',
  'eth_getLogs',
  'eth_subscribe',
  'eth_syncing',
  'net_peerCount',
  'net_listening',
  'web3_clientVersion',
  'rpc_modules',
  'qbft_getValidatorsByBlockNumber',
  'qbft_getSignerMetrics',
  'qbft_getPendingVotes',
  'qbft_getRequestTimeoutSeconds',
  'txpool_besuStatistics',
  'eth_gasPrice',
  'admin_nodeInfo',
  'admin_peers',
  'perm_getNodesAllowlist',
  'perm_getAccountsAllowlist',
  'miner_getMinGasPrice',
  'debug_getRawHeader',
  'trace_block',
] as const;
export type RpcMethod = (typeof RPC_METHODS)[number];

/** Methods that are harmless with these parameters only: new heads, or the genesis block whatever the height of the chain. */
const ONLY_WITH: Partial<Record<RpcMethod, string>> = {
  eth_subscribe: '["newHeads"]',
  debug_getRawHeader: '["0x0"]',
  trace_block: '["0x0"]',
};

/** GET paths, by kind of service. GET is the only HTTP method besides the POST that carries JSON-RPC. */
export const GET_PATHS = {
  'json-rpc': ['/', '/liveness', '/readiness'],
  'proxmox-api': [
    '/api2/json/version',
    '/api2/json/access/permissions',
    '/api2/json/cluster/status',
    '/api2/json/cluster/resources',
  ],
  firefly: [
    '/api/v1/status',
    '/api/v1/namespaces?includeinitializing=true',
    '/api/v1/operations?limit=1',
    '/api/v1/status/multiparty',
  ],
  'firefly-connector': ['/readyz', '/status/ready'],
  blockscout: ['/api/health', '/api/v1/health', '/api/v2/blocks', '/api/v2/main-page/indexing-status'],
  'fabric-peer': ['/healthz', '/version', '/metrics'],
  'fabric-orderer': ['/healthz', '/version', '/participation/v1/channels'],
  acapy: ['/status/live', '/status/ready'],
  cacti: ['/api/v1/api-server/healthcheck'],
  fineract: ['/actuator/health', '/actuator/info'],
  // The path is the one that the operator wrote into the URL of the endpoint.
  'http-health': [''],
  'http-route': [''],
} as const;

/** Commands over SSH, as argument vectors; there are no shell strings. */
export const SSH_COMMANDS = [
  ['hostname'],
  ['date', '+%s%3N'],
  ['uptime'],
  ['pct', 'list'],
  ['qm', 'list'],
] as const;

/** A request that no probe may make. */
export class NotAllowedError extends Error {
  override readonly name = 'NotAllowedError';
}

/** @throws NotAllowedError unless the method is listed, and with these parameters */
export function assertRpcCall(method: string, params: readonly unknown[]): void {
  if (!(RPC_METHODS as readonly string[]).includes(method))
    throw new NotAllowedError(`${method} is not on the list of methods that probes may call`);
  const only = ONLY_WITH[method as RpcMethod];
  if (only !== undefined && JSON.stringify(params) !== only)
    throw new NotAllowedError(`${method} may be called with ${only} only`);
}

/** @throws NotAllowedError unless the path is listed for some service */
export function assertGetPath(path: string): void {
  if (!Object.values(GET_PATHS).some((paths) => (paths as readonly string[]).includes(path)))
    throw new NotAllowedError(`GET ${path} is not on the list of paths that probes may ask`);
}

/** @throws NotAllowedError unless exactly this argument vector is listed */
export function assertSshCommand(argv: readonly string[]): void {
  const listed = SSH_COMMANDS.some(
    (known) => known.length === argv.length && known.every((part, index) => part === argv[index]),
  );
  if (!listed)
    throw new NotAllowedError(`${argv.join(' ')} is not on the list of commands that probes may run`);
}
