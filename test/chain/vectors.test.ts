import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { computeAddress } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildSealedBlock } from '../../src/chain/index.ts';

const root = join(import.meta.dirname, '..', '..');
const KEYS = [1, 2, 3, 4].map((n) => `0x${String(n).padStart(64, '0')}`);
const validators = KEYS.map((key) => computeAddress(key).toLowerCase()).sort();
const block = buildSealedBlock({
  number: 7,
  parentHash: `0x${'ab'.repeat(32)}`,
  timestamp: 1_700_000_000,
  validators,
  round: 0,
  proposer: validators[0] ?? '',
  sealers: KEYS.slice(0, 3),
});

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'c138-vectors-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const vectors = (...argv: string[]) =>
  spawnSync(process.execPath, ['--import', 'tsx', 'scripts/vectors.ts', ...argv], {
    cwd: root,
    encoding: 'utf8',
  });

describe('npm run vectors', () => {
  it('proves recorded blocks, and names the file whose block or expectation is off', () => {
    writeFileSync(join(folder, 'good.json'), JSON.stringify({ block, expected: { validators, round: 0 } }));
    expect(vectors(folder)).toMatchObject({ status: 0, stderr: '' });
    writeFileSync(join(folder, 'other-round.json'), JSON.stringify({ block, expected: { round: 1 } }));
    const differs = vectors(folder);
    expect(differs.status).toBe(1);
    expect(differs.stdout + differs.stderr).toMatch(/other-round\.json/);
    writeFileSync(join(folder, 'other-round.json'), JSON.stringify({ block: { ...block, gasUsed: '0x1' } }));
    expect(vectors(folder).status).toBe(1);
  });

  it('has nothing to prove without a folder', () => {
    expect(vectors().status).toBe(2);
  });
});
