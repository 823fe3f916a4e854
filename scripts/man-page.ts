/** Writes dist/c138.1, the manual page, from the tree of commands and the table of keys. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processIo } from '../src/cli/io.ts';
import { buildProgram } from '../src/cli/main.ts';
import { manPage } from '../src/cli/man-page.ts';
import { TOOL } from '../src/state/tool.ts';

const program = buildProgram(processIo(), () => undefined);
writeFileSync(join(import.meta.dirname, '../dist/c138.1'), manPage(program, TOOL.version));
