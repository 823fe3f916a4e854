/** Tries for the lock of each folder that is named on standard input, says how it went, and lets go when told `release`. */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { realFiles } from '../../../src/evidence/journal/files.ts';
import { Lock } from '../../../src/evidence/journal/lock.ts';

let held: Lock | null = null;
writeSync(1, 'ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'release') {
    await held?.release();
    held = null;
    writeSync(1, 'released\n');
    continue;
  }
  try {
    held = await Lock.take(realFiles, line);
    writeSync(1, 'won\n');
  } catch (error) {
    writeSync(1, `${error instanceof Error ? error.name : 'failed'}\n`);
  }
}
