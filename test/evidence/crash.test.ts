import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { crashConfirm } from '../../scripts/crash-confirm.ts';

/** D2: a few kills in every test run, 200 with `npm run crash`, any number with `npm run crash -- NUMBER`. */
test.each([false, true])(
  'D2: SIGKILL while confirming loses nothing acknowledged (mirror: %s)',
  async (mirror) => {
    const { kills, acknowledged, lost, unsound } = await crashConfirm(6, mirror, (text) =>
      console.warn(text),
    );
    console.log(`D2: ${kills} kills, ${acknowledged} records acknowledged, ${lost} lost`);
    expect(acknowledged).toBeGreaterThan(kills);
    expect([kills, lost, unsound]).toEqual([6, 0, 0]);
  },
  120_000,
);

test('of several processes that race for a lock exactly one wins, also when it is stale', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'c138-race-'));
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const script = join(import.meta.dirname, 'lock-child.ts');
  try {
    for (let round = 0; round < 3; round += 1) {
      const children = Array.from({ length: 5 }, () =>
        spawn(process.execPath, ['--import', loader, script, folder], { stdio: ['pipe', 'pipe', 'ignore'] }),
      );
      const read = (child: (typeof children)[number]): Promise<string> =>
        new Promise((resolve) =>
          child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim())),
        );
      await Promise.all(children.map(read));
      const answers = children.map(read);
      for (const child of children) child.stdin.write('go\n');
      const said = await Promise.all(answers);
      expect(said.filter((word) => word === 'won')).toHaveLength(1);
      expect(said.filter((word) => word === 'LockError')).toHaveLength(4);
      // Killed, not closed: the next round finds a stale lock.
      const gone = children.map((child) => new Promise((resolve) => child.once('exit', resolve)));
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(gone);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 120_000);
