/** Tries for the lock of the folder named when it is told to, says how it went, and stays until it is killed. */
import { writeSync } from 'node:fs';
import { realFiles } from '../../src/evidence/journal/files.ts';
import { Lock } from '../../src/evidence/journal/lock.ts';

writeSync(1, 'ready\n');
process.stdin.once('data', () => {
  Lock.take(realFiles, process.argv[2] ?? '').then(
    () => writeSync(1, 'won\n'),
    (error: unknown) => writeSync(1, `${error instanceof Error ? error.name : 'failed'}\n`),
  );
});
setInterval(() => undefined, 1_000);
