import { readdir, readFile } from 'node:fs/promises';
import { homedir, hostname, userInfo } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import type { Endpoint } from '../../model/index.ts';
import {
  type ConfigNode,
  expandTokens,
  parseSshConfig,
  resolveSshConfig,
  type SshOptions,
  wildcard,
} from './ssh-config.ts';

/** One host to reach by SSH, with everything that the endpoint and the SSH configuration say of it. */
export interface SshTarget {
  /** The name to show and to look up. */
  readonly name: string;
  /** The name of the host in the documents, where the endpoint is about one. */
  readonly documentedName: string | null;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly identityFiles: readonly string[];
  /** True when somebody named them; false for the usual files, which need not exist. */
  readonly identitiesNamed: boolean;
  readonly identitiesOnly: boolean;
  readonly agentSocket: string | null;
  readonly passphrase: Endpoint['token'];
  readonly knownHostsFiles: readonly string[];
  /** HostKeyAlias: looked up in place of name and port. */
  readonly alias: string | null;
  /** The host in front of it, if any. */
  readonly jump: SshTarget | null;
  readonly notes: readonly string[];
}

/** An SSH configuration that cannot be followed here; the message says why and what to do. */
export class SshConfigError extends Error {
  override readonly name = 'SshConfigError';
}

const SYSTEM_CONFIG = '/etc/ssh/ssh_config';
const USUAL_IDENTITIES = ['id_rsa', 'id_ecdsa', 'id_ed25519'];
const MAX_DEPTH = 8;

/**
 * Where an endpoint leads by SSH.
 * @throws SshConfigError
 */
export async function sshTarget(endpoint: Endpoint): Promise<SshTarget> {
  const url = new URL(endpoint.url);
  const given = endpoint.ssh ?? {};
  const files = await readConfigs(given.configFile);
  return targetOf(
    {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      ...(url.port === '' ? {} : { port: Number(url.port) }),
      ...(url.username === '' ? {} : { user: decodeURIComponent(url.username) }),
    },
    { files, given, depth: 0, documentedName: endpoint.subject.split(':')[1] ?? null },
  );
}

interface Place {
  readonly host: string;
  readonly port?: number;
  readonly user?: string;
}

interface Surroundings {
  readonly files: readonly (readonly ConfigNode[])[];
  readonly given: NonNullable<Endpoint['ssh']>;
  /** Jumps between here and the endpoint. */
  readonly depth: number;
  readonly documentedName?: string | null;
  /** The hosts in front, where the one behind names them all. */
  readonly jumps?: readonly string[];
}

function targetOf(place: Place, around: Surroundings): SshTarget {
  const { files, given, depth } = around;
  if (depth > MAX_DEPTH)
    throw new SshConfigError(
      `more than ${MAX_DEPTH} jump hosts, or a circle of them, on the way to ${place.host}`,
    );
  const localUser = userInfo().username;
  const options = resolveSshConfig(files, { ...place, localUser });
  const one = (key: string): string | undefined => options.values.get(key)?.[0];
  const host = expandTokens(one('hostname') ?? place.host, { h: place.host });
  const port = Number(one('port') ?? 22);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new SshConfigError(`the SSH configuration gives ${place.host} no usable port`);
  const user = one('user') ?? localUser;
  const home = homedir();
  const alias = one('hostkeyalias') ?? null;
  const path = (text: string): string => {
    const expanded = expandTokens(text.replace(/^~(?=\/|$)/, home), {
      d: home,
      h: host,
      i: String(userInfo().uid),
      k: alias ?? place.host,
      L: hostname().split('.')[0] ?? '',
      l: hostname(),
      n: place.host,
      p: String(port),
      r: user,
      u: localUser,
    }).replace(/\$\{([A-Za-z_]\w*)\}/g, (whole, name: string) => process.env[name] ?? whole);
    return isAbsolute(expanded) ? expanded : join(home, '.ssh', expanded);
  };
  // What the endpoint itself names is for the endpoint; for the hosts on the way the configuration counts.
  const own = depth === 0 && given.identityFile !== undefined ? [given.identityFile] : [];
  const configured = options.identityFiles.filter((file) => file !== 'none').map(path);
  const named = [...own, ...configured];
  const usual = USUAL_IDENTITIES.map((file) => join(home, '.ssh', file));
  const known = [
    ...(options.values.get('userknownhostsfile') ?? ['~/.ssh/known_hosts', '~/.ssh/known_hosts2']),
    ...(options.values.get('globalknownhostsfile') ?? [
      '/etc/ssh/ssh_known_hosts',
      '/etc/ssh/ssh_known_hosts2',
    ]),
  ]
    .filter((file) => file !== 'none')
    .map(path);
  return {
    name: place.host,
    documentedName: around.documentedName ?? null,
    host,
    port,
    user,
    identityFiles: named.length > 0 ? named : usual,
    identitiesNamed: named.length > 0,
    identitiesOnly: own.length > 0 ? given.agent !== true : one('identitiesonly')?.toLowerCase() === 'yes',
    agentSocket: given.agent === false ? null : agentOf(one('identityagent'), path),
    passphrase: given.passphrase,
    knownHostsFiles:
      given.knownHostsFile === undefined
        ? known
        : depth === 0
          ? [given.knownHostsFile]
          : [given.knownHostsFile, ...known],
    alias,
    jump: jumpOf(options, { host: place.host, port, user }, around),
    notes: options.notes,
  };
}

