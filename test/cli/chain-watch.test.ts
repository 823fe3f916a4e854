import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'c138-watch-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config = join(folder, 'estate.yaml');
writeFileSync(
  config,
  `v: 1
id: test
name: Test
chain: { id: 138 }
endpoints:
  - { id: plain, subject: "vmid:1", kind: json-rpc, url: "http://127.0.0.1:9" }
  - { id: gone, subject: "vmid:2", kind: json-rpc, url: "http://127.0.0.1:9", ws_url: "ws://127.0.0.1:9" }
`,
);
const watch = (...argv: string[]) => run(['chain', 'watch', ...argv, '--config', config]);

describe('chain watch', () => {
  it('opens only what the estate file names', async () => {
    const unknown = await watch('nobody');
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('names no endpoint nobody')]);
    const none = await watch('plain');
    expect([none.code, none.err]).toEqual([2, expect.stringContaining('ws_url')]);
    expect((await watch('gone', '--heads', '0')).code).toBe(2);
  });

  it('says when nobody is there', async () => {
    const ran = await watch('gone', '--json');
    expect(ran.code).toBe(3);
    expect(JSON.parse(ran.out)).toMatchObject({
      format: 'c138-chain-watch',
      v: 1,
      class: 'refused',
      heads: 0,
      seen: [],
    });
  });
});
