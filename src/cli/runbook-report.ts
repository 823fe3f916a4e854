import { writeFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { LineSplitter } from '../evidence/journal/journal-bytes.ts';
import { parseRunbookBytes } from '../evidence/journal/runbook-bytes.ts';
import { lineHash, parseLine } from '../evidence/record/line.ts';
import { parseBody } from '../evidence/record/record.ts';
import { verifySession } from '../evidence/verify/verify.ts';
import { readSession } from '../evidence/verify/verify-read.ts';
import { VerifyStop } from '../evidence/verify/verify-report.ts';
import { type Hex, type RecordBody, sanitiseLine } from '../model/index.ts';
import { compareRuns } from '../reports/run-compare.ts';
import { blocksToHtml, blocksToMarkdown } from '../reports/run-document.ts';
import { runReport } from '../reports/run-report.ts';
import { type RunStory, runStory } from '../reports/run-story.ts';
import { CliError, describeError, type Io, printJson } from './io.ts';
import { readTrustStore } from './with-signer.ts';

export interface ReportFlags {
  readonly html?: string | undefined;
  readonly out?: string | undefined;
  readonly trust?: string | undefined;
  readonly json?: boolean | undefined;
  /** The run as it stood after this record. */
  readonly until?: string | undefined;
}

/**
 * Reads a session folder or a bundle, verifies it against the trust store, and tells its story.
 * @param until the last record that is told; the verification is always of the whole
 */
export async function storyOf(
  path: string,
  trustFile: string,
  until: number | null = null,
): Promise<RunStory> {
  const records: RecordBody[] = [];
  const hashes: Hex[] = [];
  const splitter = new LineSplitter();
  try {
    const { journal, runbook } = await readSession(path);
    for await (const chunk of journal.chunks())
      for (const line of splitter.push(chunk)) {
        records.push(parseBody(parseLine(line).bodyBytes));
        hashes.push(lineHash(line));
      }
    const trust = await readTrustStore(trustFile)
      .then(({ bytes }) => bytes)
      .catch(() => null);
    const report = await verifySession(path, trust === null ? {} : { trust });
    if (until !== null && until >= records.length)
      throw new CliError(`there is no record ${until}; the last one is ${records.length - 1}`);
    const told = until === null ? records.length : until + 1;
    return runStory(parseRunbookBytes(runbook), records.slice(0, told), hashes.slice(0, told), report);
  } catch (error) {
    if (error instanceof CliError) throw error;
    if (error instanceof VerifyStop) throw new CliError(error.message);
    throw new CliError(`${sanitiseLine(path, 200)}: ${describeError(error)}`);
  }
}

/** Writes a file that must not be there yet. */
export async function writeNewFile(path: string, text: string): Promise<void> {
  await writeFile(resolve(path), text, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(
      error.code === 'EEXIST'
        ? `${path} exists already; nothing was written over`
        : `${path} can not be written (${error.code})`,
    );
  });
}

/**
 * `c138 runbook report SESSION`: the hand-over report of a run, as Markdown on stdout or in a file, and as an HTML page.
 * Exit code 0, or 1 when the evidence does not verify as sealed with its policy met.
 */
export async function runbookReport(
  path: string,
  trustFile: string,
  flags: ReportFlags,
  io: Io,
): Promise<number> {
  if (flags.until !== undefined && !/^\d{1,9}$/.test(flags.until))
    throw new CliError('--until wants the number of a record');
  const until = flags.until === undefined ? null : Number(flags.until);
  const story = await storyOf(path, flags.trust ?? trustFile, until);
  const blocks = runReport(story);
  if (flags.html !== undefined)
    await writeNewFile(flags.html, blocksToHtml(`${story.runbook.title} ${basename(path)}`, blocks));
  if (flags.json === true) printJson(io, { format: 'c138-run-report', v: 1, ...story });
  else if (flags.out !== undefined) await writeNewFile(flags.out, blocksToMarkdown(blocks));
  else if (flags.html === undefined) io.out(blocksToMarkdown(blocks));
  return story.verification?.exitCode === 0 ? 0 : 1;
}

/** `c138 runbook compare A B`: two runs side by side. Exit code 0 when every step went alike, 1 when not. */
export async function runbookCompare(
  paths: readonly [string, string],
  trustFile: string,
  flags: ReportFlags,
  io: Io,
): Promise<number> {
  const first = await storyOf(paths[0], flags.trust ?? trustFile);
  const second = await storyOf(paths[1], flags.trust ?? trustFile);
  const comparison = compareRuns(first, second);
  if (flags.json === true) printJson(io, { format: 'c138-run-comparison', v: 1, ...comparison });
  else {
    const text = (words: string): string => sanitiseLine(words, 200);
    if (!comparison.sameRunbook) io.out('These are runs of different runbooks.\n');
    for (const remark of comparison.remarks) io.out(`${text(remark)}\n`);
    for (const one of comparison.steps) {
      const minutes = one.minutes.map((each) => (each === null ? '-' : String(each))).join('/');
      io.out(
        `${one.same ? '  ' : '* '}${text(one.id)} [${minutes} min]: ${text(one.same ? one.first : `${one.first} / ${one.second}`)}\n`,
      );
    }
  }
  return comparison.sameRunbook && comparison.steps.every((one) => one.same) ? 0 : 1;
}
