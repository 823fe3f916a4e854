import { readFile, stat } from 'node:fs/promises';
import { KNOWN_RELEASES, type LintResult, lintBesuConfig, ReleaseError } from '../chain/besu-lint.ts';
import { sanitiseLine } from '../model/index.ts';
import { CliError, type Io, printJson } from './io.ts';

export interface LintFlags {
  readonly besu?: string | undefined;
  readonly json?: boolean | undefined;
}

const MAX_BYTES = 4 * 1024 * 1024;

/**
 * `c138 chain lint FILE`: whether a Besu release starts with this TOML configuration. Exit code 0 yes (warnings may be told), 1 no,
 * 2 when the file or the release can not be read.
 */
export async function chainLint(path: string, flags: LintFlags, io: Io): Promise<number> {
  const text = await readText(path);
  let result: LintResult;
  try {
    result = lintBesuConfig(text, flags.besu ?? null);
  } catch (error) {
    if (error instanceof ReleaseError) throw new CliError(`--besu: ${error.message}`);
    throw error;
  }
  const fatal = result.findings.filter((one) => one.severity === 'fatal').length;
  const file = sanitiseLine(path);
  if (flags.json === true)
    printJson(io, { format: 'c138-chain-lint', v: 1, file, starts: fatal === 0, ...result });
  else {
    for (const one of result.findings) {
      const key = one.key === '' ? '' : ` ${one.key}`;
      io.out(`${file}:${one.line}:${key} ${one.severity}: ${one.text}. ${capital(one.mend)}.\n`);
    }
    io.out(
      `${file}: ${result.keys} keys against Besu ${result.release}: ${fatal === 0 ? 'it starts' : `it does not start, ${fatal} fatal`}\n`,
    );
  }
  if (!result.known)
    io.err(
      `c138: release ${result.release} is newer than the table of options (${KNOWN_RELEASES.newest}); judged by that one\n`,
    );
  return fatal === 0 ? 0 : 1;
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1).replace(/\?$/, '')}`;
}

async function readText(path: string): Promise<string> {
  const shown = sanitiseLine(path);
  try {
    const info = await stat(path);
    if (!info.isFile()) throw new CliError(`${shown}: this is not a file`);
    if (info.size > MAX_BYTES) throw new CliError(`${shown}: larger than ${MAX_BYTES} bytes`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof CliError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new CliError(
      `${shown}: ${code === 'ENOENT' ? 'there is no such file' : `it can not be read (${code})`}`,
    );
  }
}
