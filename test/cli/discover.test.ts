import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Demo, startDemo } from '../../src/demo/start.ts';
import { hasHostile } from '../../src/model/index.ts';
import { faultOfSnapshot } from '../../src/state/snapshots/snapshot-shape.ts';
import { run } from './run.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'c138-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let demo: Demo | null = null;
afterEach(async () => {
  await demo?.stop();
  demo = null;
});

async function discoverOn(scenario: string, ...more: string[]) {
  demo = await startDemo({ scenario });
  const dir = join(folder, `${scenario}${more.join('')}`);
  return { dir, ...(await run(['discover', '--config', demo.configPath, '--out', dir, ...more])) };
}

describe('discover over real sockets', { timeout: 120_000 }, () => {
  const cases: [string, number, RegExp][] = [
    ['healthy', 0, /Verdict: pass/],
    ['validator-down', 1, /vmid:1002 .*the guest is stopped/],
    ['stalled', 1, /no block for \d+ s on any of \d+ nodes/],
    ['fork', 1, /different blocks at height \d+/],
    ['host-down', 1, /the cluster calls this host offline/],
    ['placeholder-running', 0, /running is not proof of a service/],
    ['all-dead', 3, /Verdict: incomplete/],
  ];
  it.each(cases)('%s gives its own exit code and reason', async (scenario, code, reason) => {
    const ran = await discoverOn(scenario);
    expect(readFileSync(join(ran.dir, 'summary.md'), 'utf8')).toMatch(reason);
    expect(ran.code).toBe(code);
    const assessment: unknown = JSON.parse(readFileSync(join(ran.dir, 'assessment.json'), 'utf8'));
    expect(assessment).toMatchObject({ format: 'c138-assessment', v: 1, verdict: { exit_code: code } });
    const snapshot: unknown = JSON.parse(readFileSync(join(ran.dir, 'snapshot', 'snapshot.json'), 'utf8'));
    expect(faultOfSnapshot(snapshot)).toBeNull();
    expect(statSync(join(ran.dir, 'summary.md')).mode & 0o777).toBe(0o600);
  });

  it('lets no control character, escape or bidi override through, wherever it is written', async () => {
    const ran = await discoverOn('hostile-names');
    for (const name of ['summary.md', 'assessment.json', 'snapshot/snapshot.json'])
      for (const line of readFileSync(join(ran.dir, name), 'utf8').split('\n'))
        expect(hasHostile(line)).toBe(false);
    expect(readFileSync(join(ran.dir, 'snapshot', 'snapshot.json'), 'utf8')).toContain('\\\\u{1b}');
  });
});

describe('snapshot of discover', { timeout: 120_000 }, () => {
  it('shows the same as discover said, verifies, and a changed block is found', async () => {
    const ran = await discoverOn('healthy', '--json');
    const snapshot = join(folder, 'copy');
    cpSync(join(ran.dir, 'snapshot'), snapshot, { recursive: true });
    const shown = await run(['snapshot', 'show', snapshot, '--json']);
    const written: unknown = JSON.parse(readFileSync(join(ran.dir, 'assessment.json'), 'utf8'));
    expect(JSON.parse(shown.out)).toEqual(written);
    const verified = await run(['snapshot', 'verify', snapshot, '--json']);
    expect(JSON.parse(verified.out)).toMatchObject({ faults: [], format: 'c138-snapshot-check' });
    expect(verified.code).toBe(0);
    const file = join(snapshot, 'snapshot.json');
    const text = readFileSync(file, 'utf8');
    const changed = text.replaceAll(/("verdict": ")proven"/g, '$1self-consistent"');
    expect(changed).not.toBe(text);
    writeFileSync(file, changed);
    const again = await run(['snapshot', 'verify', snapshot]);
    expect(again.code).toBe(1);
    expect(again.out).toMatch(/qbft-proof at .* says self-consistent, but its block is proven/);
    expect(again.out).toMatch(/snapshot\.json does not have the digest/);
  });
});

describe('bad input of discover', () => {
  it('is exit code 2 with place and advice, and no stack', async () => {
    const bad = join(folder, 'bad.yaml');
    writeFileSync(bad, 'v: 1\nid: [');
    const wrong = join(folder, 'wrong.yaml');
    writeFileSync(wrong, 'v: 1\nid: x\nname: y\nchain: {id: 138}\nendpoint: []\n');
    const cases: [string[], RegExp][] = [
      [['--config', join(folder, 'none.yaml')], /none\.yaml: there is no such file.*--config/],
      [['--config', bad], /bad\.yaml:\d+:\d+: /],
      [['--config', wrong], /wrong\.yaml:\d+:\d+: there is no such key \(key endpoint\)/],
      [['--nonsense'], /unknown option '--nonsense'.*--help/],
      [['extra'], /too many arguments/],
    ];
    for (const [argv, message] of cases) {
      const ran = await run(['discover', ...argv], { HOME: folder });
      expect(ran.err).toMatch(message);
      expect(ran.err).not.toMatch(/\n\s+at /);
      expect(ran.out).toBe('');
      expect(ran.code).toBe(2);
    }
  });

  it('never writes over an earlier result, and says so before it asks anything', async () => {
    const estate = join(folder, 'empty.yaml');
    writeFileSync(estate, 'v: 1\nid: x\nname: y\nchain: {id: 138}\n');
    const out = join(folder, 'once');
    expect((await run(['discover', '--config', estate, '--out', out])).code).toBe(3);
    const again = await run(['discover', '--config', estate, '--out', out]);
    expect(again.code).toBe(2);
    expect(again.err).toMatch(/exists already.*--out/);
  });

  it('puts the metrics where a collector reads them, over the last ones; a bad place is told before anything is asked', async () => {
    const estate = join(folder, 'empty3.yaml');
    writeFileSync(estate, 'v: 1\nid: x\nname: y\nchain: {id: 138}\n');
    const place = join(folder, 'c138.prom');
    writeFileSync(place, 'old');
    const out = join(folder, 'metrics');
    expect((await run(['discover', '--config', estate, '--out', out, '--metrics', place])).code).toBe(3);
    expect(readFileSync(place, 'utf8')).toBe(readFileSync(join(out, 'c138.prom'), 'utf8'));
    expect(statSync(place).mode & 0o777).toBe(0o644);
    expect(statSync(join(out, 'c138.prom')).mode & 0o777).toBe(0o600);
    for (const [bad, message] of [
      [join(folder, 'c138.txt'), /only files that end in \.prom/],
      [join(folder, 'none', 'c138.prom'), /can not be written there \(ENOENT\)/],
    ] as const) {
      const ran = await run(['discover', '--config', join(folder, 'none.yaml'), '--metrics', bad]);
      expect([ran.code, ran.out]).toEqual([2, '']);
      expect(ran.err).toMatch(message);
    }
  });

  it('writes below the state directory by default, in a folder named by the time', async () => {
    const estate = join(folder, 'empty2.yaml');
    writeFileSync(estate, 'v: 1\nid: x\nname: y\nchain: {id: 138}\n');
    const state = join(folder, 'state');
    const ran = await run(['--config', estate, 'discover', '--json', '--state-dir', state]);
    expect(ran.code).toBe(3);
    const { folder: written } = JSON.parse(ran.out) as { folder: string };
    expect(written).toMatch(/\/state\/reports\/phase1-discovery\/\d{8}T\d{6}\.\d{3}Z$/);
    expect(ran.err).toContain(written);
  });
});
