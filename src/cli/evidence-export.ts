import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { writeBundle } from '../evidence/outside/bundle.ts';
import { VerifyStop } from '../evidence/verify/verify-report.ts';
import { sanitiseLine } from '../model/index.ts';
import { CliError, type Io } from './io.ts';

/** `c138 evidence export SESSION`: the whole session as one file, byte for byte the same each time. */
export async function evidenceExport(
  session: string,
  flags: { readonly out?: string | undefined },
  io: Io,
): Promise<number> {
  const out = resolve(flags.out ?? `${session.replace(/\/+$/, '').split('/').at(-1) ?? 'session'}.tar`);
  if (existsSync(out))
    throw new CliError(`${out} exists already; nothing was written over. Give another --out`);
  try {
    const files = await writeBundle(session, out);
    io.out(`${out}\n`);
    io.err(`c138: ${files.length} files; verify it anywhere with c138 evidence verify FILE --trust FILE\n`);
    return 0;
  } catch (error) {
    if (error instanceof VerifyStop) throw new CliError(sanitiseLine(error.message, 300));
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new CliError(`${out} can not be written (${code})`);
  }
}
