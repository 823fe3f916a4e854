import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { computeAddress } from 'ethers';
import { afterEach, describe, expect, it } from 'vitest';
import { type BlockJson, buildSealedBlock, chainRules } from '../../src/chain/index.ts';
import type { DocumentedEstate, Endpoint, Observation } from '../../src/model/index.ts';
import { observeEstate } from '../../src/probes/index.ts';
import { snapshotOf } from '../model/make.ts';
import { contextOf, endpoint } from './context.ts';

const KEYS = [1, 2, 3, 4].map((n) => `0x${String(n).padStart(64, '0')}`);
const validators = KEYS.map((key) => computeAddress(key).toLowerCase()).sort();
const now = Math.floor(Date.now() / 1000);
const GENESIS = `0x${'9e'.repeat(32)}`;

/** A chain of `length` blocks on top of a genesis block that only gives its hash; `root` makes it a chain of its own. */
function chainOf(length: number, root: string, genesis = GENESIS, sealers = KEYS): readonly unknown[] {
  const blocks: unknown[] = [{ number: '0x0', hash: genesis }];
  let parentHash = genesis;
  for (let number = 1; number <= length; number += 1) {
    const block: BlockJson = buildSealedBlock({
      number,
      parentHash,
      timestamp: now - length + number,
      validators,
      round: 0,
      proposer: validators[number % 4] ?? '',
      sealers,
      fields: { stateRoot: root },
    });
    blocks.push(block);
    parentHash = block.hash;
  }
  return blocks;
}

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((one) => new Promise((done) => one.close(done))));
});

interface Call {
  readonly id: unknown;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** A node that answers from a list of blocks. */
async function node(vmid: number, blocks: readonly unknown[]): Promise<Endpoint> {
  const height = blocks.length - 1;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      if (body === '') return response.writeHead(201).end();
      const answer = ({ id, method, params }: Call): object => {
        const at = params[0] === 'latest' ? height : Number(params[0]);
        const results: Record<string, unknown> = {
          eth_chainId: '0x8a',
          net_version: '138',
          web3_clientVersion: 'besu/v25.12.0/linux-x86_64/openjdk-java-21',
          eth_blockNumber: `0x${height.toString(16)}`,
          eth_getBlockByNumber: blocks[at] ?? null,
          eth_syncing: false,
          net_peerCount: '0x4',
        };
        if (!Object.hasOwn(results, method))
          return { id, error: { code: -32604, message: 'Method not enabled' } };
        return { jsonrpc: '2.0', id, result: results[method] };
      };
      const calls = JSON.parse(body) as Call | Call[];
      response.end(JSON.stringify(Array.isArray(calls) ? calls.map(answer) : answer(calls)));
    });
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return endpoint({ id: `rpc-${vmid}`, subject: `vmid:${vmid}`, kind: 'json-rpc', url });
}

async function look(
  nodes: readonly Endpoint[],
  more: Partial<DocumentedEstate> = {},
): Promise<{ readonly observations: readonly Observation[]; readonly found: readonly string[] }> {
  const pin = { genesisHash: GENESIS, validators, fromBlock: 0 };
  const { estate, storeRaw, vantage, signal } = contextOf(nodes, { pin, thresholds, ...more });
  const observations = await observeEstate(estate, { vantage, signal, storeRaw });
  const snapshot = { ...snapshotOf([], observations), estate };
  const found = chainRules.flatMap((rule) => rule({ subjects: [], snapshot, at: Date.now() }));
  return { observations, found: found.map((one) => `${one.subject} ${one.rule}`) };
}
const proofsIn = (observations: readonly Observation[]): readonly string[] =>
  observations
    .filter((one) => one.probe === 'qbft-proof')
    .map((one) => `${one.subject} ${one.endpoint} ${String(one.answer.facts.verdict)}`);

const thresholds = { ...snapshotOf([], []).estate.thresholds, emptyBlockPeriodS: 100, requestTimeoutS: 0 };
const ROOT = `0x${'01'.repeat(32)}`;
const FORK = `0x${'02'.repeat(32)}`;

describe('questions that need several nodes', () => {
  it('find nothing to say about nodes that agree', async () => {
    const main = chainOf(12, ROOT);
    const nodes = [await node(1, main), await node(2, main), await node(3, main.slice(0, 12))];
    const { observations, found } = await look(nodes);
    expect(found).toEqual([]);
    expect(proofsIn(observations)).toEqual(['chain:138 rpc-1 proven']);
    const common = observations.filter((one) => one.probe === 'besu-common');
    expect(common.map((one) => one.answer.facts.number)).toEqual(['11', '11', '11']);
  });

  it('see a fork among nodes that are up to date though another node is far behind', async () => {
    const main = chainOf(12, ROOT);
    const behind = await node(3, main.slice(0, 3));
    const fork = [...main.slice(0, 6), ...chainOf(12, FORK).slice(6)];
    const nodes = [await node(1, main), await node(2, main), behind, await node(4, fork)];
    const { found } = await look(nodes);
    expect(found).toEqual(['chain:138 qbft-fork', 'vmid:4 on-other-fork', 'vmid:3 node-stuck']);
  });

  it('see that the one far behind is on a fork of its own', async () => {
    const main = chainOf(12, ROOT);
    const nodes = [await node(1, main), await node(2, main), await node(3, chainOf(2, FORK))];
    const { found } = await look(nodes);
    expect(found).toEqual(['chain:138 qbft-fork', 'vmid:3 on-other-fork', 'vmid:3 node-stuck']);
  });

  it('leave a node of another network out of everything', async () => {
    const main = chainOf(3, ROOT);
    const foreign = await node(9, chainOf(12, FORK, `0x${'0f'.repeat(32)}`));
    const { observations, found } = await look([await node(1, main), await node(2, main), foreign]);
    expect(found).toEqual([]);
    expect(proofsIn(observations)).toEqual(['chain:138 rpc-1 proven']);
    expect(observations.filter((one) => one.probe === 'besu-common')).toHaveLength(2);
  });

  it('hold a head without quorum against the node that gave it, when most nodes prove', async () => {
    const main = chainOf(4, ROOT);
    const bare = chainOf(5, ROOT, GENESIS, KEYS.slice(0, 1)).slice(5);
    const liar = await node(7, [...main, ...bare]);
    const { observations } = await look([await node(1, main), await node(2, main), liar]);
    expect(proofsIn(observations)).toEqual(['chain:138 rpc-1 proven', 'vmid:7 rpc-7 not-proven']);
  });

  it('hold it against the chain when most nodes have it', async () => {
    const bare = chainOf(4, ROOT, GENESIS, KEYS.slice(0, 1));
    const nodes = [await node(1, bare), await node(2, bare), await node(3, chainOf(3, ROOT))];
    expect(proofsIn((await look(nodes)).observations)).toEqual(['chain:138 rpc-1 not-proven']);
  });
});
