import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { loadEstate } from '../estate/index.ts';
import { createTrust, PLAIN_POLICY, type TrustBody, type TrustKey } from '../evidence/trust.ts';
import { type Hex, ROLES, sanitiseLine } from '../model/index.ts';
import type { SignerClient } from '../signer/client.ts';
import type { Paths } from '../state/paths.ts';
import { CliError, type Io, printJson } from './io.ts';
import { readTrustStore, withSigner } from './with-signer.ts';

export interface TrustFlags {
  readonly person?: string | undefined;
  readonly name?: string | undefined;
  readonly org?: string | undefined;
  readonly role?: string | undefined;
  readonly address?: string | undefined;
  readonly json?: boolean | undefined;
}

const YEAR_MS = 365 * 86_400_000;

/**
 * `c138 trust init`: version 1 of the trust store, with the key of this machine as root and performer. The signer shows what it says on
 * the terminal and asks for the passphrase and the code there.
 */
export async function trustInit(paths: Paths, flags: TrustFlags, io: Io): Promise<number> {
  const { person, name, roles } = needPerson(flags);
  const existing = await readFile(paths.trustFile).catch(() => null);
  if (existing !== null)
    throw new CliError(`${paths.trustFile} exists already. Add people to it with c138 trust add.`);
  const estate = await loadEstate(paths.estateFile.path);
  return withSigner(paths, async (signer) => {
    const { address, pubkey } = await signer.unlock();
    const now = new Date();
    const body: TrustBody = {
      v: 1,
      estate: estate.id,
      version: 1,
      issued: now.toISOString(),
      expires: new Date(now.getTime() + YEAR_MS).toISOString(),
      threshold: 1,
      roots: [address],
      people: [{ person, name, org: flags.org ?? '' }],
      keys: [keyOf(address, pubkey === '' ? null : pubkey, person, roles, now)],
      policy: PLAIN_POLICY,
      chain:
        estate.pin === undefined
          ? null
          : {
              genesis_hash: estate.pin.genesisHash as Hex,
              validators: estate.pin.validators as Hex[],
              from_block: estate.pin.fromBlock,
            },
      prev_sha256: null,
    };
    return write(paths.trustFile, body, signer, io);
  });
}

/** `c138 trust add`: the next version of the trust store, with one key more. */
export async function trustAdd(paths: Paths, flags: TrustFlags, io: Io): Promise<number> {
  const { person, name, roles } = needPerson(flags);
  const address = (flags.address ?? '').toLowerCase();
  if (!/^0x[0-9a-f]{40}$/.test(address))
    throw new CliError(
      '--address: give the address of the key, 0x and 40 hexadecimal digits (c138 key show)',
    );
  const { store } = await readTrustStore(paths.trustFile);
  const { body } = store;
  if (body.keys.some((key) => key.address === address))
    throw new CliError(`${address} is in the trust store already`);
  const known = body.people.find((one) => one.person === person);
  if (known !== undefined && known.name !== name)
    throw new CliError(
      `${sanitiseLine(person)} is ${sanitiseLine(known.name)} in the trust store; give that --name`,
    );
  return withSigner(paths, async (signer) => {
    await signer.unlock();
    const now = new Date();
    return write(
      paths.trustFile,
      {
        ...body,
        version: body.version + 1,
        issued: now.toISOString(),
        expires: new Date(now.getTime() + YEAR_MS).toISOString(),
        people: known === undefined ? [...body.people, { person, name, org: flags.org ?? '' }] : body.people,
        keys: [...body.keys, keyOf(address as Hex, null, person, roles, now)],
        prev_sha256: store.sha256,
      },
      signer,
      io,
    );
  });
}

/** `c138 trust show`: who is trusted, and whether the store is signed by its roots. Exit code 2 when it is not. */
export async function trustShow(file: string, flags: TrustFlags, io: Io): Promise<number> {
  const { body, sha256 } = (await readTrustStore(file)).store;
  if (flags.json === true) {
    printJson(io, { format: 'c138-trust', v: 1, sha256, body });
    return 0;
  }
  const lines = [
    `${file}`,
    `estate ${body.estate}, version ${body.version}, issued ${body.issued}, expires ${body.expires}`,
    `${sha256}`,
    `signed by its roots: ${body.threshold} of ${body.roots.length} (${body.roots.join(', ')})`,
    ...body.keys.map((key) => {
      const name = body.people.find((one) => one.person === key.person)?.name ?? key.person;
      const end =
        key.revoked === null ? `until ${key.not_after}` : `REVOKED since ${key.revoked.untrusted_since}`;
      return `${key.address}  ${name} (${key.person}), ${key.roles.join(', ')}, ${key.type}, ${end}`;
    }),
    body.chain === null
      ? 'no validators are pinned'
      : `${body.chain.validators.length} validators are pinned from block ${body.chain.from_block}`,
  ];
  io.out(`${lines.map((line) => sanitiseLine(line, 500)).join('\n')}\n`);
  return 0;
}

function keyOf(
  address: Hex,
  pubkey: Hex | null,
  person: string,
  roles: TrustKey['roles'],
  now: Date,
): TrustKey {
  return {
    address,
    pubkey,
    person,
    type: 'keystore',
    roles,
    not_before: new Date(now.getTime() - 60_000).toISOString(),
    not_after: new Date(now.getTime() + YEAR_MS).toISOString(),
    revoked: null,
  };
}

function needPerson(flags: TrustFlags): {
  readonly person: string;
  readonly name: string;
  readonly roles: TrustKey['roles'];
} {
  const { person, name } = flags;
  if (person === undefined || name === undefined || person === '' || name === '')
    throw new CliError('give --person (a short id that stays the same) and --name (as it is to be printed)');
  return { person: person.normalize('NFC'), name: name.normalize('NFC'), roles: rolesOf(flags.role) };
}

function rolesOf(text = 'performer'): TrustKey['roles'] {
  const roles = text.split(',').map((one) => one.trim());
  const wrong = roles.find((one) => !ROLES.some((role) => role === one));
  if (wrong !== undefined)
    throw new CliError(`--role: "${sanitiseLine(wrong, 40)}" is not one of ${ROLES.join(', ')}`);
  return ROLES.filter((role) => roles.includes(role));
}

async function write(file: string, body: TrustBody, signer: SignerClient, io: Io): Promise<number> {
  const bytes = await createTrust(body, [(bodyBytes) => signer.signTrust(bodyBytes)]);
  const path = resolve(file);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}`;
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
  io.err(`c138: version ${body.version} of the trust store written to ${path}\n`);
  return 0;
}
