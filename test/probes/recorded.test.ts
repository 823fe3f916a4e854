import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { pveApi, pveInventory } from '../../src/probes/proxmox/proxmox.ts';
import { contextOf, endpoint } from './context.ts';
import { AUDITOR, MadeApis } from './proxmox-made.ts';

/**
 * Answers that were recorded from a Proxmox of somebody else, as they came over HTTP: `…cluster-resources.json`, `…version.json`. None is
 * part of this project; C138_RECORDINGS names a folder of them. Without it the same is tried on two that are made up.
 */
const made = mkdtempSync(join(tmpdir(), 'c138-recorded-'));
afterAll(() => rmSync(made, { recursive: true }));
const write = (name: string, data: unknown): void =>
  writeFileSync(join(made, name), JSON.stringify({ data }));
write('made-8-version.json', { version: '8.4.1', release: '8.4', repoid: '0' });
write('made-8-cluster-resources.json', [
  { type: 'pool', pool: 'p', id: '/pool/p' },
  { type: 'qemu', vmid: 100, node: 'n', status: 'running', name: 'a', template: 0, cpu: 0.46, mem: 5 },
  { type: 'lxc', vmid: 101, node: 'n', status: 'stopped', name: 'b', tags: 'x;y', template: 0 },
]);

const folder = process.env.C138_RECORDINGS ?? made;
const files = readdirSync(folder);
const apis = new MadeApis();
afterEach(() => apis.close());

/** A server that answers with exactly these bytes. */
async function replay(path: string, bytes: Buffer) {
  const port = await apis.listen((request, response) => {
    const url = request.url ?? '';
    response.setHeader('content-type', 'application/json;charset=UTF-8');
    if (url.endsWith(path)) response.end(bytes);
    else if (url.endsWith('/access/permissions')) response.end(JSON.stringify({ data: AUDITOR }));
    else response.writeHead(501).end('{"data":null}');
  });
  return endpoint({ url: `http://127.0.0.1:${port}`, kind: 'proxmox-api', subject: 'host:n' });
}

describe('recorded answers', () => {
  const lists = files.filter((name) => name.endsWith('cluster-resources.json'));
  const versions = files.filter((name) => /^(pve|made).*version\.json$/.test(name));

  it('there are some', () => expect([lists.length > 0, versions.length > 0]).toEqual([true, true]));

  it.each(lists)('%s: every guest with its state, and nothing that can not be taken', async (name) => {
    const bytes = readFileSync(join(folder, name));
    const rows = (JSON.parse(bytes.toString('utf8')) as { data: Record<string, unknown>[] }).data.filter(
      (row) => row.type === 'lxc' || row.type === 'qemu',
    );
    const { observations, listed } = await pveInventory(
      contextOf([]),
      await replay('/cluster/resources', bytes),
    );
    expect(listed).toBe(true);
    const seen = observations.filter((one) => one.probe === 'pve-guest');
    expect(seen.map((one) => [one.subject, one.answer.facts.run, one.answer.facts.type])).toEqual(
      rows.map((row) => [`vmid:${Number(row.vmid)}`, row.status, row.type]),
    );
    for (const one of seen) expect(one.answer.facts.odd).toBeUndefined();
  });

  it.each(versions)('%s', async (name) => {
    const bytes = readFileSync(join(folder, name));
    const { data } = JSON.parse(bytes.toString('utf8')) as { data: { version: string } };
    const seen = await pveApi(contextOf([]), await replay('/version', bytes));
    expect(seen.answer).toMatchObject({ class: 'ok', facts: { version: data.version } });
  });
});
