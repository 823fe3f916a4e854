import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { besuHead, besuIdentity } from '../../src/probes/besu/besu.ts';
import { contextOf, endpoint } from './context.ts';
import { freePort } from './sshd.ts';

const required = process.env.C138_REQUIRE_SYSTEM_TOOLS === '1';
const ANVIL = (() => {
  try {
    return createRequire(import.meta.url).resolve('@foundry-rs/anvil-linux-amd64/bin/anvil');
  } catch {
    return undefined;
  }
})();
if (ANVIL === undefined) console.warn('skipped: there is no anvil for this platform');

const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** Waits until something holds; the hook's own limit bounds it. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
}

describe.skipIf(ANVIL === undefined && !required)('anvil, an EVM node that nobody here wrote', () => {
  let port = 0;
  beforeAll(async () => {
    port = await freePort();
    const child = spawn(ANVIL ?? '', [
      '--chain-id',
      '138',
      '--port',
      String(port),
      '--host',
      '127.0.0.1',
      '--silent',
      '--block-time',
      '1',
    ]);
    children.push(child);
    await until(async () => (await look()).answer.class === 'ok');
  });
  const node = () => endpoint({ url: `http://127.0.0.1:${port}`, kind: 'json-rpc' });
  const look = () => besuHead(contextOf([]), node());

  it('gives its chain id and head', async () => {
    const identity = await besuIdentity(contextOf([]), node());
    expect(identity.answer.facts.chainId).toBe('138');
    expect(identity.answer.checks.find((check) => check.id === 'chain-id')?.result).toBe('pass');
    await expect.poll(async () => Number((await look()).answer.facts.number)).toBeGreaterThan(0);
  });

  it('is a foreign node: what it does not know is not misread, and its blocks prove nothing', async () => {
    const head = await look();
    expect(head.answer.facts).toMatchObject({ peers: null, round: null, syncing: false });
    const other = await besuIdentity(contextOf([], { chainId: 1 }), node());
    expect(other.answer.checks.find((check) => check.id === 'chain-id')).toMatchObject({
      result: 'fail',
      reason: expect.stringContaining('another chain'),
    });
  });
});
