/**
 * Enforces the rooms of docs/architecture: which folder under src/ may import which,
 * and how long a file may grow before it has more than one reason to change.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

const MAX_LINES = 400;

/** For each room, the other rooms it may import from. */
const ALLOWED: Record<string, readonly string[]> = {
  model: [],
  program: [],
  chain: ['model'],
  estate: ['model', 'chain'],
  probes: ['model', 'chain'],
  runbooks: ['model', 'chain'],
  evidence: ['model', 'chain', 'program'],
  signer: ['model', 'chain', 'evidence', 'program'],
  reports: ['model', 'chain', 'estate', 'probes', 'runbooks', 'evidence'],
  state: ['model', 'chain', 'estate', 'probes', 'runbooks', 'evidence', 'signer', 'reports', 'program'],
  ui: ['model', 'chain', 'estate', 'runbooks', 'evidence', 'reports', 'state'],
  demo: ['model', 'chain'],
  cli: [
    'model',
    'chain',
    'estate',
    'probes',
    'runbooks',
    'evidence',
    'signer',
    'reports',
    'state',
    'ui',
    'demo',
    'program',
  ],
};

/** What the signer process may load besides its own room: no UI, no network, no configuration packages. */
const SIGNER_MAY_IMPORT =
  /^src\/(model|program\/parts\.ts$|chain\/recover\.ts$|evidence\/(record\/[^/]+|keystore|trust\/trust)\.ts$)/;

const root = resolve(import.meta.dirname, '..');
const problems: string[] = [];

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.tsx?$/.test(entry.name)) yield path;
  }
}

const IMPORT = /(?:from|import)\s*\(?\s*'(\.[^']+)'/g;

for (const file of sources(join(root, 'src'))) {
  const path = relative(root, file);
  const room = path.split(sep)[1] ?? '';
  const text = readFileSync(file, 'utf8');
  const lines = text.split('\n').length - 1;
  if (lines > MAX_LINES) problems.push(`${path}: ${lines} lines; split it (limit ${MAX_LINES})`);
  const allowed = ALLOWED[room];
  if (allowed === undefined) {
    problems.push(`${path}: no such room as src/${room}; name it in scripts/lint-rooms.ts`);
    continue;
  }
  for (const match of text.matchAll(IMPORT)) {
    const target = relative(root, resolve(dirname(file), match[1] ?? ''));
    const to = target.split(sep)[1] ?? '';
    if (!target.startsWith(`src${sep}`)) {
      if (!target.endsWith('.json')) problems.push(`${path}: imports ${target}, which is outside src/`);
      continue;
    }
    if (to !== room && !allowed.includes(to))
      problems.push(`${path}: src/${room} may not import src/${to} (${match[1]})`);
    if (room === 'signer' && to !== 'signer' && !SIGNER_MAY_IMPORT.test(target))
      problems.push(`${path}: the signer may not load ${target}`);
  }
}

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
else console.log('rooms: imports and file sizes are in order');
