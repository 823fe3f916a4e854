import { join } from 'node:path';
import { chainRules } from '../chain/index.ts';
import { assessEstate, type EstateAssessment, type Snapshot } from '../model/index.ts';
import { diffMarkdown, snapshotDiff } from '../reports/snapshot-diff.ts';
import { diagnosticBundle, writeDiagnostic } from '../state/snapshots/snapshot-bundle.ts';
import { readSnapshot } from '../state/snapshots/snapshot-file.ts';
import { type Io, printJson } from './io.ts';

async function read(
  path: string,
): Promise<{ snapshot: Snapshot; assessment: EstateAssessment; folder: string }> {
  const { snapshot, folder } = await readSnapshot(path);
  return { snapshot, folder, assessment: assessEstate(snapshot, Date.parse(snapshot.ended), chainRules) };
}

/** `c138 snapshot diff A B`: exit code 0 when nothing differs, 1 when something does. */
export async function snapshotDiffCommand(
  before: string,
  after: string,
  flags: { readonly json?: boolean | undefined },
  io: Io,
): Promise<number> {
  const diff = snapshotDiff(await read(before), await read(after));
  if (flags.json === true) printJson(io, diff);
  else io.out(diffMarkdown(diff));
  return diff.changes.length === 0 ? 0 : 1;
}

/** `c138 snapshot bundle PATH`: a redacted copy as one tar file, for somebody outside. */
export async function snapshotBundle(
  path: string,
  flags: { readonly out?: string | undefined; readonly json?: boolean | undefined },
  io: Io,
): Promise<number> {
  const { snapshot } = await read(path);
  const bundle = diagnosticBundle(
    snapshot,
    `${process.platform} ${process.arch}, node ${process.versions.node}`,
  );
  const stamp = snapshot.ended.replaceAll(/[-:]/g, '');
  const file = await writeDiagnostic(bundle, flags.out ?? join('.', `c138-diagnostic-${stamp}.tar`));
  if (flags.json === true)
    printJson(io, {
      format: 'c138-diagnostic-written',
      v: 1,
      file,
      replaced: bundle.counts,
      files: bundle.files.map((one) => one.name),
    });
  else {
    const counts = Object.entries(bundle.counts).map(([rule, count]) => `${count} ${rule}`);
    io.out(`${file}\n`);
    io.err(`c138: replaced ${counts.join(', ') || 'nothing'}. Read it before you hand it on.\n`);
  }
  return 0;
}
