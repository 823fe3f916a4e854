import { zmtpGreeting } from './zmtp.ts';

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
    '/api2/json/cluster/ha/status/current',
    '/api2/json/cluster/ceph/status',
    '/api2/json/nodes/{node}/status',
    '/api2/json/nodes/{node}/storage',
    '/api2/json/nodes/{node}/network',
    '/api2/json/nodes/{node}/certificates/info',
    '/api2/json/nodes/{node}/disks/lvmthin',
    '/api2/json/nodes/{node}/replication',
    '/api2/json/nodes/{node}/storage/{storage}/content?content=backup',
    '/api2/json/nodes/{node}/lxc/{vmid}/config',
    '/api2/json/nodes/{node}/qemu/{vmid}/config',
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

/**
 * Where the payload of a Hyperledger service would lie: folders that count when something is in them, and programs. Fabric, Indy and
 * FireFly as their own documents install them, and the containers and images of Docker.
 */
export const PAYLOAD = {
  folders: [
    '/etc/hyperledger',
    '/var/hyperledger/production',
    '/var/lib/indy',
    '/etc/indy',
    '/etc/firefly',
    '/opt/firefly',
    '/root/.firefly',
    '/var/lib/docker/containers',
    '/var/lib/docker/image/overlay2/imagedb/content/sha256',
  ],
  programs: [
    '/usr/local/bin/peer',
    '/usr/local/bin/orderer',
    '/usr/local/bin/start_indy_node',
    '/usr/local/bin/firefly',
  ],
} as const;

/** `find` below a root: what of the payload is there, one level deep. It follows no link on its command line. */
const payloadBelow = (root: string): readonly string[] => [
  'find',
  '-P',
  ...[...PAYLOAD.folders, ...PAYLOAD.programs].map((path) => `${root}${path}`),
  '-maxdepth',
  '1',
];

/** What is asked inside a container that runs. `pct exec` fails in one that is stopped; it starts nothing. */
export const INSIDE = {
  listeners: ['ss', '-H', '-ltnup'],
  processes: ['ps', '-e', '-o', 'comm='],
  units: ['systemctl', 'list-units', '--type=service', '--state=running', '--no-legend', '--plain'],
  payload: payloadBelow(''),
  disk: ['df', '-P', '-k', '/'],
} as const;

/** What is asked of the disk of a container that is stopped, where its file system is mounted on the host anyway (ZFS). Nothing is mounted. */
export const BELOW = {
  path: ['pvesm', 'path', '{volume}'],
  mounted: ['mountpoint', '-q', '{mounted}'],
  payload: payloadBelow('{mounted}'),
  disk: ['df', '-P', '-k', '{mounted}'],
} as const;

/** Commands, on this machine or over SSH, as argument vectors; there are no shell strings. Names in braces are places. */
export const COMMANDS: readonly (readonly string[])[] = [
  ['hostname'],
  ['date', '+%s%3N'],
  ['uptime'],
  ['pct', 'list'],
  ['qm', 'list'],
  ['pvesm', 'status'],
  ['pvecm', 'status'],
  ...Object.values(INSIDE).map((argv) => ['pct', 'exec', '{vmid}', '--', ...argv]),
  ...Object.values(BELOW),
];

/** `pvesh` is run with exactly these arguments around one of the paths of the Proxmox API. */
export const PVESH = { before: ['pvesh', 'get'], after: ['--output-format', 'json'] } as const;

/** Programs that may be run on this machine, each with the arguments above only. */
export const LOCAL_PROGRAMS: readonly string[] = [
  'pvesh',
  'pct',
  'qm',
  'pvesm',
  'pvecm',
  'hostname',
  'mountpoint',
  'find',
  'df',
];

/** What may be sent over a bare TCP connection. */
export const GREETINGS: readonly Uint8Array[] = [zmtpGreeting()];

const API_PREFIX = '/api2/json';

