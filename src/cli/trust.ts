import { readFile } from 'node:fs/promises';
import { computeAddress } from 'ethers/transaction';
import { loadEstate } from '../estate/index.ts';
import {
  createTrust,
  PLAIN_POLICY,
  type TrustBody,
  type TrustKey,
  type TrustPolicy,
} from '../evidence/trust/trust.ts';
import { withChain, withKey } from '../evidence/trust/trust-update.ts';
import { type DocumentedEstate, type Hex, ROLES, sanitiseLine } from '../model/index.ts';
import type { Paths } from '../state/paths.ts';
import { CliError, type Io, printJson } from './io.ts';
import { changeTrust, timeOf, writeDurably } from './trust-change.ts';
import { readTrustStore, withSigner } from './with-signer.ts';

export interface TrustFlags {
  readonly person?: string | undefined;
  readonly name?: string | undefined;
  readonly org?: string | undefined;
  readonly role?: string | undefined;
  readonly address?: string | undefined;
  readonly pubkey?: string | undefined;
  readonly type?: string | undefined;
  readonly from?: string | undefined;
  readonly until?: string | undefined;
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
    const { address, pubkey, external } = await signer.unlock();
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
      keys: [
        keyOf(address, pubkey === '' ? null : pubkey, external ? 'external' : 'keystore', person, roles, now),
      ],
      policy: PLAIN_POLICY,
      chain: chainOf(estate),
      prev_sha256: null,
    };
    await writeDurably(paths.trustFile, await createTrust(body, [(bytes) => signer.signTrust(bytes)]));
    io.err(`c138: version 1 of the trust store written to ${paths.trustFile}\n`);
    return 0;
  });
}

/** The validators that the estate file pins, in the form of the trust store. */
function chainOf({ pin }: DocumentedEstate): TrustBody['chain'] {
  if (pin === undefined) return null;
  return {
    genesis_hash: pin.genesisHash as Hex,
    validators: pin.validators as Hex[],
    from_block: pin.fromBlock,
  };
}

/** `c138 trust chain`: the next version, with the validators that the estate file pins now. */
export async function trustChain(paths: Paths, io: Io): Promise<number> {
  const chain = chainOf(await loadEstate(paths.estateFile.path));
  if (chain === null)
    throw new CliError(`${sanitiseLine(paths.estateFile.path, 200)} pins no validators (chain.validators)`);
  return changeTrust(paths, (body) => withChain(body, chain), io);
}

/** `c138 trust add`: the next version of the trust store, with one key more. */
export async function trustAdd(paths: Paths, flags: TrustFlags, io: Io): Promise<number> {
  const { person, name, roles } = needPerson(flags);
  const { address, pubkey } = keyNamed(flags);
  const key: TrustKey = {
    ...keyOf(address, pubkey, typeNamed(flags.type), person, roles, new Date()),
    ...(flags.from === undefined ? {} : { not_before: timeOf('--from', flags.from).toISOString() }),
    ...(flags.until === undefined ? {} : { not_after: timeOf('--until', flags.until).toISOString() }),
  };
  if (key.not_after <= key.not_before) throw new CliError('--until is not after --from');
  return changeTrust(paths, (body) => withKey(body, key, { person, name, org: flags.org ?? '' }), io);
}

/** The key that is added: by its public key, which other tools can check signatures with, or by its address alone. */
function keyNamed(flags: TrustFlags): { readonly address: Hex; readonly pubkey: Hex | null } {
  const address = flags.address?.toLowerCase();
  const pubkey = flags.pubkey?.toLowerCase();
  if (address !== undefined && !/^0x[0-9a-f]{40}$/.test(address))
    throw new CliError(
      '--address: give the address of the key, 0x and 40 hexadecimal digits (c138 key show)',
    );
  if (pubkey === undefined) {
    if (address === undefined)
      throw new CliError('give --address (c138 key show) or --pubkey (c138 key new --json) of the key');
    return { address: address as Hex, pubkey: null };
  }
  let own: string;
  try {
    if (!/^0x04[0-9a-f]{128}$/.test(pubkey)) throw new Error('spelling');
    own = computeAddress(pubkey).toLowerCase();
  } catch {
    throw new CliError('--pubkey: give an uncompressed public key, 0x04 and 128 hexadecimal digits');
  }
  if (address !== undefined && address !== own)
    throw new CliError(`--address and --pubkey are of two keys: the public key has the address ${own}`);
  return { address: own as Hex, pubkey: pubkey as Hex };
}

function typeNamed(word = 'keystore'): TrustKey['type'] {
  const found = (['keystore', 'hardware', 'external'] as const).find((one) => one === word);
  if (found === undefined)
    throw new CliError(`--type: "${sanitiseLine(word, 40)}" is not keystore, hardware or external`);
  return found;
}

/** `c138 trust show`: who is trusted, and whether the store is signed by its roots. Exit code 2 when it is not. */
export async function trustShow(
  named: string | undefined,
  paths: Paths,
  flags: TrustFlags,
  io: Io,
): Promise<number> {
  const { body, sha256 } = (await readTrustStore(paths.trustFile, named)).store;
  if (flags.json === true) {
    printJson(io, { format: 'c138-trust', v: 1, sha256, body });
    return 0;
  }
  const lines = [
    named ?? paths.trustFile,
    `estate ${body.estate}, version ${body.version}, issued ${body.issued}, expires ${body.expires}`,
    `${sha256}`,
    `signed by its roots: ${body.threshold} of ${body.roots.length} (${body.roots.join(', ')})`,
    ...body.keys.map((key) => {
      const name = body.people.find((one) => one.person === key.person)?.name ?? key.person;
      const end =
        key.revoked === null
          ? `from ${key.not_before} until ${key.not_after}`
          : `REVOKED since ${key.revoked.untrusted_since} (${key.revoked.reason})`;
      return `${key.address}  ${name} (${key.person}), ${key.roles.join(', ')}, ${key.type}, ${end}`;
    }),
    body.chain === null
      ? 'no validators are pinned'
      : `${body.chain.validators.length} validators are pinned from block ${body.chain.from_block}`,
    ...policyLines(body.policy),
  ];
  io.out(`${lines.map((line) => sanitiseLine(line, 500)).join('\n')}\n`);
  return 0;
}

/** As a verifier applies them: a witness of the seal is a countersignature, and all steps are the critical ones too. */
function policyLines(policy: TrustPolicy): readonly string[] {
  const asked = new Set(policy.witness_for);
  const steps = asked.has('all') ? 'every step' : asked.has('critical') ? 'every critical step' : null;
  const countersigners = Math.max(policy.countersigners, asked.has('seal') ? 1 : 0);
  return [
    steps === null
      ? 'a witness signs where the runbook or a claim asks for one'
      : `a witness signs for ${steps}, and where the runbook or a claim asks for one`,
    countersigners === 0
      ? 'a seal needs no countersignature'
      : `a seal needs at least ${countersigners} countersignature${countersigners === 1 ? '' : 's'}`,
    policy.distinct_persons
      ? 'a witness is another person than the performer'
      : 'a witness may be the performer, with another key',
    `the clock may step by ${policy.max_clock_step_ms} ms, and a session last ${policy.max_session_h} h`,
  ];
}

function keyOf(
  address: Hex,
  pubkey: Hex | null,
  type: TrustKey['type'],
  person: string,
  roles: TrustKey['roles'],
  now: Date,
): TrustKey {
  return {
    address,
    pubkey,
    person,
    type,
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
