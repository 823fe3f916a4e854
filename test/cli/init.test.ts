import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkArtefacts, loadEstate } from '../../src/estate/index.ts';
import { hasHostile } from '../../src/model/index.ts';
import { FILES, writeRepository } from '../estate/repository.ts';
import { run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'c138-init-'));
afterAll(() => rmSync(folder, { recursive: true }));
let made = 0;

function repository(files: Readonly<Record<string, string>> = FILES): string {
  made += 1;
  const dir = join(folder, `repo${made}`);
  writeRepository(dir, files);
  return dir;
}

describe('init', () => {
  it('writes an estate file that loads, dials nothing, and tells what it found, guessed and did not find', async () => {
    const repo = repository();
    const out = join(folder, 'one', 'estate.yaml');
    const ran = await run(['init', repo, '--out', out]);
    expect(ran.err).toBe('');
    expect(ran.code).toBe(0);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    for (const text of [
      /found\n {2}node-role-matrix: docs/,
      /guessed\n[\s\S]*took the key "vmid" as vmid/,
      /not found\n {2}hyperledger-status: /,
      /vmid:2201 address: 10\.9\.0\.221 says config\/proxmox.*rank 1.*; 10\.9\.0\.222 says .*\(2026-03-29, rank 3\)/,
      /2 hosts, 8 guests, cluster h/,
      /nothing is contacted until/,
    ])
      expect(ran.out).toMatch(text);
    const estate = await loadEstate(out);
    expect(estate.endpoints).toEqual([]);
    expect(estate.subjects.find((one) => one.id === 'host:ml110')).toMatchObject({
      absenceTolerated: true,
      critical: false,
    });
    expect(estate.subjects.find((one) => one.id === 'program:mojaloop')?.status).toBe('planned');
    expect(estate.conflicts.map((one) => `${one.subject} ${one.field}`)).toContain('vmid:6000 address');
    const text = readFileSync(out, 'utf8');
    expect(text).toMatch(/# {2}- id: json-rpc-2201\n# {4}subject: vmid:2201\n/);
    expect(text).not.toMatch(/vmid:6000/);
  });

  it('gives a file whose comments become endpoints, and writes those that need nothing when asked to', async () => {
    const repo = repository();
    const out = join(folder, 'two.yaml');
    await run(['init', repo, '--out', out]);
    const open = readFileSync(out, 'utf8').replace(/^#endpoints:\n([\s\S]*)$/m, (all) =>
      all.replaceAll(/^#/gm, ''),
    );
    writeFileSync(join(folder, 'open.yaml'), open);
    const proposed = (await loadEstate(join(folder, 'open.yaml'))).endpoints.map((one) => one.id);
    expect(proposed).toEqual([
      'pve-node-a',
      'ssh-node-a',
      'pve-ml110',
      'ssh-ml110',
      'json-rpc-1000',
      'json-rpc-2201',
      'firefly-6200',
      'blockscout-5000',
    ]);
    const with_ = join(folder, 'three.yaml');
    expect((await run(['init', repo, '--out', with_, '--with-endpoints'])).code).toBe(0);
    expect((await loadEstate(with_)).endpoints.map((one) => one.id)).toEqual(proposed.slice(4));
  });

  it('lets nothing hostile out of a template into the file, and proposes addresses only', async () => {
    const evil =
      "x\u001b[2J\nendpoints:\n  - {id: evil, subject: 'vmid:1', kind: tcp, url: 'tcp://127.0.0.1:1'}\u202e";
    const service = { vmid: 1000, hostname: evil, category: 'besu_validator', runtime_state: evil };
    const repo = repository({
      'config/proxmox-operational-template.json': JSON.stringify({
        proxmox_nodes: [
          { hostname: 'node-a', mgmt_ip: '10.9.0.10', cluster: evil, role: evil },
          { hostname: evil, mgmt_ip: '10.9.0.11', cluster: 'h' },
        ],
        services: [
          { ...service, ipv4: '10.9.0.5:8545' },
          { ...service, vmid: 1001, ipv4: '10.9.0.5/24' },
          { ...service, vmid: 1002, ipv4: evil },
          { ...service, vmid: '1003; rm', ipv4: '10.9.0.6' },
        ],
      }),
    });
    const out = join(folder, 'hostile.yaml');
    const ran = await run(['init', repo, '--out', out, '--with-endpoints']);
    expect(ran.code).toBe(0);
    for (const text of [ran.out, readFileSync(out, 'utf8')])
      for (const line of text.split('\n')) expect(hasHostile(line)).toBe(false);
    const estate = await loadEstate(out);
    expect(estate.endpoints.map((one) => `${one.id} ${one.url}`)).toEqual([
      'json-rpc-1000 http://10.9.0.5:8545',
      'json-rpc-1001 http://10.9.0.5:8545',
    ]);
    // With a port or a prefix it is the same address all the same.
    expect(estate.conflicts.map((one) => `${one.subject} ${one.field}`)).toContain('vmid:1000 address');
  });

  it('writes over nothing without --force, and nothing at all for a folder that is no such repository', async () => {
    const repo = repository();
    const out = join(folder, 'four.yaml');
    writeFileSync(out, 'mine');
    const refused = await run(['init', repo, '--out', out]);
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toMatch(/exists already.*--force/);
    expect(readFileSync(out, 'utf8')).toBe('mine');
    expect((await run(['init', repo, '--out', out, '--force', '--json'])).code).toBe(0);
    expect(readFileSync(out, 'utf8')).toContain('v: 1');
    const nothing = await run(['init', repository({ 'README.md': '# x' }), '--out', join(folder, 'no.yaml')]);
    expect(nothing.code).toBe(2);
    expect(nothing.err).toMatch(/no template and none of the operators' documents/);
    expect(existsSync(join(folder, 'no.yaml'))).toBe(false);
    expect((await run(['init', join(folder, 'absent')])).code).toBe(2);
  });

  it('never follows a link out of the checkout', async () => {
    const repo = repository({ 'docs/02-architecture/DBIS_NODE_ROLE_MATRIX.md': '# x' });
    writeFileSync(join(folder, 'secret.json'), '{"services": []}');
    writeRepository(repo, { 'config/x': '' });
    symlinkSync(join(folder, 'secret.json'), join(repo, 'config', 'proxmox-operational-template.json'));
    const ran = await run(['init', repo, '--out', join(folder, 'five.yaml'), '--json']);
    expect(JSON.parse(ran.out)).toMatchObject({
      missing: expect.arrayContaining([expect.stringContaining('template')]),
    });
  });
});

describe('the index of artefacts', () => {
  it('tells presence, digest, the last commit and what is not committed', async () => {
    const repo = repository();
    const git = (...args: string[]): void => {
      execFileSync('git', ['-C', repo, '-c', 'user.name=x', '-c', 'user.email=x@x.invalid', ...args], {
        env: {
          ...process.env,
          GIT_COMMITTER_DATE: '2026-04-08T10:00:00Z',
          GIT_AUTHOR_DATE: '2026-04-08T10:00:00Z',
        },
        stdio: 'ignore',
      });
    };
    git('init', '-q');
    git('add', '.');
    git('commit', '-q', '-m', 'x');
    const matrix = 'docs/02-architecture/DBIS_NODE_ROLE_MATRIX.md';
    writeFileSync(join(repo, 'scripts/verify/run-phase1-discovery.sh'), 'changed');
    // A checkout can name programs in its configuration; none of them may run.
    const trap = join(folder, 'trap');
    execFileSync('git', ['-C', repo, 'config', 'core.fsmonitor', `touch ${trap}`]);
    const states = new Map((await checkArtefacts(repo)).map((one) => [one.path, one]));
    const text = FILES[matrix] ?? '';
    expect(states.get(matrix)).toMatchObject({
      present: true,
      sha256: createHash('sha256').update(text).digest('hex'),
      changed: '2026-04-08T10:00:00.000Z',
      uncommitted: false,
    });
    expect(states.get('scripts/verify/run-phase1-discovery.sh')?.uncommitted).toBe(true);
    expect(states.get('docs/00-meta/OPERATOR_READY_CHECKLIST.md')).toMatchObject({
      present: false,
      sha256: null,
    });
    expect(existsSync(trap)).toBe(false);
  });
});
