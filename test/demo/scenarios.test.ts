import { afterEach, describe, expect, it } from 'vitest';
import { chainRules, proveBlock } from '../../src/chain/index.ts';
import { loadEstate } from '../../src/estate/index.ts';
import { assessEstate, type EstateAssessment, hasHostile } from '../../src/model/index.ts';
import { observeEstate } from '../../src/probes/index.ts';
import { snapshotOf } from '../model/make.ts';
import { contextOf } from '../probes/context.ts';
import { type Demo, startDemo } from './start.ts';

let demo: Demo | null = null;
afterEach(async () => {
  await demo?.stop();
  demo = null;
});

async function assess(scenario: string): Promise<EstateAssessment> {
  demo = await startDemo({ scenario });
  const estate = await loadEstate(demo.configPath);
  const { storeRaw } = contextOf([]);
  const observations = await observeEstate(estate, {
    vantage: 'test',
    signal: new AbortController().signal,
    storeRaw,
  });
  return assessEstate({ ...snapshotOf([], observations), estate }, Date.now(), chainRules);
}

const healths = (assessed: EstateAssessment, id: string): string | undefined =>
  assessed.subjects.find((one) => one.subject.id === id)?.health;
const absent = (assessed: EstateAssessment, id: string): string | undefined =>
  assessed.subjects.find((one) => one.subject.id === id)?.absence?.verdict;
const rules = (assessed: EstateAssessment): readonly string[] => [
  ...new Set(assessed.findings.filter((one) => one.severity !== 'info').map((one) => one.rule)),
];

describe('each scenario gives its own verdict and reason over real sockets', () => {
  it('healthy: everything answers, placeholders are as expected, a proven quorum', async () => {
    const assessed = await assess('healthy');
    expect(assessed.verdict).toMatchObject({ result: 'pass', exitCode: 0 });
    expect(rules(assessed)).toEqual([]);
    for (const vmid of [6000, 6001, 6002, 6400, 6401, 6402, 6201])
      expect(healths(assessed, `vmid:${vmid}`)).toBe('as-expected');
    // The disk of one is mounted on its host anyway; what could not be read is not called empty.
    expect(absent(assessed, 'vmid:6400')).toBe('stopped-empty');
    expect(absent(assessed, 'vmid:6000')).toBe('unknown');
    const chain = assessed.subjects.find((one) => one.subject.id === 'chain:138');
    const proof = chain?.observations.find((one) => one.probe === 'qbft-proof');
    expect(proof?.answer.facts.verdict).toBe('proven');
    expect(proveBlock(proof?.answer.facts.block, null).verdict).toBe('self-consistent');
    expect(assessed.subjects.filter((one) => one.subject.category?.startsWith('rpc_') === true)).toHaveLength(
      21,
    );
  });

  it('validator-down: degraded chain, one failure from a halt', async () => {
    const assessed = await assess('validator-down');
    expect(assessed.verdict.exitCode).toBe(1);
    expect(healths(assessed, 'chain:138')).toBe('degraded');
    expect(healths(assessed, 'vmid:1002')).toBe('failed');
    expect(rules(assessed)).toContain('quorum-margin');
  });

  it('stalled: the chain failed, no quorum', async () => {
    const assessed = await assess('stalled');
    expect(assessed.verdict.exitCode).toBe(1);
    expect(healths(assessed, 'chain:138')).toBe('failed');
    expect(rules(assessed)).toEqual(
      expect.arrayContaining(['qbft-stalled', 'quorum-margin', 'guest-stopped']),
    );
  });

  it('fork: different hashes at one height, the smaller group named', async () => {
    const assessed = await assess('fork');
    expect(assessed.verdict.exitCode).toBe(1);
    expect(rules(assessed)).toEqual(expect.arrayContaining(['qbft-fork', 'on-other-fork']));
    expect(healths(assessed, 'vmid:2303')).toBe('failed');
    expect(healths(assessed, 'vmid:2201')).toBe('ok');
  });

  it('host-down: the host failed, its guests are unknown though Proxmox remembers them running', async () => {
    const assessed = await assess('host-down');
    expect(assessed.verdict.exitCode).toBe(1);
    expect(healths(assessed, 'host:r630-02')).toBe('failed');
    expect(healths(assessed, 'vmid:5000')).toBe('unknown');
    expect(rules(assessed)).toContain('host-offline-memory');
  });

  it('no-quorum: the cluster failed, the guests of hosts that are off are unknown', async () => {
    const assessed = await assess('no-quorum');
    expect(assessed.verdict.exitCode).toBe(1);
    expect(healths(assessed, 'cluster:h')).toBe('failed');
    expect(healths(assessed, 'chain:138')).toBe('failed');
    expect(healths(assessed, 'vmid:1004')).toBe('unknown');
    expect(rules(assessed)).toEqual(expect.arrayContaining(['pve-quorum', 'host-offline-memory']));
  });

  it('pve-no-rights: not allowed to see, never an empty cluster or a guest that is missing', async () => {
    const assessed = await assess('pve-no-rights');
    expect(assessed.verdict.exitCode).toBe(3);
    expect(healths(assessed, 'cluster:h')).toBe('unknown');
    expect(rules(assessed)).toContain('could-not-look-not-allowed');
    expect(rules(assessed)).not.toContain('guest-missing');
    // What answers by itself is seen all the same.
    expect(assessed.subjects.find((one) => one.subject.id === 'vmid:2101')?.status).toBe('deployed');
  });

  it('placeholder-running: visible, and never deployed', async () => {
    const assessed = await assess('placeholder-running');
    expect(assessed.verdict.exitCode).toBe(0);
    const fabric = assessed.subjects.find((one) => one.subject.id === 'vmid:6000');
    expect([fabric?.status, fabric?.health]).toEqual(['placeholder', 'degraded']);
    expect(absent(assessed, 'vmid:6000')).toBe('listening-unidentified');
    expect(fabric?.absence?.layers.find((one) => one.layer === 'inside')?.text).toContain('nc on tcp 7051');
  });

  it('hostile-names: nothing hostile is left in anything that a screen or report reads', async () => {
    const assessed = await assess('hostile-names');
    const texts: string[] = [];
    const walk = (value: unknown): void => {
      if (typeof value === 'string') texts.push(value);
      else if (value !== null && typeof value === 'object')
        for (const [key, item] of Object.entries(value)) {
          texts.push(key);
          walk(item);
        }
    };
    walk(assessed);
    expect(texts.some((text) => text.includes('\\u{1b}'))).toBe(true);
    expect(texts.filter((text) => hasHostile(text))).toEqual([]);
  });

  it('all-dead: nobody could look, which is neither pass nor fail', async () => {
    const assessed = await assess('all-dead');
    expect(assessed.verdict).toMatchObject({ result: 'incomplete', exitCode: 3, critical: [] });
    for (const one of assessed.subjects) expect(['unknown', 'as-expected']).toContain(one.health);
  });
});
