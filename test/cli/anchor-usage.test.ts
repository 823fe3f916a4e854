import { expect, it } from 'vitest';
import { run } from './run.ts';

it('a transaction hash that is none is a usage error before any file is read or node asked', async () => {
  for (const hash of ['0x12', `${'ab'.repeat(32)}`, `0x${'ab'.repeat(33)}`, '']) {
    const ran = await run(['evidence', 'anchor', 'SESSION', '--transaction', hash]);
    expect([ran.code, ran.err]).toEqual([2, expect.stringMatching(/--transaction: give the hash .*64 hex/)]);
  }
});
