import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { run } from './run.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'c138-caliper-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('c138 caliper', () => {
  it('writes files that Caliper can read and that hold no key, and writes over nothing', async () => {
    const out = join(folder, 'plan');
    const argv = ['caliper', 'files', '--ws', 'ws://127.0.0.1:8546', '--tps', '25', '--out', out];
    expect((await run(argv)).code).toBe(0);
    expect(readdirSync(out).sort()).toEqual([
      'benchmark.yaml',
      'contract.json',
      'network.json',
      'workload.js',
    ]);
    const network = JSON.parse(readFileSync(join(out, 'network.json'), 'utf8')) as {
      ethereum: Record<string, unknown>;
    };
    expect(network.ethereum).toMatchObject({ url: 'ws://127.0.0.1:8546', chainId: 138 });
    expect(network.ethereum.fromAddressPrivateKey).toMatch(/^FILL IN/);
    expect(parse(readFileSync(join(out, 'benchmark.yaml'), 'utf8'))).toMatchObject({
      test: { rounds: [{ rateControl: { opts: { tps: 25 } }, txNumber: 1000 }] },
    });
    // The module is JavaScript that can be loaded where Caliper is.
    const source = readFileSync(join(out, 'workload.js'), 'utf8');
    const module = { exports: {} as { createWorkloadModule?: () => { submitTransaction(): Promise<void> } } };
    const sent: unknown[] = [];
    class WorkloadModuleBase {
      roundArguments = { contract: 'benchmark', verb: 'open', args: [1] };
      sutAdapter = { sendRequests: async (one: unknown) => sent.push(one) };
    }
    new Function('require', 'module', source)(() => ({ WorkloadModuleBase }), module);
    await module.exports.createWorkloadModule?.().submitTransaction();
    expect(sent).toEqual([{ contract: 'benchmark', verb: 'open', args: [1], readOnly: false }]);
    expect(statSync(join(out, 'network.json')).mode & 0o777).toBe(0o600);
    expect((await run(argv)).err).toMatch(/exists already/);
  });

  it.each([
    [['--ws', 'http://127.0.0.1:8545'], /ws:\/\/ or wss:\/\//],
    [['--ws', 'ws://a', '--tps', '0'], /rate/],
    [['--ws', 'ws://a', '--count', 'many'], /number of transactions/],
  ])('%j is refused', async (flags, said) => {
    const ran = await run(['caliper', 'files', ...flags, '--out', join(folder, 'none')]);
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(said);
  });

  it('takes a report in by its digest, and calls it no gate', async () => {
    const report = join(folder, 'report.html');
    writeFileSync(report, '<html>measured</html>');
    const argv = ['caliper', 'report', report, '--state-dir', join(folder, 'state'), '--json'];
    const ran = await run(argv);
    const said = JSON.parse(ran.out) as { sha256: string; path: string; gate: boolean };
    expect(said).toMatchObject({ format: 'c138-caliper-report', gate: false, bytes: 21 });
    expect(readFileSync(said.path, 'utf8')).toBe('<html>measured</html>');
    expect((await run(argv)).code).toBe(0);
    expect((await run(['caliper', 'report', join(folder, 'none')])).code).toBe(2);
  });
});
