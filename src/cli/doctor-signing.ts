import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspectKeystore } from '../evidence/keystore.ts';
import { checkTrust, parseTrust } from '../evidence/trust/trust.ts';
import { sanitiseLine } from '../model/index.ts';
import { parseExternal } from '../signer/external.ts';
import { readPrivateFile } from '../signer/private-file.ts';
import { trustProblem } from '../state/attested/trust-seen.ts';
import type { Paths } from '../state/paths.ts';
import { describeError } from './io.ts';

const ANOTHER =
  'put a good copy in its place: move this file away, then c138 trust update FILE --root ADDRESS with the one of the team';

/**
 * Why nothing could be signed or verified under the installed trust store, and how to mend it; nothing where there is none, as on a
 * machine that only watches.
 * @param estateId null when the estate file can not be read, which is told elsewhere
 */
export async function trustFaults(
  { trustFile, stateDir }: Paths,
  estateId: string | null,
): Promise<readonly string[]> {
  if (!existsSync(trustFile)) return [];
  try {
    const store = parseTrust(await readFile(trustFile));
    checkTrust(store);
    const { estate, expires } = store.body;
    const faults: string[] = [];
    if (estateId !== null && estate !== estateId)
      faults.push(
        `it is for the estate ${sanitiseLine(estate, 80)}, and the estate file is ${sanitiseLine(estateId, 80)}; ${ANOTHER}`,
      );
    if (expires <= new Date().toISOString())
      faults.push(
        `it expired at ${expires}; its roots make the next version, with c138 trust valid for instance`,
      );
    const rolledBack = await trustProblem(stateDir.path, store);
    if (rolledBack !== null) faults.push(`${rolledBack}; ${ANOTHER}`);
    return faults;
  } catch (error) {
    return [`${describeError(error)}; ${ANOTHER}`];
  }
}

/** Why the keys of this machine can not sign, and how to mend it; nothing where there is no key at all. */
export async function keyFaults(keysDir: string): Promise<readonly string[]> {
  if (!existsSync(keysDir)) return [];
  try {
    const names = (await readdir(keysDir)).filter((name) => name.endsWith('.json')).sort();
    const faults =
      names.length > 1
        ? [
            `there are ${names.length} keys (${names.map((name) => sanitiseLine(name, 80)).join(', ')}) and exactly one signs; keep the others elsewhere`,
          ]
        : [];
    for (const name of names) faults.push(...(await keyFileFaults(join(keysDir, name))));
    return faults;
  } catch (error) {
    return [describeError(error)];
  }
}

async function keyFileFaults(path: string): Promise<readonly string[]> {
  try {
    const text = await readPrivateFile(path);
    if (parseExternal(text) === null) inspectKeystore(text);
    return [];
  } catch (error) {
    const message = describeError(error);
    return [message.includes(path) ? message : `${path}: ${message}`];
  }
}
