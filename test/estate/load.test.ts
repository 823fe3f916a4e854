import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  duplicateAddresses,
  EstateFileError,
  importTemplate,
  loadEstate,
  statusOfWord,
} from '../../src/estate/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'c138-estate-'));
afterAll(() => rmSync(folder, { recursive: true }));

const BASE = 'v: 1\nid: test\nname: Test\nchain: { id: 138 }\n';

async function load(text: string, name = 'estate.yaml'): ReturnType<typeof loadEstate> {
  const file = join(folder, name);
  writeFileSync(file, text);
  return loadEstate(file);
}

async function fault(text: string): Promise<EstateFileError> {
  try {
    await load(text);
  } catch (error) {
    if (error instanceof EstateFileError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

describe('the estate file', () => {
  it('takes relays between endpoints it names, and a tier policy in known words', async () => {
    const side = (name: string): string =>
      `{ endpoint: ${name}, contract: "0x${'A1'.repeat(20)}", topic: "0x${'0b'.repeat(32)}" }`;
    const relays = (to: string): string =>
      `${BASE}endpoints:\n  - { id: a, subject: "vmid:1", kind: json-rpc, url: "http://127.0.0.1:1" }\n  - { id: b, subject: "program:ccip", kind: evm-rpc, url: "http://127.0.0.1:2" }\nrelays:\n  - { id: r, subject: "program:ccip", source: ${side('a')}, destination: ${side(to)} }\n`;
    const { relays: read } = await load(relays('b'));
    expect(read?.[0]).toMatchObject({ idTopic: 1, windowBlocks: 5000, graceBlocks: 30 });
    expect(read?.[0]?.source.contract).toBe(`0x${'a1'.repeat(20)}`);
    expect((await fault(relays('nobody'))).message).toContain('there is no endpoint nobody');
    const policy = (rule: string): string => `${BASE}tier_policy: { private: { ADMIN: ${rule} } }\n`;
    expect((await load(policy('may'))).tierPolicy).toEqual({ private: { ADMIN: 'may' } });
    expect(await fault(policy('sometimes'))).toMatchObject({ key: 'tier_policy.private.ADMIN' });
  });

  it('refuses an address that is none, or that its kind is not asked by, with the key', async () => {
    const one = (kind: string, url: string, more = ''): string =>
      `${BASE}endpoints:\n  - { id: a, subject: "vmid:1000", kind: ${kind}, url: "${url}"${more} }\n`;
    for (const [text, message] of [
      [one('json-rpc', 'http://127.0.0.1:1:8545'), /"http:\/\/127\.0\.0\.1:1:8545" is no address/],
      [one('json-rpc', 'http://127.0.0.1:99999'), /is no address/],
      [one('json-rpc', 'tcp://127.0.0.1:1'), /kind json-rpc is not asked by tcp:\/\//],
      [one('ssh', 'http://127.0.0.1:1'), /kind ssh is not asked by http:\/\//],
      [one('indy', 'http://127.0.0.1:1'), /kind indy is not asked by http:\/\//],
      [one('tcp', 'tcp://127.0.0.1'), /there is no port/],
      [one('json-rpc', 'http://127.0.0.1:1', ', ws_url: "ws://127.0.0.1:1:2"'), /is no address/],
    ] as const) {
      const found = await fault(text);
      expect(found.message).toMatch(message);
      expect(found.key).toMatch(/^endpoints a (url|ws_url)$/);
    }
    for (const url of ['https://127.0.0.1:1', 'local:///usr/bin/pvesh', 'ssh://root@127.0.0.1'])
      expect((await load(one('proxmox-api', url))).endpoints).toHaveLength(1);
  });

  it('is read, and says which thresholds are ours', async () => {
    const estate = await load(BASE);
    expect(estate).toMatchObject({ id: 'test', chainId: 138, simulated: false, mirror: null });
    expect(estate.notes.some((note) => note.text.includes('our default'))).toBe(true);
    expect(estate.notes.some((note) => note.text.includes('no validator set is pinned'))).toBe(true);
  });

  it('names file, line, column and key of what is wrong', async () => {
    const unknown = await fault(
      `${BASE}endpoints:\n  - { id: a, subject: "vmid:1", kind: json-rpc, url: "http://127.0.0.1:1", tokn: x }\n`,
    );
    expect(unknown).toMatchObject({ line: 6, key: 'endpoints.0.tokn' });
    expect(unknown.describe()).toContain('estate.yaml:6');
    expect(await fault(`${BASE}chain: { id: 139 }\n`)).toMatchObject({ line: 5 });
    expect(await fault('v: 1\nid: "x\n')).toMatchObject({ file: join(folder, 'estate.yaml') });
    expect(await fault('v: 1\nid: t\nname: T\nchain: { id: "138" }\n')).toMatchObject({ key: 'chain.id' });
    expect((await fault(`${BASE}template: none.json\n`)).message).toContain('no such file');
    expect(
      (await fault(`${BASE}endpoints:\n  - { id: a, subject: "vmid:1", kind: tcp, url: "ftp://x" }\n`)).key,
    ).toBe('endpoints.0.url');
  });

  it('says what is missing when the file itself is', async () => {
    await expect(loadEstate(join(folder, 'nowhere.yaml'))).rejects.toMatchObject({
      message: 'there is no such file',
    });
    await expect(loadEstate(folder)).rejects.toBeInstanceOf(EstateFileError);
  });

  it('names the place of broken JSON in the template', async () => {
    writeFileSync(join(folder, 't.json'), '{\n  "a": ,\n}');
    const error = await fault(`${BASE}template: t.json\n`);
    expect(error.file).toBe(join(folder, 't.json'));
    expect(error.message).toContain('not JSON');
  });
});

describe('the template', () => {
  const record = {
    vmid: 6000,
    hostname: 'x-fabric-1',
    category: 'dlt',
    runtime_state: 'placeholder CT only',
    future: { a: 1 },
  };

  it('is found by content, wherever it lies, with synonyms, and keeps unknown keys', () => {
    const nested = importTemplate(
      {
        a: {
          b: [
            {
              ctid: '2201',
              name: 'pub',
              category: 'rpc_public',
              state: 'active',
              ip: '10.0.0.1',
              node: 'n1',
            },
            record,
          ],
        },
      },
      't.json',
    );
    expect(nested.subjects.map((one) => one.id)).toEqual(['vmid:2201', 'vmid:6000']);
    expect(nested.subjects[0]).toMatchObject({
      tier: 'public',
      address: '10.0.0.1',
      preferredHost: 'n1',
      status: 'deployed',
      owner: 'TBD',
    });
    expect(nested.subjects[1]).toMatchObject({
      status: 'placeholder',
      expectedRun: 'stopped',
      extra: { future: { a: 1 } },
    });
    expect(nested.notes.some((note) => note.text.includes('"ctid" as vmid'))).toBe(true);
  });

  it('takes a mapping', () => {
    const mapped = importTemplate([{ kennung: 1000, wirt: 'v1', art: 'besu_validator' }], 't.json', {
      vmid: 'kennung',
      hostname: 'wirt',
      category: 'art',
    });
    expect(mapped.subjects[0]).toMatchObject({ id: 'vmid:1000', critical: false, status: 'unknown' });
  });

  it('never infers a tier from a VMID or a host name', () => {
    const guessed = importTemplate(
      [{ vmid: 2201, hostname: 'besu-rpc-public-1', category: 'infra' }],
      't.json',
    );
    expect(guessed.subjects[0]?.tier).toBeUndefined();
  });

  it('shows duplicate addresses as a conflict, with both sides', () => {
    const twice = importTemplate(
      [
        { ...record, ipv4: '10.0.0.9' },
        { ...record, vmid: 6001, ipv4: '10.0.0.9' },
      ],
      't.json',
    );
    const conflicts = duplicateAddresses(twice.subjects);
    expect(conflicts).toHaveLength(1);
    expect(conflicts[0]?.sides).toHaveLength(2);
  });

  it('reports a word of no vocabulary instead of guessing', () => {
    expect(statusOfWord('humming along')).toEqual({ status: 'unknown', vocabulary: null });
    expect(statusOfWord('constructor')).toEqual({ status: 'unknown', vocabulary: null });
    const odd = importTemplate([{ ...record, runtime_state: 'humming along' }], 't.json');
    expect(odd.subjects[0]?.status).toBe('unknown');
    expect(odd.notes.some((note) => note.text.includes('no known vocabulary'))).toBe(true);
  });

  it('makes hostile names visible', () => {
    const hostile = importTemplate([{ ...record, hostname: 'a\u001b[31m\u202e' }], 't.json');
    expect(hostile.subjects[0]?.name).toBe('a\\u{1b}[31m\\u{202e}');
  });

  it('survives anything', () => {
    for (const junk of [null, 1, 'x', [], {}, [[[]]], { a: null }, [{ category: 1, hostname: 2, vmid: {} }]])
      expect(importTemplate(junk, 't.json').subjects).toEqual([]);
  });
});
