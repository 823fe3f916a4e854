import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

export interface OwnCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** How to start this very program again, from the bundle or from the sources, with the same Node.js. */
export function ownCommand(): OwnCommand {
  const here = new URL(import.meta.url);
  const safe = ['--disable-sigusr1'];
  if (here.pathname.endsWith('.mjs'))
    return { command: process.execPath, args: [...safe, fileURLToPath(here)], env: { ...process.env } };
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return {
    command: process.execPath,
    args: [...safe, '--import', loader, fileURLToPath(new URL('./entry.ts', here))],
    env: {
      ...process.env,
      TSX_TSCONFIG_PATH: fileURLToPath(new URL('../../tsconfig.json', here)),
    },
  };
}
