import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';

/** One line of the master plan's index of implementation artefacts (section 22). */
export interface Artefact {
  readonly deliverable: string;
  readonly path: string;
}

/** How an artefact stands in a checkout. */
export interface ArtefactState extends Artefact {
  readonly present: boolean;
  /** Files below it, where it is a folder. */
  readonly files: number | null;
  readonly bytes: number | null;
  /** SHA-256 of the file as it lies there. */
  readonly sha256: string | null;
  /** When it was last committed, or null when the checkout does not say. */
  readonly changed: string | null;
  /** True when the file is not the one of the last commit; null when that can not be told. */
  readonly uncommitted: boolean | null;
  /** Why nothing can be said, or empty. */
  readonly note: string;
}

const DOCS = 'docs/03-deployment';

/** The artefacts of section 22 of the master plan, and those of section 3 that it does not repeat. */
export const ARTEFACTS: readonly Artefact[] = [
  ['Node Role Matrix', 'docs/02-architecture/DBIS_NODE_ROLE_MATRIX.md'],
  ['Phase 1 discovery', 'scripts/verify/run-phase1-discovery.sh'],
  ['Phase 1 discovery', `${DOCS}/PHASE1_DISCOVERY_RUNBOOK.md`],
  ['Phase 1 discovery', 'reports/phase1-discovery'],
  ['Phase 2 roadmap', 'docs/02-architecture/DBIS_PHASE2_PROXMOX_SOVEREIGNIZATION_ROADMAP.md'],
  ['Phase 3 liveness wrapper', 'scripts/verify/run-dbis-phase3-e2e-simulation.sh'],
  ['Phase 3 liveness wrapper', `${DOCS}/DBIS_PHASE3_E2E_PRODUCTION_SIMULATION_RUNBOOK.md`],
  ['Production gate', `${DOCS}/DBIS_PHASES_1_TO_3_PRODUCTION_GATE.md`],
  ['RTGS canonical production checklist', `${DOCS}/DBIS_RTGS_E2E_REQUIREMENTS_MATRIX.md`],
  ['RTGS FX transaction catalog', `${DOCS}/DBIS_RTGS_FX_TRANSACTION_CATALOG.md`],
  [
    'RTGS depository and custody operating model',
    `${DOCS}/DBIS_RTGS_DEPOSITORY_AND_CUSTODY_OPERATING_MODEL.md`,
  ],
  ['RTGS FX and liquidity operating model', `${DOCS}/DBIS_RTGS_FX_AND_LIQUIDITY_OPERATING_MODEL.md`],
  ['RTGS control-plane deployment checklist', `${DOCS}/DBIS_RTGS_CONTROL_PLANE_DEPLOYMENT_CHECKLIST.md`],
  ['RTGS control-plane deployment scripts', 'scripts/deployment/create-dbis-rtgs-control-plane-lxcs.sh'],
  ['RTGS control-plane deployment scripts', 'scripts/deployment/deploy-dbis-rtgs-control-plane.sh'],
  ['RTGS control-plane deployment scripts', 'scripts/verify/check-dbis-rtgs-control-plane.sh'],
  [
    'RTGS later-phase sidecars deployment checklist',
    `${DOCS}/DBIS_RTGS_LATER_PHASE_SIDECARS_DEPLOYMENT_CHECKLIST.md`,
  ],
  [
    'RTGS later-phase sidecars deployment scripts',
    'scripts/deployment/create-dbis-rtgs-later-phase-sidecar-lxcs.sh',
  ],
  [
    'RTGS later-phase sidecars deployment scripts',
    'scripts/deployment/deploy-dbis-rtgs-later-phase-sidecars.sh',
  ],
  ['RTGS later-phase sidecars deployment scripts', 'scripts/verify/check-dbis-rtgs-later-phase-sidecars.sh'],
  [
    'Indonesia / BNI E2E integration blueprint',
    `${DOCS}/DBIS_OMNL_INDONESIA_BNI_E2E_INTEGRATION_BLUEPRINT.md`,
  ],
  ['RTGS first-slice architecture', `${DOCS}/DBIS_RTGS_FIRST_SLICE_ARCHITECTURE.md`],
  ['RTGS first-slice deployment checklist', `${DOCS}/DBIS_RTGS_FIRST_SLICE_DEPLOYMENT_CHECKLIST.md`],
  ['Caliper hook', `${DOCS}/CALIPER_CHAIN138_PERF_HOOK.md`],
  ['Caliper hook', 'scripts/verify/print-caliper-chain138-stub.sh'],
  ['Operator readiness checklist (section 10)', 'docs/00-meta/OPERATOR_READY_CHECKLIST.md'],
  ['Discovery source (section 3)', `${DOCS}/DBIS_HYPERLEDGER_RUNTIME_STATUS.md`],
  ['Discovery source (section 3)', 'config/proxmox-operational-template.json'],
  ['Discovery source (section 3)', 'docs/04-configuration/ALL_VMIDS_ENDPOINTS.md'],
  ['Discovery source (section 3)', 'docs/02-architecture/PHYSICAL_HARDWARE_INVENTORY.md'],
].map(([deliverable = '', path = '']) => ({ deliverable, path }));

