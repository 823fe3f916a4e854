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
    ]);
    expect([...PVESH.before, '…', ...PVESH.after].join(' ')).toBe('pvesh get … --output-format json');
    expect(LOCAL_PROGRAMS).toEqual(['pvesh', 'pct', 'qm', 'pvesm', 'pvecm', 'hostname']);
    for (const argv of COMMANDS) for (const part of argv) expect(part).toMatch(/^[A-Za-z0-9+%]+$/);
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
    await expect(
      httpRequest({ base: one.url, path: '/api2/json/nodes', timeoutMs: 100, signal }),
    ).rejects.toBeInstanceOf(NotAllowedError);
  });

  it('can be left by no other door: only the transports open sockets or processes', () => {
    const probes = join(import.meta.dirname, '../../src/probes');
    const files = readdirSync(probes, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    const opening = files.filter((name) =>
      /from '(node:(net|tls|http|https|dgram|child_process)|ssh2)'|\bfetch\(|\bnew WebSocket\(/.test(
        readFileSync(join(probes, name), 'utf8'),
      ),
    );
    // token.ts runs the command that the operator configured for printing the token.
    expect(opening.sort()).toEqual([
      'token.ts',
      'transports/http.ts',
      'transports/local.ts',
      'transports/ssh-connect.ts',
      'transports/ssh-keys.ts',
      'transports/ssh-session.ts',
      'transports/tcp.ts',
      'transports/ws.ts',
    ]);
  });
});
