import { randomBytes } from 'node:crypto';
import { lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import {
  type ArtefactState,
  type Checkout,
  type CheckoutFound,
  checkArtefacts,
  estateFileText,
  type InitPlan,
  planInit,
  readCheckout,
} from '../estate/index.ts';
import { sanitiseLine } from '../model/index.ts';
import { sourceText, valueText } from '../reports/conflicts.ts';
import type { Paths } from '../state/paths.ts';
import { CliError, type Io, printJson } from './io.ts';

export interface InitFlags {
  readonly out?: string | undefined;
  readonly force?: boolean | undefined;
  readonly withEndpoints?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/**
 * `c138 init [REPO]`: writes an estate file from a checkout of the operators' repository and says what it found, guessed and did not
 * find. Asks nothing, contacts nothing, and writes over nothing without `--force`.
 */
export async function initCommand(
  repository: string,
  paths: Paths,
  flags: InitFlags,
  io: Io,
): Promise<number> {
  const file = resolve(flags.out ?? paths.estateFile.path);
  if (flags.force !== true && (await lstat(file).catch(() => null)) !== null)
    throw new CliError(`${sanitiseLine(file)} exists already. Give --force, or another file with --out.`);
  const root = resolve(repository);
  const read = await readCheckout(root);
  if (read.found.length + read.guessed.length === 0)
    throw new CliError(
      `${sanitiseLine(root)}: no template and none of the operators' documents. Give the folder of a checkout of their repository.`,
    );
  const artefacts = await checkArtefacts(root);
  const checkout = dated(read.checkout, artefacts);
  const plan = planInit(checkout);
  const text = estateFileText(plan, checkout, {
    repository: root,
    pathOf: (inside) => join(root, inside),
    withEndpoints: flags.withEndpoints === true,
  });
  await writeWhole(file, text);
  if (flags.json === true) printJson(io, documentOf(file, root, read, plan, artefacts));
  else io.out(reportOf(file, read, plan, artefacts, flags.withEndpoints === true));
  return 0;
}

/** The date of the last commit stands in for documents that give none of themselves. */
function dated(checkout: Checkout, artefacts: readonly ArtefactState[]): Checkout {
  const dateOf = (path: string): string | null =>
    artefacts.find((one) => one.path === path)?.changed?.slice(0, 10) ?? null;
  return {
    template:
      checkout.template === null ? null : { ...checkout.template, date: dateOf(checkout.template.path) },
    documents: checkout.documents.map((one) => ({ ...one, date: dateOf(one.path) })),
  };
}

function reportOf(
  file: string,
  read: CheckoutFound,
  plan: InitPlan,
  artefacts: readonly ArtefactState[],
  withEndpoints: boolean,
): string {
  const guests = plan.subjects.filter((one) => one.kind === 'vmid');
  const part = (title: string, lines: readonly string[]): string =>
    `${title}\n${lines.length === 0 ? '  nothing\n' : lines.map((line) => `  ${sanitiseLine(line, 300)}\n`).join('')}`;
  const notes = (level: string): readonly string[] =>
    plan.notes
      .filter((one) => one.level === level)
      .map((one) => `${one.text}${one.source === undefined ? '' : ` [${sourceText(one.source)}]`}`);
  const present = artefacts.filter((one) => one.present);
  const ready = plan.proposals.filter((one) => one.needs === null).length;
  return [
    `wrote ${sanitiseLine(file)}\n`,
    part('found', [
      ...read.found,
      `${plan.hosts.length} hosts, ${guests.length} guests${plan.cluster === null ? '' : `, cluster ${plan.cluster}`}`,
      `${present.length} of ${artefacts.length} artefacts of the master plan's section 22`,
    ]),
    part('guessed', [...read.guessed, ...notes('guess')]),
    part('not found', [
      ...read.missing,
      ...notes('missing'),
      ...artefacts
        .filter((one) => !one.present && !read.missing.some((line) => line.includes(one.path)))
        .map((one) => `artefact: ${one.path}${one.note === '' ? '' : ` (${one.note})`}`),
    ]),
    part('kept', notes('kept')),
    part(
      'sources that disagree',
      plan.conflicts.map(
        (one) =>
          `${one.subject} ${one.field}: ${one.sides
            .map((side) => `${valueText(side.value)} says ${sourceText(side.source)}`)
            .join('; ')}. ${one.note}`,
      ),
    ),
    part('endpoints', [
      plan.proposals.length === 0
        ? 'no document gives an address to propose'
        : withEndpoints
          ? `${ready} written, ${plan.proposals.length - ready} more as comments: they need a token or a key`
          : `${plan.proposals.length} proposed as comments; nothing is contacted until you take the "#" off`,
    ]),
    'next: read the file, settle its id, take endpoints in, add chain.pin, then run c138 discover\n',
  ].join('\n');
}

/** `c138-init`, version 1. */
function documentOf(
  file: string,
  root: string,
  read: CheckoutFound,
  plan: InitPlan,
  artefacts: readonly ArtefactState[],
): unknown {
  return {
    format: 'c138-init',
    v: 1,
    file,
    repository: root,
    found: read.found,
    guessed: read.guessed,
    missing: read.missing,
    cluster: plan.cluster,
    hosts: plan.hosts,
    guests: plan.subjects.filter((one) => one.kind === 'vmid').length,
    proposals: plan.proposals,
    conflicts: plan.conflicts,
    notes: plan.notes,
    artefacts,
  };
}

/** Writes the file wholly or not at all, 0600. */
async function writeWhole(file: string, text: string): Promise<void> {
  const work = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const handle = await open(work, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(work, file);
  } catch (error) {
    await rm(work, { force: true }).catch(() => undefined);
    throw new CliError(
      `${sanitiseLine(file)}: can not be written (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}). Give another file with --out.`,
    );
  }
}
