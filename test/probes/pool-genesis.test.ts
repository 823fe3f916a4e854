import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { indyNode } from '../../src/probes/indy.ts';
import { readPoolGenesis } from '../../src/probes/pool-genesis.ts';
import { contextOf, endpoint } from './context.ts';

const folder = mkdtempSync(join(tmpdir(), 'c138-pool-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const KEY = 'Gw6pDLhcBcoQesN72qfotTgFa7cbuqZpkX3Xo6pLhPhv';
const data = (alias: string, port: number | string, services = ['VALIDATOR']): object => ({
  alias,
  node_ip: '127.0.0.1',
  node_port: port,
  client_ip: '127.0.0.1',
  client_port: 9702,
  services,
});
const modern = (alias: string, port: number | string, services?: string[]): string =>
  JSON.stringify({
    reqSignature: {},
    txn: { data: { data: data(alias, port, services), dest: KEY }, type: '0' },
    ver: '1',
  });

describe('a pool genesis file', () => {
  it('is read with ports as numbers or text, new or flat', () => {
    const flat = JSON.stringify({ data: data('Old', '9707'), dest: KEY, type: '0' });
    const pool = readPoolGenesis(
      [modern('A', 9701), modern('B', '9703'), modern('C', 9705, []), flat, ''].join('\n'),
    );
    expect(pool.faults).toEqual([]);
    expect(pool.nodes.map((one) => `${one.alias} ${one.node} ${one.validator}`)).toEqual([
      'A 127.0.0.1:9701 true',
      'B 127.0.0.1:9703 true',
      'C 127.0.0.1:9705 false',
      'Old 127.0.0.1:9707 true',
    ]);
    expect(pool.mayFail).toBe(0);
    expect(
      readPoolGenesis(['A', 'B', 'C', 'D'].map((name, index) => modern(name, 9701 + index)).join('\n'))
        .mayFail,
    ).toBe(1);
  });

  it('names lines that are no nodes, and names given twice', () => {
    const bad = ['{', '[]', modern('A', 0), modern('A', 9701), modern('A', 9702), modern('B', '97 01')].join(
      '\n',
    );
    expect(readPoolGenesis(bad).faults).toEqual([
      'line 1 is no node of a pool',
      'line 2 is no node of a pool',
      'line 3 is no node of a pool',
      'line 6 is no node of a pool',
      'two nodes are called A',
    ]);
    expect(readPoolGenesis(modern('x\u001b[2J', 9701)).nodes[0]?.alias).not.toContain('\u001b');
  });

  it('says which node should be at an address', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).resume());
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const look = async (text: string | null): Promise<string> => {
      const poolGenesisFile = join(folder, text === null ? 'none' : 'genesis');
      if (text !== null) writeFileSync(poolGenesisFile, text);
      const one = endpoint({ kind: 'indy', url: `tcp://127.0.0.1:${port}`, timeoutMs: 150, poolGenesisFile });
      const { answer } = await indyNode(contextOf([one]), one);
      return [String(answer.facts.alias), ...answer.checks.map((check) => check.id)].join(' ');
    };
    expect(await look(modern('Mine', port))).toBe('Mine indy-silent');
    expect(await look(modern('Other', 1))).toBe('null indy-silent indy-not-in-pool');
    expect(await look('{')).toBe('null indy-silent indy-genesis indy-not-in-pool');
    expect(await look(null)).toBe('null indy-silent indy-genesis');
    await new Promise((done) => server.close(done));
  });
});
