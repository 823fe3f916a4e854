import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';

/** The real EVM node of the tests, where there is one for this platform. */
export const ANVIL = (() => {
  try {
    return createRequire(import.meta.url).resolve('@foundry-rs/anvil-linux-amd64/bin/anvil');
  } catch {
    return undefined;
  }
})();
if (ANVIL === undefined) console.warn('skipped: there is no anvil for this platform');

/** True where the tests against it are to be left out. */
export const NO_ANVIL = ANVIL === undefined && process.env.C138_REQUIRE_SYSTEM_TOOLS !== '1';

const children: ChildProcess[] = [];

/** For `afterEach`. */
export function stopAnvils(): void {
  for (const child of children.splice(0)) child.kill('SIGKILL');
}

export interface Anvil {
  readonly url: string;
  /** The result of a call; undefined where it answered an error. */
  readonly call: (method: string, params?: readonly unknown[]) => Promise<unknown>;
  readonly mine: (timestamps: readonly number[]) => Promise<void>;
}

/** An anvil with chain id 138 that mines only when it is told to. */
export async function startAnvil(hardfork = 'prague', genesisS = 1_700_000_000): Promise<Anvil> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  const where = ['--chain-id', '138', '--port', String(port), '--host', '127.0.0.1'];
  const how = [
    '--silent',
    '--no-mining',
    '--order',
    'fifo',
    '--hardfork',
    hardfork,
    '--timestamp',
    String(genesisS),
  ];
  children.push(spawn(ANVIL ?? '', [...where, ...how]));
  const url = `http://127.0.0.1:${port}`;
  const call = async (method: string, params: readonly unknown[] = []): Promise<unknown> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    return ((await response.json()) as { result?: unknown }).result;
  };
  for (;;) {
    const up = await call('eth_chainId').catch(() => null);
    if (up === '0x8a') break;
    await new Promise((done) => setTimeout(done, 50));
  }
  const mine = async (timestamps: readonly number[]): Promise<void> => {
    for (const timestamp of timestamps) await call('evm_mine', [timestamp]);
  };
  return { url, call, mine };
}