function agentOf(given: string | undefined, path: (text: string) => string): string | null {
  if (given === 'none') return null;
  const fromEnvironment = (name: string): string | null => process.env[name] || null;
  if (given === undefined || given === 'SSH_AUTH_SOCK') return fromEnvironment('SSH_AUTH_SOCK');
  return given.startsWith('$') && !given.startsWith('${') ? fromEnvironment(given.slice(1)) : path(given);
}

function jumpOf(options: SshOptions, self: Required<Place>, around: Surroundings): SshTarget | null {
  const command = options.values.get('proxycommand')?.[0];
  if (around.jumps === undefined && command !== undefined && command.toLowerCase() !== 'none')
    throw new SshConfigError(
      `the SSH configuration reaches ${self.host} through a ProxyCommand, and c138 runs no commands of it; use ProxyJump, or give the endpoint ssh: { config: none }`,
    );
  const list = around.jumps ?? options.values.get('proxyjump')?.[0]?.split(',') ?? [];
  const nearest = list.at(-1);
  if (nearest === undefined || nearest.toLowerCase() === 'none') return null;
  const before = list.slice(0, -1);
  const jump = parseJump(nearest.trim());
  // A jump host that is named for every host is not its own jump host.
  if (
    jump.host.toLowerCase() === self.host.toLowerCase() &&
    (jump.port ?? 22) === self.port &&
    (jump.user ?? self.user) === self.user
  )
    return null;
  return targetOf(jump, {
    files: around.files,
    given: around.given,
    depth: around.depth + 1,
    // The first of a list follows its own configuration, the others come through those before them.
    ...(before.length === 0 ? {} : { jumps: before }),
  });
}

function parseJump(text: string): Place {
  const parts = /^(?:ssh:\/\/)?(?:([^@]+)@)?(\[[^\]]+\]|[^:@/]+)(?::(\d+))?\/?$/.exec(text);
  if (parts?.[2] === undefined)
    throw new SshConfigError(`the ProxyJump ${text} of the SSH configuration cannot be read`);
  return {
    host: parts[2].replace(/^\[|\]$/g, ''),
    ...(parts[1] === undefined ? {} : { user: parts[1] }),
    ...(parts[3] === undefined ? {} : { port: Number(parts[3]) }),
  };
}

/** Reads the configuration of an endpoint: its own file, none, or the user's and then the system's. */
async function readConfigs(file: string | null | undefined): Promise<readonly (readonly ConfigNode[])[]> {
  if (file === null) return [];
  if (file !== undefined) {
    const nodes = await readConfig(file, dirname(file), 0);
    if (nodes === null) throw new SshConfigError(`the SSH configuration ${file} cannot be read`);
    return [nodes];
  }
  const user = join(homedir(), '.ssh');
  const read = await Promise.all([
    readConfig(join(user, 'config'), user, 0),
    readConfig(SYSTEM_CONFIG, dirname(SYSTEM_CONFIG), 0),
  ]);
  return read.filter((nodes) => nodes !== null);
}

const MAX_INCLUDES = 16;

/** @param folder to which Include paths are relative */
async function readConfig(
  file: string,
  folder: string,
  depth: number,
): Promise<readonly ConfigNode[] | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return null;
  }
  const nodes = parseSshConfig(text);
  if (depth >= MAX_INCLUDES) return nodes;
  for (const node of nodes) {
    if (node.kind !== 'include') continue;
    const paths = (await Promise.all(node.patterns.map((pattern) => glob(pattern, folder)))).flat();
    const read = await Promise.all(paths.map((path) => readConfig(path, folder, depth + 1)));
    node.files = read.filter((one) => one !== null);
  }
  return nodes;
}

/** The files that an Include names, sorted. Wildcards count in the last part of the path. */
async function glob(pattern: string, folder: string): Promise<readonly string[]> {
  const tilde = pattern.replace(/^~(?=\/|$)/, homedir());
  const path = isAbsolute(tilde) ? tilde : join(folder, tilde);
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (!/[*?]/.test(name)) return [path];
  const parent = dirname(path);
  const matcher = wildcard(name);
  const names = await readdir(parent).catch(() => []);
  return names
    .filter((one) => matcher.test(one) && (!one.startsWith('.') || name.startsWith('.')))
    .sort()
    .map((one) => join(parent, one));
}
