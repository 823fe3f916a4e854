import { linkGaps } from '../evidence/verify/session-links.ts';
import { sanitiseLine } from '../model/index.ts';
import { linksIn } from '../state/runs/session-links.ts';
import { CliError, type Io, printJson } from './io.ts';

/**
 * `c138 evidence sessions FOLDER`: which sessions there are, which one each follows, and which are missing between them. Verifies none of
 * them. Exit code 0 every session that is named is there, 1 one is not or can not be read, 2 the folder can not be read.
 */
export async function evidenceSessions(
  folder: string,
  flags: { readonly json?: boolean | undefined },
  io: Io,
): Promise<number> {
  const { links, unread } = await linksIn(folder).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`${sanitiseLine(folder, 200)}: it can not be read (${error.code ?? error.message})`);
  });
  const gaps = linkGaps(links);
  if (flags.json === true) printJson(io, { format: 'c138-sessions', v: 1, sessions: links, gaps, unread });
  else {
    for (const { path, session, openedAt, seal, prevSeal } of links) {
      const before = links.find((one) => one.seal !== null && one.seal.sha256 === prevSeal);
      const follows =
        prevSeal === null
          ? 'names none before it'
          : before === undefined
            ? 'follows one that is NOT HERE'
            : `follows ${before.session.slice(0, 12)}`;
      const end = seal === null ? 'open' : `sealed ${seal.at}`;
      io.out(`${session.slice(0, 12)}  opened ${openedAt}, ${end}, ${follows}  ${sanitiseLine(path, 200)}\n`);
    }
    for (const { path, text } of gaps) io.out(`MISSING: ${sanitiseLine(path, 200)}: ${text}\n`);
    for (const { path, why } of unread)
      io.out(`UNREADABLE: ${sanitiseLine(path, 200)}: ${sanitiseLine(why, 200)}\n`);
    io.err(
      'c138: none of them was verified. Nobody names the last session of all, nor one that was never sealed: what is missing there can not be seen\n',
    );
  }
  return gaps.length + unread.length === 0 ? 0 : 1;
}
