import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Record<
    string,
    {
      integrity?: string;
      resolved?: string;
      hasInstallScript?: boolean;
      license?: string;
      link?: boolean;
      dev?: boolean;
    }
  >;
};
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  allowScripts: Record<string, boolean>;
};
const packages = Object.entries(lock.packages).filter(([path]) => path !== '');
const nameOf = (path: string): string =>
  path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

describe('C1: what is installed', () => {
  test('has a SHA-512 digest in the lock file, and no address of a registry', () => {
    expect(packages.length).toBeGreaterThan(50);
    expect(packages.filter(([, one]) => !/^sha512-/.test(one.integrity ?? '')).map(([path]) => path)).toEqual(
      [],
    );
    expect(packages.filter(([, one]) => one.resolved !== undefined).map(([path]) => path)).toEqual([]);
    console.log(`C1: ${packages.length} packages, each with its digest`);
  });

  test('runs no script when it is installed: each package that has one is named and refused', () => {
    const scripted = packages
      .filter(([, one]) => one.hasInstallScript === true)
      .map(([path]) => nameOf(path));
    for (const name of scripted) expect([name, manifest.allowScripts[name]]).toEqual([name, false]);
    expect(Object.values(manifest.allowScripts)).not.toContain(true);
  });

  test('has a licence that lets itself be passed on with this one', () => {
    const fine = /MIT|ISC|BSD|Apache-2\.0|0BSD|CC0|BlueOak|Unlicense|Python-2\.0|Zlib|MPL-2\.0/;
    const odd = packages.filter(([, one]) => one.license !== undefined && !fine.test(one.license));
    expect(odd.map(([path, one]) => `${nameOf(path)}: ${one.license}`)).toEqual([]);
    // What users get may not even be weak copyleft.
    const shipped = packages.filter(([, one]) => one.dev !== true && /MPL|GPL/.test(one.license ?? ''));
    expect(shipped.map(([path, one]) => `${nameOf(path)}: ${one.license}`)).toEqual([]);
  });
});