const MAX_BYTES = 64 * 1024 * 1024;
const run = promisify(execFile);

/**
 * Looks every artefact up in a checkout. What leads out of the checkout by a symbolic link is not followed. Git is asked for dates where it is
 * there; its configuration in the checkout can start no program.
 * @param repository folder of the checkout
 */
export async function checkArtefacts(repository: string): Promise<readonly ArtefactState[]> {
  const root = await realpath(repository).catch(() => null);
  const missing = (one: Artefact, note: string): ArtefactState => ({
    ...one,
    present: false,
    files: null,
    bytes: null,
    sha256: null,
    changed: null,
    uncommitted: null,
    note,
  });
  if (root === null) return ARTEFACTS.map((one) => missing(one, `${repository} can not be read`));
  const dates = await commitDates(root);
  const blobs = await committedBlobs(root);
  const out: ArtefactState[] = [];
  for (const one of ARTEFACTS) {
    const real = await realpath(join(root, one.path)).catch(() => null);
    if (real === null) {
      out.push(missing(one, ''));
      continue;
    }
    if (relative(root, real).startsWith('..')) {
      out.push(missing(one, 'a symbolic link that leads out of the checkout; not followed'));
      continue;
    }
    out.push(await stateOf(one, real, dates, blobs));
  }
  return out;
}

async function stateOf(
  one: Artefact,
  real: string,
  dates: ReadonlyMap<string, string>,
  blobs: ReadonlyMap<string, string>,
): Promise<ArtefactState> {
  const changed = dates.get(one.path) ?? null;
  const base = { ...one, present: true, changed, note: '' };
  const info = await stat(real);
  if (info.isDirectory()) {
    const files = (await readdir(real, { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isFile(),
    ).length;
    return { ...base, files, bytes: null, sha256: null, uncommitted: null };
  }
  if (!info.isFile() || info.size > MAX_BYTES)
    return {
      ...base,
      files: null,
      bytes: info.size,
      sha256: null,
      uncommitted: null,
      note: info.isFile() ? 'too large for a digest' : 'no plain file',
    };
  const bytes = await readFile(real);
  const blob = blobs.get(one.path);
  return {
    ...base,
    files: null,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    uncommitted: blob === undefined ? null : blob !== gitBlob(bytes, blob.length),
  };
}

/** The object id that git gives these bytes (gitformat: "blob", length, NUL, content), in the hash of the repository. */
function gitBlob(bytes: Uint8Array, length: number): string {
  return createHash(length === 64 ? 'sha256' : 'sha1')
    .update(`blob ${bytes.length}\0`)
    .update(bytes)
    .digest('hex');
}

/** Arguments under which the configuration of a checkout can not start a program of its own. */
const SAFE = [
  '-c',
  'core.fsmonitor=false',
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'log.showSignature=false',
];

async function git(root: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run('git', ['-C', root, ...SAFE, ...args], {
      timeout: 20_000,
      maxBuffer: 32 * 1024 * 1024,
      env: { ...process.env, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', GIT_PAGER: 'cat' },
    });
    return stdout;
  } catch {
    // No git, or no repository: then dates are unknown, which is said.
    return '';
  }
}

/** When each artefact was last committed. */
async function commitDates(root: string): Promise<ReadonlyMap<string, string>> {
  const text = await git(root, [
    'log',
    '--no-renames',
    '--format=%x01%cI',
    '--name-only',
    '--',
    ...ARTEFACTS.map((one) => one.path),
  ]);
  const out = new Map<string, string>();
  for (const part of text.split('\u0001')) {
    const [date, ...names] = part.split('\n').filter((line) => line !== '');
    if (date === undefined) continue;
    for (const { path } of ARTEFACTS)
      if (!out.has(path) && names.some((name) => name === path || name.startsWith(`${path}/`)))
        out.set(path, new Date(date).toISOString());
  }
  return out;
}

async function committedBlobs(root: string): Promise<ReadonlyMap<string, string>> {
  const text = await git(root, ['ls-tree', '-z', 'HEAD', '--', ...ARTEFACTS.map((one) => one.path)]);
  const out = new Map<string, string>();
  for (const entry of text.split('\0')) {
    const match = /^\d+ blob ([0-9a-f]{40,64})\t(.+)$/s.exec(entry);
    if (match?.[1] !== undefined && match[2] !== undefined) out.set(match[2], match[1]);
  }
  return out;
}
