/**
 * Tells the story on the real file system and says each acknowledged record on standard output.
 * Arguments: a folder that exists, where the session goes to `session` and the second copy to `mirror`; `go-on` for the second half alone.
 */
import { mkdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { realFiles } from '../../../src/evidence/journal/files.ts';
import { goOn, tell } from './story.ts';

const root = process.argv[2] ?? '';
const mirror = join(root, 'mirror');
mkdirSync(mirror, { recursive: true });
await (process.argv[3] === 'go-on' ? goOn : tell)({
  dir: join(root, 'session'),
  mirror,
  files: realFiles,
  told: ({ seq, lineSha256 }) => {
    writeSync(1, `${seq} ${lineSha256}\n`);
  },
});
