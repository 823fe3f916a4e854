import { createHash, randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { chainRules } from '../../chain/index.ts';
import { TAR_END, tarHeader, tarOrder, tarPadding } from '../../evidence/outside/tar.ts';
import { assessEstate, type Snapshot } from '../../model/index.ts';
import { assessmentDocument, discoverySummary } from '../../reports/index.ts';
import { TOOL } from '../tool.ts';
import { SnapshotError } from './snapshot-file.ts';
import { redactSnapshot } from './snapshot-redact.ts';

/** What a diagnostic bundle holds. */
export interface DiagnosticBundle {
  readonly files: readonly { readonly name: string; readonly text: string }[];
  /** Replacements by rule. */
  readonly counts: Readonly<Record<string, number>>;
}

const README = `A diagnostic bundle of c138, for somebody outside.

Replaced, each value by the same stand-in wherever it occurs: IP and hardware addresses, names, paths and users of endpoints, node ids, people, files,
commands, secrets. Left out: raw answers (their digests are in the snapshot). Still there: names of hosts and guests, VMIDs, times, classes of answers,
error texts, chain data. Read it before you hand it on.

summary.md       the result, assessed as of the capture
assessment.json  the same for programs
snapshot.json    what was asked and answered
manifest.json    versions, and how often each rule replaced something
`;

/**
 * The files of a diagnostic bundle, all made from the redacted copy, so that nothing can slip past it. Pure.
 * @param platform of the machine, for example `linux x64, node 24.0.0`
 */
export function diagnosticBundle(snapshot: Snapshot, platform: string): DiagnosticBundle {
  const { snapshot: redacted, counts } = redactSnapshot(snapshot);
  const assessment = assessEstate(redacted, Date.parse(redacted.ended), chainRules);
  const json = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;
  const files = [
    { name: 'README.txt', text: README },
    { name: 'summary.md', text: discoverySummary(redacted, assessment) },
    { name: 'assessment.json', text: json(assessmentDocument(redacted, assessment)) },
    { name: 'snapshot.json', text: json(redacted) },
  ];
  const manifest = {
    format: 'c138-diagnostic',
    v: 1,
    tool: TOOL,
    made_by: snapshot.tool,
    platform,
    replaced: counts,
    files: files.map(({ name, text }) => ({
      name,
      sha256: createHash('sha256').update(text).digest('hex'),
    })),
  };
  return { files: [...files, { name: 'manifest.json', text: json(manifest) }], counts };
}

/**
 * Writes the bundle as a tar file, 0600, whole or not at all; never over another file.
 * @throws SnapshotError
 */
export async function writeDiagnostic(bundle: DiagnosticBundle, to: string): Promise<string> {
  const target = resolve(to);
  const work = `${target}.${randomBytes(6).toString('hex')}`;
  const texts = new Map(bundle.files.map((one) => [one.name, Buffer.from(one.text)]));
  try {
    const taken = await open(target, 'r').then(
      (handle) => handle.close().then(() => true),
      () => false,
    );
    if (taken) throw new SnapshotError(`${target} exists already. Give another file with --out.`);
    const handle = await open(work, 'wx', 0o600);
    try {
      for (const name of tarOrder([...texts.keys()])) {
        const bytes = texts.get(name) ?? Buffer.alloc(0);
        await handle.write(tarHeader({ name, size: bytes.length }));
        await handle.write(bytes);
        await handle.write(tarPadding(bytes.length));
      }
      await handle.write(TAR_END);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(work, target);
    return target;
  } catch (error) {
    await rm(work, { force: true }).catch(() => undefined);
    if (error instanceof SnapshotError) throw error;
    throw new SnapshotError(
      `${target}: can not be written (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}). Choose another file with --out.`,
    );
  }
}
