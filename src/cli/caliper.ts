import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { sanitiseLine } from '../model/index.ts';
import { caliperFiles, caliperProblem } from '../reports/caliper.ts';
import type { Paths } from '../state/paths.ts';
import { CliError, type Io, printJson } from './io.ts';

export interface CaliperFlags {
  readonly ws?: string | undefined;
  readonly chainId?: string | undefined;
  readonly tps?: string | undefined;
  readonly count?: string | undefined;
  readonly out?: string | undefined;
  readonly json?: boolean | undefined;
}

const MAX_REPORT = 64 * 1024 * 1024;

/** `c138 caliper files`: writes what Hyperledger Caliper needs, without any key. Nothing is connected to. */
export async function caliperWrite(flags: CaliperFlags, io: Io): Promise<number> {
  const plan = {
    url: flags.ws ?? '',
    chainId: Number(flags.chainId ?? 138),
    tps: Number(flags.tps ?? 10),
    count: Number(flags.count ?? 1_000),
  };
  const problem = caliperProblem(plan);
  if (problem !== null) throw new CliError(problem);
  const folder = resolve(flags.out ?? 'caliper');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const { name, text } of caliperFiles(plan)) {
    const path = join(folder, name);
    await writeFile(path, text, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
      throw new CliError(
        error.code === 'EEXIST'
          ? `${path} exists already; nothing was written over`
          : `${path} can not be written (${error.code})`,
      );
    });
    io.out(`${path}\n`);
  }
  io.err(
    'c138: fill in what says FILL IN, on the machine that runs Caliper; c138 itself never runs a benchmark\n',
  );
  return 0;
}

/** `c138 caliper report FILE`: keeps a report under its digest. It says what somebody measured; it never decides a verdict. */
export async function caliperReport(
  file: string,
  paths: Paths,
  flags: CaliperFlags,
  io: Io,
): Promise<number> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(
      `${sanitiseLine(file)}: ${error.code === 'ENOENT' ? 'there is no such file' : `it can not be read (${error.code})`}`,
    );
  });
  if (bytes.length > MAX_REPORT) throw new CliError(`${sanitiseLine(file)} is too large to be a report`);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const folder = join(paths.reportsDir, 'caliper');
  const path = join(folder, sha256);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(path, bytes, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw new CliError(`${path} can not be written (${error.code})`);
  });
  if (flags.json === true)
    printJson(io, { format: 'c138-caliper-report', v: 1, sha256, bytes: bytes.length, path, gate: false });
  else
    io.out(
      `sha256 ${sha256}\n${bytes.length} bytes, kept in ${path}\nA report says what somebody measured once; it is no gate. Name its digest in the reason of the step that rests on it.\n`,
    );
  return 0;
}
