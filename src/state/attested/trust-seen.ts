import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkTrust, type TrustStore } from '../../evidence/trust/trust.ts';
import type { Hex } from '../../model/index.ts';

interface Quorum {
  readonly roots: readonly Hex[];
  readonly threshold: number;
}

/**
 * The highest version of a trust store that was ever used on this machine. An older one, or another under the same number, is refused
 * from then on: whoever could swap the file could otherwise bring back a key that was revoked.
 */
interface Seen {
  readonly version: number;
  readonly sha256: string;
  readonly at: string;
  /** The roots of this version and of those before it. What none of them signed is another store, whatever estate it names. */
  readonly quorums: readonly Quorum[];
}

const fileOf = (stateDir: string): string => join(stateDir, 'trust-seen.json');
const keyOf = (store: TrustStore): string => `estate ${store.body.estate}`;

/** By the estate; one for each line of stores that follow each other. */
async function readSeen(stateDir: string): Promise<Record<string, readonly Seen[]>> {
  try {
    const json: unknown = JSON.parse(await readFile(fileOf(stateDir), 'utf8'));
    if (json === null || typeof json !== 'object') return {};
    return Object.fromEntries(Object.entries(json).filter(([, seen]) => Array.isArray(seen)));
  } catch {
    return {};
  }
}

function isOfOneLine(store: TrustStore, { quorums }: Seen): boolean {
  return quorums.some(({ roots, threshold }) => {
    try {
      return checkTrust(store, roots, threshold).length > 0;
    } catch {
      return false;
    }
  });
}

/** Why a trust store may not be used here any more, or null. */
export async function trustProblem(stateDir: string, store: TrustStore): Promise<string | null> {
  const seen = (await readSeen(stateDir))[keyOf(store)] ?? [];
  const known = seen.find((one) => isOfOneLine(store, one));
  if (known === undefined || store.body.version > known.version) return null;
  if (store.body.version < known.version)
    return `the trust store is version ${store.body.version}, but version ${known.version} was in use here (${known.at}): it was rolled back, or an old copy was put in its place`;
  return store.sha256 === known.sha256
    ? null
    : `two different trust stores call themselves version ${known.version}; the one seen here first was ${known.sha256}`;
}

/**
 * Notes that a version was used here. Its roots must have signed it.
 * @returns why it must not be, or null
 */
export async function rememberTrust(stateDir: string, store: TrustStore): Promise<string | null> {
  const problem = await trustProblem(stateDir, store);
  if (problem !== null) return problem;
  const all = await readSeen(stateDir);
  const seen = all[keyOf(store)] ?? [];
  const known = seen.find((one) => isOfOneLine(store, one));
  const { version, roots, threshold } = store.body;
  if (known?.version === version) return null;
  const now: Seen = {
    version,
    sha256: store.sha256,
    at: new Date().toISOString(),
    quorums: [{ roots, threshold }, ...(known?.quorums ?? []).filter((one) => !isSame(one, store.body))],
  };
  const next = { ...all, [keyOf(store)]: [now, ...seen.filter((one) => one !== known)] };
  const file = fileOf(stateDir);
  // A machine on which nothing can be written still verifies; it only has no memory.
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    .then(() => writeFile(`${file}.${process.pid}`, `${JSON.stringify(next, null, 1)}\n`, { mode: 0o600 }))
    .then(() => rename(`${file}.${process.pid}`, file))
    .catch(() => undefined);
  return null;
}

function isSame(a: Quorum, b: Quorum): boolean {
  return a.threshold === b.threshold && a.roots.join() === b.roots.join();
}
