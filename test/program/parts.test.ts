import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { buildSha256, digestOfParts, partSource } from '../../src/program/parts.ts';

const dist = join(import.meta.dirname, '../../dist');

describe('the parts of the program', () => {
  it('are found beside their sources, with the loader that runs them', () => {
    for (const part of ['console', 'thread', 'signer'] as const) {
      const { url, execArgv } = partSource(part);
      expect(existsSync(fileURLToPath(url))).toBe(true);
      expect(execArgv[0]).toBe('--import');
    }
  });

  it('have a digest that anybody can compute, and none when the sources run', () => {
    const shell = 'LC_ALL=C sha256sum *.mjs | sha256sum';
    const printed = execFileSync('sh', ['-c', shell], { cwd: dist, encoding: 'utf8' });
    expect(digestOfParts(dist)).toBe(printed.slice(0, 64));
    expect(buildSha256()).toBeNull();
  });
});
