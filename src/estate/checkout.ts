import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { sanitiseLine } from '../model/index.ts';
import type { DocumentKind } from './documents/fact.ts';
import { EstateFileError } from './errors.ts';
import type { Checkout } from './init.ts';
import { importTemplate } from './template.ts';

/** Where each document lies in the operators' repository. */
const KNOWN: Readonly<Record<DocumentKind, string>> = {
  'node-role-matrix': 'docs/02-architecture/DBIS_NODE_ROLE_MATRIX.md',
  'hyperledger-status': 'docs/03-deployment/DBIS_HYPERLEDGER_RUNTIME_STATUS.md',
  'rtgs-matrix': 'docs/03-deployment/DBIS_RTGS_E2E_REQUIREMENTS_MATRIX.md',
  'fx-catalog': 'docs/03-deployment/DBIS_RTGS_FX_TRANSACTION_CATALOG.md',
  'hardware-inventory': 'docs/02-architecture/PHYSICAL_HARDWARE_INVENTORY.md',
};
const TEMPLATE = 'config/proxmox-operational-template.json';
const SKIPPED = new Set(['.git', 'node_modules', 'dist', 'build', 'archive']);
const MAX_ENTRIES = 50_000;
const MAX_BYTES = 16 * 1024 * 1024;

/** A checkout and how its pieces were found. */
export interface CheckoutFound {
  readonly checkout: Checkout;
  readonly found: readonly string[];
  /** Taken from another place than the known one. */
  readonly guessed: readonly string[];
  readonly missing: readonly string[];
}

/**
 * Reads the documents of an operators' repository. Each is looked for at its known place, then by its file name anywhere but in archives; a
 * template also by its content, below `config/`. Nothing outside the folder is read.
 * @throws EstateFileError when the folder can not be read or a template is no JSON
 */
export async function readCheckout(repository: string): Promise<CheckoutFound> {
  const root = await realpath(repository).catch(() => null);
  if (root === null || !(await stat(root)).isDirectory())
    throw new EstateFileError({
      file: repository,
      message: 'there is no such folder',
      mend: "Give the folder of a checkout of the operators' repository.",
    });
  const names = await filesOf(root);
  const found: string[] = [];
  const guessed: string[] = [];
  const missing: string[] = [];
  const documents: Checkout['documents'][number][] = [];
  for (const [kind, known] of Object.entries(KNOWN) as [DocumentKind, string][]) {
    const path = names.has(known) ? known : byName(names, basename(known));
    if (path === null) {
      missing.push(`${kind}: ${known}`);
      continue;
    }
    const text = await readInside(root, path);
    if (text === null) {
      missing.push(`${kind}: ${path} can not be read`);
      continue;
    }
    documents.push({ kind, path, text, date: null });
    if (path === known) found.push(`${kind}: ${path}`);
    else guessed.push(`${kind}: took ${path} (expected at ${known})`);
  }
  const template = await findTemplate(root, names, { found, guessed, missing });
  return { checkout: { template, documents }, found, guessed, missing };
}

async function findTemplate(
  root: string,
  names: ReadonlySet<string>,
  told: { readonly found: string[]; readonly guessed: string[]; readonly missing: string[] },
): Promise<Checkout['template']> {
  const likely = [...names].filter((name) => /^config\/[^/]+\.json$/.test(name)).sort();
  const candidates = names.has(TEMPLATE)
    ? [TEMPLATE]
    : [byName(names, basename(TEMPLATE)) ?? [], likely].flat();
  for (const path of candidates) {
    const text = await readInside(root, path);
    if (text === null) continue;
    const json = parse(text, join(root, path), path === TEMPLATE);
    if (json === undefined) continue;
    if (path === TEMPLATE) {
      told.found.push(`template: ${path}`);
      return { path, json, date: null };
    }
    if (importTemplate(json, path).subjects.length === 0) continue;
    told.guessed.push(`template: took ${path}, which holds records with category, host name and VMID`);
    return { path, json, date: null };
  }
  told.missing.push(`template: ${TEMPLATE}`);
  return null;
}

function parse(text: string, file: string, mustBe: boolean): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (!mustBe) return undefined;
    throw new EstateFileError({
      file,
      message: sanitiseLine(`not JSON: ${(error as Error).message}`, 160),
      mend: 'Correct the JSON at this place, or take another checkout.',
    });
  }
}

/** A file by its name, where exactly one has it. */
function byName(names: ReadonlySet<string>, name: string): string | null {
  const same = [...names].filter((path) => basename(path) === name);
  return same.length === 1 ? (same[0] ?? null) : null;
}

async function filesOf(root: string): Promise<ReadonlySet<string>> {
  const out = new Set<string>();
  const queue = [''];
  for (let folder = queue.shift(); folder !== undefined; folder = queue.shift()) {
    const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) queue.push(path);
      else if (entry.isFile() && /\.(md|json)$/i.test(entry.name)) out.add(path);
      if (out.size + queue.length > MAX_ENTRIES) return out;
    }
  }
  return out;
}

async function readInside(root: string, path: string): Promise<string | null> {
  const real = await realpath(join(root, path)).catch(() => null);
  if (real === null || relative(root, real).startsWith('..')) return null;
  const info = await stat(real);
  return info.isFile() && info.size <= MAX_BYTES ? readFile(real, 'utf8') : null;
}
