import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  assertCommand,
  COMMANDS,
  GET_PATHS,
  LOCAL_PROGRAMS,
  NotAllowedError,
  PVESH,
  pveshArgv,
  RPC_METHODS,
  type RpcMethod,
} from '../../src/probes/allow-list.ts';
import { httpRequest } from '../../src/probes/transports/http.ts';
import { rpcCall } from '../../src/probes/transports/json-rpc.ts';
import { localRunner } from '../../src/probes/transports/local.ts';
import { sshRunner } from '../../src/probes/transports/ssh.ts';
import { tcpExchange } from '../../src/probes/transports/tcp.ts';
import { endpoint } from './context.ts';

/** What no probe may ever call: everything that changes a node, and what costs it dearly. */
const NEVER = [
  /^eth_send/,
  /^miner_(?!getMinGasPrice$)/,
  /^admin_(?!peers$|nodeInfo$)/,
  /^debug_(?!getRawHeader$)/,
  /^trace_(?!block$)/,
  /^perm_(?!get(Nodes|Accounts)Allowlist$)/,
  /^qbft_(propose|discard)/,
  /^plugins_/,
  /^testing_/,
  /^engine_/,
  /^personal_/,
  /^txpool_(?!besuStatistics$)/,
];

const PAYLOAD_PATHS = [
  '/etc/hyperledger',
  '/var/hyperledger/production',
  '/var/lib/indy',
  '/etc/indy',
  '/etc/firefly',
  '/opt/firefly',
  '/root/.firefly',
  '/var/lib/docker/containers',
  '/var/lib/docker/image/overlay2/imagedb/content/sha256',
  '/usr/local/bin/peer',
  '/usr/local/bin/orderer',
  '/usr/local/bin/start_indy_node',
  '/usr/local/bin/firefly',
];