/** What may stand in the place of a name in braces. A node's name is a host name; nothing can leave its part of the path. */
const PLACES = {
  node: '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?',
  vmid: '[1-9][0-9]{2,8}',
  storage: '[A-Za-z][A-Za-z0-9._-]{0,62}',
  volume: '[A-Za-z][A-Za-z0-9._-]{0,62}:subvol-[1-9][0-9]{2,8}-disk-[0-9]{1,3}',
  // No part begins with a dot, so nothing leads upwards.
  mounted: '(?:/[A-Za-z0-9_][A-Za-z0-9._-]{0,62}){1,6}/subvol-[1-9][0-9]{2,8}-disk-[0-9]{1,3}',
} as const;

function fits(template: string, path: string): boolean {
  if (!template.includes('{')) return template === path;
  const source = template
    .split(/\{([a-z]+)\}/)
    .map((part, index) =>
      index % 2 === 0 ? part.replace(/[.*+?^$()|[\]\\]/g, '\\$&') : PLACES[part as keyof typeof PLACES],
    )
    .join('');
  return new RegExp(`^${source}$`).test(path);
}

/** True when a value from outside may stand in a place, for example `node`; what does not fit is not asked about. */
export function fitsPlace(name: keyof typeof PLACES, value: string): boolean {
  return fits(`{${name}}`, value);
}

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

/**
 * The body of a POST, whoever wrote it.
 * @throws NotAllowedError unless it is one JSON-RPC call, or a batch of them, and each is listed
 */
export function assertRpcBody(body: string): void {
  const json: unknown = JSON.parse(body);
  for (const call of Array.isArray(json) ? json : [json]) {
    const { method, params } = call as { readonly method?: unknown; readonly params?: unknown };
    assertRpcCall(String(method), Array.isArray(params) ? params : []);
  }
}

/** @throws NotAllowedError unless these are the first bytes of a protocol in which they ask for nothing but an answer */
export function assertGreeting(bytes: Uint8Array): void {
  if (!GREETINGS.some((known) => Buffer.from(known).equals(bytes)))
    throw new NotAllowedError('these bytes are on no list of what probes may send over bare TCP');
}

/** @throws NotAllowedError unless the path is listed for some service */
export function assertGetPath(path: string): void {
  if (
    !Object.values(GET_PATHS).some((paths) =>
      (paths as readonly string[]).some((template) => fits(template, path)),
    )
  )
    throw new NotAllowedError(`GET ${path} is not on the list of paths that probes may ask`);
}

/**
 * The argument vector that asks for one resource of the Proxmox API on a node.
 * @param path as over HTTP, with `/api2/json` in front; `?key=value` becomes an option
 * @throws NotAllowedError
 */
export function pveshArgv(path: string): readonly string[] {
  if (!GET_PATHS['proxmox-api'].some((template) => fits(template, path)))
    throw new NotAllowedError(`pvesh get ${path} is not on the list of paths that probes may ask`);
  const [resource = '', query] = path.slice(API_PREFIX.length).split('?');
  const [key, value] = query?.split('=') ?? [];
  const option = key === undefined || value === undefined ? [] : [`--${key}`, value];
  return [...PVESH.before, resource, ...option, ...PVESH.after];
}

/**
 * The argument vector of a listed command with its places filled.
 * @throws NotAllowedError when what is filled in does not fit
 */
export function fillCommand(
  argv: readonly string[],
  places: Readonly<Record<string, string>>,
): readonly string[] {
  const filled = argv.map((part) =>
    part.replace(/\{([a-z]+)\}/g, (whole, name: string) => places[name] ?? whole),
  );
  assertCommand(filled);
  return filled;
}

/** @throws NotAllowedError unless exactly this argument vector is listed, or is a `pvesh get` of a listed path */
export function assertCommand(argv: readonly string[]): void {
  const same = (known: readonly string[]): boolean =>
    known.length === argv.length && known.every((part, index) => fits(part, argv[index] ?? ''));
  if (COMMANDS.some(same)) return;
  const [program, , resource, option, value] = argv;
  if (program === PVESH.before[0] && resource !== undefined) {
    const query = argv.length === 7 ? `?${option?.slice(2)}=${value}` : '';
    if (same(pveshArgv(`${API_PREFIX}${resource}${query}`))) return;
  }
  throw new NotAllowedError(`${argv.join(' ')} is not on the list of commands that probes may run`);
}
