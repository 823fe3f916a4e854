import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { EstateFileError, loadEstate } from '../../src/estate/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'c138-ways-'));
afterAll(() => rmSync(folder, { recursive: true }));

const endpointOf = async (more: string) => {
  const file = join(folder, 'estate.yaml');
  writeFileSync(
    file,
    `v: 1\nid: t\nname: T\nchain: { id: 138 }\nendpoints:\n  - { id: pve, subject: "host:n", kind: proxmox-api, ${more} }\n`,
  );
  return (await loadEstate(file)).endpoints[0];
};

describe('the ways to Proxmox in the estate file', () => {
  it('takes pvesh on the node itself, and no other program', async () => {
    expect((await endpointOf('url: "local:///usr/bin/pvesh"'))?.url).toBe('local:///usr/bin/pvesh');
    for (const url of [
      'local:///bin/sh',
      'local://host/pvesh',
      'file:///usr/bin/pvesh',
      'local:///a b/pvesh',
    ])
      await expect(endpointOf(`url: "${url}"`)).rejects.toBeInstanceOf(EstateFileError);
  });

  it('takes SSH with a configuration file or none, and a passphrase only by file or command', async () => {
    const one = await endpointOf(
      'url: "ssh://root@n.example:22", ssh: { config: none, identity_file: id, passphrase: { file: pass } }',
    );
    expect(one?.ssh).toEqual({
      configFile: null,
      identityFile: join(folder, 'id'),
      passphrase: { file: join(folder, 'pass') },
    });
    const other = await endpointOf('url: "ssh://n.example:22", ssh: { config: my_config }');
    expect(other?.ssh).toEqual({ configFile: join(folder, 'my_config') });
    await expect(
      endpointOf('url: "ssh://n.example:22", ssh: { passphrase: "in plain sight" }'),
    ).rejects.toBeInstanceOf(EstateFileError);
  });
});
