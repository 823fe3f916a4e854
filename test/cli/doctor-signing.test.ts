import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ANNA, ESTATE, trustBody, trustBytes } from '../evidence/make.ts';
import { run } from './run.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'c138-doctor-'));
  for (const name of ['trust', 'keys'])
    mkdirSync(join(home, 'config', name), { recursive: true, mode: 0o700 });
  writeFileSync(join(home, 'config', 'estate.yaml'), `v: 1\nid: ${ESTATE}\nname: y\nchain: {id: 138}\n`);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const trustIs = (content: string | Uint8Array) =>
  writeFileSync(join(home, 'config', 'trust', 'trust.json'), content, { mode: 0o600 });
const keyIs = (name: string, mode: number, content = KEYSTORE) =>
  writeFileSync(join(home, 'config', 'keys', name), content, { mode });

const KEYSTORE = JSON.stringify({
  version: 3,
  address: ANNA.address.slice(2),
  crypto: { kdf: 'scrypt', kdfparams: { n: 131_072, r: 8, p: 1 } },
});

async function doctor() {
  const ran = await run(['doctor', '--json'], {
    C138_CONFIG_DIR: join(home, 'config'),
    C138_STATE_DIR: join(home, 'state'),
    C138_CONFIG: join(home, 'config', 'estate.yaml'),
  });
  const all = JSON.parse(ran.out).items as readonly { name: string; fault: string | null }[];
  const faultOf = (name: string) => all.find((one) => one.name === name)?.fault;
  return { code: ran.code, trust: faultOf('trust store'), keys: faultOf('keystores') };
}

describe('doctor, of what signs', () => {
  it('finds nothing wrong with a machine that only watches, nor with one key under a good trust store', async () => {
    const well = { code: 0, trust: null, keys: null };
    expect(await doctor()).toEqual(well);
    trustIs(await trustBytes(trustBody({ expires: '2099-01-01T00:00:00.000Z' })));
    keyIs('operator.json', 0o600);
    expect(await doctor()).toEqual(well);
  });

  it('names a trust store that is torn, changed, expired or of another estate, and how to mend it', async () => {
    const good = Buffer.from(await trustBytes(trustBody({ expires: '2099-01-01T00:00:00.000Z' }))).toString();
    for (const [content, fault] of [
      ['{bad', /not well-formed.*put a good copy in its place/],
      [good.replace('"Bert"', '"Eve"'), /signature.*put a good copy in its place/],
      [
        await trustBytes(trustBody({ expires: '2026-01-02T00:00:00.000Z' })),
        /expired at 2026-01-02.*trust valid/,
      ],
      [
        await trustBytes(trustBody({ estate: 'other', expires: '2099-01-01T00:00:00.000Z' })),
        /for the estate other, and the estate file is demo:test/,
      ],
    ] as const) {
      trustIs(content);
      expect(await doctor()).toEqual({ code: 1, trust: expect.stringMatching(fault), keys: null });
    }
  });

  it('names keys that nobody could sign with: too many, open to others, or none at all', async () => {
    keyIs('operator.json', 0o600);
    keyIs('second.json', 0o644, '{}');
    const { code, keys } = await doctor();
    expect(code).toBe(1);
    expect(keys).toMatch(/there are 2 keys \(operator\.json, second\.json\) and exactly one signs/);
    expect(keys).toMatch(/second\.json can be read by others; run: chmod 600 \S+second\.json$/);
    rmSync(join(home, 'config', 'keys', 'second.json'));
    keyIs('operator.json', 0o600, '{}');
    expect((await doctor()).keys).toMatch(/operator\.json: this is not a Web3 Secret Storage keystore/);
  });
});
