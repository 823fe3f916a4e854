import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TrustStore } from '../../evidence/trust/trust.ts';

/**
 * The highest version of each estate's trust store that was ever used on this machine. An older one, or another under the same
 * number, is refused from then on: whoever could swap the file could otherwise bring back a key that was revoked.
 */
interface Seen {
  readonly version: number;
  readonly sha256: string;
  readonly at: string;
}

const fileOf = (stateDir: string): string => join(stateDir, 'trust-seen.json');

async function readSeen(stateDir: string): Promise<Record<string, Seen>> {
  try {
    const json: unknown = JSON.parse(await readFile(fileOf(stateDir), 'utf8'));
    return json !== null && typeof json === 'object' ? (json as Record<string, Seen>) : {};
  } catch {
    return {};
  }
}

/** Why a trust store may not be used here any more, or null. */
export async function trustProblem(stateDir: string, store: TrustStore): Promise<string | null> {
  const known = (await readSeen(stateDir))[`estate ${store.body.estate}`];
  if (known === undefined || store.body.version > known.version) return null;
  if (store.body.version < known.version)
    return `the trust store is version ${store.body.version}, but version ${known.version} was in use here (${known.at}): it was rolled back, or an old copy was put in its place`;
  return store.sha256 === known.sha256
    ? null
    : `two different trust stores call themselves version ${known.version}; the one seen here first was ${known.sha256}`;
}

/**
 * Notes that a version was used here.
 * @returns why it must not be, or null
 */
export async function rememberTrust(stateDir: string, store: TrustStore): Promise<string | null> {
  const problem = await trustProblem(stateDir, store);
  if (problem !== null) return problem;
  const seen = await readSeen(stateDir);
  const { version, estate } = store.body;
  if (seen[`estate ${estate}`]?.version === version) return null;
  const next = {
    ...seen,
    [`estate ${estate}`]: { version, sha256: store.sha256, at: new Date().toISOString() },
  };
  const file = fileOf(stateDir);
  // A machine on which nothing can be written still verifies; it only has no memory.
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    .then(() => writeFile(`${file}.${process.pid}`, `${JSON.stringify(next, null, 1)}\n`, { mode: 0o600 }))
    .then(() => rename(`${file}.${process.pid}`, file))
    .catch(() => undefined);
  return null;
}
