/**
 * Writes docs/keys.md from the table of keys and commands; `--check` only says whether it is current.
 *
 * tsx scripts/keys-doc.ts [--check]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keysDocument } from '../src/ui/commands/keys-document.ts';

const path = join(import.meta.dirname, '../docs/keys.md');
const text = keysDocument();
if (process.argv.includes('--check')) {
  if (readFileSync(path, 'utf8') !== text) {
    console.error('docs/keys.md is not current; run npm run docs');
    process.exitCode = 1;
  }
} else writeFileSync(path, text);
