import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { linkOf, type SessionLink } from '../../evidence/verify/session-links.ts';
import { readSession } from '../../evidence/verify/verify-read.ts';

export interface LinksIn {
  /** By the time of opening. */
  readonly links: readonly SessionLink[];
  /** Folders and bundles that hold no session that can be read, with what is wrong. */
  readonly unread: readonly { readonly path: string; readonly why: string }[];
}

/** The sessions in a folder: session folders, and bundles as `evidence export` writes them. */
export async function linksIn(folder: string): Promise<LinksIn> {
  const names = (await readdir(folder, { withFileTypes: true }))
    .filter((one) => (one.isDirectory() && one.name !== 'requests') || one.name.endsWith('.tar'))
    .map(({ name }) => join(folder, name));
  const links: SessionLink[] = [];
  const unread: { path: string; why: string }[] = [];
  for (const path of names)
    try {
      links.push(await linkOf(await readSession(path)));
    } catch (error) {
      unread.push({ path, why: error instanceof Error ? error.message : String(error) });
    }
  links.sort((a, b) => (a.openedAt < b.openedAt ? -1 : 1));
  return { links, unread };
}