/** What opens a socket or starts a program, however it is taken in. */
const DOORS =
  /(?:from|import\(|require\()\s*['"`](?:node:)?(?:net|tls|http|https|http2|dgram|child_process|cluster|worker_threads|ssh2|undici|ws)['"`]|\bfetch\(|\bnew (?:WebSocket|EventSource|XMLHttpRequest)\(/;

describe('what probes can emit', () => {
  it('holds no JSON-RPC method that changes anything', () => {
    for (const method of RPC_METHODS) for (const never of NEVER) expect(method).not.toMatch(never);
    expect(RPC_METHODS).toMatchInlineSnapshot(`
      [
        "eth_chainId",
        "net_version",
        "eth_blockNumber",
        "eth_getBlockByNumber",
        "eth_getLogs",
        "eth_subscribe",
        "eth_syncing",
        "net_peerCount",
        "net_listening",
        "web3_clientVersion",
        "rpc_modules",
        "qbft_getValidatorsByBlockNumber",
        "qbft_getSignerMetrics",
        "qbft_getPendingVotes",
        "qbft_getRequestTimeoutSeconds",
        "txpool_besuStatistics",
        "eth_gasPrice",
        "admin_nodeInfo",
        "admin_peers",
        "perm_getNodesAllowlist",
        "perm_getAccountsAllowlist",
        "miner_getMinGasPrice",
        "debug_getRawHeader",
        "trace_block",
      ]
    `);
  });

  it('holds only paths that are read with GET, and commands that only read', () => {
    expect(GET_PATHS).toMatchInlineSnapshot(`
      {
        "acapy": [
          "/status/live",
          "/status/ready",
        ],
        "blockscout": [
          "/api/health",
          "/api/v1/health",
          "/api/v2/blocks",
          "/api/v2/main-page/indexing-status",
        ],
        "cacti": [
          "/api/v1/api-server/healthcheck",
        ],
        "fabric-orderer": [
          "/healthz",
          "/version",
          "/participation/v1/channels",
        ],
        "fabric-peer": [
          "/healthz",
          "/version",
          "/metrics",
        ],
        "fineract": [
          "/actuator/health",
          "/actuator/info",
        ],
        "firefly": [
          "/api/v1/status",
          "/api/v1/namespaces?includeinitializing=true",
          "/api/v1/operations?limit=1",
          "/api/v1/status/multiparty",
        ],
        "firefly-connector": [
          "/readyz",
          "/status/ready",
        ],
        "http-health": [
          "",
        ],
        "http-route": [
          "",
        ],
        "json-rpc": [
          "/",
          "/liveness",
          "/readiness",
        ],
        "proxmox-api": [
          "/api2/json/version",
          "/api2/json/access/permissions",
          "/api2/json/cluster/status",
          "/api2/json/cluster/resources",
          "/api2/json/cluster/ha/status/current",
          "/api2/json/cluster/ceph/status",
          "/api2/json/nodes/{node}/status",
          "/api2/json/nodes/{node}/storage",
          "/api2/json/nodes/{node}/network",
          "/api2/json/nodes/{node}/certificates/info",
          "/api2/json/nodes/{node}/disks/lvmthin",
          "/api2/json/nodes/{node}/replication",
          "/api2/json/nodes/{node}/storage/{storage}/content?content=backup",
          "/api2/json/nodes/{node}/lxc/{vmid}/config",
          "/api2/json/nodes/{node}/qemu/{vmid}/config",
        ],
      }
    `);
    expect(COMMANDS.map((argv) => argv.join(' '))).toEqual([
      'hostname',
      'date +%s%3N',
      'uptime',
      'pct list',
      'qm list',
      'pvesm status',
      'pvecm status',
      'pct exec {vmid} -- ss -H -ltnup',
      'pct exec {vmid} -- ps -e -o comm=',
      'pct exec {vmid} -- systemctl list-units --type=service --state=running --no-legend --plain',
      `pct exec {vmid} -- find -P ${PAYLOAD_PATHS.join(' ')} -maxdepth 1`,
      'pct exec {vmid} -- df -P -k /',
      'pvesm path {volume}',
      'mountpoint -q {mounted}',
      `find -P ${PAYLOAD_PATHS.map((path) => `{mounted}${path}`).join(' ')} -maxdepth 1`,
      'df -P -k {mounted}',
    ]);
    expect([...PVESH.before, '…', ...PVESH.after].join(' ')).toBe('pvesh get … --output-format json');
    expect(LOCAL_PROGRAMS).toEqual([
      'pvesh',
      'pct',
      'qm',
      'pvesm',
      'pvecm',
      'hostname',
      'mountpoint',
      'find',
      'df',
    ]);
    // Nothing that a shell on the other side would read otherwise than as plain words.
    for (const argv of COMMANDS) for (const part of argv) expect(part).toMatch(/^[A-Za-z0-9+%./={}_-]+$/);
  });

  it('asks pvesh for nothing but listed paths, whatever stands in the place of a name', () => {
    expect(pveshArgv('/api2/json/cluster/status').join(' ')).toBe(
      'pvesh get /cluster/status --output-format json',
    );
    expect(pveshArgv('/api2/json/nodes/n-1/storage/a.b_c/content?content=backup').join(' ')).toBe(
      'pvesh get /nodes/n-1/storage/a.b_c/content --content backup --output-format json',
    );
    for (const path of [
      '/api2/json/nodes/n 1/status',
      '/api2/json/nodes/n/1/status',
      '/api2/json/nodes/;reboot/status',
      '/api2/json/nodes/-x/status',
      '/api2/json/nodes/n%2f/status',
      '/api2/json/nodes/n/lxc/12/config',
      '/api2/json/nodes/n/lxc/100;x/config',
      '/api2/json/nodes/n/storage/..',
      '/api2/json/nodes/n/storage/x/content?content=iso',
      '/api2/json/nodes/n/storage/$(x)/content?content=backup',
    ])
      expect(() => pveshArgv(path)).toThrow(NotAllowedError);
    for (const path of ['/api2/json/cluster/config', '/api2/json/nodes/a/../b/status', '/cluster/status', ''])
      expect(() => pveshArgv(path)).toThrow(NotAllowedError);
    for (const argv of [
      ['pvesh', 'set', '/cluster/status', '--output-format', 'json'],
      ['pvesh', 'get', '/cluster/status'],
      ['pvesh', 'get', '/cluster/status', '--output-format', 'json', '--x'],
      ['pvesh', 'get', '/nodes/n/storage/x/content', '--content', 'iso', '--output-format', 'json'],
      ['pvesh', 'get', '/nodes/n/storage/x/content', '-content', 'backup', '--output-format', 'json'],
      ['pvesh', 'get', '/cluster/status;reboot', '--output-format', 'json'],
      ['pct', 'list', '--full'],
      ['pct', 'start', '100'],
      ['sh', '-c', 'pct list'],
      [],
    ])
      expect(() => assertCommand(argv)).toThrow(NotAllowedError);
  });

  it('is enforced by the transports themselves', async () => {
    const one = endpoint({ url: 'http://127.0.0.1:9', kind: 'json-rpc' });
    const { signal } = new AbortController();
    await expect(
      rpcCall(one, 'eth_sendRawTransaction' as RpcMethod, [], signal, null),
    ).rejects.toBeInstanceOf(NotAllowedError);
    const door = { base: one.url, path: '', timeoutMs: 100, signal };
    await expect(httpRequest({ ...door, path: '/api2/json/nodes' })).rejects.toBeInstanceOf(NotAllowedError);
    for (const body of [
      '{"method":"eth_sendRawTransaction","params":["0x"]}',
      '[{"method":"eth_chainId","params":[]},{"method":"admin_addPeer","params":["enode"]}]',
      '{"method":"debug_getRawHeader","params":["latest"]}',
      '{}',
    ])
      await expect(httpRequest({ ...door, jsonRpcBody: body })).rejects.toBeInstanceOf(NotAllowedError);
    const tcp = { host: '127.0.0.1', port: 9, listenFirstMs: 0, enough: 1, timeoutMs: 100, signal };
    expect(() => tcpExchange({ ...tcp, send: Buffer.from('FLUSHALL\r\n') })).toThrow(NotAllowedError);
    for (const runner of [localRunner(null), sshRunner({}, { ...one, url: 'ssh://root@127.0.0.1:9' })])
      await expect((async () => runner.run(['pct', 'start', '6000'], 100, signal))()).rejects.toBeInstanceOf(
        NotAllowedError,
      );
  });

  it('can be left by no other door: only the transports open sockets or processes', () => {
    const source = join(import.meta.dirname, '../../src/probes');
    const probes = readdirSync(source, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => ({ name, text: readFileSync(join(source, name), 'utf8') }));
    const holding = (pattern: RegExp): readonly string[] =>
      probes
        .filter(({ text }) => pattern.test(text))
        .map(({ name }) => name)
        .sort();
    // token.ts runs the command that the operator configured for printing the token.
    expect(holding(DOORS)).toEqual([
      'token.ts',
      'transports/http.ts',
      'transports/local.ts',
      'transports/ssh-connect.ts',
      'transports/ssh-keys.ts',
      'transports/ssh-session.ts',
      'transports/tcp.ts',
      'transports/ws.ts',
    ]);
    // Whatever way a module is named: no package but these is taken in at all.
    const packages = new Set(
      probes.flatMap(({ text }) =>
        [
          ...text.matchAll(/(?:^import |\} from |\bimport\(|\brequire\().*?['"`]([a-z@][\w@/:-]*)['"`]/gm),
        ].map(([, name]) => name),
      ),
    );
    expect([...packages].sort()).toEqual([
      'node:child_process',
      'node:crypto',
      'node:fs/promises',
      'node:http',
      'node:https',
      'node:net',
      'node:os',
      'node:path',
      'node:stream',
      'node:timers/promises',
      'node:tls',
      'node:util',
      'ssh2',
    ]);
    // Only the anchor command, which is no probe, sends calls of another list.
    expect(holding(/listedBy:/)).toEqual([]);
    // The methods of HTTP: one line of one file names them.
    expect(holding(/method: [^\n]*'(?:GET|POST|PUT|PATCH|DELETE)'/)).toEqual(['transports/http.ts']);
    expect(
      probes.flatMap(({ text }) => text.match(/'(?:GET|POST|PUT|PATCH|DELETE|HEAD)'/g) ?? []).sort(),
    ).toEqual(["'GET'", "'POST'"]);
  });
});
